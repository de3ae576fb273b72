//! What the operating system and `object_store` say, in our codes. Callers branch on the code and never see a vendor's error.

use std::error::Error as StdError;
use std::io;

use outflow_core::{Code, Error};

use crate::S3Refusal;
use crate::s3::Failure;

/// What the operating system says when it opens no more files, for this process or for all; the standard library has no kind for it.
const TOO_MANY_FILES: [i32; 2] = if cfg!(windows) { [4, 4] } else { [24, 23] };

/// The code of anything that came out of storage, however deep its cause lies: a full disk is `storage_full` even when the query
/// engine wraps what the object store wraps, and too many open files are `overloaded`, which passes. What is not recognised is
/// `storage_unavailable`.
pub fn code_of(error: &(dyn StdError + 'static)) -> Code {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(code) = recognised(error) {
            return code;
        }
        next = error.source();
    }
    Code::StorageUnavailable
}

/// Our error for an object store's; `what` says what was tried, and where.
pub fn from_object_store(error: object_store::Error, what: &str) -> Error {
    let code = code_of(&error);
    let sentence = failure_in(&error).map_or_else(|| sentence(code).to_owned(), |failure| failure.sentence.clone());
    Error::new(code, format!("{what}: {sentence}")).with_source(error)
}

/// What S3 said when it refused the call that an error comes from, however deep that lies; `None` when it comes from none, or S3 did not
/// answer.
pub fn refusal_of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a S3Refusal> {
    failure_in(error)?.refusal.as_ref()
}

/// Our error for the operating system's; `what` says what was tried, and where.
pub(crate) fn from_io(error: io::Error, what: &str) -> Error {
    let code = code_of(&error);
    Error::new(code, format!("{what}: {}", sentence(code))).with_source(error)
}

/// As [`from_io`], where the thing is being made: then `not found` means that somebody took its folder away.
pub(crate) fn from_write(error: io::Error, what: &str) -> Error {
    match code_of(&error) {
        Code::NotFound => {
            Error::new(Code::StorageUnavailable, format!("{what}: its folder was removed meanwhile")).with_source(error)
        }
        _ => from_io(error, what),
    }
}

/// The object store's error for the operating system's.
pub(crate) fn to_object_store(error: io::Error, path: &str) -> object_store::Error {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::AlreadyExists => object_store::Error::AlreadyExists { path, source: error.into() },
        io::ErrorKind::PermissionDenied => object_store::Error::PermissionDenied { path, source: error.into() },
        _ => object_store::Error::Generic { store: "LocalFolder", source: Box::new(error) },
    }
}

fn recognised(error: &(dyn StdError + 'static)) -> Option<Code> {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        if error.raw_os_error().is_some_and(|number| TOO_MANY_FILES.contains(&number)) {
            return Some(Code::Overloaded);
        }
        return of_kind(error.kind()).or_else(|| {
            // An io::Error skips the error that it wraps when it is asked for its source.
            let inner = error.get_ref()?;
            Some(code_of(inner)).filter(|code| *code != Code::StorageUnavailable)
        });
    }
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return Some(failure.code);
    }
    match error.downcast_ref::<object_store::Error>()? {
        // What S3 says lies in it, and says more.
        error if failure_in(error).is_some() => None,
        object_store::Error::NotFound { .. } => Some(Code::NotFound),
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => Some(Code::StorageDenied),
        _ => None,
    }
}

/// The call to S3 that failed, if it was one.
fn failure_in<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Failure> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(failure) = error.downcast_ref::<Failure>() {
            return Some(failure);
        }
        // An io::Error skips the error that it wraps when it is asked for its source.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source());
    }
    None
}

fn of_kind(kind: io::ErrorKind) -> Option<Code> {
    match kind {
        io::ErrorKind::NotFound => Some(Code::NotFound),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Some(Code::StorageFull),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Some(Code::StorageDenied),
        // Names are made here but for the values of partitions, which are the query's.
        io::ErrorKind::InvalidFilename => Some(Code::QueryFailed),
        _ => None,
    }
}

fn sentence(code: Code) -> &'static str {
    match code {
        Code::NotFound => "it is not there",
        Code::StorageFull => "there is no room left; free some, or shorten the retention",
        Code::StorageDenied => "storage refuses access; give the service's user the right to read and write there",
        Code::QueryFailed => "a part of its name is longer than storage takes; partition by something shorter",
        Code::Overloaded => "too many files are open; raise the limit of open files",
        _ => "storage does not answer as it should",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(source: impl StdError + Send + Sync + 'static) -> object_store::Error {
        object_store::Error::Generic { store: "test", source: Box::new(source) }
    }

    #[test]
    fn the_cause_decides_however_deep_it_lies() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let too_many = || io::Error::from_raw_os_error(TOO_MANY_FILES[0]);
        let denied = object_store::Error::PermissionDenied { path: "a".to_owned(), source: "no".into() };
        let missing = object_store::Error::NotFound { path: "a".to_owned(), source: "no".into() };
        let cases: [(Box<dyn StdError>, Code); 11] = [
            (Box::new(full()), Code::StorageFull),
            (Box::new(generic(full())), Code::StorageFull),
            (Box::new(io::Error::other(generic(io::Error::other(full())))), Code::StorageFull),
            (Box::new(generic(io::Error::from(io::ErrorKind::QuotaExceeded))), Code::StorageFull),
            (Box::new(generic(io::Error::from(io::ErrorKind::ReadOnlyFilesystem))), Code::StorageDenied),
            (Box::new(io::Error::other(denied)), Code::StorageDenied),
            (Box::new(generic(missing)), Code::NotFound),
            (Box::new(generic(io::Error::from(io::ErrorKind::InvalidFilename))), Code::QueryFailed),
            (Box::new(too_many()), Code::Overloaded),
            (Box::new(generic(io::Error::other(generic(too_many())))), Code::Overloaded),
            (Box::new(generic(io::Error::other("who knows"))), Code::StorageUnavailable),
        ];
        assert!(Code::Overloaded.kind().is_retryable() && !Code::QueryFailed.kind().is_retryable());
        for (error, expected) in cases {
            assert_eq!(code_of(error.as_ref()), expected, "{error}");
        }
    }

    #[test]
    fn the_message_says_what_was_tried_and_what_to_do() {
        let error = from_object_store(generic(io::Error::from(io::ErrorKind::StorageFull)), "writing `a/b`");
        assert_eq!(
            (error.code(), error.message()),
            (Code::StorageFull, "writing `a/b`: there is no room left; free some, or shorten the retention")
        );
        let gone = from_write(io::Error::from(io::ErrorKind::NotFound), "writing `a/b`");
        assert_eq!(gone.code(), Code::StorageUnavailable);
    }
}
