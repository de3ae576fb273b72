//! `doctor --conformance`: what is believed of Redshift, held against the one that is configured.

use std::time::Duration;

use outflow_core::Error;
use outflow_core::address::PublicUrl;
use outflow_core::warehouse::Warehouse;
use outflow_warehouse::belief::{BELIEVED, Found, Verdict};
use serde::Serialize;

use crate::cli::OutputFormat;
use crate::config::{Config, WarehouseConfig};
use crate::exit::{CliError, Exit, Result};
use crate::locator::Locator;
use crate::signals::Signals;
use crate::{output, parts, service};

/// From then on no probe is begun any more.
const WITHIN: Duration = Duration::from_secs(300);
/// How wide a column of the table may be.
const CELL: usize = 44;

/// What a script reads.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    warehouse: &'a str,
    expected: usize,
    differs: usize,
    not_probed: usize,
    probes: &'a [Found],
}

/// Probes the warehouse, in the way that it is reached. Whatever ends it, what it wrote is deleted first, but for a kill.
pub(super) async fn run(config: &Config, warehouse: Option<&str>, format: OutputFormat) -> Result<()> {
    let (name, chosen) = choose(config, warehouse)?;
    let public_url = PublicUrl::parse(&service::public_url(config, config.server.listen))?;
    let settings = chosen.statement_settings();
    let session = Session { config, name, chosen, format };
    #[cfg(feature = "redshift-data")]
    if let Some(redshift) = parts::through_data_api(chosen)? {
        service::make_data_dir(config)?;
        let storage = parts::storage(config, &public_url).await?;
        redshift.check().await?;
        let kit = outflow_warehouse::redshift_data::conformance::Kit::new(&redshift, &storage, &settings, &BELIEVED, WITHIN);
        return session.conduct(&kit.prefix(), Box::pin(kit.run(hear())), Box::pin(kit.clean_up())).await;
    }
    #[cfg(feature = "redshift")]
    if let Some(redshift) = parts::through_wire(name, chosen)? {
        service::make_data_dir(config)?;
        let storage = parts::storage(config, &public_url).await?;
        redshift.check().await?;
        let kit = outflow_warehouse::redshift_wire::conformance::Kit::new(&redshift, &storage, &settings, &BELIEVED, WITHIN);
        return session.conduct(&kit.prefix(), Box::pin(kit.run(hear())), Box::pin(kit.clean_up())).await;
    }
    Err(CliError::usage(format!("the warehouse `{name}` is no Redshift that this build has"))
        .hint("look at `outflow config show`"))
}

/// Tells of each probe as it is found.
fn hear() -> impl FnMut(&Found) {
    let mut count = 0;
    move |found| {
        count += 1;
        output::note(&format!("{count:>3}  {}  {}", word(found.verdict), found.name));
    }
}

/// What is probed, and how it is told.
struct Session<'a> {
    config: &'a Config,
    name: &'a str,
    chosen: &'a WarehouseConfig,
    format: OutputFormat,
}

impl Session<'_> {
    /// Waits for the probes or a signal, cleans up, and tells.
    async fn conduct(
        &self,
        prefix: &str,
        probing: impl Future<Output = Vec<Found>>,
        cleaning: impl Future<Output = std::result::Result<(), Error>>,
    ) -> Result<()> {
        let mut signals = Signals::listen()?;
        output::note(&format!(
            "probing `{}` with statements of literals; their files are below `{prefix}` in `{}` and are deleted afterwards",
            self.chosen.url.0, self.config.storage.url.0
        ));
        let found = tokio::select! {
            found = probing => Ok(found),
            exit = signals.next() => Err(CliError::silent(exit)),
        };
        let cleaned = cleaning.await;
        if let Err(error) = &cleaned {
            output::note(&format!("warning: {prefix} could not be cleaned up: {}; look at it by hand", error.chain()));
        }
        tell(self.name, &found?, self.format, cleaned)
    }
}

/// The one that is wanted; or the first that is reached by the Data API, or else over the wire.
fn choose<'a>(config: &'a Config, wanted: Option<&str>) -> Result<(&'a str, &'a WarehouseConfig)> {
    let all = || config.warehouses.iter().map(|(name, warehouse)| (name.as_str(), warehouse));
    if let Some(wanted) = wanted {
        return all().find(|(name, _)| *name == wanted).ok_or_else(|| {
            CliError::usage(format!("there is no warehouse `{wanted}` in the configuration"))
                .hint("look at `outflow config show`")
        });
    }
    let by_data_api = all().find(|(_, warehouse)| matches!(warehouse.url.0, Locator::RedshiftData { .. }));
    let over_wire = || all().find(|(_, warehouse)| matches!(warehouse.url.0, Locator::Redshift(_)));
    by_data_api.or_else(over_wire).ok_or_else(|| {
        CliError::usage("no warehouse of the configuration is a Redshift, and there is nothing to probe")
            .hint("write `[warehouse.main]` with `url = \"redshift-data://WORKGROUP/DATABASE\"` into `outflow.toml`")
    })
}

fn tell(warehouse: &str, found: &[Found], format: OutputFormat, cleaned: std::result::Result<(), Error>) -> Result<()> {
    let count = |verdict: Verdict| found.iter().filter(|one| one.verdict == verdict).count();
    let (expected, differs, not_probed) = (count(Verdict::Expected), count(Verdict::Differs), count(Verdict::NotProbed));
    match format {
        OutputFormat::Json => {
            output::print_json(&Report { warehouse, expected, differs, not_probed, probes: found })?;
        }
        OutputFormat::Text => {
            output::print(&table(found))?;
            for one in found.iter().filter(|one| one.verdict != Verdict::Expected) {
                output::print(&explained(one))?;
            }
            output::print_line(&format!("{expected} as expected, {differs} otherwise, {not_probed} not probed"))?;
        }
    }
    if differs + not_probed > 0 || cleaned.is_err() {
        return Err(CliError::silent(Exit::Failed));
    }
    Ok(())
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Expected => "ok     ",
        Verdict::Differs => "DIFFERS",
        Verdict::NotProbed => "unknown",
    }
}

fn table(found: &[Found]) -> String {
    let cell = |text: &str| {
        let plain = output::plain(text).replace(['\n', '\t'], " ");
        match plain.char_indices().nth(CELL) {
            Some((at, _)) => format!("{}…", &plain[..at]),
            None => plain,
        }
    };
    let row = |one: &Found| {
        let verdict = word(one.verdict).trim_end().to_owned();
        vec![verdict, one.name.to_owned(), cell(&one.expected), cell(&one.found)]
    };
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    output::table(&["", "PROBE", "EXPECTED", "FOUND"], &rows)
}

fn explained(one: &Found) -> String {
    let is_safe = if one.is_safe { "safe all the same" } else { "this matters" };
    let lines = [
        ("expected", output::plain(&one.expected)),
        ("found", output::plain(&one.found)),
        ("belief", format!("{} ({})", one.belief, one.source)),
        (is_safe, one.why.to_owned()),
    ];
    let lines: String = lines.iter().map(|(label, text)| format!("  {label:<18}{text}\n")).collect();
    format!("\n{} {}\n{lines}\n", word(one.verdict).trim_end(), one.name)
}
