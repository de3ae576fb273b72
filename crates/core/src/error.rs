//! One error for every seam: a stable, documented [`Code`], from which the [`ErrorKind`] and thereby the retry decision follow.
//!
//! Callers branch on the kind or the code, never on a vendor's error. `Display` leaves the source out; whoever logs walks the chain.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The result of everything that can fail across a seam.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// What kind of trouble it is: the only thing that decides about a retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The thing named is not there, or not the caller's.
    NotFound,
    /// The present state does not allow it.
    Conflict,
    /// The caller sent something that can never work.
    InvalidInput,
    /// Whoever was asked refuses us.
    Denied,
    /// Too much at once; later it works.
    Throttled,
    /// Whoever was asked cannot be reached or is unwell.
    Unavailable,
    /// It took longer than it may.
    Timeout,
    /// Somebody asked us to stop.
    Cancelled,
    /// A defect of ours, or an answer that makes no sense.
    Internal,
}

impl ErrorKind {
    /// Whether trying the same again later can succeed. The only retry decision in the code base.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable | Self::Timeout)
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $text:literal, $kind:ident, $status:literal, $title:literal;)*) => {
        /// A stable name for one thing that can go wrong; each has a page in `docs/errors/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])* $variant,)* }

        impl Code {
            /// Every code there is, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The code as callers read it, in snake case.
            pub fn as_str(self) -> &'static str { match self { $(Code::$variant => $text,)* } }

            /// The kind of trouble that this code belongs to.
            pub fn kind(self) -> ErrorKind { match self { $(Code::$variant => ErrorKind::$kind,)* } }

            /// The HTTP status that answers it.
            pub fn http_status(self) -> u16 { match self { $(Code::$variant => $status,)* } }

            /// A short title that does not change from one occurrence to the next (RFC 9457, `title`).
            pub fn title(self) -> &'static str { match self { $(Code::$variant => $title,)* } }
        }
    };
}

