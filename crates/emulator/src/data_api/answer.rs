//! What the API answers about statements.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::statement::{Part, Statement};
use crate::belief;
use crate::events::{Event, Resource, principal};

/// The answer to `ExecuteStatement` and `BatchExecuteStatement`.
pub(super) fn accepted(statement: &Statement) -> Value {
    let mut answer = about(statement);
    answer.insert("CreatedAt".to_owned(), seconds(statement.created_at));
    if statement.asked.wait_time_seconds.is_some() {
        answer.insert("Status".to_owned(), json!(statement.status().as_str()));
        answer.insert("HasResultSet".to_owned(), json!(statement.parts().iter().any(|part| part.result.is_some())));
        answer.insert("RedshiftPid".to_owned(), json!(statement.pid));
    }
    Value::Object(answer)
}

/// The answer to `DescribeStatement` of a whole statement.
pub(super) fn described(statement: &Statement) -> Value {
    let parts = statement.parts();
    let status = statement.status();
    let mut answer = about(statement);
    let mut put = |name: &str, value: Value| {
        answer.insert(name.to_owned(), value);
    };
    put("Status", json!(status.as_str()));
    put("CreatedAt", seconds(statement.created_at));
    let updated = parts.iter().map(|part| part.updated_at).max().unwrap_or(statement.created_at);
    put("UpdatedAt", seconds(updated));
    put("RedshiftPid", json!(statement.pid));
    put("Duration", json!(parts.iter().map(nanos).sum::<u64>()));
    put("HasResultSet", json!(parts.iter().any(|part| part.size.is_some())));
    put("ResultFormat", json!(statement.asked.result_format.as_deref().unwrap_or("JSON")));
    if let Some(error) = parts.iter().find_map(|part| part.error.as_deref()) {
        put("Error", json!(error));
    }
    match parts.as_slice() {
        [part] if !statement.is_batch() => {
            put("QueryString", json!(part.sql));
            put("RedshiftQueryId", json!(part.query_id.unwrap_or(belief::NULL_NUMBER)));
            put("ResultRows", json!(part.rows));
            put("ResultSize", json!(size(part)));
        }
        _ => {
            put("RedshiftQueryId", json!(0));
            put("ResultRows", json!(sum(parts.iter().map(|part| part.rows))));
            put("ResultSize", json!(sum(parts.iter().map(size))));
            put("ExecutionMode", json!(statement.asked.execution_mode.as_deref().unwrap_or("TRANSACTION")));
            let subs: Vec<Value> = parts.iter().enumerate().map(|(index, part)| sub(statement, index, part)).collect();
            put("SubStatements", json!(subs));
        }
    }
    if let Some(parameters) = &statement.asked.parameters {
        put("QueryParameters", json!(parameters));
    }
    Value::Object(answer)
}

/// The answer to `DescribeStatement` of one part of a batch.
pub(super) fn described_part(statement: &Statement, index: usize) -> Value {
    let mut answer = about(statement);
    let parts = statement.parts();
    if let (Some(part), Value::Object(sub)) =
        (parts.get(index), parts.get(index).map_or(Value::Null, |part| sub(statement, index, part)))
    {
        answer.extend(sub);
        answer.insert("RedshiftPid".to_owned(), json!(statement.pid));
        answer.insert("QueryString".to_owned(), json!(part.sql));
    }
    Value::Object(answer)
}

/// A statement in `ListStatements`.
pub(super) fn listed(statement: &Statement) -> Value {
    let parts = statement.parts();
    let updated = parts.iter().map(|part| part.updated_at).max().unwrap_or(statement.created_at);
    let asked = &statement.asked;
    let mut answer = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            answer.insert(name.to_owned(), value);
        }
    };
    put("Id", json!(statement.id));
    put("StatementName", json!(asked.statement_name));
    put("Status", json!(statement.status().as_str()));
    put("CreatedAt", seconds(statement.created_at));
    put("UpdatedAt", seconds(updated));
    put("SecretArn", json!(asked.target.secret_arn));
    put("IsBatchStatement", json!(statement.is_batch()));
    put("QueryParameters", json!(asked.parameters));
    put("ResultFormat", json!(asked.result_format.as_deref().unwrap_or("JSON")));
    put("SessionId", json!(statement.session_id));
    if statement.is_batch() {
        put("QueryStrings", json!(parts.iter().map(|part| &part.sql).collect::<Vec<_>>()));
    } else {
        put("QueryString", json!(parts.first().map(|part| &part.sql)));
    }
    Value::Object(answer)
}

