//! The two readings of SQL that a query must survive: Redshift's and PostgreSQL's, as sqlparser knows them.
//!
//! Each is sqlparser's own dialect with three changes. Operators are cut at their first meaning (no custom operators, none for geometry),
//! so that both cut `a>-1` alike. Both know Redshift's `APPROXIMATE`. And every expression that is begun is
//! counted: the parser tries alternatives without remembering what failed, which takes exponential time on short hostile texts
//! (`cast(cast(cast(…`), and a count ends that where a deadline could not.

use std::any::TypeId;
use std::cell::Cell;
use std::iter::Peekable;
use std::str::Chars;

use sqlparser::ast::Expr;
use sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence, RedshiftSqlDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// The stack on which a query is parsed, walked and dropped: half of it for the parser, and the rest for what is done with a tree that
/// may be as deep as the text has tokens before anybody has looked how deep it is.
pub(super) const STACK: usize = 64 * 1024 * 1024;

/// How many expressions the parser may still begin.
#[derive(Debug)]
struct Budget(Cell<usize>);

impl Budget {
    /// Enough for a text of so many tokens: each begins one expression, give or take a few wrong guesses.
    fn for_tokens(tokens: usize) -> Self {
        Self(Cell::new(5_000 + 8 * tokens))
    }

    /// Fills it again, for another pass over the same tokens.
    fn refill(&self, tokens: usize) {
        self.0.set(Self::for_tokens(tokens).0.get());
    }

    /// Takes one expression from the budget. It also ends what goes too deep: the parser's own limit does not count every descent.
    fn spend(&self) -> Option<Result<Expr, ParserError>> {
        let is_low = stacker::remaining_stack().is_some_and(|left| left < STACK / 2);
        match self.0.get().checked_sub(1) {
            Some(left) if !is_low => {
                self.0.set(left);
                None
            }
            _ => {
                self.0.set(0);
                Some(Err(ParserError::RecursionLimitExceeded))
            }
        }
    }
}

/// A reading that ends by itself, whatever is parsed.
pub(super) trait Bounded: Dialect {
    /// Allows one more pass over a text of so many tokens.
    fn renew(&self, tokens: usize);
}

impl Bounded for Redshift {
    fn renew(&self, tokens: usize) {
        self.0.iter().for_each(|budget| budget.refill(tokens));
    }
}

impl Bounded for Postgres {
    fn renew(&self, tokens: usize) {
        self.0.refill(tokens);
    }
}

/// `APPROXIMATE` before an aggregate, which neither dialect knows: it allows an estimate and demands none, so that it is passed over.
fn approximate(parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
    let [first, second, third] = parser.peek_tokens_ref().map(|token| &token.token);
    let is_aggregate = (is_word(second, "count") || is_word(second, "percentile_disc")) && *third == Token::LParen;
    if !is_word(first, "approximate") || !is_aggregate {
        return None;
    }
    parser.next_token();
    Some(parser.parse_prefix())
}

fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(found) if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word))
}

