//! Every key that there is, what its value may be, and what it is called in the environment.

use toml::Value;

use crate::client::without_user;
use crate::locator::{Locator, Role};

/// A section of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Area {
    /// `[server]`
    Server,
    /// `[store]`
    Store,
    /// `[storage]`
    Storage,
    /// `[warehouse.NAME]`
    Warehouse,
    /// `[events]`
    Events,
    /// `[auth]`
    Auth,
    /// `[orchestrator]`
    Orchestrator,
    /// `[retry]`
    Retry,
}

impl Area {
    /// Every area.
    pub(crate) const ALL: [Self; 8] =
        [Self::Server, Self::Store, Self::Storage, Self::Warehouse, Self::Events, Self::Auth, Self::Orchestrator, Self::Retry];

    /// The name of the section.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Store => "store",
            Self::Storage => "storage",
            Self::Warehouse => "warehouse",
            Self::Events => "events",
            Self::Auth => "auth",
            Self::Orchestrator => "orchestrator",
            Self::Retry => "retry",
        }
    }
}

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Any text that is not empty.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number between two.
    Integer(i64, i64),
    /// A number between two.
    Number(f64, f64),
    /// A list of texts; with commas between them in the environment.
    Words,
    /// A text, or a list of texts; with commas between them in the environment.
    OneOrMore,
    /// An IP address and a port.
    Address,
    /// `http://` or `https://` and what follows.
    WebAddress,
    /// A locator.
    Locator(Role),
    /// One of these.
    OneOf(&'static [&'static str]),
    /// One of the first; the others are planned, and this version does not have them yet.
    OneOfBuilt(&'static [&'static str], &'static [&'static str]),
}

/// A key of the configuration.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its section.
    pub(crate) area: Area,
    /// Its name there.
    pub(crate) name: &'static str,
    /// What it takes.
    pub(crate) kind: Kind,
}

const fn key(area: Area, name: &'static str, kind: Kind) -> Key {
    Key { area, name, kind }
}

/// Every key, in the order of the documentation.
pub(crate) static KEYS: &[Key] = &[
    key(Area::Server, "listen", Kind::Address),
    key(Area::Server, "publicUrl", Kind::WebAddress),
    key(Area::Server, "dataDir", Kind::Text),
    key(Area::Server, "allowedHosts", Kind::Words),
    key(Area::Server, "shutdownSeconds", Kind::Integer(0, 3_600)),
    key(Area::Store, "url", Kind::Locator(Role::Store)),
    key(Area::Store, "passwordFile", Kind::Text),
    key(Area::Storage, "url", Kind::Locator(Role::Storage)),
    key(Area::Storage, "region", Kind::Text),
    key(Area::Storage, "endpoint", Kind::WebAddress),
    key(Area::Storage, "publicEndpoint", Kind::WebAddress),
    key(Area::Storage, "pathStyle", Kind::Boolean),
    key(Area::Storage, "sse", Kind::OneOf(&["s3", "kms"])),
    key(Area::Storage, "kmsKeyId", Kind::Text),
    key(Area::Storage, "proxy", Kind::Boolean),
    key(Area::Warehouse, "url", Kind::Locator(Role::Warehouse)),
    key(Area::Warehouse, "maxRunning", Kind::Integer(1, 1_000)),
    key(Area::Warehouse, "sampleScale", Kind::Number(0.001, 1_000.0)),
    key(Area::Warehouse, "sampleDir", Kind::Text),
    key(Area::Warehouse, "memoryLimitMb", Kind::Integer(32, 1_048_576)),
    key(Area::Warehouse, "tempDir", Kind::Text),
    key(Area::Warehouse, "slices", Kind::Integer(1, 100)),
    key(Area::Warehouse, "region", Kind::Text),
    key(Area::Warehouse, "endpoint", Kind::WebAddress),
    key(Area::Warehouse, "secretArn", Kind::Text),
    key(Area::Warehouse, "dbUser", Kind::Text),
    key(Area::Warehouse, "passwordFile", Kind::Text),
    key(Area::Warehouse, "sslMode", Kind::OneOf(&["verify-full", "disable"])),
    key(Area::Warehouse, "sslRootCert", Kind::Text),
    key(Area::Warehouse, "iamRole", Kind::OneOrMore),
    key(Area::Warehouse, "s3Region", Kind::Text),
    key(Area::Warehouse, "encryption", Kind::OneOf(&["s3", "auto"])),
    key(Area::Warehouse, "kmsKeyId", Kind::Text),
    key(Area::Warehouse, "queryGroup", Kind::Text),
    key(Area::Events, "url", Kind::Locator(Role::Bus)),
    key(Area::Events, "completeTopic", Kind::Text),
    key(Area::Events, "failedTopic", Kind::Text),
    key(Area::Events, "expiredTopic", Kind::Text),
    key(Area::Events, "landedTopics", Kind::Words),
    key(Area::Events, "groupId", Kind::Text),
    key(Area::Auth, "apiKeys", Kind::Boolean),
    key(Area::Orchestrator, "mode", Kind::OneOfBuilt(&["scheduler"], &["step-functions", "s3-events"])),
    key(Area::Orchestrator, "reconcileSeconds", Kind::Integer(1, 3_600)),
    key(Area::Orchestrator, "leaseSeconds", Kind::Integer(2, 3_600)),
    key(Area::Orchestrator, "cancelGraceSeconds", Kind::Integer(1, 3_600)),
    key(Area::Orchestrator, "sweepSeconds", Kind::Integer(1, 3_600)),
    key(Area::Orchestrator, "keepHistoryDays", Kind::Integer(1, 36_500)),
    key(Area::Retry, "maxAttempts", Kind::Integer(1, 100)),
    key(Area::Retry, "firstDelaySeconds", Kind::Integer(0, 3_600)),
    key(Area::Retry, "maxDelaySeconds", Kind::Integer(0, 86_400)),
];

