//! The configuration: defaults, then `outflow.toml`, then `OUTFLOW_…` variables, then flags; checked once, into typed values.
//!
//! Every key is in [`key::KEYS`] and nowhere else; `docs/configuration.md` describes each, which a test checks. A key that is not there
//! is an error that names it, its place and the nearest key that is.

mod area;
mod environment;
mod file;
pub(crate) mod key;
mod redshift;
mod show;
#[cfg(test)]
mod tests;
mod validate;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

pub(crate) use area::{
    AuthConfig, EventsConfig, OrchestratorConfig, RetryConfig, ServerConfig, ServerSideEncryption, StorageConfig, StoreConfig,
    WarehouseConfig,
};
pub(crate) use key::nearest;
use key::{Area, Key};
pub(crate) use redshift::SslMode;

use crate::exit::{CliError, Result};

/// The file that is read when `--config` names no other, if it is there.
const DEFAULT_FILE: &str = "outflow.toml";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody set it.
    Default,
    /// The configuration file, and the line.
    File(PathBuf, usize),
    /// A variable of the environment.
    Environment(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}, line {line}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// One value of one key, and where it came from.
#[derive(Clone)]
pub(crate) struct Setting {
    key: &'static Key,
    /// The warehouse's name, of a key that every warehouse has.
    name: Option<String>,
    value: Value,
    origin: Origin,
}

impl Setting {
    /// A setting whose value fits its key.
    fn new(key: &'static Key, name: Option<String>, value: Value, origin: Origin) -> Result<Self> {
        let setting = Self { key, name, value, origin };
        match key.kind.check(&setting.value) {
            Ok(()) => Ok(setting),
            Err(why) => Err(CliError::usage(format!("`{}` ({}) {why}", setting.path(), setting.origin))),
        }
    }

    /// The whole name, `warehouse.main.url`.
    fn path(&self) -> String {
        self.key.path(self.name.as_deref())
    }

    fn is_same_key(&self, other: &Self) -> bool {
        std::ptr::eq(self.key, other.key) && self.name == other.name
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.path(), self.shown(), self.origin)
    }
}

/// A flag that sets a key.
#[derive(Debug, Clone)]
pub(crate) struct Override {
    /// The flag, as it is written.
    pub(crate) flag: &'static str,
    /// The key it sets, `server.listen`; of a warehouse's, `warehouse.main.url`, it sets the default warehouse's.
    pub(crate) path: &'static str,
    /// To what.
    pub(crate) value: String,
}

/// Which file is read.
#[derive(Debug, Clone, Default)]
pub(crate) enum ConfigFile {
    /// `outflow.toml` in the current folder, if it is there.
    #[default]
    Usual,
    /// This one, which must be there.
    Named(PathBuf),
    /// None at all.
    Ignored,
}

/// Where a configuration is read from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    /// The file.
    pub(crate) file: ConfigFile,
    /// The environment.
    pub(crate) variables: Vec<(String, String)>,
    /// The flags.
    pub(crate) flags: Vec<Override>,
}

/// The whole configuration, checked.
#[derive(Debug)]
pub(crate) struct Config {
    /// `[server]`
    pub(crate) server: ServerConfig,
    /// `[store]`
    pub(crate) store: StoreConfig,
    /// `[storage]`
    pub(crate) storage: StorageConfig,
    /// `[warehouse.…]`, in the order of the file; the first is the default.
    pub(crate) warehouses: Vec<(String, WarehouseConfig)>,
    /// `[events]`
    pub(crate) events: EventsConfig,
    /// `[auth]`
    pub(crate) auth: AuthConfig,
    /// `[orchestrator]`
    pub(crate) orchestrator: OrchestratorConfig,
    /// `[retry]`
    pub(crate) retry: RetryConfig,
    settings: Vec<Setting>,
}

impl Config {
    /// Reads and checks a configuration; opens nothing but the file.
    ///
    /// # Errors
    /// The first thing that is wrong: its key, its place, and what would be right.
    pub(crate) fn load(sources: &Sources) -> Result<Self> {
        let mut settings = Vec::new();
        if let Some((path, text)) = read(&sources.file)? {
            layer(&mut settings, file::settings(&path, &text)?);
        }
        let from_variables = environment::settings(&sources.variables, &warehouse_names(&settings))?;
        layer(&mut settings, from_variables);
        let first_warehouse = warehouse_names(&settings).into_iter().next();
        let flags = sources.flags.iter().map(|flag| {
            let (key, name) = key::find_path(flag.path).expect("a flag sets a key that there is");
            let name = name.map(|name| first_warehouse.clone().unwrap_or(name));
            let value = key.kind.read(&flag.value).map_err(|why| CliError::usage(format!("`{}` {why}", flag.flag)))?;
            Setting::new(key, name, value, Origin::Flag(flag.flag))
        });
        let flags = flags.collect::<Result<Vec<_>>>()?;
        layer(&mut settings, flags);
        fill(&mut settings)?;

        let warehouses = warehouse_names(&settings).into_iter().map(|name| {
            let config = area(&settings, Area::Warehouse, Some(&name))?;
            Ok((name, config))
        });
        let config = Self {
            server: area(&settings, Area::Server, None)?,
            store: area(&settings, Area::Store, None)?,
            storage: area(&settings, Area::Storage, None)?,
            warehouses: warehouses.collect::<Result<_>>()?,
            events: area(&settings, Area::Events, None)?,
            auth: area(&settings, Area::Auth, None)?,
            orchestrator: area(&settings, Area::Orchestrator, None)?,
            retry: area(&settings, Area::Retry, None)?,
            settings,
        };
        config.validate()?;
        Ok(config)
    }

