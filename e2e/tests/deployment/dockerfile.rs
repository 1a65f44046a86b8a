//! The Dockerfile builds the programs that run, with the toolchain of this checkout, and runs them
//! without privileges.

use std::fs;

use anyhow::{Context, Result};
use testbed::checkout;

/// A stage: its name, its base image, and its instructions.
pub(crate) struct Stage {
    pub(crate) name: String,
    from: String,
    instructions: Vec<(String, String)>,
}

impl Stage {
    fn all<'a>(&'a self, instruction: &'a str) -> impl Iterator<Item = &'a str> {
        self.instructions
            .iter()
            .filter(move |(name, _)| name == instruction)
            .map(|(_, text)| text.as_str())
    }
}

pub(crate) fn stages() -> Result<Vec<Stage>> {
    let text = fs::read_to_string(checkout::root().join("Dockerfile"))?.replace("\\\n", " ");
    let mut stages: Vec<Stage> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (instruction, rest) = line.split_once(' ').context("an instruction and its text")?;
        if instruction == "FROM" {
            let (from, name) = rest.split_once(" AS ").context("a name of the stage")?;
            stages.push(Stage {
                name: name.to_owned(),
                from: from.to_owned(),
                instructions: Vec::new(),
            });
        } else {
            let stage = stages.last_mut().context("a stage")?;
            stage.instructions.push((instruction.to_owned(), rest.to_owned()));
        }
    }
    Ok(stages)
}

#[test]
fn stages_take_from_stages_before_them_and_files_that_are_there() -> Result<()> {
    let stages = stages()?;
    for (place, stage) in stages.iter().enumerate() {
        let before: Vec<_> = stages[..place].iter().map(|stage| stage.name.as_str()).collect();
        assert!(before.contains(&stage.from.as_str()) || pinned(&stage.from), "{}", stage.from);
        for copy in stage.all("COPY") {
            let words: Vec<_> = copy.split_whitespace().collect();
            if let Some(from) = words[0].strip_prefix("--from=") {
                assert!(before.contains(&from), "{copy}");
            } else {
                for file in &words[..words.len() - 1] {
                    assert!(checkout::root().join(file).exists(), "{copy}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn the_images_have_programs_and_no_shell_and_no_root() -> Result<()> {
    let stages = stages()?;
    let stage = |name: &str| {
        stages.iter().find(|stage| stage.name == name).with_context(|| name.to_owned())
    };
    let channel = fs::read_to_string(checkout::root().join("rust-toolchain.toml"))?;
    let version = channel.split('"').nth(1).context("the toolchain")?;
    assert!(
        stage("build")?.from.starts_with(&format!("rust:{version}-")),
        "{}",
        stage("build")?.from
    );
    let runtime = stage("runtime")?;
    assert!(
        runtime.from.contains("distroless") && runtime.from.ends_with(":nonroot"),
        "{}",
        runtime.from
    );
    assert_eq!(runtime.all("USER").collect::<Vec<_>>(), ["65532:65532"]);
    for name in ["api", "workers"] {
        let stage = stage(name)?;
        assert_eq!(stage.from, "runtime");
        let program = format!("/usr/local/bin/{name}");
        assert!(
            stage.all("COPY").any(|copy| copy == format!("--from=build /out/{name} {program}")),
            "{name}"
        );
        assert_eq!(stage.all("ENTRYPOINT").collect::<Vec<_>>(), [format!("[\"{program}\"]")]);
        assert!(
            stage
                .all("HEALTHCHECK")
                .any(|check| check.contains(&format!("[\"{program}\", \"healthcheck\"]"))),
            "{name}"
        );
        assert!(
            stage.all("RUN").chain(runtime.all("RUN")).next().is_none(),
            "there is no shell to run it"
        );
    }
    Ok(())
}

/// Whether the version of an image is fixed.
pub(crate) fn pinned(image: &str) -> bool {
    let tag = image.rsplit_once(':').map_or("", |(_, tag)| tag);
    // A distroless image has no version but the release of Debian in its name.
    tag.starts_with(|first: char| first.is_ascii_digit() || first == 'v')
        || image.ends_with("debian13:nonroot")
}
