//! What a statement failed of, as our codes: Redshift's words, read for what the caller or the operator can do.

use outflow_core::{Code, Error, Position};

use super::place::place_of;
use super::tidy;

/// The error of a statement that ended without a result. `said` is what Redshift says, `sql` the statement, where it is known.
pub(crate) fn failure(said: &str, sql: Option<&str>) -> Error {
    let plain = plain(said);
    let lower = without_names(&plain).to_lowercase();
    let Some((_, code, advice)) = KNOWN.iter().find(|(signs, _, _)| signs.iter().all(|sign| lower.contains(sign))) else {
        return placed(Error::new(Code::QueryFailed, plain), said, sql);
    };
    let message = if advice.is_empty() { plain } else { format!("{plain}; {advice}") };
    placed(Error::new(*code, message), said, sql)
}

/// Whether it ended because somebody stopped it.
pub(crate) fn is_cancel(said: &str) -> bool {
    let said = without_names(said).to_lowercase();
    ["cancelled on user's request", "canceled on user's request", "canceling statement due to user request"]
        .iter()
        .any(|words| said.contains(words))
}

/// A message with nothing between its double quotes: names and values are the caller's, and say nothing of what went wrong.
fn without_names(said: &str) -> String {
    let mut parts = said.split('"');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    while let (Some(name), after) = (parts.next(), parts.next()) {
        kept.push('"');
        match after {
            Some(after) => {
                kept.push('"');
                kept.push_str(after);
            }
            // A quote that does not end.
            None => kept.push_str(name),
        }
    }
    kept
}

/// All of these words, in lower case, and what they mean. The first row that fits holds: what a query is itself to blame for comes
/// before what passes, since names also stand in messages without quotes.
type Known = (&'static [&'static str], Code, &'static str);

