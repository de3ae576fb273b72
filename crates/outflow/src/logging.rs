//! Logs, on standard error: `OUTFLOW_LOG` says which, `--log-format` how.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::cli::LogFormat;
use crate::exit::{CliError, Result};

/// Sets logging up for this process; `default` holds when `OUTFLOW_LOG` is not set.
///
/// # Errors
/// When `OUTFLOW_LOG` cannot be read.
pub(crate) fn start(format: LogFormat, default: &str) -> Result<()> {
    let wanted = std::env::var("OUTFLOW_LOG").ok().filter(|text| !text.is_empty());
    let filter = EnvFilter::try_new(wanted.as_deref().unwrap_or(default)).map_err(|error| {
        CliError::usage(format!("`OUTFLOW_LOG` is `{}`, which cannot be read: {error}", wanted.as_deref().unwrap_or_default()))
            .hint("write a level (`error`, `warn`, `info`, `debug`, `trace`), or levels by target, such as `warn,outflow_engine=debug`")
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_span_events(FmtSpan::NONE);
    let started = match format {
        LogFormat::Human => {
            let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            builder.with_ansi(std::io::stderr().is_terminal() && !is_plain).try_init()
        }
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
    };
    started.map_err(|error| CliError::new(crate::exit::Exit::Failed, format!("cannot set up logging: {error}")))
}
