//! `doctor` and `migrate`: the parts of a service, one after the other, and what to do about those that are missing.

mod bucket;
#[cfg(any(feature = "redshift", feature = "redshift-data"))]
mod conformance;
mod finding;
mod trial;

use outflow_api::ReadyView;
use outflow_core::address::PublicUrl;
use outflow_core::schema::Table;
use outflow_core::{AttemptToken, Code};

use self::finding::{Finding, State, remedy};
use crate::cli::{DoctorArgs, Global, OutputFormat, PlaceArgs};
use crate::client::Client;
use crate::config::{Config, WarehouseConfig};
use crate::exit::{CliError, Exit, Result};
use crate::locator::Locator;
use crate::{output, parts, service};

/// Checks everything that the service needs.
pub(super) async fn doctor(global: &Global, args: &DoctorArgs) -> Result<()> {
    super::refuse_place(global, &args.place)?;
    if args.conformance {
        return conform(global, args).await;
    }
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
                let word = finding.state.word();
                output::print_line(&format!("{word:<7} {:<16} {}", finding.name, output::plain(&finding.what)))?;
                for (sign, more) in [("at", &finding.r#where), ("caused by:", &finding.cause), ("→", &finding.remedy)] {
                    if let Some(more) = more {
                        output::print_line(&format!("        {:<16} {sign} {}", "", output::plain(more)))?;
                    }
                }
            }
        }
    }
    let failed = findings.iter().filter(|finding| finding.state == State::Failed).map(|finding| finding.exit);
    // Something that is missing weighs more than something that is in the way.
    match failed.max_by_key(|exit| *exit as u8) {
        None => Ok(()),
        Some(exit) => Err(CliError::silent(exit)),
    }
}

/// Holds what is believed of Redshift against a real one.
async fn conform(global: &Global, args: &DoctorArgs) -> Result<()> {
    if global.server.is_some() {
        return Err(CliError::usage("`--conformance` asks a warehouse itself, and not the service at `--server`")
            .hint("run it where the configuration of the service is, without `--server` and `OUTFLOW_SERVER`"));
    }
    #[cfg(any(feature = "redshift", feature = "redshift-data"))]
    {
        let config = super::load(global, args.place.overrides())?;
        conformance::run(&config, args.warehouse.as_deref(), args.output).await
    }
    #[cfg(not(any(feature = "redshift", feature = "redshift-data")))]
    {
        let _ = args;
        Err(CliError::usage("this build leaves Redshift out").hint("build it with the features `redshift` and `redshift-data`"))
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
        findings.push(Finding::broken("data directory", &what, error.code(), remedy));
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
            Finding { exit: Exit::Conflict, ..Finding::broken("address", &what, None, Some(remedy)) }
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
    let mut facts = None;
    match storage.check().await {
        Ok(()) => {
            findings.push(Finding::ok("storage", config.storage.url.0.to_string()));
            findings.push(trial::of_storage(&storage).await);
            facts = storage.bucket_facts().await;
        }
        Err(error) => findings.push(Finding::failed("storage", &error)),
    }
    if let Some(facts) = &facts {
        findings.extend(bucket::findings(facts, config.storage.sse.is_some()));
    }
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
        if !matches!(chosen.url.0, Locator::Embedded(_)) {
            if let Some(facts) = &facts {
                let region = entry.warehouse.region().await;
                let (settings, own) = (&entry.statement_settings, config.storage.sse);
                findings.extend(bucket::for_warehouse(&name, facts, settings, region.as_deref(), own));
            }
            let (unloaded, token) = trial::of_unload(&name, &storage, entry).await;
            let is_fit = unloaded.state == State::Ok;
            findings.push(unloaded);
            if !is_fit {
                continue;
            }
            findings.extend(record(&name, &entry.name, chosen, &token).await);
        }
        // The sample tables would be made by asking for them.
        if !matches!(chosen.url.0, Locator::Embedded(None)) {
            findings.extend(tables(&name, entry.warehouse.tables().await));
        }
    }
    findings.push(Finding::ok("events", config.events.url.0.to_string()));
}

/// Whether a statement is found again that ran over the wire; nothing of a warehouse that is reached otherwise.
#[cfg(feature = "redshift")]
async fn record(warehouse: &str, name: &str, chosen: &WarehouseConfig, token: &AttemptToken) -> Option<Finding> {
    match parts::through_wire(name, chosen) {
        Ok(another) => Some(trial::of_record(warehouse, &another?, token).await),
        Err(error) => Some(Finding::failed(format!("{warehouse} record"), &error)),
    }
}

#[cfg(not(feature = "redshift"))]
async fn record(_: &str, _: &str, _: &WarehouseConfig, _: &AttemptToken) -> Option<Finding> {
    None
}

/// What is wrong with tables, or with listing them.
fn tables(warehouse: &str, listed: outflow_core::Result<Vec<Table>>) -> Vec<Finding> {
    let tables = match listed {
        Ok(tables) => tables,
        Err(error) => return vec![Finding::failed(format!("{warehouse} tables"), &error)],
    };
    let broken = tables.into_iter().filter_map(|table| Some((table.name, table.error?)));
    let code = Code::TableUnreadable;
    broken.map(|(table, why)| Finding::broken(format!("table {table}"), &why, Some(code), remedy(code))).collect()
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
            let what = check.error.as_deref().unwrap_or("not reachable");
            Finding::broken(&check.name, what, check.code, check.code.and_then(remedy))
        }
    };
    ready.checks.iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use outflow_core::Error;

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
