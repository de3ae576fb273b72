//! `SHOW DATABASES`, `SCHEMAS`, `TABLES`, `COLUMNS` and their like: how Redshift's own drivers ask for the catalogue.
//!
//! Columns, their order and `LIKE` are as documented. There are no keys, procedures and functions here, so that lists of them are empty.

use outflow_core::schema::{Column, Table};

use super::catalog::SCHEMAS;
use super::sheet::Sheet;
use crate::engine::session::Session;
use crate::error::SqlError;
use crate::sql;

/// The name under which a query finds a list.
pub(crate) const LIST: &str = "the list";

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Databases,
    Schemas,
    Tables,
    Columns,
    PrimaryKeys,
    ForeignKeys,
    Procedures,
    Functions,
}

/// A statement that lists something of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listing {
    what: What,
    /// The names of what it is in, the outermost first; the database may be left out.
    within: Vec<String>,
    like: Option<String>,
    limit: Option<usize>,
}

impl Listing {
    /// The list that the words after `SHOW` name; `None` where they name a setting.
    ///
    /// # Errors
    /// `42601` where the words break off or go on.
    pub(crate) fn of(words: &[String]) -> Result<Option<Self>, SqlError> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (what, most, rest) = match words.as_slice() {
            ["databases", rest @ ..] => (What::Databases, 0, rest),
            ["schemas", "from", "database", rest @ ..] => (What::Schemas, 1, rest),
            ["tables", "from", "schema", rest @ ..] => (What::Tables, 2, rest),
            ["columns", "from", "table", rest @ ..] => (What::Columns, 3, rest),
            ["constraints", "primary", "keys", "from", "table", rest @ ..] => (What::PrimaryKeys, 3, rest),
            ["constraints", "foreign", "keys", "exported", "from", "table", rest @ ..]
            | ["constraints", "foreign", "keys", "from", "table", rest @ ..] => (What::ForeignKeys, 3, rest),
            ["procedures", "from", "schema", rest @ ..] => (What::Procedures, 2, rest),
            ["functions", "from", "schema", rest @ ..] => (What::Functions, 2, rest),
            _ => return Ok(None),
        };
        let mut listing = Self { what, within: Vec::new(), like: None, limit: None };
        let mut rest = rest;
        if most > 0 {
            loop {
                let [name, after @ ..] = rest else { return Err(sql::syntax("end of input")) };
                listing.within.push(bare(name));
                rest = match after {
                    [".", after @ ..] if listing.within.len() < most => after,
                    after => {
                        rest = after;
                        break;
                    }
                };
            }
        }
        if let ["like", pattern, after @ ..] = rest {
            listing.like = Some(bare(pattern));
            rest = after;
        }
        if let ["limit", count, after @ ..] = rest {
            listing.limit = Some(count.parse().map_err(|_| sql::syntax(count))?);
            rest = after;
        }
        rest.first().map_or(Ok(Some(listing)), |word| Err(sql::syntax(word)))
    }

    /// The list; without `tables` its columns alone.
    ///
    /// # Errors
    /// `3D000`, `3F000`, `42P01` for a database, a schema or a table that is not there.
    pub(crate) fn sheet(&self, session: &Session, tables: Option<&[Table]>) -> Result<Sheet, SqlError> {
        let tables = match tables {
            Some(tables) => {
                self.check(session, tables)?;
                tables
            }
            None => &[],
        };
        let rows: Vec<Row<'_>> = self.rows(session, tables).into_iter().filter(|row| self.lists(row)).collect();
        let rows = &rows[..rows.len().min(self.limit.unwrap_or(usize::MAX))];
        let each = || rows.iter();
        let database = || each().map(|_| session.database.as_str());
        let none = || each().map(|_| None::<String>);
        let no_number = || each().map(|_| None);
        let sheet = Sheet::default();
        Ok(match self.what {
            What::Databases => sheet
                .text("database_name", each().map(|row| row.name))
                .int("database_owner", each().map(|_| 100))
                .text("database_type", each().map(|_| "local"))
                .maybe_text("database_acl", none())
                .maybe_text("parameters", none())
                .text("database_isolation_level", each().map(|_| "Snapshot Isolation")),
            What::Schemas => sheet
                .text("database_name", database())
                .text("schema_name", each().map(|row| row.name))
                .int("schema_owner", each().map(|_| 1))
                .text("schema_type", each().map(|_| "local"))
                .maybe_text("schema_acl", none())
                .maybe_text("source_database", none())
                .maybe_text("schema_option", none()),
            What::Tables => sheet
                .text("database_name", database())
                .text("schema_name", each().map(|_| "public"))
                .text("table_name", each().map(|row| row.name))
                .text("table_type", each().map(|_| "TABLE"))
                .maybe_text("table_acl", none())
                .maybe_text("remarks", none())
                .text("owner", each().map(|_| session.user.as_str()))
                .moment("last_altered_time", each().map(|_| None))
                .moment("last_modified_time", each().map(|_| None))
                .text("dist_style", each().map(|_| "AUTO (ALL)"))
                .text("table_subtype", each().map(|_| "REGULAR TABLE")),
            What::Columns => sheet
                .text("database_name", database())
                .text("schema_name", each().map(|_| "public"))
                .text("table_name", each().map(|row| row.column.map_or("", |(table, ..)| table)))
                .text("column_name", each().map(|row| row.name))
                .int("ordinal_position", each().map(|row| row.column.map_or(0, |(_, number, _)| number)))
                .maybe_text("column_default", none())
                .text("is_nullable", each().map(|_| "YES"))
                .text("data_type", each().map(|row| row.size().base))
                .maybe_int("character_maximum_length", each().map(|row| row.size().length))
                .maybe_int("numeric_precision", each().map(|row| row.size().precision))
                .maybe_int("numeric_scale", each().map(|row| row.size().scale))
                .maybe_text("remarks", none())
                .maybe_text("sort_key_type", none())
                .maybe_int("sort_key", no_number())
                .maybe_int("dist_key", no_number())
                .text("encoding", each().map(|_| "none"))
                .maybe_text("collation", none()),
            What::PrimaryKeys => texts(sheet, &["database_name", "schema_name", "table_name", "column_name"])
                .maybe_int("key_seq", no_number())
                .maybe_text("pk_name", none()),
            What::ForeignKeys => {
                let names = [
                    "pk_database_name",
                    "pk_schema_name",
                    "pk_table_name",
                    "pk_column_name",
                    "fk_database_name",
                    "fk_schema_name",
                    "fk_table_name",
                    "fk_column_name",
                ];
                let sheet = texts(sheet, &names).maybe_int("key_seq", no_number());
                let sheet = sheet.maybe_int("update_rule", no_number()).maybe_int("delete_rule", no_number());
                texts(sheet, &["fk_name", "pk_name"]).maybe_int("deferrability", no_number())
            }
            What::Procedures => texts(sheet, &["database_name", "schema_name", "procedure_name"])
                .maybe_int("number_of_arguments", no_number())
                .maybe_text("argument_list", none())
                .maybe_text("return_type", none())
                .maybe_text("remarks", none()),
            What::Functions => texts(sheet, &["database_name", "schema_name", "function_name"])
                .maybe_int("number_of_arguments", no_number())
                .maybe_text("argument_list", none())
                .maybe_text("return_type", none())
                .maybe_text("remarks", none()),
        })
    }

    fn rows<'a>(&self, session: &'a Session, tables: &'a [Table]) -> Vec<Row<'a>> {
        match self.what {
            What::Databases => vec![Row::named(&session.database)],
            What::Schemas => SCHEMAS.iter().map(|(_, name)| Row::named(name)).collect(),
            What::Tables if self.inner() == "public" => tables.iter().map(|table| Row::named(&table.name)).collect(),
            What::Columns => {
                let mut found = tables.iter().filter(|table| table.name == self.inner());
                let columns = found.next().into_iter().flat_map(|table| {
                    (1..)
                        .zip(&table.columns)
                        .map(|(number, column)| Row { name: &column.name, column: Some((table.name.as_str(), number, column)) })
                });
                columns.collect()
            }
            _ => Vec::new(),
        }
    }

    fn inner(&self) -> &str {
        self.within.last().map_or("", String::as_str)
    }

    fn lists(&self, row: &Row<'_>) -> bool {
        self.like.as_deref().is_none_or(|pattern| sql::is_like(row.name, pattern))
    }

    fn check(&self, session: &Session, tables: &[Table]) -> Result<(), SqlError> {
        let (most, is_of_table) = match self.what {
            What::Databases => return Ok(()),
            What::Schemas => (1, false),
            What::Tables | What::Procedures | What::Functions => (2, false),
            What::Columns | What::PrimaryKeys | What::ForeignKeys => (3, true),
        };
        let names: Vec<&str> =
            std::iter::repeat_n("", most - self.within.len().min(most)).chain(self.within.iter().map(String::as_str)).collect();
        if !names[0].is_empty() && names[0] != session.database {
            return Err(SqlError::new("3D000", format!("database \"{}\" does not exist", names[0])));
        }
        if let Some(schema) = names.get(1).filter(|schema| !schema.is_empty())
            && !SCHEMAS.iter().any(|(_, name)| name == schema)
        {
            return Err(SqlError::new("3F000", format!("schema \"{schema}\" does not exist")));
        }
        let is_there = || names[1] != "pg_catalog" && tables.iter().any(|table| table.name == names[2]);
        if is_of_table && !is_there() {
            return Err(SqlError::new("42P01", format!("relation \"{}\" does not exist", names[2])));
        }
        Ok(())
    }
}

