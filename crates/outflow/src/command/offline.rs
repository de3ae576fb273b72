//! Commands that need no service: `verify` and `config show`.

use crate::cli::{OutputFormat, VerifyArgs};
use crate::config::Config;
use crate::exit::{CliError, Exit, Result};
use crate::output;

/// Checks files against their receipt.
pub(super) fn verify(args: &VerifyArgs) -> Result<()> {
    let verdicts = crate::verify::verify(&args.path, args.receipt.as_deref())?;
    match args.output {
        OutputFormat::Json => output::print_json(&verdicts)?,
        OutputFormat::Text => {
            for verdict in &verdicts {
                let rows = verdict.rows.map(|rows| format!(", {}", output::counted(rows, "row"))).unwrap_or_default();
                let size = verdict.bytes.map(output::size).unwrap_or_default();
                let word = if verdict.ok { "ok" } else { "FAILED" };
                let details = if size.is_empty() { String::new() } else { format!(" ({size}{rows})") };
                output::print_line(&format!("{word:<7} {}{details}", verdict.path.display()))?;
                for problem in &verdict.problems {
                    output::print_line(&format!("        {}", output::plain(problem)))?;
                }
                for unchecked in &verdict.unchecked {
                    output::print_line(&format!("        not checked: {unchecked}"))?;
                }
            }
        }
    }
    if verdicts.iter().all(|verdict| verdict.ok) { Ok(()) } else { Err(CliError::silent(Exit::Failed)) }
}

/// Prints the configuration.
pub(super) fn config_show(config: &Config, format: OutputFormat) -> Result<()> {
    match format {
        OutputFormat::Json => output::print_json(&config.to_json()),
        OutputFormat::Text => output::print(&config.to_toml()),
    }
}
