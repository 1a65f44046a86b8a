//! Modules import each other in one direction. In a circle nobody can say which one to read first.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};

use super::ensure_none;
use super::sources::{Source, read_all};

/// A module's place in its crate, such as `["store", "lock"]`.
type Module = Vec<String>;

/// The modules of one crate.
#[derive(Default)]
struct Crate {
    /// What each file says, without its tests.
    texts: BTreeMap<Module, String>,
    /// Names that a module passes on from its parts, and the module that has each.
    passed_on: BTreeMap<(Module, String), Module>,
}

#[test]
fn no_modules_import_each_other_in_a_circle() -> Result<()> {
    let mut circles = Vec::new();
    let mut arrows = 0;
    for (name, sources) in by_crate(&read_all(&[".rs"])?) {
        let modules = Crate::read(&sources);
        let imports = modules.imports();
        arrows += imports.values().map(BTreeSet::len).sum::<usize>();
        let pairs = imports.iter().flat_map(|(from, all)| all.iter().map(move |to| (from, to)));
        let both = pairs.filter(|(from, to)| reaches(&imports, to, from));
        circles.extend(both.map(|(from, to)| {
            format!("{name}: {} imports {}, which leads back", from.join("::"), to.join("::"))
        }));
    }
    ensure!(arrows > 100, "only {arrows} imports were found");
    ensure_none("modules import in one direction", &circles)
}

/// The product's sources, by crate.
fn by_crate(sources: &[Source]) -> BTreeMap<&str, Vec<&Source>> {
    let mut crates: BTreeMap<&str, Vec<&Source>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.is_test()) {
        if let Some((name, _)) = source.path.split_once("/src/") {
            crates.entry(name).or_default().push(source);
        }
    }
    crates
}

impl Crate {
    fn read(sources: &[&Source]) -> Self {
        let mut read = Self::default();
        for source in sources {
            let (_, path) = source.path.split_once("/src/").expect("chosen so");
            let text = source.text.split("#[cfg(test)]").next().unwrap_or_default();
            read.texts.insert(module_at(path), without_comments(text));
        }
        for (module, text) in &read.texts {
            for path in paths_after(text, "pub use ").chain(paths_after(text, "pub(crate) use ")) {
                let Some((part, name)) = path.split_once("::") else { continue };
                let mut owner = module.clone();
                owner.push(part.trim_start_matches("self::").to_owned());
                if read.texts.contains_key(&owner) {
                    let name = name.rsplit("::").next().unwrap_or_default().to_owned();
                    read.passed_on.insert((module.clone(), name), owner);
                }
            }
        }
        read
    }

    fn imports(&self) -> BTreeMap<&Module, BTreeSet<Module>> {
        let mut imports = BTreeMap::new();
        for (module, text) in &self.texts {
            let all: BTreeSet<Module> = imported_paths(text, module)
                .filter_map(|path| self.owner(&path))
                .filter(|owner| owner != module)
                .collect();
            imports.insert(module, all);
        }
        imports
    }

    /// The module that has what a path names: the deepest that is a file, or the part that passes
    /// the name on.
    fn owner(&self, path: &[String]) -> Option<Module> {
        let depth = (0..=path.len()).rev().find(|&n| self.texts.contains_key(&path[..n]))?;
        let module = path[..depth].to_vec();
        let Some(name) = path.get(depth) else { return Some(module) };
        match self.passed_on.get(&(module.clone(), name.clone())) {
            Some(owner) => Some(owner.clone()),
            None => Some(module),
        }
    }
}

/// Whether imports lead from one module to another.
fn reaches(imports: &BTreeMap<&Module, BTreeSet<Module>>, from: &Module, to: &Module) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        if module == to {
            return true;
        }
        let next = imports.get(module).into_iter().flatten();
        open.extend(next.filter(|module| seen.insert(module)));
    }
    false
}

fn module_at(path: &str) -> Module {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    let names = path.split('/').filter(|name| !matches!(*name, "lib" | "mod"));
    names.map(str::to_owned).collect()
}

/// Absolute paths of what a module imports from its own crate.
fn imported_paths(text: &str, module: &Module) -> impl Iterator<Item = Vec<String>> {
    let mut paths = Vec::new();
    for path in paths_after(text, "\nuse ") {
        let mut names: Vec<String> = path.split("::").map(str::to_owned).collect();
        let mut base = match names.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("super" | "self") => module.clone(),
            _ => continue,
        };
        while let Some("crate" | "super" | "self") = names.first().map(String::as_str) {
            if names.remove(0) == "super" {
                base.pop();
            }
        }
        paths.push(base.into_iter().chain(names).collect());
    }
    paths.into_iter()
}

/// The paths that follow a word, with groups (`a::{b, c}`) written out.
fn paths_after(text: &str, word: &str) -> impl Iterator<Item = String> {
    let mut paths = Vec::new();
    for statement in text.split(word).skip(1) {
        let statement = statement.split(';').next().unwrap_or_default();
        let compact: String = statement.split_whitespace().collect::<Vec<_>>().join(" ");
        spread("", &compact, &mut paths);
    }
    paths.into_iter()
}

fn spread(prefix: &str, rest: &str, paths: &mut Vec<String>) {
    let Some((before, group)) = rest.split_once('{') else {
        let name = rest.split(" as ").next().unwrap_or_default().trim();
        if !name.is_empty() {
            paths.push(format!("{prefix}{name}"));
        }
        return;
    };
    let prefix = format!("{prefix}{}", before.trim());
    let group = group.rsplit_once('}').map_or(group, |(inner, _)| inner);
    let mut depth = 0;
    let mut start = 0;
    for (at, letter) in group.char_indices().chain([(group.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                spread(&prefix, &group[start..at], paths);
                start = at + 1;
            }
            _ => {}
        }
    }
}

fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).fold(
        String::from("\n"),
        |mut all, line| {
            all.push_str(line);
            all.push('\n');
            all
        },
    )
}

#[test]
fn groups_are_written_out() {
    let text = "\nuse crate::a::{b::{C, d}, E as F};\nuse super::g;\n";
    let module = vec!["x".to_owned(), "y".to_owned()];
    let paths: Vec<String> = imported_paths(text, &module).map(|path| path.join("::")).collect();
    assert_eq!(paths, ["a::b::C", "a::b::d", "a::E", "x::g"]);
}