/// Columns of texts, without rows.
fn texts(sheet: Sheet, names: &[&'static str]) -> Sheet {
    names.iter().fold(sheet, |sheet, name| sheet.maybe_text(name, std::iter::empty::<Option<String>>()))
}

/// One thing that may be listed.
#[derive(Debug)]
struct Row<'a> {
    name: &'a str,
    /// Its table, its place and itself, where it is a column.
    column: Option<(&'a str, i32, &'a Column)>,
}

impl<'a> Row<'a> {
    /// Its type, where it is a column.
    fn size(&self) -> Size<'a> {
        self.column.map(|(_, _, column)| Size::of(&column.data_type)).unwrap_or_default()
    }

    fn named(name: &'a str) -> Self {
        Self { name, column: None }
    }
}

/// A type in the words and numbers of the standard.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Size<'a> {
    pub(super) base: &'a str,
    pub(super) length: Option<i32>,
    pub(super) precision: Option<i32>,
    pub(super) scale: Option<i32>,
}

impl<'a> Size<'a> {
    pub(super) fn of(data_type: &'a str) -> Self {
        let (base, inner) = data_type.split_once('(').unwrap_or((data_type, ""));
        let mut numbers = inner.trim_end_matches(')').split(',').filter_map(|number| number.trim().parse().ok());
        let (first, second) = (numbers.next(), numbers.next());
        let (length, precision, scale) = match base {
            "smallint" => (None, Some(16), Some(0)),
            "integer" => (None, Some(32), Some(0)),
            "bigint" => (None, Some(64), Some(0)),
            "numeric" => (None, first, second),
            _ => (first, None, None),
        };
        Self { base, length, precision, scale }
    }
}

