//! The configuration as `outflow config show` prints it: what holds, where it came from, and no secret.

use std::fmt::Write;

use serde_json::json;
use toml::Value;

use super::key::{Area, KEYS, Key, Kind};
use super::redshift::goes_with;
use super::{Config, Setting, WarehouseConfig};
use crate::locator::Locator;

impl Config {
    /// As TOML that could be read again, secrets apart.
    pub(crate) fn to_toml(&self) -> String {
        let mut text = String::new();
        for area in Area::ALL {
            let names: Vec<Option<String>> = match area {
                Area::Warehouse => self.warehouses.iter().map(|(name, _)| Some(name.clone())).collect(),
                _ => vec![None],
            };
            for name in names {
                let section = name.as_ref().map_or_else(|| area.as_str().to_owned(), |name| format!("{}.{name}", area.as_str()));
                let gap = if text.is_empty() { "" } else { "\n" };
                let _ = writeln!(text, "{gap}[{section}]");
                let keys = KEYS.iter().filter(|key| key.area == area);
                let is_of = |key: &Key, setting: &&Setting| {
                    std::ptr::eq(setting.key, key) && setting.name == name && self.is_used(setting)
                };
                for setting in keys.filter_map(|key| self.settings.iter().find(|setting| is_of(key, setting))) {
                    let line = format!("{} = {}", setting.key.name, setting.shown());
                    let _ = writeln!(text, "{line:<50} # {}", setting.origin);
                }
            }
        }
        text
    }

    /// As JSON: every key with its value and where it came from.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let entry = |setting: &Setting| {
            let value = serde_json::to_value(setting.shown()).unwrap_or_default();
            (setting.path(), json!({ "value": value, "origin": setting.origin.to_string() }))
        };
        serde_json::Value::Object(self.settings.iter().filter(|setting| self.is_used(setting)).map(entry).collect())
    }

    /// Whether it means something: a default of the embedded engine is nothing to a Redshift.
    fn is_used(&self, setting: &Setting) -> bool {
        let is_its = |(name, _): &&(String, WarehouseConfig)| setting.name.as_ref() == Some(name);
        let warehouse = self.warehouses.iter().find(is_its);
        warehouse.is_none_or(|(_, warehouse)| goes_with(setting.key.name, &warehouse.url.0))
    }
}

impl Setting {
    /// The value as it may be shown: without a password.
    pub(super) fn shown(&self) -> Value {
        match (self.key.kind, &self.value) {
            (Kind::Locator(role), Value::String(text)) => {
                Value::String(Locator::parse(role, text).map_or_else(|_| "***".to_owned(), |locator| locator.to_string()))
            }
            (_, value) => value.clone(),
        }
    }
}
