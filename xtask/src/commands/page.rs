//! The page in `web/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use super::run::command;

/// The folder of the page.
pub(crate) struct Page {
    dir: PathBuf,
}

impl Page {
    pub(crate) fn find(root: &Path) -> Option<Self> {
        let dir = root.join("web");
        dir.join("package.json").is_file().then_some(Self { dir })
    }

    pub(crate) fn dist(&self) -> PathBuf {
        self.dir.join("dist")
    }

    /// Whether it was ever built.
    pub(crate) fn is_built(&self) -> bool {
        self.dist().join("index.html").is_file()
    }

    /// The command that installs the packages, unless those of the lock file are installed already.
    /// The packages' own scripts do not run.
    pub(crate) fn install(&self) -> Option<Command> {
        let lock = changed(&self.dir.join("package-lock.json"));
        let installed = changed(&self.dir.join("node_modules/.package-lock.json"));
        let current = installed.is_some() && installed >= lock;
        (!current).then(|| self.npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))
    }

    /// An npm command in the page's folder.
    pub(crate) fn npm(&self, arguments: &[&str]) -> Command {
        command("npm", arguments, &self.dir)
    }
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|data| data.modified()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::time::Duration;

    #[test]
    fn packages_are_installed_when_the_lock_file_is_newer() {
        let root = std::env::temp_dir().join(format!("boxoffice-page-{}", std::process::id()));
        let web = root.join("web");
        fs::create_dir_all(web.join("node_modules")).unwrap();
        assert!(Page::find(&root).is_none());
        File::create(web.join("package.json")).unwrap();
        let lock = File::create(web.join("package-lock.json")).unwrap();
        let page = Page::find(&root).unwrap();
        assert!(page.install().is_some());

        File::create(web.join("node_modules/.package-lock.json")).unwrap();
        assert!(page.install().is_none());

        let later = changed(&web.join("package-lock.json")).unwrap() + Duration::from_mins(1);
        lock.set_modified(later).unwrap();
        assert!(page.install().is_some());
        fs::remove_dir_all(root).unwrap();
    }
}