/// A name without its quotes; one in single quotes is a parameter's value.
fn bare(word: &str) -> String {
    let within = |quote: char| word.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    match (within('"'), within('\'')) {
        (Some(name), _) => name.replace("\"\"", "\""),
        (None, Some(text)) => text.replace("''", "'").replace("\\\\", "\\"),
        (None, None) => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(text: &str) -> Result<Option<Listing>, SqlError> {
        Listing::of(&sql::words(text)[1..])
    }

    #[test]
    fn lists_are_read_as_drivers_and_people_write_them() {
        let of = |what, within: &[&str], like: Option<&str>, limit| {
            let within = within.iter().map(|name| (*name).to_owned()).collect();
            Ok(Some(Listing { what, within, like: like.map(str::to_owned), limit }))
        };
        assert_eq!(listing("SHOW DATABASES"), of(What::Databases, &[], None, None));
        assert_eq!(listing("show schemas from database Dev like 'pub%'"), of(What::Schemas, &["dev"], Some("pub%"), None));
        assert_eq!(listing("SHOW TABLES FROM SCHEMA 'dev'.'public'"), of(What::Tables, &["dev", "public"], None, None));
        assert_eq!(
            listing("SHOW COLUMNS FROM TABLE $1.\"A\"\"b\".t LIKE '%' LIMIT 5"),
            of(What::Columns, &["$1", "A\"b", "t"], Some("%"), Some(5))
        );
        assert_eq!(listing("SHOW timezone"), Ok(None));
        for text in ["SHOW TABLES FROM SCHEMA", "SHOW TABLES FROM SCHEMA a.b.c", "SHOW DATABASES x", "SHOW DATABASES LIMIT x"] {
            assert_eq!(listing(text).unwrap_err().state, "42601", "{text}");
        }
    }

    #[test]
    fn types_are_told_in_the_words_of_the_standard() {
        let size = Size::of("numeric(18,4)");
        assert_eq!(size, Size { base: "numeric", length: None, precision: Some(18), scale: Some(4) });
        assert_eq!(Size::of("character varying(25)").length, Some(25));
        assert_eq!(Size::of("timestamp without time zone"), Size { base: "timestamp without time zone", ..Size::default() });
    }
}
