//! What a query reads from: tables, subqueries and joins; nothing that computes a table.

use std::collections::HashSet;
use std::{iter, mem};

use sqlparser::ast::{Ident, Join, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, TableFactor, TableWithJoins};

use super::super::policy::Relation;
use super::{State, Walk, absent, folded, not_allowed, place_of, placed, unreserved};
use crate::parameter::shown;
use crate::{Code, Error, Position, Result};

impl Walk<'_> {
    pub(super) fn table_with_joins(&mut self, tables: &TableWithJoins) -> Result<()> {
        let TableWithJoins { relation, joins } = tables;
        self.table(relation)?;
        joins.iter().try_for_each(|Join { relation, global, join_operator }| {
            absent(!global, "GLOBAL JOIN", "write JOIN")?;
            self.table(relation)?;
            self.join(join_operator)
        })
    }

    fn table(&mut self, table: &TableFactor) -> Result<()> {
        self.descend(|walk| walk.table_inner(table))
    }

    fn table_inner(&mut self, table: &TableFactor) -> Result<()> {
        match table {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                if args.is_some() {
                    return Err(table_function(name));
                }
                absent(with_hints.is_empty() && index_hints.is_empty(), "a hint behind a table", "leave it out")?;
                absent(version.is_none(), "a table at another time", "read the table as it is")?;
                absent(!with_ordinality, "WITH ORDINALITY", "use row_number()")?;
                absent(partitions.is_empty(), "PARTITION behind a table", "use WHERE")?;
                absent(json_path.is_none(), "a path behind a table", "read the path from a column")?;
                absent(sample.is_none(), "TABLESAMPLE", "use WHERE random() < 0.01")?;
                self.relation(name)?;
                alias.iter().try_for_each(|alias| self.alias(alias))
            }
            TableFactor::Derived { lateral, subquery, alias, sample } => {
                absent(sample.is_none(), "TABLESAMPLE", "use WHERE random() < 0.01")?;
                if *lateral {
                    self.subquery(subquery)?;
                } else {
                    let around = mem::take(&mut self.from);
                    self.query(subquery)?;
                    self.from = around;
                }
                alias.iter().try_for_each(|alias| self.alias(alias))
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                self.table_with_joins(table_with_joins)?;
                alias.iter().try_for_each(|alias| self.alias(alias))
            }
            TableFactor::Function { name, .. } => Err(table_function(name)),
            TableFactor::TableFunction { .. } => Err(not_allowed("TABLE(…)", "read from tables and subqueries", None)),
            TableFactor::UNNEST { .. } => Err(not_allowed("UNNEST", "read from tables and subqueries", None)),
            TableFactor::JsonTable { .. } => Err(not_allowed("JSON_TABLE", "read from tables and subqueries", None)),
            TableFactor::OpenJsonTable { .. } => Err(not_allowed("OPENJSON", "read from tables and subqueries", None)),
            TableFactor::XmlTable { .. } => Err(not_allowed("XMLTABLE", "read from tables and subqueries", None)),
            TableFactor::Pivot { .. } => Err(not_allowed("PIVOT", "write sum(CASE WHEN … END) for each column", None)),
            TableFactor::Unpivot { .. } => Err(not_allowed("UNPIVOT", "join the columns with UNION ALL", None)),
            TableFactor::MatchRecognize { .. } => Err(not_allowed("MATCH_RECOGNIZE", "use window functions", None)),
            TableFactor::SemanticView { .. } => Err(not_allowed("SEMANTIC_VIEW", "read from tables and subqueries", None)),
        }
    }

    fn join(&mut self, operator: &JoinOperator) -> Result<()> {
        let constraint = match operator {
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::Left(constraint)
            | JoinOperator::LeftOuter(constraint)
            | JoinOperator::Right(constraint)
            | JoinOperator::RightOuter(constraint)
            | JoinOperator::FullOuter(constraint)
            | JoinOperator::CrossJoin(constraint)
            | JoinOperator::LeftSemi(constraint)
            | JoinOperator::RightSemi(constraint)
            | JoinOperator::LeftAnti(constraint)
            | JoinOperator::RightAnti(constraint) => constraint,
            JoinOperator::Semi(_) | JoinOperator::Anti(_) => {
                return Err(not_allowed("SEMI or ANTI JOIN without a side", "write EXISTS or NOT EXISTS", None));
            }
            JoinOperator::CrossApply | JoinOperator::OuterApply => {
                return Err(not_allowed("APPLY", "write JOIN LATERAL", None));
            }
            JoinOperator::AsOf { .. } => return Err(not_allowed("ASOF JOIN", "use a window function", None)),
            JoinOperator::StraightJoin(_) => return Err(not_allowed("STRAIGHT_JOIN", "write JOIN", None)),
            JoinOperator::ArrayJoin | JoinOperator::LeftArrayJoin | JoinOperator::InnerArrayJoin => {
                return Err(not_allowed("ARRAY JOIN", "read from tables and subqueries", None));
            }
        };
        match constraint {
            JoinConstraint::On(condition) => self.expression(condition),
            JoinConstraint::Using(columns) => columns.iter().try_for_each(|column| self.names(column)),
            JoinConstraint::Natural | JoinConstraint::None => Ok(()),
        }
    }

    /// A table by name: one that WITH defined, or one that the policy lets the caller read.
    fn relation(&mut self, name: &ObjectName) -> Result<()> {
        if let Some(ObjectNamePart::Identifier(first)) = name.0.first() {
            unreserved(first)?;
        }
        let mut parts = Vec::with_capacity(name.0.len());
        for part in &name.0 {
            match part {
                ObjectNamePart::Identifier(part) if part.quote_style.is_none_or(|quote| quote == '"') => {
                    self.places.saw(part.span.start);
                    parts.push(folded(part));
                }
                ObjectNamePart::Identifier(part) => {
                    let why = format!(
                        "`{}` is not a table's name; files cannot be read directly, tables are named bare or in `\"`",
                        shown(&part.value)
                    );
                    return Err(placed(Error::new(Code::SqlRelationNotAllowed, why), place_of(name)));
                }
                ObjectNamePart::Function(_) => return Err(table_function(name)),
            }
        }
        if let [one] = parts.as_slice()
            && let Some((defined, state)) = self.defined(one)
        {
            if state != State::Closed {
                // Where a warehouse sees no recursion in it, the name is that of a table.
                self.catalogs.check(&parts).map_err(|error| placed(error, place_of(name)))?;
            }
            if state == State::Open {
                self.reads(name, parts);
            }
            return self.weight.read(defined, self.subqueries).map_err(|error| placed(error, place_of(name)));
        }
        self.catalogs.check(&parts).map_err(|error| placed(error, place_of(name)))?;
        self.reads(name, parts);
        Ok(())
    }

    /// Notes a table, once.
    fn reads(&mut self, name: &ObjectName, mut parts: Vec<String>) {
        let may_be_path = !self.has_arrays && parts.len() > 1 && self.from.iter().any(|names| names.contains(&parts[0]));
        if self.folds_quoted {
            parts.iter_mut().for_each(|part| part.make_ascii_lowercase());
        }
        if let Some(known) = self.known.get(&parts) {
            self.relations[*known].also(may_be_path);
            return;
        }
        self.known.insert(parts.clone(), self.relations.len());
        let written = name.0.iter().filter_map(ObjectNamePart::as_ident).map(written).collect::<Vec<_>>().join(".");
        let place = place_of(name).unwrap_or(Position { line: 1, column: 1 });
        self.relations.push(Relation::new(parts, written, may_be_path, place));
    }
}

