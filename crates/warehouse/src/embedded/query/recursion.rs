//! Refuses what the engine would leave out of a `WITH RECURSIVE` without a word: of a query in it that is a `UNION` it takes the two sides, and
//! nothing of what stands around them, whether the query reads itself or not.

use std::ops::ControlFlow;

use outflow_core::{Code, Error, Result};
use sqlparser::ast::{Cte, LimitClause, Query, SetExpr, SetOperator, Visit, Visitor};

use super::place;

/// Looks at a query as it was written.
///
/// # Errors
/// `query_invalid`, with the place of the query's name.
pub(super) fn refuse_left_out(query: &Query) -> Result<()> {
    match query.visit(&mut Recursions) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Recursions;

impl Visitor for Recursions {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Error> {
        let with = query.with.as_ref().filter(|with| with.recursive);
        match with.and_then(|with| with.cte_tables.iter().find_map(refusal)) {
            Some(error) => ControlFlow::Break(error),
            None => ControlFlow::Continue(()),
        }
    }
}

fn refusal(cte: &Cte) -> Option<Error> {
    let name = &cte.alias.name;
    let (left_out, instead) = left_out(&cte.query)?;
    let message = format!(
        "`{}` in WITH RECURSIVE is a UNION with {left_out} around it, which the embedded warehouse cannot do; {instead}",
        name.value
    );
    let error = Error::new(Code::QueryInvalid, message);
    Some(match place(name) {
        Some(position) => error.at(position),
        None => error,
    })
}

/// What would be left out, and what to do.
fn left_out(query: &Query) -> Option<(&'static str, &'static str)> {
    if !matches!(query.body.as_ref(), SetExpr::SetOperation { op: SetOperator::Union, .. }) {
        return None;
    }
    let outside = "put it into the query that reads this one";
    let limit = match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit: None, offset: Some(_), .. }) => Some("OFFSET"),
        Some(_) => Some("LIMIT"),
        None => query.fetch.as_ref().map(|_| "FETCH"),
    };
    match (&query.with, limit, &query.order_by) {
        (Some(_), ..) => Some(("a WITH of its own", "put that before this one in the outer WITH")),
        (None, Some(limit), _) => Some((limit, outside)),
        (None, None, Some(_)) => Some(("ORDER BY", outside)),
        (None, None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use outflow_core::Position;

    use super::super::parse;

    #[test]
    fn what_stands_around_a_union_is_refused_by_name() {
        let union = "SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 9";
        for (written, said) in [
            (format!("{union} LIMIT 3"), "LIMIT"),
            (format!("{union} OFFSET 3"), "OFFSET"),
            (format!("{union} FETCH FIRST 3 ROWS ONLY"), "FETCH"),
            (format!("{union} ORDER BY 1"), "ORDER BY"),
            (format!("{union} ORDER BY 1 LIMIT 3"), "LIMIT"),
            (format!("WITH m AS (SELECT 1) {union}"), "a WITH of its own"),
            ("SELECT 1 AS i UNION SELECT 2 LIMIT 1".to_owned(), "LIMIT"),
        ] {
            for text in [
                format!("WITH RECURSIVE n AS ({written}) SELECT * FROM n"),
                format!("SELECT 1 FROM (WITH RECURSIVE a AS (SELECT 1), n AS ({written}) SELECT * FROM n) AS q"),
                format!("WITH a AS (SELECT 1 WHERE 1 IN (WITH RECURSIVE n AS ({written}) SELECT i FROM n)) SELECT * FROM a"),
            ] {
                let error = parse(&text).unwrap_err();
                assert!(
                    error.message().contains(&format!("`n` in WITH RECURSIVE is a UNION with {said} around")),
                    "{text}: {error}"
                );
                let column = text.find("n AS").unwrap() as u64 + 1;
                assert_eq!(error.position(), Some(Position { line: 1, column }), "{text}");
            }
        }
    }

    #[test]
    fn what_the_engine_reads_passes() {
        for text in [
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT * FROM n ORDER BY 1 LIMIT 3",
            "WITH RECURSIVE n AS ((SELECT 1 AS i LIMIT 1) UNION ALL (SELECT i + 1 FROM n WHERE i < 9 ORDER BY 1)) SELECT * FROM n",
            "WITH RECURSIVE n AS (SELECT 1 AS i ORDER BY 1 LIMIT 1) SELECT * FROM n",
            "WITH RECURSIVE n AS (WITH m AS (SELECT 1) SELECT 1 EXCEPT SELECT 2 LIMIT 1) SELECT * FROM n",
            "WITH n AS (SELECT 1 UNION ALL SELECT 2 ORDER BY 1 LIMIT 1) SELECT * FROM n",
        ] {
            parse(text).unwrap();
        }
    }
}
