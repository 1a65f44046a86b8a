//! `cargo xtask sql`: writes the description of each SQL statement. The compiler checks the code
//! against it, so no build needs a database.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Context, Result};
use testbed::servers::postgres::{Options, Postgres};
use testbed::{checkout, note, tools};

use super::run::{cargo, run};
use super::stop::Stop;

/// The database in which the statements are described.
const DATABASE: &str = "statements";

/// Describes every statement of `common/store` in a new database with the schema.
pub(crate) fn write_statements(may_install: bool) -> Result<ExitCode> {
    let stop = Stop::listen()?;
    tools::install_missing(&[&tools::POSTGRES], may_install)?;
    let dir = checkout::target().join("sql");
    fs::create_dir_all(&dir)?;
    let postgres = Postgres::start(&dir.join("postgres"), Options::test())?;
    postgres.create_database(DATABASE)?;
    for migration in sorted_files(&checkout::root().join("migrations"))? {
        let statements = fs::read_to_string(&migration)?;
        postgres
            .execute_in(DATABASE, &statements)
            .with_context(|| migration.display().to_string())?;
    }
    let described = dir.join("described");
    if described.exists() {
        fs::remove_dir_all(&described)?;
    }
    fs::create_dir(&described)?;
    let store = checkout::root().join("common").join("store");
    touch(&store)?;
    let mut check = cargo(&["check", "--package", "store", "--lib"]);
    check.env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", &described);
    run(check.env("DATABASE_URL", postgres.url(DATABASE)), &stop)?;
    replace_files(&described, &store.join(".sqlx"))?;
    touch(&store)?;
    Ok(ExitCode::SUCCESS)
}

/// The compiler looks at the statements again only where the source has changed.
#[expect(clippy::disallowed_methods, reason = "the time of a file, which no decision depends on")]
fn touch(store: &Path) -> Result<()> {
    let source = File::options().write(true).open(store.join("src").join("lib.rs"))?;
    Ok(source.set_modified(SystemTime::now())?)
}

/// Called only after everything was described, so that an error in one statement loses nothing.
fn replace_files(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir(to)?;
    let files = sorted_files(from)?;
    for file in &files {
        fs::copy(file, to.join(file.file_name().context("a file has a name")?))?;
    }
    note(&format!("{} statements in {}", files.len(), to.display()));
    Ok(())
}

fn sorted_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        files.push(entry?.path());
    }
    files.sort_unstable();
    Ok(files)
}
