//! Who may read what: a policy that is asked for every table that a query reads, and may refuse with a reason.
//!
//! It is asked last, about a query that passed otherwise: a policy narrows what the guard lets through, and widens nothing. It decides
//! from names alone; whether a table is there, and what a view reads, only the warehouse knows.

use crate::parameter::shown;
use crate::{Code, Error, Position, Result};

/// Decides what may be read. A closure from a [`Relation`] to `Result<(), String>` is one.
pub trait ReadPolicy {
    /// Whether the table may be read.
    ///
    /// # Errors
    /// Why not and what to do, as the end of the sentence "`hr.salaries` …": lowercase, without a full stop.
    fn check(&self, relation: &Relation) -> Result<(), String>;
}

impl<F: Fn(&Relation) -> Result<(), String>> ReadPolicy for F {
    fn check(&self, relation: &Relation) -> Result<(), String> {
        self(relation)
    }
}

/// The policy that lets everything pass that the guard lets pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadAll;

impl ReadPolicy for ReadAll {
    fn check(&self, _: &Relation) -> Result<(), String> {
        Ok(())
    }
}

/// A table that a query reads, by its name: not a name that `WITH` defined, unless the warehouse could take it for a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    parts: Vec<String>,
    written: String,
    may_be_path: bool,
    place: Position,
}

impl Relation {
    /// A name of one to three parts, folded as the warehouse compares them.
    pub(crate) fn new(parts: Vec<String>, written: String, may_be_path: bool, place: Position) -> Self {
        Self { parts, written, may_be_path, place }
    }

    /// The database, when the name says it.
    pub fn database(&self) -> Option<&str> {
        self.part(2)
    }

    /// The schema, when the name says it; without one, the warehouse looks along its `search_path`.
    pub fn schema(&self) -> Option<&str> {
        self.part(1)
    }

    /// The table. Bare names are in lower case; quoted ones are too where the warehouse takes their case for nothing, as Redshift does unless
    /// it is told otherwise, and else as they stand.
    pub fn table(&self) -> &str {
        self.part(0).unwrap_or_default()
    }

    /// The whole name, a part with a dot in quotes: two names are the same table just when these are equal.
    pub fn name(&self) -> String {
        self.parts.iter().map(|part| quoted(part)).collect::<Vec<_>>().join(".")
    }

    /// The name as the query has it, quotes and case kept, where it is read first.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Whether it could also be a path into the rows of something else that is read: `o.items` behind `FROM orders o`, as Redshift unnests
    /// a `super`. It is a table of the schema `o` to a warehouse that looks for one first, and anybody may choose an alias: let such a
    /// name pass only where no schema can have it.
    pub fn may_be_path(&self) -> bool {
        self.may_be_path
    }

    /// Notes that the same name is read once more: where it can be a table only, it is one.
    pub(crate) fn also(&mut self, may_be_path: bool) {
        self.may_be_path &= may_be_path;
    }

    fn part(&self, from_end: usize) -> Option<&str> {
        self.parts.iter().rev().nth(from_end).map(String::as_str)
    }
}

/// Asks a policy about all of them, in order of appearance.
///
/// # Errors
/// `sql_relation_not_allowed` for the first that is refused, with its place.
pub(crate) fn ask(policy: &dyn ReadPolicy, relations: &[Relation]) -> Result<()> {
    relations.iter().try_for_each(|relation| {
        policy.check(relation).map_err(|why| {
            let message = format!("`{}` {why}", shown(&relation.name()));
            Error::new(Code::SqlRelationNotAllowed, message).at(relation.place)
        })
    })
}

/// A part of a name, in quotes where a dot in it would look like the end of the part.
fn quoted(part: &str) -> String {
    if part.contains(['.', '"']) { format!("\"{}\"", part.replace('"', "\"\"")) } else { part.to_owned() }
}
