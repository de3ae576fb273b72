//! What can be refused before anything is parsed: what two lexers cut differently, what only some of them know, and what is too much.
//!
//! The rules are about tokens, never about words in a text: `';'`, `"--"` and `/* $$ */` are nobody's business.

use super::operator;
use super::scan::{Kind, Lexer, Token, Unclosed, scan};
use super::source::{Source, is_sign};
use crate::parameter::shown;
use crate::{Code, Error, Result};

/// What statements begin with that are no queries.
#[rustfmt::skip]
const STATEMENTS: [&str; 66] = [
    "ABORT", "ALTER", "ANALYSE", "ANALYZE", "ATTACH", "BEGIN", "CALL", "CANCEL", "CHECKPOINT", "CLOSE", "CLUSTER", "COMMENT",
    "COMMIT", "COPY", "CREATE", "DEALLOCATE", "DECLARE", "DELETE", "DESC", "DESCRIBE", "DETACH", "DISCARD", "DO", "DROP", "END",
    "EXECUTE", "EXPLAIN", "EXPORT", "FETCH", "GRANT", "IMPORT", "INSERT", "INSTALL", "KILL", "LISTEN", "LOAD", "LOCK", "MERGE",
    "MOVE", "MSCK", "NOTIFY", "PRAGMA", "PREPARE", "PUT", "REASSIGN", "REFRESH", "REINDEX", "RELEASE", "RENAME", "REPLACE",
    "RESET", "REVOKE", "ROLLBACK", "SAVEPOINT", "SECURITY", "SET", "SHOW", "START", "TRUNCATE", "UNDROP", "UNLISTEN", "UNLOAD",
    "UPDATE", "UPSERT", "USE", "VACUUM",
];

/// How many tokens there may be, comments not counted.
pub(crate) const MAX_TOKENS: usize = 20_000;

/// How many parentheses and brackets may be open at once, and how many CASE; how many parts a name may have, how many
/// subscripts, and how many NOT a row. The
/// parser descends into each of these, and looks ahead to the end from every level.
pub(crate) const MAX_PARENTHESES: usize = 50;

/// Cuts the text into the tokens that both lexers find, comments included, and holds them against the rules.
pub(crate) fn tokens(source: &Source) -> Result<Vec<Token>> {
    let (redshift, redshift_unclosed) = scan(source.text(), Lexer::Redshift);
    let (postgres, postgres_unclosed) = scan(source.text(), Lexer::Postgres);
    if redshift != postgres || redshift_unclosed != postgres_unclosed {
        return Err(disagreement(source, &redshift, &postgres, redshift_unclosed.or(postgres_unclosed)));
    }
    if let Some(unclosed) = redshift_unclosed {
        let what = match unclosed.kind {
            Kind::Comment => "the comment that begins here has no end; close it with `*/`",
            Kind::Quoted => "the quoted name that begins here has no end; close it with `\"`",
            _ => "the string that begins here has no end; close it with `'`",
        };
        return Err(Error::new(Code::SqlSyntax, what).at(source.position(unclosed.start)));
    }
    let seen: Vec<Token> = redshift.iter().copied().filter(|token| token.kind != Kind::Comment).collect();
    begins_like_a_query(source, &seen)?;
    Rules { source, tokens: &seen }.check()?;
    Ok(redshift)
}

/// Refuses what is another kind of statement, by its name.
fn begins_like_a_query(source: &Source, tokens: &[Token]) -> Result<()> {
    let Some(first) = tokens.first().filter(|first| source.text()[first.start..] != *";") else {
        return Err(Error::new(Code::SqlSyntax, "there is no query; send a SELECT").at(source.position(0)));
    };
    let word = source.text()[first.start..first.end].to_ascii_uppercase();
    if first.kind == Kind::Word && STATEMENTS.contains(&word.as_str()) {
        let why = format!("`{word}` is not a query; only a SELECT can be unloaded, also one that begins with WITH");
        return Err(Error::new(Code::SqlNotReadOnly, why).at(source.position(first.start)));
    }
    Ok(())
}

fn disagreement(source: &Source, one: &[Token], other: &[Token], unclosed: Option<Unclosed>) -> Error {
    let agreed = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let (kind, start) = one
        .get(agreed)
        .or(other.get(agreed))
        .map(|token| (token.kind, token.start))
        .or(unclosed.map(|unclosed| (unclosed.kind, unclosed.start)))
        .unwrap_or((Kind::Symbol, 0));
    let why = match kind {
        Kind::Comment => "a comment within a comment ends at different places for different warehouses; do not nest comments",
        _ => {
            "a `\\` before a quote ends the string for one warehouse and not for another; write a quote as `''`, and a `\\` at the end of a string as a parameter"
        }
    };
    Error::new(Code::SqlAmbiguous, why).at(source.position(start))
}

/// The rules, over the tokens without comments.
struct Rules<'a> {
    source: &'a Source,
    tokens: &'a [Token],
}

