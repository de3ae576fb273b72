//! The walk over a parsed query: whatever is not known to be harmless is refused, wherever in the tree it stands.
//!
//! Every `match` names every variant and every struct is taken apart field by field, so that what a new version of the parser brings
//! does not compile until somebody has decided about it. The tree is only looked at; a query is never printed back.

mod call;
mod expression;
mod operator;
mod place;
mod select;
mod table;
mod weight;

use std::collections::{HashMap, HashSet};
use std::mem;

use sqlparser::ast::{
    Cte, Fetch, Ident, LimitClause, ObjectName, ObjectNamePart, Offset, OrderBy, OrderByExpr, OrderByKind, OrderByOptions, Query,
    SetExpr, SetOperator, SetQuantifier, TableAlias, TableAliasColumnDef, Values, With,
};

use self::place::Places;
use self::weight::{MAX_SUBQUERIES, Weight};
use super::Guard;
use super::function::Functions;
use super::parse::location;
use super::policy::Relation;
use super::relation::Catalogs;
use super::scan::Token;
use super::source::Source;
use super::word::is_reserved;
use crate::parameter::shown;
use crate::{Code, Error, Position, Result};

/// How deep the tree may be: a chain of operators is as deep as it is long, and whoever runs the query descends it too.
pub(crate) const MAX_DEPTH: usize = 500;

/// What the walk found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) relations: Vec<Relation>,
    pub(crate) is_ordered: bool,
    pub(crate) is_limited: bool,
}

/// Walks a whole query, which was parsed from these tokens of the text. Every refusal has a place.
pub(crate) fn walk(query: &Query, source: &Source, tokens: &[Token], guard: &Guard) -> Result<Facts> {
    let mut walk = Walk {
        functions: &guard.functions,
        catalogs: guard.catalogs,
        has_arrays: guard.arrays,
        folds_quoted: guard.folds_quoted,
        places: Places::new(source, tokens),
        depth: 0,
        subqueries: 0,
        weight: Weight::default(),
        length: 1,
        scopes: Vec::new(),
        recursion: None,
        from: Vec::new(),
        relations: Vec::new(),
        known: HashMap::new(),
    };
    walk.query(query)?;
    Ok(Facts { relations: walk.relations, is_ordered: is_ordered(query), is_limited: is_limited(query) })
}

/// The query itself, or what it is when only parentheses are around it.
fn outermost(query: &Query, found: impl Fn(&Query) -> bool) -> bool {
    let mut query = query;
    loop {
        if found(query) {
            return true;
        }
        match query.body.as_ref() {
            SetExpr::Query(inner) => query = inner,
            _ => return false,
        }
    }
}

fn is_ordered(query: &Query) -> bool {
    outermost(query, |query| query.order_by.is_some())
}

fn is_limited(query: &Query) -> bool {
    outermost(query, |query| {
        let has_top = matches!(query.body.as_ref(), SetExpr::Select(select) if select.top.is_some());
        query.limit_clause.is_some() || query.fetch.is_some() || has_top
    })
}

struct Walk<'a> {
    functions: &'a Functions,
    catalogs: Catalogs,
    has_arrays: bool,
    folds_quoted: bool,
    places: Places<'a>,
    depth: usize,
    /// How many subqueries that expressions hold are open around what is walked, within one query of WITH.
    subqueries: usize,
    /// Of what has been walked so far, within one query of WITH.
    weight: Weight,
    /// The lengths of the texts that functions make from numbers, multiplied: of what has been walked within the innermost call that
    /// multiplies them.
    length: u64,
    /// What WITH has defined so far, innermost last.
    scopes: Vec<Vec<Defined>>,
    /// The scope whose last query is the recursive one that is entered now.
    recursion: Option<usize>,
    /// What FROM has named, in the query that is walked and those around it that it can see.
    from: Vec<HashSet<String>>,
    relations: Vec<Relation>,
    /// Where each of them is in the list.
    known: HashMap<Vec<String>, usize>,
}

/// A query that WITH has named.
struct Defined {
    name: String,
    weight: Weight,
    state: State,
}

/// Where the walk is with a query of WITH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Within it, where a recursive one cannot read itself: a warehouse may take its name for that of a table.
    Open,
    /// Within it, behind its UNION, where who reads the name means recursion.
    Recursive,
    /// Past it.
    Closed,
}