codes! {
    /// The body or the query string is not what the API takes.
    InvalidRequest = "invalid_request", InvalidInput, 400, "The request cannot be read";
    /// The body is of a media type that the API does not take.
    UnsupportedMediaType = "unsupported_media_type", InvalidInput, 415, "The media type is not taken";
    /// The request names a host that is not the service's: what a page on another site does when it rebinds its name.
    HostNotAllowed = "host_not_allowed", Denied, 421, "The host is not this service";
    /// The request comes from a page of another site.
    OriginNotAllowed = "origin_not_allowed", Denied, 403, "The request comes from another site";
    /// The `requestId` is not 1 to 64 of `A-Za-z0-9_-`, or reserved.
    InvalidRequestId = "invalid_request_id", InvalidInput, 422, "The requestId is not allowed";
    /// An option, or a combination of options, that UNLOAD does not take.
    IllegalOption = "illegal_option", InvalidInput, 422, "The options do not fit together";
    /// A parameter that the query names was not sent.
    ParameterMissing = "parameter_missing", InvalidInput, 422, "A parameter is missing";
    /// A parameter was sent that the query does not name.
    ParameterSurplus = "parameter_surplus", InvalidInput, 422, "A parameter is not used";
    /// A parameter's value is not of its type.
    ParameterInvalid = "parameter_invalid", InvalidInput, 422, "A parameter has the wrong type";
    /// The query does not parse.
    SqlSyntax = "sql_syntax", InvalidInput, 422, "The query has a syntax error";
    /// The query is not a single statement.
    SqlNotSingle = "sql_not_single", InvalidInput, 422, "The query is not one statement";
    /// The query could change something.
    SqlNotReadOnly = "sql_not_read_only", InvalidInput, 422, "The query is not read-only";
    /// The query holds a character that is refused.
    SqlForbiddenCharacter = "sql_forbidden_character", InvalidInput, 422, "The query holds a forbidden character";
    /// The query holds a construct that is not on the allow-list.
    SqlNotAllowed = "sql_not_allowed", InvalidInput, 422, "The query uses something that is not allowed";
    /// A function that is not on the allow-list.
    SqlFunctionNotAllowed = "sql_function_not_allowed", InvalidInput, 422, "The query calls a function that is not allowed";
    /// A table that nobody may read through Outflow.
    SqlRelationNotAllowed = "sql_relation_not_allowed", InvalidInput, 422, "The query reads a table that is not allowed";
    /// Two lexers read the text differently.
    SqlAmbiguous = "sql_ambiguous", InvalidInput, 422, "The query can be read in two ways";
    /// Nested or chained too deep.
    SqlTooComplex = "sql_too_complex", InvalidInput, 422, "The query is too complex";
    /// More than 64 KiB of SQL.
    SqlTooLarge = "sql_too_large", InvalidInput, 413, "The query is too long";
    /// The body is larger than the API takes.
    PayloadTooLarge = "payload_too_large", InvalidInput, 413, "The request is too large";
    /// No warehouse of that name is configured.
    UnknownWarehouse = "unknown_warehouse", InvalidInput, 422, "There is no such warehouse";
    /// The `requestId` names another request already.
    RequestIdTaken = "request_id_taken", Conflict, 409, "The requestId is taken by another request";
    /// There is no such thing, or it is not the caller's.
    NotFound = "not_found", NotFound, 404, "Not found";
    /// The path takes another method.
    MethodNotAllowed = "method_not_allowed", InvalidInput, 405, "The method is not allowed here";
    /// The unload has not finished.
    NotReady = "not_ready", Conflict, 409, "The unload is not ready yet";
    /// The unload has ended; nothing of it can be changed.
    AlreadyTerminal = "already_terminal", Conflict, 409, "The unload has ended already";
    /// The unload still runs.
    StillActive = "still_active", Conflict, 409, "The unload is still active";
    /// The unload ended `FAILED`: there are no files.
    UnloadFailed = "failed", Conflict, 409, "The unload failed";
    /// The unload ended `CANCELLED`: there are no files.
    UnloadCancelled = "cancelled", Cancelled, 409, "The unload was cancelled";
    /// The files are gone.
    UnloadExpired = "expired", NotFound, 410, "The files have expired";
    /// A download link whose time is over.
    LinkExpired = "link_expired", Denied, 403, "The link has expired";
    /// A download link that was not made by this service.
    LinkInvalid = "link_invalid", Denied, 403, "The link is not valid";
    /// The asked byte range lies outside the file.
    RangeNotSatisfiable = "range_not_satisfiable", InvalidInput, 416, "The range lies outside the file";
    /// The owner has too much queued or running.
    QuotaExceeded = "quota_exceeded", Throttled, 429, "The quota is used up";
    /// The service is full or stopping.
    Overloaded = "overloaded", Unavailable, 503, "The service cannot take this now";
    /// The request took too long to arrive or to answer.
    RequestTimeout = "request_timeout", Timeout, 408, "The request took too long";
    /// The query names a table that the warehouse does not have.
    UnknownTable = "unknown_table", InvalidInput, 422, "There is no such table";
    /// The query names a column that is not there.
    UnknownColumn = "unknown_column", InvalidInput, 422, "There is no such column";
    /// Two columns of the result have one name.
    DuplicateColumn = "duplicate_column", InvalidInput, 422, "Two columns have one name";
    /// The warehouse refuses the query.
    QueryInvalid = "query_invalid", InvalidInput, 422, "The warehouse refuses the query";
    /// The query failed while it ran.
    QueryFailed = "query_failed", InvalidInput, 422, "The query failed while it ran";
    /// A table's files cannot be read.
    TableUnreadable = "table_unreadable", InvalidInput, 422, "A table cannot be read";
    /// The warehouse cannot be reached or is unwell.
    WarehouseUnavailable = "warehouse_unavailable", Unavailable, 503, "The warehouse is not available";
    /// The warehouse asks for less.
    WarehouseThrottled = "warehouse_throttled", Throttled, 503, "The warehouse is overloaded";
    /// The warehouse refuses our credentials.
    WarehouseDenied = "warehouse_denied", Denied, 502, "The warehouse refuses access";
    /// The statement vanished with the process that ran it.
    StatementLost = "statement_lost", Unavailable, 503, "The statement was lost";
    /// The deadline passed while the statement's fate was unknown.
    OutcomeUnknown = "outcome_unknown", Timeout, 504, "The outcome is unknown";
    /// The deadline passed.
    DeadlineExceeded = "deadline_exceeded", Timeout, 504, "The unload ran out of time";
    /// What lies in storage is not what the warehouse says that it wrote.
    VerificationFailed = "verification_failed", Internal, 500, "The result could not be verified";
    /// More than one file came out, and they cannot be joined.
    SingleFileTooLarge = "single_file_too_large", InvalidInput, 422, "The result does not fit into one file";
    /// Storage has no room left.
    StorageFull = "storage_full", Unavailable, 507, "The storage is full";
    /// Storage cannot be reached or is unwell.
    StorageUnavailable = "storage_unavailable", Unavailable, 503, "The storage is not available";
    /// Storage refuses us.
    StorageDenied = "storage_denied", Denied, 502, "The storage refuses access";
    /// The state table cannot be reached or is unwell.
    StoreUnavailable = "store_unavailable", Unavailable, 503, "The state table is not available";
    /// Another service holds the state table.
    StoreLocked = "store_locked", Conflict, 409, "The state table is in use";
    /// The state table was made by a newer version.
    StoreTooNew = "store_too_new", InvalidInput, 500, "The state table is of a newer version";
    /// The event bus cannot be reached.
    BusUnavailable = "bus_unavailable", Unavailable, 503, "The event bus is not available";
    /// The configuration is wrong.
    ConfigInvalid = "config_invalid", InvalidInput, 500, "The configuration is wrong";
    /// A defect of ours.
    Internal = "internal", Internal, 500, "Something went wrong inside";
}

impl Code {
    /// The code of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    /// An unknown code, from a newer version, reads as `internal`: the message beside it still says what happened.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self::parse(&text).unwrap_or(Self::Internal))
    }
}

/// Where in the caller's own text, in characters, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The line.
    pub line: u64,
    /// The column.
    pub column: u64,
}

/// What went wrong, in words for a person, with a code for a program.
#[derive(Debug)]
pub struct Error {
    code: Code,
    message: String,
    position: Option<Position>,
    source: Option<Source>,
}

impl Error {
    /// An error of that code. The message says what happened, where, and what to do; lowercase, no full stop.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), position: None, source: None }
    }

    /// The same error with what caused it, which logs show and answers hide.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error with the place in the caller's SQL.
    #[must_use]
    pub fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The kind of trouble, from the code.
    pub fn kind(&self) -> ErrorKind {
        self.code.kind()
    }

    /// The sentence for a person.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The place in the caller's SQL, if it is about one.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// The error and everything that caused it, for the log.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Why an attempt, or a whole unload, did not succeed: what a row, an event and an answer say of an [`Error`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The stable code.
    pub code: Code,
    /// The sentence for a person.
    pub message: String,
    /// Whether the same request, sent again, may succeed.
    pub retryable: bool,
    /// The place in the caller's SQL, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

impl Failure {
    /// A failure of that code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: code.kind().is_retryable(), position: None }
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code,
            message: error.message.clone(),
            retryable: error.kind().is_retryable(),
            position: error.position,
        }
    }
}
