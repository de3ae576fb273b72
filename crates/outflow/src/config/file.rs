//! The layer of `outflow.toml`.

use std::path::Path;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::key::{self, Area, KEYS};
use super::{Origin, Setting, nearest};
use crate::exit::{CliError, Result};

/// What a file sets, in its order.
pub(super) fn settings(path: &Path, text: &str) -> Result<Vec<Setting>> {
    let unreadable = |error: toml::de::Error| {
        let line = error.span().map(|span| line_of(text, span.start)).unwrap_or(1);
        let why = error.message().trim().replace('\n', "; ");
        CliError::usage(format!("cannot read `{}`, line {line}: {why}", path.display()))
    };
    let places = DeTable::parse(text).map_err(unreadable)?.into_inner();
    let values: Table = toml::from_str(text).map_err(unreadable)?;
    let file = File { path, text };

    let mut found = Vec::new();
    for (name, content) in in_order(&places) {
        let line = file.line(name.span().start);
        let area = Area::ALL.into_iter().find(|area| area.as_str() == name.get_ref().as_ref());
        let area = area.ok_or_else(|| file.unknown_section(name.get_ref(), line, content))?;
        let section = content.get_ref().as_table().ok_or_else(|| file.not_a_section(area.as_str(), line))?;
        let values = values.get(area.as_str()).and_then(Value::as_table);
        if area != Area::Warehouse {
            file.collect(area, None, section, values, &mut found)?;
            continue;
        }
        for (warehouse, content) in in_order(section) {
            let name = warehouse.get_ref().as_ref();
            let line = file.line(warehouse.span().start);
            let section = content.get_ref().as_table().ok_or_else(|| file.not_a_section("warehouse.NAME", line))?;
            check_name(name).map_err(|why| file.error(&format!("the warehouse `{name}` {why}"), line))?;
            let values = values.and_then(|values| values.get(name)).and_then(Value::as_table);
            file.collect(area, Some(name), section, values, &mut found)?;
        }
    }
    Ok(found)
}

/// A warehouse's name is part of variables and of labels in metrics.
fn check_name(name: &str) -> std::result::Result<(), &'static str> {
    let fits = (1..=40).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'));
    if fits { Ok(()) } else { Err("has a name that is not 1 to 40 of a-z, 0-9, `-` and `_`") }
}

struct File<'a> {
    path: &'a Path,
    text: &'a str,
}

impl File<'_> {
    fn collect(
        &self,
        area: Area,
        name: Option<&str>,
        section: &DeTable<'_>,
        values: Option<&Table>,
        found: &mut Vec<Setting>,
    ) -> Result<()> {
        for (key, _) in in_order(section) {
            let line = self.line(key.span().start);
            let text = key.get_ref().as_ref();
            let known = key::find(area, text).ok_or_else(|| self.unknown_key(area, name, text, line))?;
            let value = values.and_then(|values| values.get(text)).expect("both readings of the file agree").clone();
            let origin = Origin::File(self.path.to_owned(), line);
            found.push(Setting::new(known, name.map(str::to_owned), value, origin)?);
        }
        Ok(())
    }

    fn unknown_key(&self, area: Area, name: Option<&str>, text: &str, line: usize) -> CliError {
        let section = name.map_or_else(|| area.as_str().to_owned(), |name| format!("{}.{name}", area.as_str()));
        let error = self.error(&format!("unknown key `{section}.{text}`"), line);
        let here = KEYS.iter().filter(|key| key.area == area);
        let elsewhere = KEYS.iter().filter(|key| key.area != area);
        if let Some(near) = nearest(text, here.clone().map(|key| key.name)) {
            return error.hint(format!("did you mean `{section}.{near}`?"));
        }
        if let Some(key) = elsewhere.into_iter().find(|key| nearest(text, [key.name]).is_some()) {
            return error.hint(format!("did you mean `{}`?", key.path(None)));
        }
        let names: Vec<_> = here.map(|key| key.name).collect();
        error.hint(format!("`[{section}]` takes `{}`", names.join("`, `")))
    }

    fn unknown_section(&self, text: &str, line: usize, content: &Spanned<DeValue<'_>>) -> CliError {
        let what = if content.get_ref().is_table() { "section" } else { "key" };
        let error = self.error(&format!("unknown {what} `{text}`"), line);
        if let Some(near) = nearest(text, Area::ALL.map(Area::as_str)) {
            return error.hint(format!("did you mean `[{near}]`?"));
        }
        if let Some(key) = KEYS.iter().find(|key| nearest(text, [key.name]).is_some()) {
            return error.hint(format!("did you mean `{}`?", key.path(None)));
        }
        error.hint(format!("the sections are `{}`", Area::ALL.map(Area::as_str).join("`, `")))
    }

    fn not_a_section(&self, name: &str, line: usize) -> CliError {
        let example = if name.starts_with("warehouse") { "[warehouse.main]".to_owned() } else { format!("[{name}]") };
        self.error(&format!("`{name}` is a section, not a key"), line).hint(format!("write `{example}` and its keys below it"))
    }

    fn error(&self, what: &str, line: usize) -> CliError {
        CliError::usage(format!("{what} in `{}`, line {line}", self.path.display()))
    }

    fn line(&self, at: usize) -> usize {
        line_of(self.text, at)
    }
}

/// The entries in the order of the text, which a table does not keep.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<(&'a Spanned<toml::de::DeString<'i>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