const KNOWN: &[Known] = &[
    // Storage.
    (&["unload destination", "not empty"], Code::VerificationFailed, "another statement wrote to the attempt's own prefix"),
    (&["would overwrite"], Code::VerificationFailed, "another statement wrote to the attempt's own prefix"),
    (&["different region"], Code::ConfigInvalid, "set `s3Region` of the warehouse to the bucket's region"),
    (
        &["must be addressed using the specified endpoint"],
        Code::ConfigInvalid,
        "set `s3Region` of the warehouse to the bucket's region",
    ),
    (&["permanentredirect"], Code::ConfigInvalid, "set `s3Region` of the warehouse to the bucket's region"),
    (&["nosuchbucket"], Code::ConfigInvalid, "look at `storage.url`"),
    (&["bucket does not exist"], Code::ConfigInvalid, "look at `storage.url`"),
    (&["kms", "accessdenied"], Code::StorageDenied, "allow the role of `iamRole` to use the key of `kmsKeyId`"),
    (&["s3serviceexception", "access denied"], Code::StorageDenied, "allow the role of `iamRole` to write to the bucket"),
    (&["s3serviceexception", "accessdenied"], Code::StorageDenied, "allow the role of `iamRole` to write to the bucket"),
    (&["s3serviceexception", "status 403"], Code::StorageDenied, "allow the role of `iamRole` to write to the bucket"),
    // The role.
    (&["not authorized to assume iam role"], Code::WarehouseDenied, "attach the role of `iamRole` to the cluster or namespace"),
    (
        &["not authorized to get credentials of role"],
        Code::WarehouseDenied,
        "attach the role of `iamRole` to the cluster or namespace",
    ),
    (&["iam role", "is not attached"], Code::WarehouseDenied, "attach the role of `iamRole` to the cluster or namespace"),
    (&["default iam role"], Code::WarehouseDenied, "set `iamRole`, or give the cluster or namespace a default role"),
    (
        &["assumerole", "denied"],
        Code::WarehouseDenied,
        "let Redshift assume the role of `iamRole`, or grant ASSUMEROLE to the database user",
    ),
    (
        &["assumerole", "not authorized"],
        Code::WarehouseDenied,
        "let Redshift assume the role of `iamRole`, or grant ASSUMEROLE to the database user",
    ),
    (&["password authentication failed"], Code::WarehouseDenied, "look at the user and its password"),
    // The query.
    (
        &["permission denied for"],
        Code::WarehouseDenied,
        "grant it to the database user that Outflow works as, or read something else",
    ),
    (&["column", "does not exist"], Code::UnknownColumn, ""),
    (&["relation", "does not exist"], Code::UnknownTable, ""),
    (&["schema", "does not exist"], Code::UnknownTable, ""),
    (&["table", "does not exist"], Code::UnknownTable, ""),
    (&["function", "does not exist"], Code::QueryInvalid, ""),
    (&["operator does not exist"], Code::QueryInvalid, ""),
    (&["type", "does not exist"], Code::QueryInvalid, ""),
    (&["database", "does not exist"], Code::ConfigInvalid, "look at the warehouse's `url`"),
    (&["column", "specified more than once"], Code::DuplicateColumn, ""),
    (&["duplicate column"], Code::DuplicateColumn, ""),
    (&["syntax error"], Code::SqlSyntax, ""),
    (&["must appear in the group by"], Code::QueryInvalid, ""),
    (&["ambiguous"], Code::QueryInvalid, ""),
    (&["not supported"], Code::QueryInvalid, ""),
    // What passes.
    (&["slowdown"], Code::StorageUnavailable, ""),
    (&["reduce your request rate"], Code::StorageUnavailable, ""),
    (&["s3serviceexception", "status 503"], Code::StorageUnavailable, ""),
    (&["s3serviceexception", "status 500"], Code::StorageUnavailable, ""),
    (&["s3curlexception"], Code::StorageUnavailable, ""),
    // An external table whose files could not be reached.
    (&["s3query exception", "retries exceeded"], Code::WarehouseUnavailable, ""),
    (&["serializable isolation violation"], Code::WarehouseUnavailable, ""),
    (&["connection limit"], Code::WarehouseThrottled, ""),
    (&["too many connections"], Code::WarehouseThrottled, ""),
    (&["could not connect"], Code::WarehouseUnavailable, ""),
    (&["connection", "closed"], Code::WarehouseUnavailable, ""),
    (&["connection", "reset"], Code::WarehouseUnavailable, ""),
    (&["connection", "timed out"], Code::WarehouseUnavailable, ""),
    (&["connection", "terminated"], Code::WarehouseUnavailable, ""),
    (&["shutting down"], Code::WarehouseUnavailable, ""),
    (&["starting up"], Code::WarehouseUnavailable, ""),
    (&["restart"], Code::WarehouseUnavailable, ""),
    (&["system request"], Code::WarehouseUnavailable, ""),
];

/// Redshift's sentence without its label, its place and what only fills the page.
fn plain(said: &str) -> String {
    let begin = said.rfind("ERROR:").map_or(said, |at| &said[at + "ERROR:".len()..]);
    let begin = begin
        .split("-----------------------------------------------")
        .next()
        .filter(|text| !text.trim().is_empty())
        .unwrap_or(begin);
    let end = begin.find("Position:").unwrap_or(begin.len());
    let text = tidy(&begin[..end]);
    let text = text.trim_end_matches([';', ' ']);
    if text.is_empty() {
        return "the statement failed, and the warehouse does not say why".to_owned();
    }
    let is_name = text.chars().nth(1).is_some_and(|second| second.is_uppercase() || second.is_ascii_digit());
    let mut characters = text.chars();
    match characters.next() {
        Some(first) if !is_name => first.to_lowercase().chain(characters).collect(),
        _ => text.to_owned(),
    }
}

