//! Where settings are read from: a file, the environment, and files that the environment names.

use std::collections::HashMap;

use anyhow::{Context, ensure};
use config::{Config, Environment, File, FileFormat};

use super::Settings;

const PREFIX: &str = "BOXOFFICE";
/// The secrets. Each may be in a file of its own, whose path is in its variable with `_FILE` at the
/// end: orchestrators give secrets to processes as files.
const SECRETS: [&str; 4] = [
    "BOXOFFICE__DATABASE__URL",
    "BOXOFFICE__BROKER__URL",
    "BOXOFFICE__SECRET",
    "BOXOFFICE__API__ORGANISER_TOKENS",
];
/// Settings that are lists: in the environment with commas.
const LISTS: [(&str, &str); 3] = [
    ("BOXOFFICE__TOPOLOGY__DELAYS_MS", "topology.delays_ms"),
    ("BOXOFFICE__API__ORGANISER_TOKENS", "api.organiser_tokens"),
    ("BOXOFFICE__LIMITS__TRUSTED_PROXIES", "limits.trusted_proxies"),
];
/// Names that other programs use, too.
const USUAL: [(&str, &str); 2] = [("DATABASE_URL", "database.url"), ("AMQP_URL", "broker.url")];

impl Settings {
    /// Reads the settings. The error names what is wrong and where it was set.
    pub fn load() -> anyhow::Result<Self> {
        Self::from_variables(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    fn from_variables(variables: impl Iterator<Item = (String, String)>) -> anyhow::Result<Self> {
        let mut variables: HashMap<_, _> = variables.collect();
        for secret in SECRETS {
            read_secret(&mut variables, secret)?;
        }
        let mut builder = Config::builder();
        if let Some(path) = variables.remove("BOXOFFICE_CONFIG") {
            builder = builder.add_source(File::new(&path, FileFormat::Toml));
        }
        let mut usual = Config::builder();
        for (name, key) in USUAL {
            usual = usual.set_override_option(key, variables.remove(name))?;
        }
        // Not parsed as the others are: a list of one number would be a number.
        for (name, key) in LISTS {
            if let Some(list) = variables.remove(name) {
                let items = list.split(',').map(str::trim).filter(|item| !item.is_empty());
                builder = builder.set_override(key, items.collect::<Vec<_>>())?;
            }
        }
        let environment = Environment::with_prefix(PREFIX)
            .source(Some(variables))
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true);
        let builder = builder.add_source(usual.build()?).add_source(environment);
        let settings: Self = builder.build()?.try_deserialize()?;
        settings.check()?;
        Ok(settings)
    }
}

/// Puts the content of the file that `NAME_FILE` names into `NAME`. Lines of a file are one value
/// each, which is a list with commas for those that are lists; line ends at the end do not count.
fn read_secret(variables: &mut HashMap<String, String>, name: &str) -> anyhow::Result<()> {
    let pointer = format!("{name}_FILE");
    let Some(path) = variables.remove(&pointer) else { return Ok(()) };
    ensure!(!variables.contains_key(name), "both {name} and {pointer} are set");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("{pointer}: cannot read {path}"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    ensure!(!text.is_empty(), "{pointer}: {path} is empty");
    variables.insert(name.to_owned(), text.lines().collect::<Vec<_>>().join(","));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Network, Secret};

    fn load(variables: &[(&str, &str)]) -> anyhow::Result<Settings> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Settings::from_variables(variables.iter().map(owned))
    }

    /// A file with this content.
    fn file(name: &str, content: &str) -> std::path::PathBuf {
        let path =
            std::env::temp_dir().join(format!("boxoffice-settings-{}-{name}", std::process::id()));
        std::fs::write(&path, content).expect("the temporary directory");
        path
    }

    #[test]
    fn the_environment_goes_before_the_file_and_both_before_the_defaults() {
        let path = file("toml", "[api]\nwaiting_queue_max = 5\npatience_ms = 6\n");
        let settings = load(&[
            ("BOXOFFICE_CONFIG", path.to_str().expect("UTF-8")),
            ("BOXOFFICE__API__WAITING_QUEUE_MAX", "7"),
            ("BOXOFFICE__LIMITS__TRUSTED_PROXIES", "10.0.0.0/8,private"),
            ("BOXOFFICE__TOPOLOGY__DELAYS_MS", "1000"),
            ("DATABASE_URL", "postgres://usual/name"),
            ("PATH", "/bin"),
        ])
        .expect("settings");
        assert_eq!((settings.api.waiting_queue_max, settings.api.patience_ms), (7, 6));
        assert_eq!(settings.api.waiters_max, Settings::default().api.waiters_max);
        assert_eq!(settings.database.url.expose(), "postgres://usual/name");
        assert_eq!(settings.limits.trusted_proxies[1], Network::Private);
        assert_eq!(settings.topology.delays_ms, [1_000]);
        std::fs::remove_file(path).expect("its removal");
    }

    #[test]
    fn secrets_may_be_in_files_of_their_own() {
        let secret = file("secret", "12345\n");
        let tokens = file("tokens", "one\ntwo\n");
        let settings = load(&[
            ("BOXOFFICE__SECRET_FILE", secret.to_str().expect("UTF-8")),
            ("BOXOFFICE__API__ORGANISER_TOKENS_FILE", tokens.to_str().expect("UTF-8")),
        ])
        .expect("settings");
        assert_eq!(settings.secret.expose(), "12345", "a secret of digits is a text");
        let tokens_read: Vec<_> =
            settings.api.organiser_tokens.iter().map(Secret::expose).collect();
        assert_eq!(tokens_read, ["one", "two"]);
        for path in [secret, tokens] {
            std::fs::remove_file(path).expect("its removal");
        }
    }

    #[test]
    fn a_secret_that_is_missing_or_given_twice_is_an_error_that_does_not_show_it() {
        let missing = load(&[("BOXOFFICE__SECRET_FILE", "/nowhere/secret")]);
        assert!(format!("{:#}", missing.expect_err("no file")).contains("/nowhere/secret"));
        let twice = [("BOXOFFICE__SECRET_FILE", "/x"), ("BOXOFFICE__SECRET", "hush")];
        let error = format!("{:#}", load(&twice).expect_err("two"));
        assert!(error.contains("BOXOFFICE__SECRET_FILE") && !error.contains("hush"), "{error}");
        let no_secret = [("BOXOFFICE__API__LISTEN_FILE", "/x")];
        assert!(load(&no_secret).is_err(), "only secrets are read from files");
    }
}
