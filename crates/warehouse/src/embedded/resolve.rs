//! Which column a name in a query means.
//!
//! Redshift folds what it creates to lower case; files come with names as people write them. So a name without quotes finds the column
//! or table whatever its case, and Hangul finds Hangul whether composed or decomposed (files from macOS are decomposed).

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Ident, JoinConstraint, JoinOperator, ObjectNamePart, Query, Select, SelectItem, SetExpr, TableAlias, TableFactor,
    TableWithJoins, Visit, VisitMut, Visitor, VisitorMut,
};

use outflow_core::{Code, Error, Result};

use super::identifier::{composed, folded};

/// The columns of the tables that a query names.
#[derive(Debug, Default)]
pub(super) struct KnownTables(HashMap<String, Vec<String>>);

impl KnownTables {
    /// Adds a table under the name that the engine has for it.
    pub(super) fn add(&mut self, name: &str, columns: impl IntoIterator<Item = String>) {
        self.0.entry(folded(name)).or_default().extend(columns);
    }

    fn columns(&self) -> impl Iterator<Item = &String> + Clone {
        self.0.values().flatten()
    }
}

/// Makes the names of columns in the query those of the tables: where a name is not exactly a column's but is one but for its case or
/// composition, the column's own name takes its place. A quoted name keeps its case.
///
/// A name means a column of the tables beside it, of the one that stands before its dot where there is one; after that, what surrounding
/// queries read. In `ORDER BY` a name that the query gives comes first.
///
/// # Errors
/// `query_invalid` for a join that takes columns for one by their names, where a name is spelt in several ways.
pub(super) fn resolve_columns(query: &mut Query, tables: KnownTables) -> Result<()> {
    let mut given = Given::default();
    let _ = Visit::visit(&*query, &mut given);
    let is_folded = |column: &String| folded(column) == *column;
    if given.is_natural && !tables.columns().chain(&given.columns).all(is_folded) {
        let message = "NATURAL JOIN does not find columns whose names differ in case; name the columns with ON";
        return Err(Error::new(Code::QueryInvalid, message));
    }
    let is_plain = |column: &String| column.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if tables.columns().all(is_plain) {
        return Ok(());
    }
    match VisitMut::visit(query, &mut Resolver { tables, given, frames: Vec::new() }) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// What surrounds a name while the query is walked.
enum Frame {
    /// Within a query, after its body where there is a scope: in its `ORDER BY`.
    Query(Option<Scope>),
    Select(Scope),
}

/// What a `FROM` has: each with its name, and its columns where they are known.
#[derive(Debug, Default, Clone)]
struct Scope(Vec<(String, Option<Vec<String>>)>);

impl Scope {
    fn has_unknown(&self) -> bool {
        self.0.iter().any(|(_, columns)| columns.is_none())
    }

    fn columns(&self) -> impl Iterator<Item = &String> + Clone {
        self.0.iter().filter_map(|(_, columns)| columns.as_ref()).flatten()
    }

    /// Whether it has that column, but under a name in another case.
    fn spells_differently(&self, name: &Ident) -> bool {
        let asked = written(name);
        let has = |is_it: &dyn Fn(&String) -> bool| self.columns().any(is_it);
        !self.has_unknown() && !has(&|column| *column == asked) && has(&|column| folded(column) == folded(&asked))
    }
}

/// What is to be done with a name.
enum Meaning {
    AsItStands,
    Column(String),
    Unknown,
}

struct Resolver {
    tables: KnownTables,
    given: Given,
    frames: Vec<Frame>,
}

impl Resolver {
    /// A name without a dot before it.
    fn resolve(&self, name: &mut Ident) {
        if let [.., Frame::Query(Some(_))] = self.frames.as_slice()
            && self.given.columns.contains(&written(name))
        {
            return;
        }
        for scope in self.scopes() {
            match meaning(name, scope.columns()) {
                Meaning::AsItStands => return,
                _ if scope.has_unknown() && self.is_somewhere(name) => return,
                Meaning::Column(column) => return replace(name, column),
                Meaning::Unknown => {}
            }
        }
        self.resolve_anywhere(name);
    }

    /// A name behind that of a table.
    fn resolve_in(&self, table: &Ident, name: &mut Ident) {
        let wanted = folded(&table.value);
        let found = self.scopes().find_map(|scope| scope.0.iter().find(|(other, _)| *other == wanted));
        match found {
            Some((_, Some(columns))) => {
                if let Meaning::Column(column) = meaning(name, columns.iter()) {
                    replace(name, column);
                }
            }
            _ => self.resolve_anywhere(name),
        }
    }

    /// A name of which is not known where it belongs.
    fn resolve_anywhere(&self, name: &mut Ident) {
        if !self.is_somewhere(name)
            && let Meaning::Column(column) = meaning(name, self.tables.columns())
        {
            replace(name, column);
        }
    }

    /// Whether some table or some part of the query has exactly that name.
    fn is_somewhere(&self, name: &Ident) -> bool {
        let asked = written(name);
        self.given.columns.contains(&asked) || self.tables.columns().any(|column| *column == asked)
    }

    /// The scopes around, the nearest first.
    fn scopes(&self) -> impl Iterator<Item = &Scope> {
        self.frames.iter().rev().filter_map(|frame| match frame {
            Frame::Select(scope) | Frame::Query(Some(scope)) => Some(scope),
            Frame::Query(None) => None,
        })
    }

    fn add_tables(&self, scope: &mut Scope, tables: &TableWithJoins) {
        self.add_factor(scope, &tables.relation);
        for join in &tables.joins {
            self.add_factor(scope, &join.relation);
        }
    }

    fn add_factor(&self, scope: &mut Scope, factor: &TableFactor) {
        match factor {
            TableFactor::Table { name, alias, .. } => {
                let Some(table) = name.0.last().and_then(|part| part.as_ident()).map(|name| folded(&name.value)) else { return };
                let is_renamed = alias.as_ref().is_some_and(|alias| !alias.columns.is_empty());
                let is_made = name.0.len() == 1 && self.given.tables.contains(&table);
                let columns = if is_renamed || is_made { None } else { self.tables.0.get(&table).cloned() };
                scope.0.push((alias.as_ref().map_or(table, |alias| folded(&alias.name.value)), columns));
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => self.add_tables(scope, table_with_joins),
            TableFactor::Derived { alias, .. } | TableFactor::NestedJoin { alias, .. } => {
                let name = alias.as_ref().map(|alias| folded(&alias.name.value)).unwrap_or_default();
                scope.0.push((name, None));
            }
            _ => scope.0.push((String::new(), None)),
        }
    }

    /// The names in `USING`, which the walk passes over.
    ///
    /// # Errors
    /// `query_invalid` where the sides of the join spell a name differently: the engine has one name for both.
    fn resolve_using(&self, tables: &mut TableWithJoins) -> Result<()> {
        let mut left = Scope::default();
        self.add_factor(&mut left, &tables.relation);
        for join in &mut tables.joins {
            let mut right = Scope::default();
            self.add_factor(&mut right, &join.relation);
            if let Some(JoinConstraint::Using(names)) = constraint(&mut join.join_operator) {
                for part in names.iter_mut().filter_map(|name| name.0.last_mut()) {
                    if let ObjectNamePart::Identifier(name) = part {
                        self.resolve(name);
                        if left.spells_differently(name) || right.spells_differently(name) {
                            let message = format!("the tables spell the column `{}` differently; join them with ON", name.value);
                            return Err(Error::new(Code::QueryInvalid, message));
                        }
                    }
                }
            }
            left.0.extend(right.0);
            if let TableFactor::NestedJoin { table_with_joins, .. } = &mut join.relation {
                self.resolve_using(table_with_joins)?;
            }
        }
        if let TableFactor::NestedJoin { table_with_joins, .. } = &mut tables.relation {
            self.resolve_using(table_with_joins)?;
        }
        Ok(())
    }
}

impl VisitorMut for Resolver {
    type Break = Error;

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<Error> {
        self.frames.push(Frame::Query(None));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Error> {
        self.frames.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        let mut scope = Scope::default();
        for tables in &select.from {
            self.add_tables(&mut scope, tables);
        }
        self.frames.push(Frame::Select(scope));
        for tables in &mut select.from {
            if let Err(error) = self.resolve_using(tables) {
                return ControlFlow::Break(error);
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &mut Select) -> ControlFlow<Error> {
        if let Some(Frame::Select(scope)) = self.frames.pop()
            && let Some(Frame::Query(body @ None)) = self.frames.last_mut()
        {
            // Of several, the first names the columns.
            *body = Some(scope);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        match expr {
            Expr::Identifier(name) => self.resolve(name),
            Expr::CompoundIdentifier(names) => {
                if let [.., table, name] = names.as_mut_slice() {
                    self.resolve_in(table, name);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn written(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_ascii_lowercase() }
}

fn meaning<'a>(name: &Ident, columns: impl Iterator<Item = &'a String> + Clone) -> Meaning {
    let (asked, wanted) = (written(name), folded(&name.value));
    if columns.clone().any(|column| *column == asked) {
        return Meaning::AsItStands;
    }
    let is_same =
        |column: &&String| folded(column) == wanted && (name.quote_style.is_none() || composed(column) == composed(&asked));
    let mut found = columns.filter(is_same);
    match found.next() {
        None => Meaning::Unknown,
        Some(column) if found.all(|other| other == column) => Meaning::Column(column.clone()),
        // Which one cannot be told.
        Some(_) => Meaning::AsItStands,
    }
}

fn replace(name: &mut Ident, column: String) {
    name.value = column;
    name.quote_style = Some('"');
}

fn constraint(operator: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    use JoinOperator::*;
    match operator {
        Join(constraint)
        | Inner(constraint)
        | Left(constraint)
        | LeftOuter(constraint)
        | Right(constraint)
        | RightOuter(constraint)
        | FullOuter(constraint)
        | CrossJoin(constraint)
        | Semi(constraint)
        | LeftSemi(constraint)
        | RightSemi(constraint)
        | Anti(constraint)
        | LeftAnti(constraint)
        | RightAnti(constraint)
        | StraightJoin(constraint) => Some(constraint),
        _ => None,
    }
}

fn is_natural(tables: &TableWithJoins) -> bool {
    let within = |factor: &TableFactor| match factor {
        TableFactor::NestedJoin { table_with_joins, .. } => is_natural(table_with_joins),
        _ => false,
    };
    let mut joins = tables.joins.iter();
    within(&tables.relation)
        || joins.any(|join| {
            let mut operator = join.join_operator.clone();
            matches!(constraint(&mut operator), Some(JoinConstraint::Natural)) || within(&join.relation)
        })
}

/// The names that the query itself gives, to columns and to tables.
#[derive(Debug, Default)]
struct Given {
    columns: HashSet<String>,
    tables: HashSet<String>,
    /// Whether tables are joined by whatever names they have in common.
    is_natural: bool,
}

impl Given {
    fn add(&mut self, name: &Ident) {
        self.columns.insert(written(name));
    }

    fn add_columns(&mut self, alias: &TableAlias) {
        for column in &alias.columns {
            self.add(&column.name);
        }
    }

    fn add_projection(&mut self, body: &SetExpr) {
        match body {
            SetExpr::Select(select) => {
                for item in &select.projection {
                    if let SelectItem::ExprWithAlias { alias, .. } = item {
                        self.add(alias);
                    }
                }
            }
            SetExpr::SetOperation { left, right, .. } => {
                self.add_projection(left);
                self.add_projection(right);
            }
            _ => {}
        }
    }
}

impl Visitor for Given {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for table in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.tables.insert(folded(&table.alias.name.value));
            self.add_columns(&table.alias);
        }
        self.add_projection(&query.body);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.is_natural |= select.from.iter().any(is_natural);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } = factor {
            self.add_columns(alias);
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::super::query::parse;
    use super::*;

    fn resolved_over(text: &str, tables: &[(&str, &[&str])]) -> String {
        let mut query = parse(text).unwrap();
        let mut known = KnownTables::default();
        for (name, columns) in tables {
            known.add(name, columns.iter().map(|column| (*column).to_owned()));
        }
        resolve_columns(&mut query, known).unwrap();
        query.to_string()
    }

    fn resolved(text: &str, columns: &[&str]) -> String {
        resolved_over(text, &[("t", columns)])
    }

    #[test]
    fn unquoted_names_find_columns_whatever_their_case() {
        assert_eq!(
            resolved("SELECT name, T.CITY FROM t WHERE NAME = 1", &["Name", "City"]),
            r#"SELECT "Name", T."City" FROM t WHERE "Name" = 1"#
        );
        assert_eq!(resolved(r#"SELECT "name" FROM t"#, &["Name"]), r#"SELECT "name" FROM t"#);
        assert_eq!(resolved("SELECT name FROM t", &["Name", "NAME"]), "SELECT name FROM t", "which one cannot be told");
        assert_eq!(resolved("SELECT Name FROM t", &["name", "NAME"]), "SELECT Name FROM t", "the folded one is there");
    }

    #[test]
    fn an_alias_is_not_taken_for_a_column() {
        assert_eq!(
            resolved("SELECT a AS total FROM t ORDER BY Total", &["a", "Total"]),
            "SELECT a AS total FROM t ORDER BY Total"
        );
    }

    #[test]
    fn hangul_is_found_composed_and_decomposed() {
        let decomposed: String = "이름".nfd().collect();
        assert_eq!(resolved("SELECT 이름 FROM t", &[&decomposed]), format!("SELECT \"{decomposed}\" FROM t"));
        assert_eq!(resolved(&format!("SELECT \"{decomposed}\" FROM t"), &["이름"]), "SELECT \"이름\" FROM t");
    }

    #[test]
    fn a_name_means_a_column_of_the_tables_beside_it() {
        let tables: &[(&str, &[&str])] = &[("a1", &["Id", "Name"]), ("b1", &["Id", "V"]), ("c1", &["id", "v"])];
        let cases = [
            ("SELECT V FROM a1 JOIN b1 USING (id)", r#"SELECT "V" FROM a1 JOIN b1 USING("Id")"#),
            ("SELECT a1.id, c1.V FROM a1 JOIN c1 ON a1.id = c1.ID", r#"SELECT a1."Id", c1.V FROM a1 JOIN c1 ON a1."Id" = c1.ID"#),
            ("SELECT x.id FROM a1 AS x, c1 AS y", r#"SELECT x."Id" FROM a1 AS x, c1 AS y"#),
            (
                "SELECT upper(Name) AS name FROM a1 WHERE name = 'a' ORDER BY name",
                r#"SELECT upper("Name") AS name FROM a1 WHERE "Name" = 'a' ORDER BY name"#,
            ),
            (
                "SELECT name FROM a1 WHERE EXISTS (SELECT 1 FROM c1 WHERE c1.id = a1.id AND v = name)",
                r#"SELECT "Name" FROM a1 WHERE EXISTS (SELECT 1 FROM c1 WHERE c1.id = a1."Id" AND v = "Name")"#,
            ),
            ("WITH q AS (SELECT name AS n FROM a1) SELECT n FROM q", r#"WITH q AS (SELECT "Name" AS n FROM a1) SELECT n FROM q"#),
            ("SELECT name FROM (SELECT * FROM a1) AS q", r#"SELECT "Name" FROM (SELECT * FROM a1) AS q"#),
            (
                "SELECT name FROM (SELECT Name AS name FROM a1) AS q ORDER BY q.name",
                r#"SELECT name FROM (SELECT "Name" AS name FROM a1) AS q ORDER BY q.name"#,
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(resolved_over(text, tables), expected);
        }
    }
}
