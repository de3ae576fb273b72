//! What kind of statement a text is, by its first words.

use crate::error::SqlError;
use crate::sql::{self, syntax};
use crate::system::listing::Listing;

/// A kind of statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    Unload,
    Query,
    Set {
        name: String,
        value: String,
    },
    Reset(Option<String>),
    Show(String),
    ShowAll,
    /// `SHOW TABLES …` and its like.
    List(Listing),
    Begin,
    Commit,
    Rollback,
    /// `CANCEL pid`.
    Cancel(i32),
    /// A cursor over a query.
    Declare {
        name: String,
        query: String,
    },
    /// So many rows of a cursor; all that are left without a number.
    Fetch {
        name: String,
        count: Option<usize>,
    },
    Close(String),
    /// Taken, and nothing is done.
    Nothing(&'static str),
}

impl Command {
    /// The kind of a statement.
    ///
    /// # Errors
    /// `0A000` for one that the emulator does not run, `42601` for what is none.
    pub(crate) fn of(statement: &str) -> Result<Self, SqlError> {
        // What follows the keyword of a query or an UNLOAD is not cut apart: it may be long.
        let first =
            sql::pieces(statement)?.into_iter().find(|piece| !matches!(piece.kind, sql::Kind::Space | sql::Kind::Comment));
        let first = first.map(|piece| statement[piece.range].to_lowercase()).unwrap_or_default();
        Ok(match first.as_str() {
            "unload" => Self::Unload,
            "select" | "with" | "(" | "values" => Self::Query,
            "set" => set(statement)?,
            "reset" => match sql::words(statement).get(1).map(String::as_str) {
                None => return Err(syntax("end of input")),
                Some("all") => Self::Reset(None),
                Some(name) => Self::Reset(Some(name.to_owned())),
            },
            "show" => show(&sql::words(statement)[1..])?,
            "begin" | "start" => Self::Begin,
            "commit" | "end" => Self::Commit,
            "rollback" | "abort" => Self::Rollback,
            "cancel" => {
                let words = sql::words(statement);
                let pid = words.get(1).and_then(|pid| pid.parse().ok());
                Self::Cancel(pid.ok_or_else(|| syntax(words.get(1).map_or("end of input", String::as_str)))?)
            }
            "declare" => declare(statement)?,
            "fetch" => fetch(&sql::words(statement)[1..])?,
            "close" => match &sql::words(statement)[1..] {
                [name] => Self::Close(bare(name)),
                words => return Err(syntax(words.get(1).map_or("end of input", String::as_str))),
            },
            "discard" => Self::Nothing("DISCARD ALL"),
            "deallocate" => Self::Nothing("DEALLOCATE"),
            "analyze" => Self::Nothing("ANALYZE"),
            "" => return Err(syntax("end of input")),
            word if word.chars().all(|c| c.is_ascii_alphabetic()) && OTHERS.contains(&word) => {
                return Err(SqlError::unsupported(&word.to_uppercase()));
            }
            other => return Err(syntax(other)),
        })
    }

    /// What `SYS_QUERY_HISTORY` calls it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Unload => "UNLOAD",
            Self::Query => "SELECT",
            _ => "UTILITY",
        }
    }
}

/// What Redshift runs and the emulator does not; savepoints neither has.
const OTHERS: [&str; 19] = [
    "alter",
    "attach",
    "call",
    "comment",
    "copy",
    "create",
    "delete",
    "drop",
    "execute",
    "explain",
    "grant",
    "insert",
    "merge",
    "prepare",
    "release",
    "revoke",
    "savepoint",
    "truncate",
    "update",
];

/// `SET name TO value`, `SET name = value`, with `SESSION` and `LOCAL` before it.
fn set(statement: &str) -> Result<Command, SqlError> {
    let words = sql::words(statement);
    let mut rest = &words[1..];
    if let [scope, following, ..] = rest
        && (scope == "session" || scope == "local")
        && following != "="
        && following != "to"
    {
        rest = &rest[1..];
    }
    match rest {
        [characteristics, ..] if characteristics == "characteristics" || characteristics == "transaction" => {
            Ok(Command::Nothing("SET"))
        }
        [authorization, ..] if authorization == "authorization" => Ok(Command::Nothing("SET")),
        [time, zone, value @ ..] if time == "time" && zone == "zone" => {
            Ok(Command::Set { name: "timezone".to_owned(), value: said(value) })
        }
        [name, is, value @ ..] if (is == "=" || is == "to") && !value.is_empty() => {
            Ok(Command::Set { name: name.trim_matches('"').to_lowercase(), value: said(value) })
        }
        _ => Err(syntax(rest.last().map_or("end of input", String::as_str))),
    }
}

/// A value as it is shown: without its quotes.
fn said(value: &[String]) -> String {
    let bare = value.iter().map(|word| match word.strip_prefix('\'').and_then(|word| word.strip_suffix('\'')) {
        Some(text) => text.replace("''", "'"),
        None => word.trim_matches('"').to_owned(),
    });
    bare.collect::<Vec<_>>().join("").replace(',', ", ")
}

