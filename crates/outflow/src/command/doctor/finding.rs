//! What was found out about one part: what, where, of what cause, and what to do about it.

use std::error::Error as _;

use outflow_core::{Code, Error};
use outflow_storage::refusal_of;
use serde::Serialize;

use crate::client::root;
use crate::exit::Exit;

/// How it is with a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// It works, and could be better.
    Advice,
    /// It cannot be told.
    Unknown,
    /// Something is missing, wrong or in the way.
    Failed,
}

impl State {
    /// As a person reads it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Advice => "advice",
            Self::Unknown => "unknown",
            Self::Failed => "FAILED",
        }
    }
}

/// What was found out about one part.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finding {
    pub(super) name: String,
    /// Whether nothing is known to be wrong.
    pub(super) ok: bool,
    pub(super) state: State,
    /// What happened, without what to do about it.
    pub(super) what: String,
    /// The address that it is about, where the name does not say it.
    pub(super) r#where: Option<String>,
    pub(super) code: Option<Code>,
    /// What lies behind it, where `what` does not say it.
    pub(super) cause: Option<String>,
    pub(super) remedy: Option<String>,
    /// How the command ends if this is all that is wrong.
    #[serde(skip)]
    pub(super) exit: Exit,
}

impl Finding {
    fn new(state: State, name: impl Into<String>, what: impl Into<String>) -> Self {
        let exit = if state == State::Failed { Exit::Unavailable } else { Exit::Ok };
        let (name, what) = (name.into(), what.into());
        Self { name, ok: state != State::Failed, state, what, r#where: None, code: None, cause: None, remedy: None, exit }
    }

    pub(super) fn ok(name: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(State::Ok, name, what)
    }

    pub(super) fn advice(name: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..Self::new(State::Advice, name, what) }
    }

    /// What cannot be told, and what would make it so.
    pub(super) fn unknown(name: impl Into<String>, what: impl Into<String>, remedy: Option<String>) -> Self {
        Self { remedy, ..Self::new(State::Unknown, name, what) }
    }

    /// What is wrong, by what we know of it.
    pub(super) fn wrong(name: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..Self::new(State::Failed, name, what) }
    }

    /// What an error says.
    pub(super) fn failed(name: impl Into<String>, error: &Error) -> Self {
        let code = error.code();
        Self { cause: cause_of(error), ..Self::broken(name, error.message(), Some(code), remedy(code)) }
    }

    /// What is wrong, in a sentence that may end with what to do; where it does not, `remedy` says it. What is held by another is in the
    /// way; all else is missing.
    pub(super) fn broken(name: impl Into<String>, told: &str, code: Option<Code>, remedy: Option<&str>) -> Self {
        let exit = if code == Some(Code::StoreLocked) { Exit::Conflict } else { Exit::Unavailable };
        let (what, advice) = parts(told);
        let found = Self::new(State::Failed, name, what);
        // The service writes `warehouse/main`.
        let warehouse = found.name.strip_prefix("warehouse").and_then(|rest| rest.split([' ', '/']).nth(1));
        let section = format!("warehouse.{}", warehouse.unwrap_or("NAME"));
        let remedy = advice.or(remedy).map(|remedy| remedy.replace("warehouse.NAME", &section));
        Self { code, remedy, exit, ..found }
    }

    /// The same finding about that address.
    pub(super) fn at(self, address: impl Into<String>) -> Self {
        Self { r#where: Some(address.into()), ..self }
    }
}

/// What a message of ours says that happened, and what to do: by their form, what stands behind the last semicolon.
fn parts(told: &str) -> (&str, Option<&str>) {
    match told.rsplit_once("; ") {
        Some((what, advice)) => (what, Some(advice)),
        None => (told, None),
    }
}

/// What lies deepest behind an error. What S3 answered is told already, and so is what says the same in other letters.
fn cause_of(error: &Error) -> Option<String> {
    if refusal_of(error).is_some() {
        return None;
    }
    // Some write several lines.
    let cause = root(error.source()?).split_whitespace().collect::<Vec<_>>().join(" ");
    let (told, said) = (error.message().to_lowercase(), cause.to_lowercase());
    let is_told = told.contains(&said) || said.contains(parts(&told).0);
    (!is_told).then_some(cause)
}

/// What helps, where the message does not say it already.
pub(super) fn remedy(code: Code) -> Option<&'static str> {
    match code {
        Code::StoreLocked => Some("end the process that holds it, or ask the running service with `--server URL`"),
        Code::StoreTooNew => Some("run the newer `outflow`, or choose another `--data-dir`"),
        Code::StoreUnavailable => {
            Some("check `store.url`, that the database runs or the folder can be written, and that the disk is not full")
        }
        Code::StorageFull => Some("free some space, delete unloads that nobody needs, or choose another `storage.url`"),
        Code::StorageDenied | Code::StorageUnavailable => {
            Some("check `storage.url`, and that what it names can be read and written: docs/storage.md lists the rights")
        }
        Code::TableUnreadable => Some("repair or remove the file; the other tables work without it"),
        Code::WarehouseUnavailable | Code::WarehouseDenied => Some(
            "check the keys of `warehouse.NAME`: a folder must be readable, and docs/redshift.md lists the rights of a Redshift",
        ),
        _ => None,
    }
}