/// What FROM names: a path can begin with one of these.
pub(super) fn names(from: &[TableWithJoins]) -> HashSet<String> {
    let mut names = HashSet::new();
    let mut open: Vec<&TableWithJoins> = from.iter().collect();
    while let Some(TableWithJoins { relation, joins }) = open.pop() {
        for table in iter::once(relation).chain(joins.iter().map(|join| &join.relation)) {
            let name = match table {
                TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
                    Some(&alias.name)
                }
                TableFactor::Table { name, .. } => name.0.last().and_then(|part| part.as_ident()),
                TableFactor::NestedJoin { table_with_joins, alias } => {
                    open.push(table_with_joins);
                    alias.as_ref().map(|alias| &alias.name)
                }
                _ => None,
            };
            names.extend(name.map(folded));
        }
    }
    names
}

/// A part of a name as the text has it.
fn written(part: &Ident) -> String {
    match part.quote_style {
        Some(quote) => format!("{quote}{}{quote}", part.value),
        None => part.value.clone(),
    }
}

fn table_function(name: &ObjectName) -> Error {
    let shown = shown(&name.to_string());
    let error = Error::new(
        Code::SqlFunctionNotAllowed,
        format!("`{shown}` is called as a table, and no function is; read from tables and subqueries"),
    );
    placed(error, place_of(name))
}