    /// The same configuration with all that is written in `folder`, but for the sample tables: for a service that lives as long as a
    /// command, and is to meet nobody's unloads.
    pub(crate) fn aside(mut self, folder: &Path) -> Self {
        self.server.data_dir = folder.to_owned();
        self.store = StoreConfig::within(folder);
        self.storage = StorageConfig::within(folder);
        for (_, warehouse) in &mut self.warehouses {
            warehouse.temp_dir = folder.join("tmp");
        }
        self
    }

    /// Where the value of a key came from.
    fn origin(&self, path: &str) -> &Origin {
        self.settings.iter().find(|setting| setting.path() == path).map_or(&Origin::Default, |setting| &setting.origin)
    }
}

fn read(file: &ConfigFile) -> Result<Option<(PathBuf, String)>> {
    let (path, is_named) = match file {
        ConfigFile::Usual => (Path::new(DEFAULT_FILE), false),
        ConfigFile::Named(path) => (path.as_path(), true),
        ConfigFile::Ignored => return Ok(None),
    };
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some((path.to_owned(), text))),
        Err(error) if !is_named && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CliError::file("read the configuration", path, &error).exiting(crate::exit::Exit::Usage)),
    }
}

/// Puts a layer over those below it.
fn layer(below: &mut Vec<Setting>, above: Vec<Setting>) {
    for setting in above {
        match below.iter_mut().find(|other| other.is_same_key(&setting)) {
            Some(other) => *other = setting,
            None => below.push(setting),
        }
    }
}

/// The warehouses' names, in the order in which they were first named.
fn warehouse_names(settings: &[Setting]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in settings.iter().filter_map(|setting| setting.name.as_ref()) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Puts the defaults under what was set. Where the store and the files lie follows from the data directory.
fn fill(settings: &mut Vec<Setting>) -> Result<()> {
    let mut defaults = Vec::new();
    let mut push = |area: Area, name: Option<&str>, values: Table| -> Result<()> {
        for (key, value) in values {
            let key = key::find(area, &key).expect("every field has its key");
            defaults.push(Setting::new(key, name.map(str::to_owned), value, Origin::Default)?);
        }
        Ok(())
    };
    push(Area::Server, None, table(&ServerConfig::default()))?;
    let set_dir = settings.iter().find(|setting| setting.path() == "server.dataDir").and_then(|setting| setting.value.as_str());
    let data_dir = set_dir.map_or_else(|| ServerConfig::default().data_dir, PathBuf::from);
    push(Area::Store, None, table(&StoreConfig::within(&data_dir)))?;
    push(Area::Storage, None, table(&StorageConfig::within(&data_dir)))?;
    let mut names = warehouse_names(settings);
    if names.is_empty() {
        names.push("main".to_owned());
    }
    for name in &names {
        push(Area::Warehouse, Some(name), table(&WarehouseConfig::within(&data_dir)))?;
    }
    push(Area::Events, None, table(&EventsConfig::default()))?;
    push(Area::Auth, None, table(&AuthConfig::default()))?;
    push(Area::Orchestrator, None, table(&OrchestratorConfig::default()))?;
    push(Area::Retry, None, table(&RetryConfig::default()))?;

    let set = std::mem::replace(settings, defaults);
    for name in &names {
        let has_url = set.iter().any(|setting| setting.name.as_ref() == Some(name) && setting.key.name == "url");
        if !has_url && set.iter().any(|setting| setting.name.as_ref() == Some(name)) && name != "main" {
            return Err(CliError::usage(format!("`warehouse.{name}` has no `url`")).hint(
                "say where its queries run, for example `url = \"embedded:DIR\"`; `docs/configuration.md` has every scheme",
            ));
        }
    }
    layer(settings, set);
    Ok(())
}

fn table(defaults: &impl Serialize) -> Table {
    Table::try_from(defaults).expect("the defaults are a table")
}

fn area<T: DeserializeOwned>(settings: &[Setting], area: Area, name: Option<&str>) -> Result<T> {
    let belongs = |setting: &&Setting| setting.key.area == area && setting.name.as_deref() == name;
    let values: Table =
        settings.iter().filter(belongs).map(|setting| (setting.key.name.to_owned(), setting.value.clone())).collect();
    values.try_into().map_err(|error: toml::de::Error| CliError::usage(format!("`[{}]`: {}", area.as_str(), error.message())))
}