/// The event that tells of a statement's end; a batch has one, as it has one status.
pub(super) fn event(statement: &Statement) -> Event {
    let (parts, target) = (statement.parts(), &statement.asked.target);
    let query_id = match parts.as_slice() {
        [part] if !statement.is_batch() => part.query_id.unwrap_or(belief::NULL_NUMBER),
        _ => belief::NULL_NUMBER,
    };
    let remembered = i64::try_from(belief::REMEMBERED.as_secs()).unwrap_or(i64::MAX);
    let mut detail = json!({
        "principal": principal(&statement.user),
        "statementId": statement.id,
        "redshiftQueryId": query_id,
        "state": statement.status().as_str(),
        "rows": sum(parts.iter().map(|part| part.rows)),
        "expireAt": statement.created_at.timestamp().saturating_add(remembered),
    });
    if let Some(name) = &statement.asked.statement_name {
        detail["statementName"] = json!(name);
    }
    let workgroup = target.workgroup_name.clone().map(Resource::Workgroup);
    Event {
        resource: workgroup.or_else(|| target.cluster_identifier.clone().map(Resource::Cluster)),
        at: parts.iter().map(|part| part.updated_at).max().unwrap_or(statement.created_at),
        detail,
    }
}

/// The sum of those that are known; it is not known when none is.
fn sum(numbers: impl Iterator<Item = i64>) -> i64 {
    numbers.filter(|number| *number >= 0).reduce(i64::saturating_add).unwrap_or(belief::NULL_NUMBER)
}

/// What is said of a statement wherever one is told of.
fn about(statement: &Statement) -> Map<String, Value> {
    let target = &statement.asked.target;
    let user = target.db_user.clone().or_else(|| target.cluster_identifier.as_ref().map(|_| statement.user.clone()));
    let fields = [
        ("Id", json!(statement.id)),
        ("ClusterIdentifier", json!(target.cluster_identifier)),
        ("WorkgroupName", json!(target.workgroup_name)),
        ("Database", json!(statement.database)),
        ("DbUser", json!(user)),
        ("SecretArn", json!(target.secret_arn)),
        ("SessionId", json!(statement.session_id)),
    ];
    fields.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn sub(statement: &Statement, index: usize, part: &Part) -> Value {
    let mut sub = json!({
        "Id": format!("{}:{}", statement.id, index + 1),
        "Status": part.status.as_str(),
        "Duration": nanos(part),
        "CreatedAt": seconds(statement.created_at),
        "UpdatedAt": seconds(part.updated_at),
        "QueryString": part.sql,
        "HasResultSet": part.size.is_some(),
        "ResultRows": part.rows,
        "ResultSize": size(part),
        "RedshiftQueryId": part.query_id.unwrap_or(belief::NULL_NUMBER),
    });
    if let Some(error) = &part.error {
        sub["Error"] = json!(error);
    }
    sub
}

fn nanos(part: &Part) -> u64 {
    let took = if part.status.is_over() { part.took } else { part.started.map(|started| started.elapsed()).unwrap_or_default() };
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}

fn size(part: &Part) -> i64 {
    part.size.map_or(belief::NULL_NUMBER, |size| i64::try_from(size).unwrap_or(i64::MAX))
}

/// A moment in seconds, to the millisecond.
pub(super) fn seconds(at: DateTime<Utc>) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact for as long as anybody counts them")]
    let seconds = at.timestamp_millis() as f64 / 1_000.0;
    json!(seconds)
}
