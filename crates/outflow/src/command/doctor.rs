//! `doctor` and `migrate`: the parts of a service, one after the other, and what to do about those that are missing.

use outflow_api::ReadyView;
use outflow_core::address::PublicUrl;
use outflow_core::schema::Table;
use outflow_core::{Code, Error};
use serde::Serialize;

use crate::cli::{DoctorArgs, Global, OutputFormat, PlaceArgs};
use crate::client::Client;
use crate::config::Config;
use crate::exit::{CliError, Exit, Result};
use crate::locator::Locator;
use crate::{output, parts, service};

/// What was found out about one part.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    name: String,
    ok: bool,
    what: String,
    code: Option<Code>,
    remedy: Option<String>,
    /// How the command ends if this is all that is wrong.
    #[serde(skip)]
    exit: Exit,
}

impl Finding {
    fn ok(name: impl Into<String>, what: impl Into<String>) -> Self {
        Self { name: name.into(), ok: true, what: what.into(), code: None, remedy: None, exit: Exit::Ok }
    }

    fn failed(name: impl Into<String>, error: &Error) -> Self {
        Self::broken(name, error.chain(), Some(error.code()), remedy(error.code()))
    }

    /// What is held by another is in the way; all else is missing.
    fn broken(name: impl Into<String>, what: String, code: Option<Code>, remedy: Option<&str>) -> Self {
        let exit = if code == Some(Code::StoreLocked) { Exit::Conflict } else { Exit::Unavailable };
        Self { name: name.into(), ok: false, what, code, remedy: remedy.map(str::to_owned), exit }
    }
}

/// Checks everything that the service needs.
pub(super) async fn doctor(global: &Global, args: &DoctorArgs) -> Result<()> {
    super::refuse_place(global, &args.place)?;
    let findings = if global.server.is_some() {
        remote_findings(&super::remote(global)?.ready().await?)
    } else {
        let config = super::load(global, args.place.overrides())?;
        examine(&config).await
    };
    match args.output {
        OutputFormat::Json => output::print_json(&findings)?,
        OutputFormat::Text => {
            for finding in &findings {
                let word = if finding.ok { "ok" } else { "FAILED" };
                output::print_line(&format!("{word:<7} {:<16} {}", finding.name, output::plain(&finding.what)))?;
                if let Some(remedy) = &finding.remedy {
                    output::print_line(&format!("        {:<16} → {remedy}", ""))?;
                }
            }
        }
    }
    let failed = findings.iter().filter(|finding| !finding.ok).map(|finding| finding.exit);
    // Something that is missing weighs more than something that is in the way.
    match failed.max_by_key(|exit| *exit as u8) {
        None => Ok(()),
        Some(exit) => Err(CliError::silent(exit)),
    }
}

/// Opens the state table, which brings it to this version.
pub(super) async fn migrate(global: &Global, place: &PlaceArgs) -> Result<()> {
    let config = super::load(global, place.overrides())?;
    service::make_data_dir(&config)?;
    parts::store(&config).await?.check().await?;
    output::note(&format!("`{}` is at this version", config.store.url.0));
    Ok(())
}

async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::ok("configuration", "every key is known and fits")];
    if let Err(error) = service::make_data_dir(config) {
        let what = error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let remedy = Some("name a folder that can be written with `--data-dir`, or `server.dataDir`");
        findings.push(Finding::broken("data directory", what, error.code(), remedy));
        return findings;
    }
    findings.push(Finding::ok("data directory", config.server.data_dir.display().to_string()));
    match parts::store(config).await {
        // The data is held by a service, which knows best how it is; if it answers where it should.
        Err(error) if error.code() == Code::StoreLocked => match ask_the_running(config).await {
            Some(told) => return findings.into_iter().chain(told).collect(),
            None => findings.push(Finding::failed("store", &error)),
        },
        Err(error) => findings.push(Finding::failed("store", &error)),
        Ok(store) => findings.push(match store.check().await {
            Ok(()) => Finding::ok("store", config.store.url.0.to_string()),
            Err(error) => Finding::failed("store", &error),
        }),
    }
    let listen = config.server.listen;
    findings.push(match std::net::TcpListener::bind(listen) {
        Ok(_) => Finding::ok("address", format!("{listen} is free")),
        Err(error) => {
            let what = format!("cannot listen on `{listen}`: {}", crate::exit::describe(&error));
            let remedy = "end the program that has it, or choose another with `--listen`, or `server.listen`";
            Finding { exit: Exit::Conflict, ..Finding::broken("address", what, None, Some(remedy)) }
        }
    });
    examine_data(config, &mut findings).await;
    findings
}

