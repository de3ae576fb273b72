//! What a query weighs once every query of WITH stands where it is named, which is how it is planned.
//!
//! A short text can weigh much: each of a chain of WITH that reads the one before twice doubles it, and planners go through a subquery in
//! an expression more than once, so that its time grows with every level.

use crate::{Code, Error, Result};

/// How many subqueries in expressions may be open at once.
pub(super) const MAX_SUBQUERIES: usize = 10;

/// How many times queries of WITH may be read, counted through one another.
const MAX_READS: usize = 300;

/// How many expressions, tables and queries there may be then.
const MAX_NODES: usize = 100_000;

/// The weight of a query or of what has been walked of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weight {
    /// The most subqueries in expressions that are open at once.
    pub(super) subqueries: usize,
    /// How many times it reads a query of WITH, through others too.
    pub(super) reads: usize,
    /// How many nodes it has.
    pub(super) nodes: usize,
}

impl Weight {
    /// Notes that so many subqueries are open.
    pub(super) fn reach(&mut self, subqueries: usize) {
        self.subqueries = self.subqueries.max(subqueries);
    }

    /// Reads a query of WITH where so many subqueries are open. The first of them is free, and each one behind it counts double.
    ///
    /// # Errors
    /// `sql_too_complex`, when it is too much then.
    pub(super) fn read(&mut self, defined: Weight, subqueries: usize) -> Result<()> {
        let times = 1_usize << subqueries.saturating_sub(1).min(MAX_SUBQUERIES);
        self.reads = self.reads.saturating_add((1 + defined.reads).saturating_mul(times));
        self.nodes = self.nodes.saturating_add(defined.nodes.saturating_mul(times));
        self.reach(subqueries + defined.subqueries);
        if self.subqueries > MAX_SUBQUERIES {
            return Err(too_deep());
        }
        if self.reads > MAX_READS || self.nodes > MAX_NODES {
            return Err(Error::new(
                Code::SqlTooComplex,
                format!(
                    "queries of WITH that read one another become too many here, more than {MAX_READS} or more than {MAX_NODES} expressions in all of them; read each of them once, or put a part into a table first"
                ),
            ));
        }
        Ok(())
    }
}

pub(super) fn too_deep() -> Error {
    Error::new(
        Code::SqlTooComplex,
        format!(
            "more than {MAX_SUBQUERIES} subqueries stand within one another's expressions, those of WITH counted; join some of them instead"
        ),
    )
}