/// How long the row is of `NOT`, of names with a dot before them, or of what stands behind a subscript, that ends at a token.
#[derive(Debug, Default)]
struct Row {
    nots: usize,
    dots: usize,
    is_after_dot: bool,
    subscripts: usize,
    is_after_subscript: bool,
}

impl Row {
    /// Takes the next token; a reason when it makes the row too long.
    fn next(&mut self, kind: Kind, text: &str) -> Option<String> {
        if kind == Kind::Comment {
            return None;
        }
        let is_name = matches!(kind, Kind::Word | Kind::Quoted);
        let is_dot = text == ".";
        self.nots = if kind == Kind::Word && text.eq_ignore_ascii_case("not") { self.nots + 1 } else { 0 };
        self.dots = if is_dot || (is_name && self.is_after_dot) { self.dots + usize::from(is_dot) } else { 0 };
        self.is_after_dot = is_dot;
        if self.is_after_subscript {
            self.subscripts = match text {
                "[" | "." => self.subscripts + 1,
                "]" | ")" => self.subscripts,
                _ => 0,
            };
        }
        self.is_after_subscript = text == "]";
        if self.nots > MAX_PARENTHESES {
            return Some(format!("more than {MAX_PARENTHESES} NOT stand in a row; leave out every pair of them"));
        }
        if self.subscripts >= MAX_PARENTHESES {
            return Some(format!("more than {MAX_PARENTHESES} subscripts stand in a row; read the outer ones in a subquery"));
        }
        (self.dots > MAX_PARENTHESES)
            .then(|| format!("a name has more than {MAX_PARENTHESES} parts; read the outer ones in a subquery"))
    }
}

impl Rules<'_> {
    fn check(&self) -> Result<()> {
        let (mut open, mut cases) = (0_usize, 0_usize);
        let (mut ended, mut operators_end) = (false, 0);
        let mut row = Row::default();
        for (at, token) in self.tokens.iter().enumerate() {
            let text = self.text(token);
            if ended && text != ";" {
                return Err(self.refuse(Code::SqlNotSingle, token, "a second statement begins here; send one query at a time"));
            }
            if token.start >= operators_end && operator::is_symbol(text) {
                operators_end = self.operators(at)?;
            }
            match text {
                ";" => ended = true,
                "(" | "[" => open += 1,
                ")" | "]" => open = open.saturating_sub(1),
                _ => self.check_token(at, token, text)?,
            }
            if open > MAX_PARENTHESES {
                let why = format!("more than {MAX_PARENTHESES} parentheses are open at once; name the inner queries with WITH");
                return Err(self.refuse(Code::SqlTooComplex, token, why));
            }
            if token.kind == Kind::Word && text.eq_ignore_ascii_case("case") {
                cases += 1;
            } else if token.kind == Kind::Word && text.eq_ignore_ascii_case("end") {
                cases = cases.saturating_sub(1);
            }
            if cases > MAX_PARENTHESES {
                let why = format!("more than {MAX_PARENTHESES} CASE are open at once; put the cases into a table and join it");
                return Err(self.refuse(Code::SqlTooComplex, token, why));
            }
            if let Some(why) = row.next(token.kind, text) {
                return Err(self.refuse(Code::SqlTooComplex, token, why));
            }
            if at >= MAX_TOKENS {
                let why = format!("the query has more than {MAX_TOKENS} words and symbols; keep long lists of values in a table");
                return Err(self.refuse(Code::SqlTooComplex, token, why));
            }
            if text == "[" && self.follows(at).is_some_and(|next| matches!(next.kind, Kind::Word | Kind::Quoted)) {
                let why = "`[name]` is a quoted name to one warehouse and an element to another; quote names with `\"`, make arrays with a function";
                return Err(self.refuse(Code::SqlAmbiguous, token, why));
            }
        }
        Ok(())
    }

    fn check_token(&self, at: usize, token: &Token, text: &str) -> Result<()> {
        let next = self.follows(at);
        let touching = next.filter(|next| next.start == token.end);
        match token.kind {
            Kind::Word => {
                self.source.check_visible(token.start, token.end, false)?;
                if let Some((at, sign)) = text.char_indices().find(|(_, character)| is_sign(*character)) {
                    let why = format!(
                        "the character U+{:04X} would be a letter of a name here; quote names with `\"` and texts with `'`, and write operators and parentheses in ASCII",
                        u32::from(sign)
                    );
                    return Err(Error::new(Code::SqlNotAllowed, why).at(self.source.position(token.start + at)));
                }
                if text.contains("$$") {
                    return Err(self.refuse(Code::SqlNotAllowed, token, DOLLAR));
                }
                if text.eq_ignore_ascii_case("array") && next.is_some_and(|next| self.text(next) == "<") {
                    let why = "`ARRAY<…>` is not taken as a type; write `type[]`, and quote a column of that name with `\"`";
                    return Err(self.refuse(Code::SqlNotAllowed, token, why));
                }
                match touching {
                    Some(next) if is_quote(next) && !stands_before_quotes(text) => {
                        Err(self.refuse(Code::SqlAmbiguous, token, PREFIX))
                    }
                    Some(next) if text.eq_ignore_ascii_case("u") && self.text(next) == "&" => match self.follows(at + 1) {
                        Some(quote) if is_quote(quote) && quote.start == next.end => {
                            Err(self.refuse(Code::SqlAmbiguous, token, PREFIX))
                        }
                        _ => Ok(()),
                    },
                    _ => Ok(()),
                }
            }
            Kind::Number => match touching {
                Some(next) if matches!(next.kind, Kind::Word | Kind::Number | Kind::Text | Kind::Quoted) => {
                    let why =
                        "a number runs into what follows it, and warehouses part the two differently; put a space between them";
                    Err(self.refuse(Code::SqlAmbiguous, token, why))
                }
                _ => Ok(()),
            },
            Kind::Text => match next {
                Some(next) if next.kind == Kind::Text => {
                    let why = "two strings in a row are one string to one warehouse and an error to another; join them with `||`";
                    Err(self.refuse(Code::SqlAmbiguous, next, why))
                }
                _ => Ok(()),
            },
            Kind::Quoted => self.source.check_visible(token.start, token.end, true),
            Kind::Symbol => match refused_symbol(text) {
                Some((code, why)) => Err(self.refuse(code, token, why)),
                None => Ok(()),
            },
            Kind::Comment | Kind::Parameter | Kind::Cast => Ok(()),
        }
    }

    /// Checks the operators that a run of touching symbols is, and returns where it ends.
    fn operators(&self, at: usize) -> Result<usize> {
        let start = self.tokens[at].start;
        let run = self.tokens[at..].iter().scan(start, |end, token| {
            let belongs = token.start == *end && operator::is_symbol(self.text(token));
            *end = token.end;
            belongs.then_some(token.end)
        });
        let end = run.last().unwrap_or(start);
        match operator::first_unknown(&self.source.text()[start..end]) {
            None => Ok(end),
            Some(unknown) => {
                let why = format!(
                    "`{}` is one operator where its symbols touch, and not an allowed one; put spaces between them, or write it as a function",
                    shown(unknown)
                );
                Err(self.refuse(Code::SqlNotAllowed, &self.tokens[at], why))
            }
        }
    }

    fn follows(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at + 1)
    }

    fn text(&self, token: &Token) -> &str {
        &self.source.text()[token.start..token.end]
    }

    fn refuse(&self, code: Code, token: &Token, why: impl Into<String>) -> Error {
        Error::new(code, why).at(self.source.position(token.start))
    }
}