impl Walk<'_> {
    /// Goes one level down, at most [`MAX_DEPTH`] of them.
    fn descend(&mut self, into: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if self.depth >= MAX_DEPTH {
            return Err(Error::new(
                Code::SqlTooComplex,
                format!(
                    "the query nests or chains more than {MAX_DEPTH} operators; write `IN (…)` for a chain of OR, and split what remains with WITH"
                ),
            ));
        }
        self.depth += 1;
        self.weight.nodes += 1;
        into(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn query(&mut self, query: &Query) -> Result<()> {
        self.descend(|walk| walk.query_inner(query)).map_err(|error| self.places.complete(error))
    }

    fn query_inner(&mut self, query: &Query) -> Result<()> {
        let Query { with, body, order_by, limit_clause, fetch, locks, for_clause, settings, format_clause, pipe_operators } =
            query;
        let recursion = self.recursion.take();
        let scopes = self.scopes.len();
        if let Some(with) = with {
            self.with(with)?;
        }
        self.recursion = recursion;
        self.set_expr(body)?;
        if let Some(order_by) = order_by {
            self.order_by(order_by)?;
        }
        match limit_clause {
            None => {}
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
                self.expressions(limit)?;
                if let Some(Offset { value, rows: _ }) = offset {
                    self.expression(value)?;
                }
                absent(limit_by.is_empty(), "LIMIT BY", "use row_number() and QUALIFY")?;
            }
            Some(LimitClause::OffsetCommaLimit { .. }) => return Err(not_allowed("LIMIT a, b", "write LIMIT b OFFSET a", None)),
        }
        if let Some(Fetch { with_ties: _, percent, quantity }) = fetch {
            absent(!percent, "FETCH … PERCENT", "name a number of rows")?;
            self.expressions(quantity)?;
        }
        if !locks.is_empty() {
            return Err(not_read_only("FOR UPDATE, FOR SHARE", "locks rows", None));
        }
        absent(for_clause.is_none(), "FOR XML, JSON or BROWSE", "choose the format in the request")?;
        absent(settings.is_none(), "SETTINGS", "leave it out")?;
        absent(format_clause.is_none(), "FORMAT", "choose the format in the request")?;
        absent(pipe_operators.is_empty(), "`|>`", "write the query as a SELECT")?;
        self.scopes.truncate(scopes);
        Ok(())
    }

    /// A query that an expression holds, or that is run for each row of another.
    fn subquery(&mut self, query: &Query) -> Result<()> {
        self.subqueries += 1;
        self.weight.reach(self.subqueries);
        if self.weight.subqueries > MAX_SUBQUERIES {
            return Err(self.places.complete(weight::too_deep()));
        }
        self.query(query)?;
        self.subqueries -= 1;
        Ok(())
    }

    /// A name is known from behind its own definition on, within it only when the WITH is recursive; what comes later is not known yet.
    fn with(&mut self, with: &With) -> Result<()> {
        let With { with_token: _, recursive, cte_tables } = with;
        self.scopes.push(Vec::new());
        for cte in cte_tables {
            let Cte { alias, query, from, materialized: _, closing_paren_token: _ } = cte;
            self.alias(alias)?;
            absent(from.is_none(), "FROM behind a WITH query", "leave it out")?;
            if *recursive {
                self.define(&alias.name, Weight::default(), State::Open);
                self.recursion = self.scopes.len().checked_sub(1);
            }
            let around = (mem::take(&mut self.weight), mem::take(&mut self.subqueries));
            self.query(query)?;
            let weight = mem::take(&mut self.weight);
            (self.weight, self.subqueries) = around;
            if *recursive {
                self.scopes.last_mut().and_then(Vec::pop);
            }
            self.define(&alias.name, weight, State::Closed);
        }
        Ok(())
    }

    fn define(&mut self, name: &Ident, weight: Weight, state: State) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(Defined { name: folded(name), weight, state });
        }
    }

    /// The query that WITH has given that name, by its weight and where the walk is with it; of two, the inner and later one.
    fn defined(&self, name: &str) -> Option<(Weight, State)> {
        self.scopes
            .iter()
            .rev()
            .flat_map(|scope| scope.iter().rev())
            .find(|defined| defined.name == name)
            .map(|defined| (defined.weight, defined.state))
    }

    /// What the last query of a scope is from here on.
    fn mark(&mut self, scope: Option<usize>, state: State) {
        if let Some(defined) = scope.and_then(|scope| self.scopes.get_mut(scope)).and_then(|scope| scope.last_mut()) {
            defined.state = state;
        }
    }

    fn set_expr(&mut self, body: &SetExpr) -> Result<()> {
        let recursion = self.recursion.take();
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                match set_quantifier {
                    SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None => {}
                    SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName => {
                        return Err(not_allowed("BY NAME", "put the columns into one order", None));
                    }
                }
                self.descend(|walk| walk.set_expr(left))?;
                let recursion = recursion.filter(|_| *op == SetOperator::Union);
                self.mark(recursion, State::Recursive);
                self.descend(|walk| walk.set_expr(right))?;
                self.mark(recursion, State::Open);
                Ok(())
            }
            SetExpr::Values(Values { explicit_row, value_keyword, rows }) => {
                absent(!explicit_row && !value_keyword, "VALUES ROW", "write VALUES (…), (…)")?;
                rows.iter().flat_map(|row| &row.content).try_for_each(|value| self.expression(value))
            }
            SetExpr::Insert(_) => Err(not_read_only("INSERT", "writes to a table", None)),
            SetExpr::Update(_) => Err(not_read_only("UPDATE", "writes to a table", None)),
            SetExpr::Delete(_) => Err(not_read_only("DELETE", "deletes rows", None)),
            SetExpr::Merge(_) => Err(not_read_only("MERGE", "writes to a table", None)),
            SetExpr::Table(_) => Err(not_allowed("TABLE name", "write SELECT * FROM name", None)),
        }
    }

    fn order_by(&mut self, order_by: &OrderBy) -> Result<()> {
        let OrderBy { kind, interpolate } = order_by;
        absent(interpolate.is_none(), "INTERPOLATE", "leave it out")?;
        match kind {
            OrderByKind::All(OrderByOptions { asc: _, nulls_first: _ }) => Ok(()),
            OrderByKind::Expressions(expressions) => self.order_by_expressions(expressions),
        }
    }

    fn order_by_expressions(&mut self, expressions: &[OrderByExpr]) -> Result<()> {
        expressions.iter().try_for_each(|OrderByExpr { expr, options: OrderByOptions { asc: _, nulls_first: _ }, with_fill }| {
            absent(with_fill.is_none(), "WITH FILL", "leave it out")?;
            self.expression(expr)
        })
    }

    fn alias(&mut self, alias: &TableAlias) -> Result<()> {
        let TableAlias { explicit: _, name, columns, at } = alias;
        self.name(name)?;
        unreserved(name)?;
        absent(at.is_none(), "AT behind an alias", "leave it out")?;
        columns.iter().try_for_each(|TableAliasColumnDef { name, data_type }| {
            absent(data_type.is_none(), "a type behind an alias's column", "cast the column where it is made")?;
            self.name(name)
        })
    }

    /// A name is bare or in double quotes. The parser takes strings and brackets for names too; warehouses do not agree on that.
    fn name(&self, name: &Ident) -> Result<()> {
        let Ident { value, quote_style, span } = name;
        self.places.saw(span.start);
        match quote_style {
            None | Some('"') => Ok(()),
            Some(_) => {
                let why = format!("`{}` is a name in the wrong quotes; quote names with `\"`, texts with `'`", shown(value));
                Err(placed(Error::new(Code::SqlNotAllowed, why), Some(location(span.start))))
            }
        }
    }

    fn names(&self, names: &ObjectName) -> Result<()> {
        names.0.iter().try_for_each(|part| match part {
            ObjectNamePart::Identifier(name) => self.name(name),
            ObjectNamePart::Function(function) => {
                Err(not_allowed("a name that a function makes", "write the name", Some(location(function.name.span.start))))
            }
        })
    }
}

