//! `doctor --conformance`: what is believed of Redshift, held against the one that is configured.

use std::time::Duration;

use outflow_core::Error;
use outflow_core::address::PublicUrl;
use outflow_warehouse::belief::BELIEVED;
use outflow_warehouse::redshift_data::conformance::{Found, Kit, Verdict};
use serde::Serialize;

use crate::cli::OutputFormat;
use crate::config::{Config, WarehouseConfig};
use crate::exit::{CliError, Exit, Result};
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

/// Probes the warehouse. Whatever ends it, what it wrote is deleted first, but for a kill.
pub(super) async fn run(config: &Config, warehouse: Option<&str>, format: OutputFormat) -> Result<()> {
    let (name, chosen) = choose(config, warehouse)?;
    let none = || CliError::usage(format!("the warehouse `{name}` is no `redshift-data://`"));
    let redshift = parts::through_data_api(chosen)?.ok_or_else(none)?;
    service::make_data_dir(config)?;
    let public_url = PublicUrl::parse(&service::public_url(config, config.server.listen))?;
    let storage = parts::storage(config, &public_url).await?;
    outflow_core::warehouse::Warehouse::check(&redshift).await?;
    let mut signals = Signals::listen()?;
    let settings = chosen.statement_settings();
    let kit = Kit::new(&redshift, &storage, &settings, &BELIEVED, WITHIN);
    output::note(&format!(
        "probing `{}` with statements of literals; their files are below `{}` in `{}` and are deleted afterwards",
        chosen.url.0,
        kit.prefix(),
        config.storage.url.0
    ));
    let mut count = 0;
    let probing = kit.run(|found| {
        count += 1;
        output::note(&format!("{count:>3}  {}  {}", word(found.verdict), found.name));
    });
    let found = tokio::select! {
        found = probing => Ok(found),
        exit = signals.next() => Err(CliError::silent(exit)),
    };
    let cleaned = kit.clean_up().await;
    if let Err(error) = &cleaned {
        output::note(&format!("warning: {} could not be deleted: {}; delete it by hand", kit.prefix(), error.chain()));
    }
    tell(name, &found?, format, cleaned)
}

fn choose<'a>(config: &'a Config, wanted: Option<&str>) -> Result<(&'a str, &'a WarehouseConfig)> {
    let is_redshift = |warehouse: &WarehouseConfig| matches!(warehouse.url.0, crate::locator::Locator::RedshiftData { .. });
    let mut candidates = config.warehouses.iter().map(|(name, warehouse)| (name.as_str(), warehouse));
    match wanted {
        Some(wanted) => candidates.find(|(name, _)| *name == wanted).ok_or_else(|| {
            CliError::usage(format!("there is no warehouse `{wanted}` in the configuration"))
                .hint("look at `outflow config show`")
        }),
        None => candidates.find(|(_, warehouse)| is_redshift(warehouse)).ok_or_else(|| {
            CliError::usage("no warehouse of the configuration is a `redshift-data://`, and there is nothing to probe")
                .hint("write `[warehouse.main]` with `url = \"redshift-data://WORKGROUP/DATABASE\"` into `outflow.toml`")
        }),
    }
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
