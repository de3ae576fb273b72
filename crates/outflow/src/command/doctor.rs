//! `doctor` and `migrate`: the parts of a service, one after the other, and what to do about those that are missing.

use outflow_api::ReadyView;
use outflow_core::address::PublicUrl;
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
}

impl Finding {
    fn ok(name: impl Into<String>, what: impl Into<String>) -> Self {
        Self { name: name.into(), ok: true, what: what.into(), code: None, remedy: None }
    }

    fn failed(name: impl Into<String>, error: &Error) -> Self {
        let code = error.code();
        Self { name: name.into(), ok: false, what: error.chain(), code: Some(code), remedy: remedy(code).map(str::to_owned) }
    }
}

/// Checks everything that the service needs.
pub(super) async fn doctor(global: &Global, args: &DoctorArgs) -> Result<()> {
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
    if findings.iter().all(|finding| finding.ok) { Ok(()) } else { Err(CliError::silent(Exit::Unavailable)) }
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
        let remedy = Some("name a folder that can be written with `--data-dir`, or `server.dataDir`".to_owned());
        findings.push(Finding { name: "data directory".into(), ok: false, what, code: error.code(), remedy });
        return findings;
    }
    findings.push(Finding::ok("data directory", config.server.data_dir.display().to_string()));
    match parts::store(config).await {
        Err(error) if error.code() == Code::StoreLocked => return ask_the_running(config, findings, &error).await,
        Err(error) => findings.push(Finding::failed("store", &error)),
        Ok(store) => findings.push(match store.check().await {
            Ok(()) => Finding::ok("store", config.store.url.0.to_string()),
            Err(error) => Finding::failed("store", &error),
        }),
    }
    let listen = config.server.listen;
    findings.push(match std::net::TcpListener::bind(listen) {
        Ok(_) => Finding::ok("address", format!("{listen} is free")),
        Err(error) => Finding {
            name: "address".into(),
            ok: false,
            what: format!("cannot listen on `{listen}`: {}", crate::exit::describe(&error)),
            code: None,
            remedy: Some("end the program that has it, or choose another with `--listen`, or `server.listen`".into()),
        },
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
            let tables = entry.warehouse.tables().await;
            let broken = tables.iter().flatten().filter_map(|table| Some((&table.name, table.error.as_ref()?)));
            findings.extend(broken.map(|(table, why)| Finding {
                name: format!("table {table}"),
                ok: false,
                what: why.clone(),
                code: Some(Code::TableUnreadable),
                remedy: remedy(Code::TableUnreadable).map(str::to_owned),
            }));
        }
    }
}

/// The data is held by a service; it knows best how it is.
async fn ask_the_running(config: &Config, mut findings: Vec<Finding>, locked: &Error) -> Vec<Finding> {
    let url = format!("http://{}", config.server.listen);
    let answer = match Client::new(&url) {
        Ok(client) => client.ready().await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(ready) => {
            findings.push(Finding::ok("service", format!("one is running at {url}; this is what it says")));
            findings.extend(remote_findings(&ready));
        }
        Err(_) => findings.push(Finding::failed("store", locked)),
    }
    findings
}

fn remote_findings(ready: &ReadyView) -> Vec<Finding> {
    let finding = |check: &outflow_api::Check| Finding {
        name: check.name.clone(),
        ok: check.up,
        what: check.error.clone().unwrap_or_else(|| "reachable".to_owned()),
        code: check.code,
        remedy: check.code.and_then(remedy).map(str::to_owned),
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
