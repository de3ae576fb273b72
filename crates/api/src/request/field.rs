//! Reading JSON so that whoever sent something wrong learns which field it was, where, and what would be right.

use std::fmt;

use outflow_core::options::BOUNDS;
use outflow_core::{Code, Error, Result};
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};

use super::entries::Entries;

/// The fields of an unload request.
pub(super) const FIELDS: [&str; 25] = [
    "requestId",
    "sql",
    "query",
    "parameters",
    "warehouse",
    "format",
    "compression",
    "header",
    "delimiter",
    "nullAs",
    "bom",
    "quoteAll",
    "escape",
    "fixedWidth",
    "singleFile",
    "parallel",
    "maxFileSizeMb",
    "rowGroupSizeMb",
    "partitionBy",
    "partitionInclude",
    "extension",
    "retentionDays",
    "timeoutSeconds",
    "notify",
    "labels",
];

/// The body as text.
pub(super) fn text(body: &[u8]) -> Result<&str> {
    std::str::from_utf8(body).map_err(|error| {
        let at = error.valid_up_to();
        Error::new(Code::InvalidRequest, format!("the body is not UTF-8: the byte at offset {at} cannot stand there"))
    })
}

/// Reads a document; an error names the field and the place.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    // serde would take a list of the fields' values too.
    if text.trim_start().starts_with('[') {
        return Err(Error::new(Code::InvalidRequest, "the body is a JSON list; send an object"));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        refusal(if path == "." { None } else { Some(path) }, error.inner())
    })?;
    deserializer.end().map_err(|error| refusal(None, &error))?;
    Ok(value)
}

/// Looks at the names alone, so that an unknown one is answered with what it may have been meant to be, and one that is sent twice within
/// a field is not silently the last.
pub(super) fn check_names(text: &str) -> Result<()> {
    let mut surprise = None;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    // What is no JSON object is told better by the second reading.
    let _ = serde::de::Deserializer::deserialize_map(&mut deserializer, Names(&mut surprise));
    match surprise {
        None => Ok(()),
        Some(Surprise::Unknown(name)) => Err(Error::new(Code::InvalidRequest, unknown(&name))),
        Some(Surprise::Twice(path)) => {
            Err(Error::new(Code::InvalidRequest, format!("`{}` is sent twice; send it once", shown(&path))))
        }
    }
}

fn shown(name: &str) -> String {
    name.chars().take(80).flat_map(char::escape_debug).collect()
}

fn unknown(name: &str) -> String {
    let shown = shown(name);
    let nearest = FIELDS
        .into_iter()
        .map(|field| (strsim::damerau_levenshtein(&field.to_lowercase(), &shown.to_lowercase().replace(['_', '-'], "")), field))
        .min()
        .filter(|(distance, field)| *distance <= field.len() / 3);
    match nearest {
        Some((_, field)) => format!("the field `{shown}` is unknown; did you mean `{field}`?"),
        None => format!("the field `{shown}` is unknown; there are `{}`", FIELDS.join("`, `")),
    }
}

/// serde's words as ours: they already name what was expected, though some by the name that Rust has for it, and end with the place.
fn refusal(field: Option<String>, error: &serde_json::Error) -> Error {
    let is_eof = error.is_eof();
    let is_data = error.is_data();
    let number = whole_number(field.as_deref());
    let error = error.to_string().replace("expected u32", &number).replace("expected u64", &number);
    let message = match field {
        _ if is_eof => format!("the body is not a whole JSON document: {error}"),
        Some(field) if is_data => format!("the field `{field}` cannot be read: {error}"),
        None if is_data => format!("the body is not the JSON object that is expected: {error}"),
        _ => format!("the body is not JSON: {error}"),
    };
    Error::new(Code::InvalidRequest, message)
}

/// What serde calls `u32` or `u64`.
fn whole_number(field: Option<&str>) -> String {
    match BOUNDS.iter().find(|(name, ..)| Some(*name) == field) {
        Some((_, least, most)) => format!("expected a whole number from {least} to {most}"),
        None => "expected a whole number that is not negative".to_owned(),
    }
}

/// What is wrong with a name.
enum Surprise {
    /// There is no such field.
    Unknown(String),
    /// The field has it more than once; the whole path of it.
    Twice(String),
}

/// Finds the first name that is not known or stands twice.
struct Names<'a>(&'a mut Option<Surprise>);

impl<'de> Visitor<'de> for Names<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if ["parameters", "labels"].contains(&name.as_str()) {
                let mut twice = None;
                map.next_value_seed(Entries { twice: &mut twice })?;
                if self.0.is_none() {
                    *self.0 = twice.map(|entry| Surprise::Twice(format!("{name}.{entry}")));
                }
                continue;
            }
            if !FIELDS.contains(&name.as_str()) && self.0.is_none() {
                *self.0 = Some(Surprise::Unknown(name));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}
