//! A statement from its acceptance to its end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::error::ApiError;
use super::request::{Parameter, Submit};
use super::result::ResultSet;
use super::session::LONGEST;
use super::statement::{Statement, Status};
use crate::belief;
use crate::engine::session::Session;
use crate::engine::{Answer, Engine};
use crate::error::SqlError;
use crate::sql::{self, Kind};

/// The most texts of a batch.
const BATCH: usize = 40;
/// The longest name of a statement.
const NAME: usize = 2_048;

/// Holds a request against what the API wants of it; gives its texts with their parameters in them.
pub(super) fn check(asked: &Submit, is_batch: bool) -> Result<Vec<String>, ApiError> {
    if asked.session_id.is_none() {
        asked.target.check()?;
    }
    let texts = match (is_batch, &asked.sql, &asked.sqls) {
        (false, Some(sql), _) => vec![sql.clone()],
        (true, _, Some(sqls)) if (1..=BATCH).contains(&sqls.len()) => sqls.clone(),
        (true, _, Some(_)) => return Err(ApiError::validation(format!("Sqls must have 1 to {BATCH} statements."))),
        (false, None, _) => return Err(ApiError::missing("sql")),
        (true, _, None) => return Err(ApiError::missing("sqls")),
    };
    if asked.client_token.as_ref().is_some_and(|token| !(1..=64).contains(&token.chars().count())) {
        return Err(ApiError::validation("ClientToken must have 1 to 64 characters."));
    }
    if asked.statement_name.as_ref().is_some_and(|name| name.chars().count() > NAME) {
        return Err(ApiError::validation(format!("StatementName must have at most {NAME} characters.")));
    }
    if asked.wait_time_seconds.is_some_and(|seconds| !(1..=30).contains(&seconds)) {
        return Err(ApiError::validation("WaitTimeSeconds must be from 1 to 30."));
    }
    if asked.session_keep_alive_seconds.is_some_and(|seconds| seconds > LONGEST) {
        return Err(ApiError::validation(format!("SessionKeepAliveSeconds must be from 0 to {LONGEST}.")));
    }
    if asked.execution_mode.as_ref().is_some_and(|mode| mode != "TRANSACTION" && mode != "AUTO_COMMIT") {
        return Err(ApiError::validation("ExecutionMode must be TRANSACTION or AUTO_COMMIT."));
    }
    check_parameters(asked.parameters.as_deref())?;
    if asked.result_format.as_ref().is_some_and(|format| format != "JSON" && format != "CSV") {
        return Err(ApiError::validation("ResultFormat must be JSON or CSV."));
    }
    for text in &texts {
        if text.len() > belief::STATEMENT_BYTES {
            return Err(ApiError::validation("Cannot process query string larger than 100kB"));
        }
        match sql::statements(text).map_or(1, |statements| statements.len()) {
            0 => return Err(ApiError::validation("SQL statement is empty.")),
            1 => {}
            _ => return Err(ApiError::validation("Multiple sql statements are not allowed.")),
        }
    }
    bind(texts, asked.parameters.as_deref().unwrap_or_default())
}

/// Holds parameters against what the API takes: values have a character at least, as names have, and a list of them has one.
fn check_parameters(parameters: Option<&[Parameter]>) -> Result<(), ApiError> {
    let Some(parameters) = parameters else { return Ok(()) };
    if parameters.is_empty() {
        return Err(ApiError::validation("Parameters must have at least one member."));
    }
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match parameters.iter().find(|parameter| !is_name(&parameter.name) || parameter.value.is_empty()) {
        Some(parameter) if is_name(&parameter.name) => {
            Err(ApiError::validation(format!("The value of the parameter {} must have at least 1 character.", parameter.name)))
        }
        Some(_) => Err(ApiError::validation("The name of a parameter must satisfy regex pattern: ^[0-9a-zA-Z_]+$")),
        None => Ok(()),
    }
}

/// The texts with the values of their parameters in the parameters' places.
fn bind(texts: Vec<String>, parameters: &[Parameter]) -> Result<Vec<String>, ApiError> {
    if parameters.is_empty() {
        return Ok(texts);
    }
    let values: HashMap<&str, &str> =
        parameters.iter().map(|parameter| (parameter.name.as_str(), parameter.value.as_str())).collect();
    let mut unused: Vec<&str> = values.keys().copied().collect();
    let mut bound = Vec::with_capacity(texts.len());
    for text in texts {
        let replaced = sql::replaced(&text, |kind, said| {
            let Some(name) = said.strip_prefix(':').filter(|_| kind == Kind::Named) else { return Ok(None) };
            unused.retain(|other| *other != name);
            match values.get(name) {
                Some(value) => Ok(Some(sql::literal(value))),
                None => Err(SqlError::new("42601", format!("Cannot find parameter: {name}"))),
            }
        });
        bound.push(replaced.map_err(|error| ApiError::validation(error.message))?);
    }
    if !unused.is_empty() {
        unused.sort_unstable();
        return Err(ApiError::validation(format!("Parameters list contains unused parameters. Unused parameters: {unused:?}")));
    }
    Ok(bound)
}

