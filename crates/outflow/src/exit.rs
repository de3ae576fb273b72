//! How a command ends: the exit codes that scripts rely on (`docs/cli.md`), and the error that a person reads.
//!
//! Messages come as `error: …` with `hint: …` lines after it, on standard error. A closed pipe on standard output is no error.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use outflow_core::{Code, ErrorKind};

/// The result of a command.
pub(crate) type Result<T, E = CliError> = std::result::Result<T, E>;

/// How the process ends. The numbers are a contract: documented, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It worked.
    Ok = 0,
    /// The unload failed, or a result is not what its receipt says, or something broke.
    Failed = 1,
    /// The command line, the configuration or the request is wrong; nothing ran.
    Usage = 2,
    /// There is no such unload, or its files are gone.
    NotFound = 3,
    /// Its state does not allow that (not ready, already over), or something is in the way (port taken, file exists, store in use).
    Conflict = 4,
    /// The service, or what it needs, cannot be reached.
    Unavailable = 5,
    /// Ctrl-C.
    Interrupted = 130,
    /// SIGTERM, a second time.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<ErrorKind> for Exit {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Conflict => Self::Conflict,
            ErrorKind::InvalidInput => Self::Usage,
            ErrorKind::Throttled | ErrorKind::Unavailable | ErrorKind::Timeout => Self::Unavailable,
            ErrorKind::Denied | ErrorKind::Cancelled | ErrorKind::Internal => Self::Failed,
        }
    }
}

/// What a person is told when a command does not succeed.
#[derive(Debug)]
pub(crate) struct CliError {
    exit: Exit,
    message: String,
    code: Option<Code>,
    hints: Vec<String>,
    causes: Vec<String>,
    is_quiet: bool,
}

impl CliError {
    /// An error that ends the process with that code.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), code: None, hints: Vec::new(), causes: Vec::new(), is_quiet: false }
    }

    /// The command line or the configuration is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// An end of which everything has been said already.
    pub(crate) fn silent(exit: Exit) -> Self {
        Self { is_quiet: true, ..Self::new(exit, "") }
    }

    /// A file that could not be read or written.
    pub(crate) fn file(what: &str, path: &std::path::Path, error: &io::Error) -> Self {
        let exit = if error.kind() == io::ErrorKind::NotFound { Exit::NotFound } else { Exit::Failed };
        Self::new(exit, format!("cannot {what} `{}`: {}", path.display(), describe(error)))
    }

    /// The same error with what to do about it.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same error with its stable code, which has a page in `docs/errors/`, and the advice that goes with it.
    #[must_use]
    pub(crate) fn with_code(mut self, code: Code) -> Self {
        self.code = Some(code);
        self.hints.extend(advice(code).map(str::to_owned));
        self
    }

    /// The same error with another exit code.
    #[must_use]
    pub(crate) fn exiting(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// How the process ends.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// The stable code, where there is one.
    pub(crate) fn code(&self) -> Option<Code> {
        self.code
    }

    /// Tells the person, and gives how the process ends.
    pub(crate) fn report(&self) -> Exit {
        if !self.is_quiet {
            // Standard error may be closed; there is nobody left to tell then.
            let _ = write!(io::stderr(), "{self}");
        }
        self.exit
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        match self.code {
            Some(code) => writeln!(f, " ({code})")?,
            None => writeln!(f)?,
        }
        for cause in &self.causes {
            writeln!(f, "  caused by: {cause}")?;
        }
        self.hints.iter().try_for_each(|hint| writeln!(f, "hint: {hint}"))
    }
}

impl From<outflow_core::Error> for CliError {
    fn from(error: outflow_core::Error) -> Self {
        let mut causes = Vec::new();
        let mut next = std::error::Error::source(&error);
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        let place = error.position().map(|at| format!(" (line {}, column {})", at.line, at.column)).unwrap_or_default();
        Self { causes, ..Self::new(error.kind().into(), format!("{}{place}", error.message())).with_code(error.code()) }
    }
}

impl From<io::Error> for CliError {
    /// Of writing to standard output: a reader that went away wanted no more.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::silent(Exit::Ok);
        }
        Self::new(Exit::Failed, format!("cannot write the output: {}", describe(&error)))
    }
}

/// The system's words, lowercase and without the number.
pub(crate) fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut characters = text.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

/// What helps at the command line, where the message, which is the same for every client, cannot say it.
fn advice(code: Code) -> Option<&'static str> {
    match code {
        Code::NotFound => Some("`outflow list` shows the unloads there are"),
        Code::NotReady => Some("`outflow download --wait ID` waits until it is"),
        Code::AlreadyTerminal => Some("`outflow status ID` shows how it ended"),
        Code::StillActive => Some("`outflow cancel ID` stops it"),
        Code::UnloadExpired | Code::UnloadFailed | Code::UnloadCancelled => {
            Some("`outflow retry ID` runs the same request again")
        }
        Code::RequestIdTaken => Some("leave out `--request-id` to have one made"),
        Code::UnknownTable => Some("`outflow tables` shows the tables there are"),
        Code::StoreLocked => {
            Some("if it is a running `outflow serve`, talk to it with `--server URL`; else choose another `--data-dir`")
        }
        Code::StoreTooNew => Some("run the newer `outflow`, or choose another `--data-dir`"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_as_error_causes_and_hints() {
        let cause = io::Error::other("disk on fire");
        let error = outflow_core::Error::new(Code::StoreLocked, "the store is in use").with_source(cause);
        let shown = CliError::from(error).hint("breathe").to_string();
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines[0], "error: the store is in use (store_locked)");
        assert_eq!(lines[1], "  caused by: disk on fire");
        assert!(lines[2].starts_with("hint: ") && lines[2].contains("--server URL"), "{shown}");
        assert_eq!(lines[3], "hint: breathe");
    }

    #[test]
    fn every_kind_of_trouble_has_its_exit_code() {
        let exit = |code: Code| Exit::from(code.kind()) as u8;
        assert_eq!(exit(Code::SqlSyntax), 2);
        assert_eq!(exit(Code::UnloadExpired), 3);
        assert_eq!(exit(Code::NotReady), 4);
        assert_eq!(exit(Code::StoreUnavailable), 5);
        assert_eq!(exit(Code::VerificationFailed), 1);
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        assert_eq!(CliError::from(io::Error::from(io::ErrorKind::BrokenPipe)).exit(), Exit::Ok);
        assert_eq!(CliError::from(io::Error::from(io::ErrorKind::StorageFull)).exit(), Exit::Failed);
    }
}
