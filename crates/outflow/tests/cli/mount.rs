//! Small and read-only file systems, for real: in a mount namespace that only the command has.
//!
//! Needs Linux and the right to make one (root, or unprivileged user namespaces); where that is missing the test says that it was
//! skipped, and in CI it fails.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system in memory.
pub(crate) struct Mount {
    /// The folder that it lies over.
    pub(crate) folder: PathBuf,
    /// How it is mounted, with its size.
    pub(crate) options: &'static str,
}

/// The same command where these file systems are. Its process is the command itself: no shell stands between.
pub(crate) fn within(mounts: &[Mount], command: &Command) -> Option<Command> {
    let Some(rights) = rights() else {
        let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!is_ci, "in CI there must be a way to make a small file system");
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("SKIPPED: no small file system can be made here");
        }
        return None;
    };
    let mut script = String::new();
    for mount in mounts {
        script += &format!("mount -t tmpfs -o {} none \"{}\" && ", mount.options, mount.folder.display());
    }
    let mut within = Command::new("unshare");
    within.args(rights).args(["sh", "-c", &format!("{script} exec \"$@\""), "sh"]);
    within.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => within.env(name, value),
            None => within.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        within.current_dir(folder);
    }
    Some(within)
}

/// A folder as the process sees it, with what is mounted there.
pub(crate) fn seen_by(process: u32, folder: &Path) -> PathBuf {
    PathBuf::from(format!("/proc/{process}/root{}", folder.display()))
}

/// Root needs no namespace of users, which some machines do not allow; others need nothing else.
fn rights() -> Option<&'static [&'static str]> {
    let ways: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    ways.into_iter().find(|rights| {
        let folder = tempfile::tempdir().unwrap();
        let script = format!("mount -t tmpfs -o size=64k none \"{}\"", folder.path().display());
        Command::new("unshare").args(*rights).args(["sh", "-c", &script]).output().is_ok_and(|output| output.status.success())
    })
}
