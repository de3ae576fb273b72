//! Names: which are the same, which are near, and which column an unquoted one means.
//!
//! Redshift folds what it creates to lower case; files come with names as people write them. So a name without quotes finds the column
//! or table whatever its case, and Hangul finds Hangul whether composed or decomposed (files from macOS are decomposed).

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Ident, Query, SelectItem, SetExpr, TableAlias, TableFactor, Visit, VisitMut, Visitor, VisitorMut};
use unicode_normalization::UnicodeNormalization;

/// The name in composed form.
pub(super) fn composed(name: &str) -> String {
    name.nfc().collect()
}

/// What two names have in common when they are the same but for case and composition.
pub(super) fn folded(name: &str) -> String {
    composed(&name.to_lowercase())
}

/// The names that resemble `name`, the nearest first, three at most.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = folded(name);
    let reach = (wanted.chars().count() / 3).max(2);
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &folded(candidate)), candidate))
        .filter(|(distance, candidate)| {
            let candidate = folded(candidate);
            *distance <= reach || (wanted.len() > 3 && (candidate.contains(&wanted) || wanted.contains(&candidate)))
        })
        .collect();
    near.sort();
    near.dedup();
    near.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}

/// `did you mean …` for a message, or what there is when nothing is near.
pub(super) fn advice<'a>(name: &str, what: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let near = nearest(name, candidates.clone());
    if !near.is_empty() {
        return format!("; did you mean {}?", listed(&near, " or "));
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    match all.len() {
        0 => format!("; there are no {what}"),
        1..=12 => format!("; the {what} are {}", listed(&all, ", ")),
        count => format!("; the {count} {what} are {} and more", listed(&all[..12], ", ")),
    }
}

fn listed(names: &[&str], between: &str) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(between)
}

/// Makes the names of columns in the query those of the tables: where a name is not exactly a column's (or an alias in the query) but is
/// one but for its case or composition, the column's own name takes its place. A quoted name keeps its case.
pub(super) fn resolve_columns<'a>(query: &mut Query, columns: impl IntoIterator<Item = &'a str>) {
    let mut known = Known::default();
    for column in columns {
        known.exact.insert(column.to_owned());
        let same = known.by_fold.entry(folded(column)).or_default();
        if !same.iter().any(|other| other == column) {
            same.push(column.to_owned());
        }
    }
    let is_plain = |column: &String| column.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if known.exact.iter().all(is_plain) {
        return;
    }
    let _ = Visit::visit(&*query, &mut Aliases(&mut known.exact));
    let _ = VisitMut::visit(query, &mut known);
}

#[derive(Default)]
struct Known {
    exact: HashSet<String>,
    by_fold: HashMap<String, Vec<String>>,
}

impl Known {
    fn resolve(&self, name: &mut Ident) {
        let is_quoted = name.quote_style.is_some();
        let asked = if is_quoted { name.value.clone() } else { name.value.to_ascii_lowercase() };
        if self.exact.contains(&asked) {
            return;
        }
        let Some(same) = self.by_fold.get(&folded(&name.value)) else { return };
        let mut fitting = same.iter().filter(|column| !is_quoted || composed(column) == composed(&asked));
        if let (Some(column), None) = (fitting.next(), fitting.next()) {
            name.value.clone_from(column);
            name.quote_style = Some('"');
        }
    }
}

impl VisitorMut for Known {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(name) => self.resolve(name),
            Expr::CompoundIdentifier(names) => {
                if let Some(name) = names.last_mut() {
                    self.resolve(name);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Collects the names that the query itself gives to columns.
struct Aliases<'a>(&'a mut HashSet<String>);

impl Aliases<'_> {
    fn add(&mut self, name: &Ident) {
        let value = if name.quote_style.is_some() { name.value.clone() } else { name.value.to_ascii_lowercase() };
        self.0.insert(value);
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

impl Visitor for Aliases<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for table in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.add_columns(&table.alias);
        }
        self.add_projection(&query.body);
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
    use super::super::query::parse;
    use super::*;

    fn resolved(text: &str, columns: &[&str]) -> String {
        let mut query = parse(text).unwrap();
        resolve_columns(&mut query, columns.iter().copied());
        query.to_string()
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
    fn the_nearest_names_come_first() {
        assert_eq!(nearest("ordrs", ["lineitem", "orders", "order_items"]), ["orders"]);
        assert_eq!(nearest("LINEITEMS", ["lineitem", "orders"]), ["lineitem"]);
        assert_eq!(nearest("고객들", ["고객", "주문 내역"]), ["고객"]);
        assert!(nearest("xyzzy", ["lineitem", "orders"]).is_empty());
        assert_eq!(advice("xyzzy", "tables", ["b", "a"]), "; the tables are `b`, `a`");
    }
}
