//! The warehouse's own record of queries, by which a statement is watched whose connection is not ours, or is gone.
//!
//! `SYS_QUERY_HISTORY` has running and ended queries of the last seven days, on workgroups and clusters alike; a database user sees its
//! own. Its text is cut, so that statements are known by how they begin. `STV_RECENTS`, which clusters alone have, shows what runs too.
//! Sources: <https://docs.aws.amazon.com/redshift/latest/dg/SYS_QUERY_HISTORY.html>,
//! <https://docs.aws.amazon.com/redshift/latest/dg/r_STV_RECENTS.html>, <https://docs.aws.amazon.com/redshift/latest/dg/r_CANCEL.html>.

use outflow_core::statement::literal;

use super::tag::Tagged;
use crate::redshift::Row;
use crate::redshift::failure::is_cancel;

/// How many days the record goes back.
pub(super) const DAYS: i64 = 7;
/// The longest tag.
const TAG: usize = 80;

/// How a statement stands by the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It runs or is about to, in these sessions.
    Running(Vec<i32>),
    Finished,
    /// What the warehouse says of it, which may be nothing.
    Failed(String),
    Cancelled,
}

/// The query for how statements stand.
pub(super) fn standings_of(statements: &[Tagged]) -> String {
    let since = statements.iter().map(|statement| statement.since).min().unwrap_or_default();
    let is_one: Vec<String> = statements.iter().map(|statement| begins_with("query_text", &statement.tag)).collect();
    format!(
        "SELECT LEFT(query_text, {TAG}), session_id, TRIM(status), TRIM(error_message) FROM sys_query_history \
         WHERE start_time >= CAST('{}' AS TIMESTAMP) AND ({}) ORDER BY start_time",
        since.format("%Y-%m-%d %H:%M:%S"),
        is_one.join(" OR ")
    )
}

/// The query for a statement among those that run, where `SYS_QUERY_HISTORY` has nothing of it yet.
pub(super) fn recent(statement: &Tagged) -> String {
    format!("SELECT pid FROM stv_recents WHERE status = 'Running' AND {}", begins_with("query", &statement.tag))
}

fn begins_with(column: &str, tag: &str) -> String {
    format!("LEFT({column}, {}) = {}", tag.len(), literal(tag))
}

/// How a statement stands, by the rows of [`standings_of`]; `None` when none is of it. One that runs goes before one that has ended, since
/// Redshift may run a query again by itself.
pub(super) fn standing(rows: &[Row], statement: &Tagged) -> Option<Standing> {
    let mut sessions = Vec::new();
    let mut ended: Option<Standing> = None;
    for row in rows {
        let value = |index: usize| row.get(index).and_then(Option::as_deref).unwrap_or_default();
        if !value(0).starts_with(&statement.tag) {
            continue;
        }
        let said = value(3).trim();
        let found = match value(2).trim() {
            "success" => Standing::Finished,
            "failed" if is_cancel(said) => Standing::Cancelled,
            "failed" => Standing::Failed(said.to_owned()),
            "canceled" | "cancelled" => Standing::Cancelled,
            // Planning, queued, running, returning; and what a later version may say: it has not ended until it says so.
            _ => {
                sessions.extend(value(1).trim().parse::<i32>());
                Standing::Running(Vec::new())
            }
        };
        ended = match (ended, found) {
            (Some(Standing::Running(_)), _) | (_, Standing::Running(_)) => Some(Standing::Running(Vec::new())),
            (Some(Standing::Finished), _) => Some(Standing::Finished),
            (_, found) => Some(found),
        };
    }
    match ended? {
        Standing::Running(_) => Some(Standing::Running(sessions)),
        other => Some(other),
    }
}

/// The sessions of the rows of [`recent`].
pub(super) fn sessions(rows: &[Row]) -> Vec<i32> {
    rows.iter().filter_map(|row| row.first()?.as_deref()?.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use outflow_core::{AttemptToken, UnloadId};

    use super::*;

    fn rows(of: &Tagged, rows: &[(&str, &str)]) -> Vec<Row> {
        let text = format!("{} UNLOAD ('SELECT", of.tag);
        rows.iter()
            .map(|(status, error)| vec![Some(text.clone()), Some("17".into()), Some((*status).into()), Some((*error).into())])
            .collect()
    }

    #[test]
    fn every_status_is_read_and_an_unknown_one_is_no_end() {
        let of = Tagged::of(&AttemptToken::new(UnloadId::generate(), 1));
        let standing = |found: &[(&str, &str)]| standing(&rows(&of, found), &of);
        for status in ["planning", "queued", "running   ", "returning", "hibernating"] {
            assert_eq!(standing(&[(status, "")]), Some(Standing::Running(vec![17])), "{status}");
        }
        assert_eq!(standing(&[("success   ", "")]), Some(Standing::Finished));
        assert_eq!(standing(&[("canceled", "")]), Some(Standing::Cancelled));
        assert_eq!(standing(&[("failed", "Query (1) cancelled on user's request")]), Some(Standing::Cancelled));
        assert_eq!(standing(&[("failed", "Divide by zero ")]), Some(Standing::Failed("Divide by zero".into())));
        assert_eq!(standing(&[]), None);
    }

    #[test]
    fn what_runs_goes_before_what_has_ended_and_a_result_before_a_failure() {
        let of = Tagged::of(&AttemptToken::new(UnloadId::generate(), 1));
        let standing = |found: &[(&str, &str)]| standing(&rows(&of, found), &of);
        assert_eq!(standing(&[("failed", "x"), ("running", "")]), Some(Standing::Running(vec![17])));
        assert_eq!(standing(&[("running", ""), ("success", "")]), Some(Standing::Running(vec![17])));
        assert_eq!(standing(&[("success", ""), ("failed", "x")]), Some(Standing::Finished));
        assert_eq!(standing(&[("failed", "x"), ("success", "")]), Some(Standing::Finished));
        assert_eq!(standing(&[("failed", "x"), ("failed", "y")]), Some(Standing::Failed("y".into())));
    }

    #[test]
    fn another_attempt_is_another_statement() {
        let unload_id = UnloadId::generate();
        let [first, tenth] = [1, 10].map(|attempt| Tagged::of(&AttemptToken::new(unload_id, attempt)));
        assert_eq!(standing(&rows(&tenth, &[("success", "")]), &first), None);
        let sql = standings_of(&[first.clone(), tenth.clone()]);
        assert!(sql.contains(&format!("LEFT(query_text, {}) = '{}'", first.tag.len(), first.tag)), "{sql}");
        assert!(sql.contains(&format!("OR LEFT(query_text, {}) = '{}'", tenth.tag.len(), tenth.tag)), "{sql}");
    }
}