macro_rules! as_in {
    ($base:expr; $($method:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(fn $method(&self, $($argument: $type),*) -> $answer { $base.$method($($argument),*) })*
    };
}

macro_rules! always {
    ($($method:ident = $answer:literal;)*) => { $(fn $method(&self) -> bool { $answer })* };
}

/// Redshift's reading, for the guard and for whoever parses a query that the guard let through: what the one accepts the other can read.
#[derive(Debug)]
pub struct Redshift(Option<Budget>);

impl Redshift {
    /// The reading of a [`CheckedQuery`](super::CheckedQuery), whose cost is known to be bounded.
    pub fn of_checked() -> Self {
        Self(None)
    }

    /// The reading of a text that nobody has checked, of so many tokens; the stack must be [`STACK`] high.
    pub(super) fn of_unknown(tokens: usize) -> Self {
        Self(Some(Budget::for_tokens(tokens)))
    }
}

impl Dialect for Redshift {
    fn dialect(&self) -> TypeId {
        TypeId::of::<RedshiftSqlDialect>()
    }

    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        self.0.as_ref().and_then(Budget::spend).or_else(|| approximate(parser))
    }

    as_in! { RedshiftSqlDialect {};
        is_nested_delimited_identifier_start(ch: char) -> bool;
        peek_nested_delimited_identifier_quotes(chars: Peekable<Chars<'_>>) -> Option<(char, Option<char>)>;
        is_identifier_start(ch: char) -> bool;
        is_identifier_part(ch: char) -> bool;
        convert_type_before_value() -> bool;
        supports_connect_by() -> bool;
        supports_top_before_distinct() -> bool;
        supports_partiql() -> bool;
        supports_string_escape_constant() -> bool;
        supports_bitwise_shift_operators() -> bool;
        supports_array_typedef_with_brackets() -> bool;
        allow_extract_single_quotes() -> bool;
        supports_string_literal_backslash_escape() -> bool;
        supports_select_wildcard_exclude() -> bool;
        supports_select_wildcard_with_alias() -> bool;
        supports_select_exclude() -> bool;
        supports_string_literal_concatenation_with_newline() -> bool;
        supports_window_function_null_treatment_arg() -> bool;
    }

    // Redshift has GROUPING SETS, ROLLUP and CUBE, and abbreviations in EXTRACT; DataFusion has FILTER.
    always! {
        allow_extract_custom = true;
        supports_geometric_types = false;
        supports_filter_during_aggregation = true;
        supports_group_by_expr = true;
    }
}

/// PostgreSQL's reading.
#[derive(Debug)]
pub(crate) struct Postgres(Budget);

impl Postgres {
    /// The reading, for one text of so many tokens.
    pub(crate) fn new(tokens: usize) -> Self {
        Self(Budget::for_tokens(tokens))
    }
}

impl Dialect for Postgres {
    fn dialect(&self) -> TypeId {
        TypeId::of::<PostgreSqlDialect>()
    }

    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        self.0.spend().or_else(|| approximate(parser))
    }

    as_in! { PostgreSqlDialect {};
        is_delimited_identifier_start(ch: char) -> bool;
        is_identifier_start(ch: char) -> bool;
        is_identifier_part(ch: char) -> bool;
        supports_unicode_string_literal() -> bool;
        is_reserved_for_identifier(keyword: Keyword) -> bool;
        get_next_precedence(parser: &Parser<'_>) -> Option<Result<u8, ParserError>>;
        prec_value(precedence: Precedence) -> u8;
        supports_filter_during_aggregation() -> bool;
        supports_group_by_expr() -> bool;
        allow_extract_custom() -> bool;
        allow_extract_single_quotes() -> bool;
        supports_factorial_operator() -> bool;
        supports_bitwise_shift_operators() -> bool;
        supports_empty_projections() -> bool;
        supports_nested_comments() -> bool;
        supports_string_escape_constant() -> bool;
        supports_numeric_literal_underscores() -> bool;
        supports_array_typedef_with_brackets() -> bool;
        supports_notnull_operator() -> bool;
        supports_interval_options() -> bool;
        supports_select_wildcard_with_alias() -> bool;
        supports_comma_separated_trim() -> bool;
    }

    // Spellings that Redshift has and PostgreSQL has not: TOP, EXCLUDE, IGNORE NULLS within the arguments, CONVERT(type, value).
    // Named arguments before a colon are left out: looking for them doubles the work with every level of nested calls.
    always! {
        supports_geometric_types = false;
        supports_top_before_distinct = true;
        supports_select_wildcard_exclude = true;
        supports_select_exclude = true;
        supports_window_function_null_treatment_arg = true;
        convert_type_before_value = true;
        supports_named_fn_args_with_expr_name = false;
        supports_named_fn_args_with_colon_operator = false;
    }
}
