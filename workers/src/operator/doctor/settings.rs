//! Checks of settings: values that are valid but unwise.

use process::settings::{DEVELOPMENT_SECRET, Settings};

use super::Findings;

const SECRET_BYTES_MIN: usize = 16;

pub(super) fn check(settings: &Settings, findings: &mut Findings) {
    let before = findings.0.len();
    let secret = settings.secret.expose();
    if secret == DEVELOPMENT_SECRET {
        findings.warn(
            "settings",
            "the secret is the one for development: whoever knows it can forge ids",
            "set BOXOFFICE__SECRET, the same for all front doors",
        );
    } else if secret.len() < SECRET_BYTES_MIN {
        let found = format!("the secret has fewer than {SECRET_BYTES_MIN} bytes");
        findings.warn("settings", found, "set a longer BOXOFFICE__SECRET");
    }
    let workers = &settings.workers;
    if workers.drain_ms / 2 < workers.gateway_timeout_ms {
        findings.warn(
            "settings",
            "workers.drain_ms gives a call to the gateway less time than \
             workers.gateway_timeout_ms",
            "set workers.drain_ms to at least twice workers.gateway_timeout_ms",
        );
    }
    if findings.0.len() == before {
        findings.ok("settings", "they can be read and fit together");
    }
}