/// A name as warehouses compare it: bare ones in lower case, quoted ones with each `""` as the one that it stands for.
fn folded(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.replace("\"\"", "\"") } else { name.value.to_ascii_lowercase() }
}

fn place_of(name: &ObjectName) -> Option<Position> {
    name.0.iter().find_map(|part| part.as_ident()).map(|part| location(part.span.start))
}

/// A bare name of a table, or an alias of one, is no word that means something else there.
fn unreserved(name: &Ident) -> Result<()> {
    if name.quote_style.is_some() || !is_reserved(&name.value) {
        return Ok(());
    }
    let word = shown(&name.value);
    let why = format!("`{word}` is a reserved word and not a table's name; leave it out, or write a name as `\"{word}\"`");
    Err(placed(Error::new(Code::SqlAmbiguous, why), Some(location(name.span.start))))
}

// A refusal that is made without a place begins with the words that it refuses, and so finds them.
fn absent(is_absent: bool, what: &str, advice: &str) -> Result<()> {
    if is_absent { Ok(()) } else { Err(not_allowed(what, advice, None)) }
}

fn not_allowed(what: &str, advice: &str, place: Option<Position>) -> Error {
    placed(Error::new(Code::SqlNotAllowed, format!("{what} is not allowed; {advice}")), place)
}

fn not_read_only(what: &str, does: &str, place: Option<Position>) -> Error {
    placed(Error::new(Code::SqlNotReadOnly, format!("{what} {does}; only a query that reads can be unloaded")), place)
}

fn placed(error: Error, place: Option<Position>) -> Error {
    match place {
        Some(place) if place.line > 0 => error.at(place),
        _ => error,
    }
}
