//! Parameters: what `:name` in a query stands for, checked against its type and written as a literal.
//!
//! A value becomes text in exactly one place, [`Value::to_sql`]; the guard puts it where `:name` stood and then reads the whole query
//! again, so that nothing hangs on this module alone. It knows nothing of the query.

mod read;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value as Json};

pub use self::value::{Digits, Type, Value};
use crate::{Code, Error, Result};

/// The parameters of one query, by name.
#[derive(Clone, Default, PartialEq)]
pub struct Parameters(BTreeMap<String, Value>);

impl Parameters {
    /// Reads parameters as sent: a string, number, boolean or null as such, or `{"type": "date", "value": "2026-01-01"}` with one of
    /// the types `string`, `varchar`, `integer`, `bigint`, `decimal`, `double`, `boolean`, `date`, `timestamp`, `timestamptz`, `time`.
    ///
    /// # Errors
    /// `parameter_invalid`, naming the parameter and what would fit.
    pub fn from_json(sent: &Map<String, Json>) -> Result<Self> {
        let mut parameters = BTreeMap::new();
        for (name, value) in sent {
            if !is_name(name) {
                return Err(Error::new(
                    Code::ParameterInvalid,
                    format!(
                        "`{}` cannot be a parameter's name; use letters, digits and `_`, and begin with a letter or `_`",
                        shown(name)
                    ),
                ));
            }
            let value = read::value(value)
                .map_err(|why| Error::new(Code::ParameterInvalid, format!("the parameter `{}` {why}", shown(name))))?;
            parameters.insert(name.clone(), value);
        }
        Ok(Self(parameters))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of that name; names are compared as they are written, case and all.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl fmt::Debug for Parameters {
    /// Names only: the values are the caller's data and do not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// Whether `:name` could be written in a query.
pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(is_name_start) && name.chars().all(is_name_part)
}

/// What a parameter's name begins with: a letter of any script, or `_`.
pub(crate) fn is_name_start(character: char) -> bool {
    character == '_' || character.is_ascii_alphabetic() || !character.is_ascii()
}

/// What a parameter's name goes on with.
pub(crate) fn is_name_part(character: char) -> bool {
    is_name_start(character) || character.is_ascii_digit()
}

/// A name or value as an error shows it: short, and without anything that a terminal would obey.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}
