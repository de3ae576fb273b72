//! The guard: lets one read-only query through, in the form in which it runs, and refuses everything else by name.
//!
//! The text is cut by three lexers that must agree, parsed as Redshift and as PostgreSQL read it, and each tree is walked with an
//! allow-list of everything that may be in it. The text itself goes on, never the tree printed back. The guard is one layer of several:
//! the database role is read-only as well. It keeps no state, does no I/O and takes no locks.

mod bind;
mod function;
mod lexical;
mod operator;
mod parse;
mod policy;
mod reading;
mod relation;
mod scan;
mod source;
mod walk;
mod word;

pub use self::parse::{NESTING, at_found};
pub use self::policy::{ReadAll, ReadPolicy, Relation};
pub use self::reading::Redshift as RedshiftReading;

use self::bind::Bound;
use self::function::Functions;
use self::relation::Catalogs;
use self::source::Source;
use crate::parameter::Parameters;
use crate::{Code, Error, Position, Result};

/// What a warehouse lets through.
#[derive(Debug, Clone)]
pub struct Guard {
    functions: Functions,
    catalogs: Catalogs,
    /// Whether there may be arrays. Where they are not `super`, `a[1].b` can call a function `b`.
    arrays: bool,
    /// Whether names in quotes are the same names in lower case.
    folds_quoted: bool,
}

/// A read-only query that passed: text with `\n` at line ends, comments blanked, parameters bound, no `;` at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedQuery {
    bound: Bound,
    is_ordered: bool,
    is_limited: bool,
    relations: Vec<String>,
}

impl Guard {
    /// The guard of the embedded engine.
    pub fn embedded() -> Self {
        Self { functions: function::EMBEDDED, catalogs: Catalogs::BySchema, arrays: true, folds_quoted: false }
    }

    /// The guard of Redshift.
    pub fn redshift() -> Self {
        Self { functions: function::REDSHIFT, catalogs: Catalogs::ByName, arrays: false, folds_quoted: true }
    }

    /// The functions that it lets through, in lower case; some are syntax of their own, such as `extract`.
    pub fn functions(&self) -> impl Iterator<Item = &'static str> {
        self.functions.names()
    }

    /// Binds the parameters and checks the query. The same text and parameters always get the same answer.
    ///
    /// Takes time and memory in proportion to the text, whatever is in it: a few hundred microseconds for ordinary queries.
    ///
    /// # Errors
    /// One of the `sql_…` or `parameter_…` codes, with the place in the caller's own text where there is one.
    pub fn check(&self, sql: &str, parameters: &Parameters) -> Result<CheckedQuery> {
        self.check_for(&ReadAll, sql, parameters)
    }

    /// Like [`check`](Self::check), and asks a policy whether every table may be read: once about each, after everything else has passed.
    ///
    /// # Errors
    /// Those of `check`, and `sql_relation_not_allowed` with the reason of the policy.
    pub fn check_for(&self, policy: &dyn ReadPolicy, sql: &str, parameters: &Parameters) -> Result<CheckedQuery> {
        let source = Source::read(sql)?;
        let tokens = lexical::tokens(&source)?;
        let bound = Bound::new(&source, &tokens, parameters)?;
        let checked = stacker::grow(reading::STACK, || self.check_bound(bound.text()));
        let asked = checked.and_then(|facts| policy::ask(policy, &facts.relations).map(|()| facts));
        let facts = asked.map_err(|error| match error.position() {
            Some(place) => error.at(bound.original_position(place)),
            None => error,
        })?;
        let walk::Facts { relations, is_ordered, is_limited } = facts;
        let relations = relations.iter().map(Relation::name).collect();
        Ok(CheckedQuery { bound, is_ordered, is_limited, relations })
    }

    /// Checks the very text that runs, as if nothing were known about how it came to be.
    fn check_bound(&self, text: &str) -> Result<walk::Facts> {
        let source = Source::read(text)?;
        let ours = lexical::tokens(&source)?;
        let redshift = reading::Redshift::of_unknown(ours.len());
        let postgres = reading::Postgres::new(ours.len());
        let tokens = parse::tokens(&source, &ours, &redshift, &postgres)?;
        let end = source.position(text.len());
        let facts = {
            let query = parse::query(&tokens, &redshift, end)?;
            walk::walk(&query, &source, &ours, self)?
        };
        let query = parse::query(&tokens, &postgres, end).map_err(|error| match error.code() {
            Code::SqlSyntax => {
                let why = format!(
                    "Redshift reads this and PostgreSQL does not ({}); write it in the way that both take",
                    error.message()
                );
                Error::new(Code::SqlAmbiguous, why).at(error.position().unwrap_or(end))
            }
            _ => error,
        })?;
        if walk::walk(&query, &source, &ours, self)? != facts {
            let why = "Redshift and PostgreSQL read different tables or another order in this query; put parentheses and names where they leave no doubt";
            let first = ours.first().map_or(0, |token| token.start);
            return Err(Error::new(Code::SqlAmbiguous, why).at(source.position(first)));
        }
        Ok(facts)
    }
}

impl CheckedQuery {
    /// The text that runs.
    pub fn text(&self) -> &str {
        self.bound.text()
    }

    /// Whether there is an outer `ORDER BY`, which the result must keep.
    pub fn is_ordered(&self) -> bool {
        self.is_ordered
    }

    /// Whether there is an outer `LIMIT`, `FETCH` or `TOP`.
    pub fn is_limited(&self) -> bool {
        self.is_limited
    }

    /// The tables that are read, each once, in order of appearance: not what `WITH` defined. Bare names are in lower case, and a part with
    /// a dot in it is in quotes. What could be a table or something else is among them.
    pub fn relations(&self) -> &[String] {
        &self.relations
    }

    /// Where a place of [`text`](Self::text) is in the text that the caller sent; within a bound value, where its `:name` is.
    pub fn original_position(&self, place: Position) -> Position {
        self.bound.original_position(place)
    }
}

/// Where a place of the text that runs is in the text that was sent with these parameters; within a bound value, where its `:name` is. `None`
/// when the one does not become the other.
pub fn original_position(sql: &str, parameters: &Parameters, runs: &str, place: Position) -> Option<Position> {
    let source = Source::read(sql).ok()?;
    let tokens = lexical::tokens(&source).ok()?;
    let bound = Bound::new(&source, &tokens, parameters).ok()?;
    (bound.text() == runs).then(|| bound.original_position(place))
}

/// The candidate that a name was probably meant to be.
fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    if length > 40 {
        return None;
    }
    let farthest = 1 + length / 4;
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= farthest)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