/// `DECLARE name CURSOR FOR query`, with the words that PostgreSQL's clients put between.
fn declare(statement: &str) -> Result<Command, SqlError> {
    let pieces: Vec<sql::Piece> = sql::pieces(statement)?;
    let said = |piece: &&sql::Piece| !matches!(piece.kind, sql::Kind::Space | sql::Kind::Comment);
    let mut words =
        pieces.iter().filter(said).skip(1).map(|piece| (piece.kind, &statement[piece.range.clone()], piece.range.end));
    let name = match words.next() {
        Some((sql::Kind::Word, name, _)) => name.to_lowercase(),
        Some((sql::Kind::Quoted, name, _)) => bare(name),
        other => return Err(syntax(other.map_or("end of input", |(_, word, _)| word))),
    };
    let mut is_cursor = false;
    let query = loop {
        let (_, word, end) = words.next().ok_or_else(|| syntax("end of input"))?;
        match word.to_lowercase().as_str() {
            "cursor" => is_cursor = true,
            "for" if is_cursor => break statement[end..].trim().to_owned(),
            "binary" | "insensitive" | "no" | "scroll" | "without" | "hold" => {}
            _ => return Err(syntax(word)),
        }
    };
    match Command::of(&query)? {
        Command::Query => Ok(Command::Declare { name, query }),
        _ => Err(syntax(sql::words(&query).first().map_or("end of input", String::as_str))),
    }
}

/// `FETCH [NEXT | ALL | FORWARD [number | ALL]] FROM name`.
fn fetch(words: &[String]) -> Result<Command, SqlError> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let is_from = |word: &&str| *word == "from" || *word == "in";
    let (how, name) = match words.iter().position(is_from) {
        Some(place) => (&words[..place], &words[place + 1..]),
        None => (&words[..0], &words[..]),
    };
    let count = match how {
        [] | ["next" | "forward"] => Some(1),
        ["all"] | ["forward", "all"] => None,
        [number] | ["forward", number] => Some(number.parse().map_err(|_| syntax(number))?),
        [_, .., last] => return Err(syntax(last)),
    };
    match name {
        [name] => Ok(Command::Fetch { name: bare(name), count }),
        name => Err(syntax(name.get(1).copied().unwrap_or("end of input"))),
    }
}

/// A name without its quotes.
fn bare(name: &str) -> String {
    name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).map_or(name.to_owned(), |name| name.replace("\"\"", "\""))
}

fn show(words: &[String]) -> Result<Command, SqlError> {
    if let Some(listing) = Listing::of(words)? {
        return Ok(Command::List(listing));
    }
    match words {
        [] => Err(syntax("end of input")),
        [all] if all == "all" => Ok(Command::ShowAll),
        [time, zone] if time == "time" && zone == "zone" => Ok(Command::Show("timezone".to_owned())),
        [transaction, isolation, level] if transaction == "transaction" && isolation == "isolation" && level == "level" => {
            Ok(Command::Show("transaction_isolation".to_owned()))
        }
        [name, ..] => Ok(Command::Show(name.trim_matches('"').to_lowercase())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_behind_comments_says_what_it_is() {
        assert_eq!(Command::of("/* outflow a 1 */ -- b\n UNLOAD ('x') TO 's3://b/k'"), Ok(Command::Unload));
        assert_eq!(Command::of("(select 1)"), Ok(Command::Query));
        assert_eq!(Command::of("create table t(a int)").unwrap_err().state, "0A000");
        assert_eq!(Command::of("unlaod").unwrap_err().state, "42601");
        assert_eq!(Command::of("close \"A\""), Ok(Command::Close("A".to_owned())));
        assert_eq!(Command::of("cancel 12 'why'"), Ok(Command::Cancel(12)));
    }

    #[test]
    fn cursors_are_read_as_clients_write_them() {
        let declared = |name: &str| Ok(Command::Declare { name: name.to_owned(), query: "SELECT 1 for_".to_owned() });
        assert_eq!(Command::of("DECLARE C CURSOR FOR SELECT 1 for_"), declared("c"));
        assert_eq!(Command::of("declare \"C\" no scroll cursor without hold for SELECT 1 for_"), declared("C"));
        let fetched = |count| Ok(Command::Fetch { name: "c".to_owned(), count });
        assert_eq!(Command::of("FETCH FORWARD 100 FROM \"c\""), fetched(Some(100)));
        assert_eq!(Command::of("fetch all from c"), fetched(None));
        assert_eq!(Command::of("fetch forward all in c"), fetched(None));
        assert_eq!(Command::of("fetch next from c"), fetched(Some(1)));
        assert_eq!(Command::of("fetch 7 from c"), fetched(Some(7)));
        for text in ["declare c cursor for", "declare c for select 1", "declare c cursor for close d", "fetch x from c", "close"]
        {
            assert_eq!(Command::of(text).unwrap_err().state, "42601", "{text}");
        }
    }

    #[test]
    fn settings_are_read_as_people_write_them() {
        let set = |name: &str, value: &str| Ok(Command::Set { name: name.to_owned(), value: value.to_owned() });
        assert_eq!(Command::of("SET query_group TO 'night''s'"), set("query_group", "night's"));
        assert_eq!(Command::of("set session DateStyle = ISO, MDY"), set("datestyle", "iso, mdy"));
        assert_eq!(Command::of("set time zone 'UTC'"), set("timezone", "UTC"));
        assert_eq!(Command::of("SET TRANSACTION READ ONLY"), Ok(Command::Nothing("SET")));
        assert_eq!(Command::of("show transaction isolation level"), Ok(Command::Show("transaction_isolation".to_owned())));
        assert!(Command::of("set x").is_err());
    }
}
