//! The one query that is put together: which unloads a list shows depends on what was asked for, and each way has an index of its own.
//!
//! Only fixed pieces are joined; everything that a caller sent is bound.

use outflow_core::UnloadId;
use outflow_core::id::micros;
use outflow_core::store::ListFilter;

use crate::connection::Value;

/// A page of a list: newest first, by time of acceptance and id.
#[derive(Debug)]
pub(crate) struct Page<'f> {
    filter: &'f ListFilter,
    before: Option<(i64, String)>,
}

impl<'f> Page<'f> {
    /// The newest.
    pub(crate) fn first(filter: &'f ListFilter) -> Self {
        Self { filter, before: None }
    }

    /// What is older than `before`. Of one that was removed meanwhile, the id still tells its time.
    pub(crate) fn after(filter: &'f ListFilter, before: UnloadId, created_at: Option<i64>) -> Self {
        Self { filter, before: Some((created_at.unwrap_or_else(|| made_at(before)), before.to_string())) }
    }

    /// The query, with words in braces for the dialect to fill in.
    pub(crate) fn text(&self) -> String {
        let table = if self.filter.label.is_some() { "label" } else { "unload" };
        let mut clauses = Vec::new();
        let mut bound = 0;
        let mut clause = |columns: &[&str], comparison: &str| {
            let names = columns.iter().map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ");
            let placeholders = columns.iter().map(|_| placeholder(&mut bound)).collect::<Vec<_>>().join(", ");
            clauses.push(match columns.len() {
                1 => format!("{names} {comparison} {placeholders}"),
                _ => format!("({names}) {comparison} ({placeholders})"),
            });
        };
        if self.filter.owner.is_some() {
            clause(&["owner"], "=");
        }
        if self.filter.label.is_some() {
            clause(&["key"], "=");
            clause(&["value"], "=");
        }
        if self.filter.status.is_some() {
            clause(&["status"], "=");
        }
        if self.filter.since.is_some() {
            clause(&["created_at"], ">=");
        }
        if self.before.is_some() {
            clause(&["created_at", "unload_id"], "<");
        }
        let by = |name: &str| format!("{{indexed by {table}{name}}}");
        let index = match (table, self.filter.owner.is_some(), self.filter.status.is_some()) {
            (_, true, true) => by("_owner_status"),
            (_, true, false) => by("_owner"),
            (_, false, true) => by("_status"),
            ("label", false, false) => by("_value"),
            (_, false, false) => by("_created"),
        };
        let from = match table {
            "label" => {
                clauses.push("unload.unload_id = label.unload_id".to_owned());
                format!("label {index} cross join unload")
            }
            _ => format!("unload {index}"),
        };
        let limit = placeholder(&mut bound);
        let condition = if clauses.is_empty() { String::new() } else { format!(" where {}", clauses.join(" and ")) };
        format!("select {{unload}} from {from}{condition} order by {table}.created_at desc, {table}.unload_id desc limit {limit}")
    }

    /// What is bound, in the order of the placeholders; the last of them, the limit, is bound by whoever asks.
    pub(crate) fn values(&self) -> Vec<Value<'_>> {
        let filter = self.filter;
        let mut values = Vec::new();
        values.extend(filter.owner.as_ref().map(|owner| Value::from(owner.as_str())));
        if let Some((key, value)) = &filter.label {
            values.extend([Value::from(key), Value::from(value)]);
        }
        values.extend(filter.status.map(|status| Value::from(status.as_str())));
        values.extend(filter.since.map(|since| Value::from(micros(since))));
        if let Some((created_at, unload_id)) = &self.before {
            values.extend([Value::from(*created_at), Value::from(unload_id)]);
        }
        values
    }
}

fn placeholder(bound: &mut u32) -> String {
    *bound += 1;
    format!("${bound}")
}

/// The microseconds since 1970 that a UUIDv7 begins with, in milliseconds.
fn made_at(unload_id: UnloadId) -> i64 {
    let digits: String = unload_id.to_string().chars().filter(char::is_ascii_hexdigit).take(12).collect();
    i64::from_str_radix(&digits, 16).map_or(0, |millis| millis.saturating_mul(1_000))
}

#[cfg(test)]
mod tests;