/// The key of that name in that section.
pub(crate) fn find(area: Area, name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.area == area && key.name == name)
}

/// The key of that whole name, and the warehouse's name in it.
pub(crate) fn find_path(path: &str) -> Option<(&'static Key, Option<String>)> {
    let (area, rest) = path.split_once('.')?;
    let area = Area::ALL.into_iter().find(|known| known.as_str() == area)?;
    let (name, key) =
        if area == Area::Warehouse { rest.split_once('.').map(|(name, key)| (Some(name), key))? } else { (None, rest) };
    Some((find(area, key)?, name.map(str::to_owned)))
}

impl Key {
    /// The whole name, with that warehouse's name in it.
    pub(crate) fn path(&self, name: Option<&str>) -> String {
        match name {
            Some(name) => format!("{}.{name}.{}", self.area.as_str(), self.name),
            None if self.area == Area::Warehouse => format!("{}.NAME.{}", self.area.as_str(), self.name),
            None => format!("{}.{}", self.area.as_str(), self.name),
        }
    }

    /// The variable that sets it; `NAME` stands for a warehouse's name.
    pub(crate) fn variable(&self) -> String {
        let path = self.path(None);
        let mut variable = String::from("OUTFLOW_");
        for part in path.split('.') {
            let upper = if part == "NAME" { part.to_owned() } else { upper_snake(part) };
            variable.push_str(&upper);
            variable.push('_');
        }
        variable.pop();
        variable
    }
}

fn upper_snake(camel: &str) -> String {
    let mut upper = String::new();
    for character in camel.chars() {
        if character.is_ascii_uppercase() {
            upper.push('_');
        }
        upper.push(character.to_ascii_uppercase());
    }
    upper
}

impl Kind {
    /// Reads a value from text, as the environment and flags give it.
    pub(crate) fn read(self, text: &str) -> Result<Value, String> {
        Ok(match self {
            Self::Boolean => Value::Boolean(text.parse().map_err(|_| format!("is `{text}`; it must be `true` or `false`"))?),
            Self::Integer(..) => {
                Value::Integer(text.trim().parse().map_err(|_| format!("is `{text}`; it must be a whole number"))?)
            }
            Self::Number(..) => Value::Float(text.trim().parse().map_err(|_| format!("is `{text}`; it must be a number"))?),
            Self::Words if text.trim().is_empty() => Value::Array(Vec::new()),
            Self::Words => Value::Array(text.split(',').map(|word| Value::String(word.trim().to_owned())).collect()),
            Self::OneOrMore if text.contains(',') => return Self::Words.read(text),
            _ => Value::String(text.to_owned()),
        })
    }