/// The same error with the place in the caller's query, where it can be told for certain.
fn placed(error: Error, said: &str, sql: Option<&str>) -> Error {
    let is_of_the_query = matches!(
        error.code(),
        Code::SqlSyntax
            | Code::UnknownColumn
            | Code::UnknownTable
            | Code::QueryInvalid
            | Code::QueryFailed
            | Code::DuplicateColumn
    );
    let position: Option<Position> = if is_of_the_query { sql.and_then(|sql| place_of(said, sql)) } else { None };
    match position {
        Some(position) => error.at(position),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redshifts_words_have_their_codes() {
        for (said, code, part) in [
            (
                "ERROR: permission denied for relation secret",
                Code::WarehouseDenied,
                "permission denied for relation secret; grant it",
            ),
            ("ERROR: relation \"nope\" does not exist", Code::UnknownTable, "relation \"nope\" does not exist"),
            ("ERROR: schema \"s\" does not exist", Code::UnknownTable, "schema"),
            ("ERROR: column \"x\" does not exist in t", Code::UnknownColumn, "column \"x\""),
            ("ERROR: function nope(integer) does not exist\n  Hint: No function matches", Code::QueryInvalid, "function nope"),
            ("ERROR: syntax error at or near \"FORM\"\n  Position: 10;", Code::SqlSyntax, "syntax error at or near \"FORM\""),
            ("Query #2 failed with ERROR: Divide by zero", Code::QueryFailed, "divide by zero"),
            (
                "ERROR: S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid X,ExtRid Y,CanRetry 1\n  Detail: \n",
                Code::StorageDenied,
                "allow the role",
            ),
            (
                "ERROR: S3ServiceException:Please reduce your request rate.,Status 503,Error SlowDown,Rid X",
                Code::StorageUnavailable,
                "S3ServiceException",
            ),
            (
                "ERROR: The S3 bucket addressed by the query is in a different region from this cluster.",
                Code::ConfigInvalid,
                "set `s3Region`",
            ),
            (
                "ERROR: S3ServiceException:The specified bucket does not exist,Status 404,Error NoSuchBucket",
                Code::ConfigInvalid,
                "storage.url",
            ),
            (
                "ERROR: User arn:aws:redshift:eu-west-1:1:dbuser:c/u is not authorized to assume IAM Role arn:aws:iam::1:role/r",
                Code::WarehouseDenied,
                "attach the role",
            ),
            (
                "ERROR: Specified unload destination on S3 is not empty. Consider using a different bucket / prefix",
                Code::VerificationFailed,
                "another statement",
            ),
            (
                "ERROR: could not complete because of conflict: Serializable isolation violation on table",
                Code::WarehouseUnavailable,
                "",
            ),
            ("ERROR: Query cancelled on system request", Code::WarehouseUnavailable, ""),
            (
                "ERROR: S3CurlException: Failed connect to b.s3.amazonaws.com; Connection refused, CurlError 7, multiCurlError 0",
                Code::StorageUnavailable,
                "S3CurlException",
            ),
            ("S3Query Exception Connection failed, retries exceeded.\nDETAIL:  \n  -----", Code::WarehouseUnavailable, "S3Query"),
            ("ERROR: Connection timed out", Code::WarehouseUnavailable, ""),
            ("", Code::QueryFailed, "does not say why"),
            // What the caller named says nothing.
            ("ERROR: relation \"restarts\" does not exist", Code::UnknownTable, "relation \"restarts\""),
            ("ERROR: column \"shutting down\" does not exist in restarts", Code::UnknownColumn, "column"),
            ("ERROR: schema \"slowdown\" does not exist", Code::UnknownTable, "schema"),
            ("ERROR: relation \"a\"b restart\" does not exist", Code::UnknownTable, "relation"),
            ("ERROR: invalid input syntax for integer: \"system request\"", Code::QueryFailed, "invalid input"),
            ("ERROR: syntax error at or near \"connection limit\"", Code::SqlSyntax, "syntax error"),
            ("ERROR: permission denied for relation slowdown_restarts", Code::WarehouseDenied, "grant it"),
            ("ERROR: function restart(integer) does not exist", Code::QueryInvalid, "function restart"),
        ] {
            let error = failure(said, None);
            assert_eq!(error.code(), code, "{said}: {error}");
            assert!(error.message().contains(part), "{said}: {error}");
            assert!(!error.message().ends_with('.') && !error.message().contains("Position"), "{error}");
        }
    }

    #[test]
    fn a_cancel_is_no_failure() {
        assert!(is_cancel("ERROR: Query (150) cancelled on user's request"));
        assert!(!is_cancel("ERROR: Query (150) cancelled on system request"));
        assert!(!is_cancel("ERROR: column \"cancelled on user's request\" does not exist"));
    }
}