/// Does the work of a statement; one whose work breaks off has failed.
pub(super) async fn to_an_end(statement: Arc<Statement>, work: impl Future<Output = ()> + Send + 'static) {
    if let Err(error) = tokio::spawn(work).await {
        tracing::error!(%error, id = statement.id, "the work of a statement broke off");
        statement.break_off(&SqlError::new("XX000", "the statement broke off").told());
    }
}

/// Runs the parts of a statement, whose texts are given, one after the other in a session.
pub(super) async fn run(engine: Arc<Engine>, statement: Arc<Statement>, session: Arc<Session>, texts: Vec<String>) {
    statement.set_status(Status::Picked);
    let goes_on = statement.asked.execution_mode.as_deref() == Some("AUTO_COMMIT");
    let mut ended = Status::Finished;
    for (index, text) in texts.into_iter().enumerate() {
        if (ended != Status::Finished && !goes_on) || statement.cancel.is_cancelled() {
            statement.end(index, Status::Aborted, |_| {});
            if ended == Status::Finished {
                ended = Status::Aborted;
            }
            continue;
        }
        let status = run_part(&engine, &statement, &session, index, &text).await;
        if status != Status::Finished {
            ended = status;
        }
    }
    // A cancel that came after the last part had finished came too late.
    statement.set_status(ended);
}

async fn run_part(engine: &Arc<Engine>, statement: &Arc<Statement>, session: &Arc<Session>, index: usize, sql: &str) -> Status {
    statement.change(index, |part| part.status = Status::Picked);
    let started = Arc::clone(statement);
    let on_start = Box::new(move |query_id| {
        started.change(index, |part| {
            part.status = Status::Started;
            part.query_id = Some(query_id);
            part.started = Some(Instant::now());
        });
        started.set_status(Status::Started);
    });
    let answer = engine.execute(session, sql, &statement.cancel, on_start).await;
    let ended = match answer {
        Ok(Answer::Rows(reading)) => ResultSet::read(reading).await.map(|result| {
            let rows = i64::try_from(result.rows).unwrap_or(i64::MAX);
            (rows, Some(Arc::new(result)))
        }),
        Ok(Answer::Unloaded(rows)) if engine.beliefs.result_rows_count_unloaded => {
            Ok((i64::try_from(rows).unwrap_or(i64::MAX), None))
        }
        Ok(_) => Ok((belief::NULL_NUMBER, None)),
        Err(error) => Err(error),
    };
    match ended {
        Ok((rows, result)) => {
            statement.end(index, Status::Finished, |part| {
                part.rows = rows;
                part.size = result.as_ref().map(|result| result.bytes);
                part.result = result;
            });
            Status::Finished
        }
        Err(error) => {
            let status = if error.is_cancelled() { Status::Aborted } else { Status::Failed };
            statement.end(index, status, |part| part.error = Some(error.told()));
            status
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[tokio::test]
    async fn a_statement_whose_work_breaks_off_has_failed() {
        let session = Session::new(1, "me".to_owned(), "dev".to_owned(), CancellationToken::new());
        let texts = ["SELECT 1", "SELECT 2", "SELECT 3"].map(str::to_owned);
        let asked = Submit { sqls: Some(texts.to_vec()), ..Submit::default() };
        let statement = Arc::new(Statement::new(asked, &texts, &session, None));
        let of = Arc::clone(&statement);
        let work = async move {
            of.end(0, Status::Finished, |_| {});
            of.change(1, |part| part.status = Status::Started);
            of.set_status(Status::Started);
            panic!("a defect");
        };
        to_an_end(Arc::clone(&statement), work).await;
        let statuses: Vec<Status> = statement.parts().iter().map(|part| part.status).collect();
        assert_eq!(statuses, [Status::Finished, Status::Failed, Status::Aborted]);
        assert_eq!(statement.status(), Status::Failed);
        assert!(statement.parts()[1].error.is_some());
    }
}
