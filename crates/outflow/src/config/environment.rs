//! The layer of the `OUTFLOW_…` variables.

use super::key::{Area, KEYS, Key};
use super::{Origin, Setting, nearest};
use crate::exit::{CliError, Result};

/// Variables that are for the command line itself.
const OWN: [&str; 4] = ["OUTFLOW_SERVER", "OUTFLOW_CONFIG", "OUTFLOW_LOG", "OUTFLOW_LOG_FORMAT"];

/// What the environment sets. A variable that is empty sets nothing.
pub(super) fn settings(variables: &[(String, String)], warehouses: &[String]) -> Result<Vec<Setting>> {
    let mut ours: Vec<_> = variables.iter().filter(|(name, _)| name.starts_with("OUTFLOW_")).collect();
    ours.sort();
    let mut found = Vec::new();
    for (variable, text) in ours {
        if OWN.contains(&variable.as_str()) || text.is_empty() || is_service_link(variable, text) {
            continue;
        }
        let (key, name) = find(variable, warehouses).ok_or_else(|| unknown(variable))?;
        let path = key.path(name.as_deref());
        let value = key.kind.read(text).map_err(|why| CliError::usage(format!("`{variable}` ({path}) {why}")))?;
        found.push(Setting::new(key, name, value, Origin::Environment(variable.clone()))?);
    }
    Ok(found)
}

/// The key that a variable sets. In a warehouse's name `-` is written `_`, so one that is known goes before a new one.
fn find(variable: &str, warehouses: &[String]) -> Option<(&'static Key, Option<String>)> {
    if let Some(key) = KEYS.iter().find(|key| key.variable() == variable) {
        return (key.area != Area::Warehouse).then_some((key, None));
    }
    let rest = variable.strip_prefix("OUTFLOW_WAREHOUSE_")?;
    KEYS.iter().filter(|key| key.area == Area::Warehouse).find_map(|key| {
        let suffix = key.variable();
        let name = rest.strip_suffix(suffix.strip_prefix("OUTFLOW_WAREHOUSE_NAME")?)?;
        let known = warehouses.iter().find(|known| known.replace('-', "_").eq_ignore_ascii_case(name));
        let fits = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        fits.then(|| (key, Some(known.cloned().unwrap_or_else(|| name.to_lowercase()))))
    })
}

fn unknown(variable: &str) -> CliError {
    let known: Vec<_> = KEYS.iter().map(Key::variable).chain(OWN.map(str::to_owned)).collect();
    let error = CliError::usage(format!("unknown variable `{variable}` in the environment"));
    match nearest(variable, known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint("`docs/configuration.md` has every variable; Outflow's begin with `OUTFLOW_`"),
    }
}

/// Whether Kubernetes put it there for a service whose name begins with `outflow`.
fn is_service_link(variable: &str, text: &str) -> bool {
    let is_address = text.starts_with("tcp://") || text.starts_with("udp://");
    let is_part = ["_PROTO", "_PORT", "_ADDR"].iter().any(|end| variable.ends_with(end)) && variable.contains("_PORT_");
    variable.ends_with("_SERVICE_HOST")
        || variable.contains("_SERVICE_PORT")
        || is_part
        || (is_address && variable.contains("_PORT"))
}