const DOLLAR: &str =
    "`$` quotes a text or stands for a positional parameter, and neither is taken; write texts in `'` and parameters as `:name`";
const PREFIX: &str = "a word that touches a quote changes how some warehouses read the text (`E'…'`, `N'…'`, `U&'…'`); put a space before the quote, or leave the word out";

fn is_quote(token: &Token) -> bool {
    matches!(token.kind, Kind::Text | Kind::Quoted)
}

/// Words that are often written against a quote and change nothing of how it is read.
fn stands_before_quotes(word: &str) -> bool {
    const WORDS: [&str; 27] = [
        "ALL",
        "AND",
        "ANY",
        "AS",
        "BETWEEN",
        "BY",
        "DATE",
        "DISTINCT",
        "ELSE",
        "ESCAPE",
        "FROM",
        "ILIKE",
        "IN",
        "INTERVAL",
        "JOIN",
        "LIKE",
        "NOT",
        "ON",
        "OR",
        "SELECT",
        "THEN",
        "TIME",
        "TIMESTAMP",
        "TIMESTAMPTZ",
        "TO",
        "WHEN",
        "WHERE",
    ];
    WORDS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Symbols that no reading shared by all warehouses has.
fn refused_symbol(symbol: &str) -> Option<(Code, &'static str)> {
    match symbol {
        "(" | ")" | "[" | "]" | "," | "." | ";" | "+" | "-" | "*" | "/" | "%" | "<" | ">" | "=" | "!" | "|" | "&" | "~" => None,
        "$" => Some((Code::SqlNotAllowed, DOLLAR)),
        "?" => {
            Some((Code::SqlNotAllowed, "`?` is not taken as a parameter; write it as `:name` and send its value in `parameters`"))
        }
        ":" => Some((Code::SqlNotAllowed, "`:` stands alone; a parameter is `:name`, a cast is `::type`")),
        "`" => Some((Code::SqlAmbiguous, "a backtick quotes names for some warehouses only; quote names with `\"`")),
        "^" => Some((Code::SqlAmbiguous, "`^` is a power to one warehouse and an exclusive or to another; write `power(a, b)`")),
        "#" => Some((
            Code::SqlAmbiguous,
            "`#` is part of a name to one warehouse and an operator to another; quote the name with `\"`",
        )),
        "@" => Some((Code::SqlNotAllowed, "`@` is an operator or a variable of some warehouses only; it is not allowed")),
        "\\" => Some((Code::SqlNotAllowed, "`\\` has no meaning outside a string; remove it")),
        _ => Some((
            Code::SqlNotAllowed,
            "this character has no meaning in a query; remove it, or quote the name that it is part of",
        )),
    }
}