    /// Whether a value is what the key takes; if not, what is wrong with it.
    pub(crate) fn check(self, value: &Value) -> Result<(), String> {
        match (self, value) {
            (Self::Boolean, Value::Boolean(_)) => Ok(()),
            (Self::Integer(least, most), Value::Integer(number)) if (least..=most).contains(number) => Ok(()),
            (Self::Integer(least, most), Value::Integer(number)) => {
                Err(format!("is {number}; it must be from {least} to {most}"))
            }
            (Self::Number(least, most), Value::Integer(number)) => within(*number as f64, least, most),
            (Self::Number(least, most), Value::Float(number)) => within(*number, least, most),
            (Self::OneOrMore, Value::Array(words)) if !words.is_empty() => Self::Words.check(value),
            (Self::Words, Value::Array(words)) if words.iter().all(|word| word.as_str().is_some_and(|word| !word.is_empty())) => {
                Ok(())
            }
            (Self::Boolean | Self::Integer(..) | Self::Number(..) | Self::Words, other) => {
                Err(format!("is {}; it must be {}", other.type_str(), self.expected()))
            }
            (_, Value::String(text)) => self.check_text(text),
            (_, other) => Err(format!("is {}; it must be {}", other.type_str(), self.expected())),
        }
    }

    fn check_text(self, text: &str) -> Result<(), String> {
        let fits = match self {
            Self::Locator(role) => return Locator::parse(role, text).map(|_| ()),
            Self::Address => text.parse::<std::net::SocketAddr>().is_ok(),
            Self::WebAddress => outflow_core::address::PublicUrl::parse(text).is_ok(),
            Self::OneOfBuilt(built, later) if later.contains(&text) => {
                return Err(format!("is `{text}`, which this version does not have yet; use `{}`", built.join("` or `")));
            }
            Self::OneOf(known) | Self::OneOfBuilt(known, _) => {
                let near =
                    nearest(text, known.iter().copied()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                return if known.contains(&text) {
                    Ok(())
                } else {
                    Err(format!("is `{text}`; it must be {}{near}", self.expected()))
                };
            }
            _ => !text.trim().is_empty(),
        };
        // A user and a password do not belong there; what stands there all the same is not repeated.
        if fits { Ok(()) } else { Err(format!("is `{}`; it must be {}", without_user(text), self.expected())) }
    }

    fn expected(self) -> String {
        match self {
            Self::Text | Self::Locator(_) => "text, not empty".to_owned(),
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::Integer(least, most) => format!("a whole number from {least} to {most}"),
            Self::Number(least, most) => format!("a number from {least} to {most}"),
            Self::Words => "a list of texts".to_owned(),
            Self::OneOrMore => "text, or a list of texts".to_owned(),
            Self::Address => "an IP address and a port, such as `127.0.0.1:8080`".to_owned(),
            Self::WebAddress => "an address such as `https://outflow.example.com`, without a user".to_owned(),
            Self::OneOf(&[only]) | Self::OneOfBuilt(&[only], _) => format!("`{only}`"),
            Self::OneOf(known) | Self::OneOfBuilt(known, _) => format!("one of `{}`", known.join("`, `")),
        }
    }
}

fn within(number: f64, least: f64, most: f64) -> Result<(), String> {
    if (least..=most).contains(&number) { Ok(()) } else { Err(format!("is {number}; it must be from {least} to {most}")) }
}

/// The candidate that somebody who wrote `text` most likely meant, if one is near.
pub(crate) fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.chars().filter(|c| !matches!(c, '_' | '-')).collect::<String>().to_lowercase();
    let text = plain(text);
    let scored =
        candidates.into_iter().map(|candidate| (strsim::normalized_damerau_levenshtein(&text, &plain(candidate)), candidate));
    scored.filter(|(score, _)| *score >= 0.6).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}