/// The storage, and the warehouses, which write into it.
async fn examine_data(config: &Config, findings: &mut Vec<Finding>) {
    let public_url = match PublicUrl::parse(&service::public_url(config, config.server.listen)) {
        Ok(public_url) => public_url,
        Err(error) => return findings.push(Finding::failed("storage", &error)),
    };
    let storage = match parts::storage(config, &public_url).await {
        Ok(storage) => storage,
        Err(error) => return findings.push(Finding::failed("storage", &error)),
    };
    findings.push(match storage.check().await {
        Ok(()) => Finding::ok("storage", config.storage.url.0.to_string()),
        Err(error) => Finding::failed("storage", &error),
    });
    let warehouses = match parts::warehouses(config, &storage) {
        Ok(warehouses) => warehouses,
        Err(error) => return findings.push(Finding::failed("warehouse", &error)),
    };
    for (entry, (_, chosen)) in warehouses.iter().zip(&config.warehouses) {
        let name = format!("warehouse {}", entry.name);
        if let Err(error) = entry.warehouse.check().await {
            findings.push(Finding::failed(name, &error));
            continue;
        }
        findings.push(Finding::ok(&name, chosen.url.0.to_string()));
        // The sample tables would be made by asking for them.
        if !matches!(chosen.url.0, Locator::Embedded(None)) {
            findings.extend(tables(&name, entry.warehouse.tables().await));
        }
    }
}

/// What is wrong with tables, or with listing them.
fn tables(warehouse: &str, listed: outflow_core::Result<Vec<Table>>) -> Vec<Finding> {
    let tables = match listed {
        Ok(tables) => tables,
        Err(error) => return vec![Finding::failed(format!("{warehouse} tables"), &error)],
    };
    let broken = tables.into_iter().filter_map(|table| Some((table.name, table.error?)));
    let code = Code::TableUnreadable;
    broken.map(|(table, why)| Finding::broken(format!("table {table}"), why, Some(code), remedy(code))).collect()
}

/// What the service at the configured address says of itself, if there is one.
async fn ask_the_running(config: &Config) -> Option<Vec<Finding>> {
    let url = format!("http://{}", config.server.listen);
    let ready = Client::new(&url).ok()?.ready().await.ok()?;
    let mut findings = vec![Finding::ok("service", format!("one is running at {url}; this is what it says"))];
    findings.extend(remote_findings(&ready));
    Some(findings)
}

fn remote_findings(ready: &ReadyView) -> Vec<Finding> {
    let finding = |check: &outflow_api::Check| match check.up {
        true => Finding::ok(&check.name, "reachable"),
        false => {
            let what = check.error.clone().unwrap_or_else(|| "not reachable".to_owned());
            Finding::broken(&check.name, what, check.code, check.code.and_then(remedy))
        }
    };
    ready.checks.iter().map(finding).collect()
}

/// What helps, where the message does not say it already.
fn remedy(code: Code) -> Option<&'static str> {
    match code {
        Code::StoreLocked => Some("end the process that holds it, or ask the running service with `--server URL`"),
        Code::StoreTooNew => Some("run the newer `outflow`, or choose another `--data-dir`"),
        Code::StoreUnavailable => {
            Some("check `store.url`, that the database runs or the folder can be written, and that the disk is not full")
        }
        Code::StorageFull => Some("free some space, delete unloads that nobody needs, or choose another `storage.url`"),
        Code::StorageDenied | Code::StorageUnavailable => Some("check `storage.url`, and that the folder can be written"),
        Code::TableUnreadable => Some("repair or remove the file; the other tables work without it"),
        Code::WarehouseUnavailable | Code::WarehouseDenied => Some("check `warehouse.NAME.url`, and that its folder can be read"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_that_cannot_be_listed_are_a_finding() {
        let table = |name: &str, error: Option<&str>| Table {
            name: name.to_owned(),
            columns: Vec::new(),
            error: error.map(str::to_owned),
        };
        assert!(tables("warehouse main", Ok(vec![table("fruit", None)])).is_empty());
        let broken = tables("warehouse main", Ok(vec![table("fruit", None), table("nuts", Some("no magic"))]));
        assert_eq!(broken.iter().map(|finding| (&*finding.name, finding.ok)).collect::<Vec<_>>(), [("table nuts", false)]);
        let error = Error::new(Code::WarehouseUnavailable, "the folder is gone");
        let unlisted = tables("warehouse main", Err(error));
        assert_eq!((&*unlisted[0].name, unlisted[0].ok, unlisted[0].exit), ("warehouse main tables", false, Exit::Unavailable));
        assert_eq!(unlisted[0].code, Some(Code::WarehouseUnavailable));
    }
}
