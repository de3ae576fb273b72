//! The command line's grammar, and nothing of what the commands do. Its help texts are the reference that `docs/cli.md` follows.

pub(crate) mod emulate;
pub(crate) mod request;
pub(crate) mod value;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::{Styles, styling::AnsiColor};
use clap::{Args, Parser, Subcommand, ValueEnum};

use self::emulate::EmulateCommand;
use self::request::RequestArgs;
use crate::config::Override;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const AFTER_HELP: &str = "Begin with `outflow demo`: it starts the service on sample tables and runs a first unload.

Exit codes:
  0    it worked
  1    the unload failed, or a result is not what its receipt says
  2    the command line, the configuration or the request is wrong; nothing ran
  3    there is no such unload, or its files are gone
  4    its state does not allow that, or something is in the way
  5    the service, or what it needs, cannot be reached
  130  Ctrl-C (143: SIGTERM)";

/// Runs a query in a data warehouse and hands out links to the result
#[derive(Debug, Parser)]
#[command(name = "outflow", version, styles = STYLES, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The service to talk to; without it, http://127.0.0.1:8080, or none at all for unload, tables and explain
    #[arg(long, global = true, help_heading = "Everywhere", env = "OUTFLOW_SERVER", value_name = "URL", hide_env_values = true)]
    pub(crate) server: Option<String>,
    /// The configuration file, if it is not the one that OUTFLOW_CONFIG names, or ./outflow.toml
    // The variable is read where it is needed: a flag has to fit the command, while a variable may be meant for another one.
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// How to write logs; OUTFLOW_LOG says which ones
    #[arg(
        long,
        global = true,
        help_heading = "Everywhere",
        env = "OUTFLOW_LOG_FORMAT",
        value_enum,
        value_name = "FORMAT",
        default_value = "human",
        hide_env_values = true
    )]
    pub(crate) log_format: LogFormat,
}

/// How logs are written: for a person, or one JSON object a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Human,
    Json,
}

/// How a result is printed: for a person, or for a program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the service until it is told to stop
    Serve(ServeArgs),
    /// Serve sample tables, and show one real unload step by step
    Demo(DemoArgs),
    /// Run a query and download its result
    Unload(Box<UnloadArgs>),
    /// Say where an unload stands
    Status(StatusArgs),
    /// Stop an unload, all the way into the warehouse
    Cancel(CancelArgs),
    /// Run the request of a failed, cancelled or expired unload again
    Retry(RetryArgs),
    /// Download the files of an unload
    Download(DownloadArgs),
    /// Print the receipt of an unload
    Receipt(ReceiptArgs),
    /// Delete the files of an unload now
    Delete(IdArgs),
    /// Show unloads, newest first
    List(ListArgs),
    /// Show the tables that a query may read
    Tables(TablesArgs),
    /// Check a query without running it, and print the statement that would run
    Explain(Box<ExplainArgs>),
    /// Check downloaded files against their receipt, offline
    Verify(VerifyArgs),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Check everything that the service needs, and say what to do about what is missing
    Doctor(DoctorArgs),
    /// Bring the state table to this version
    Migrate(PlaceArgs),
    /// Serve the embedded engine as a warehouse of the cloud, for laptops and tests
    #[command(subcommand)]
    Emulate(EmulateCommand),
    /// Print the OpenAPI document of the service
    Openapi,
    /// Print the completions for a shell
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print what holds and where each value came from, without secrets
    Show(ConfigShowArgs),
}

/// Where a service of this process keeps and finds things.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PlaceArgs {
    /// Where the store, the files and the caches lie [default: ./outflow-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// A folder of Parquet, CSV and JSON-lines files to query, instead of the sample tables
    #[arg(long, value_name = "DIR")]
    pub(crate) tables: Option<PathBuf>,
}

impl PlaceArgs {
    /// The keys that the flags set.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let data_dir =
            self.data_dir.as_ref().map(|dir| Override { flag: "--data-dir", path: "server.dataDir", value: shown(dir) });
        let tables = self.tables.as_ref().map(|dir| {
            let value = format!("embedded:{}", shown(dir));
            Override { flag: "--tables", path: "warehouse.main.url", value }
        });
        data_dir.into_iter().chain(tables).collect()
    }
}

fn shown(path: &std::path::Path) -> String {
    path.display().to_string()
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The address to listen on; only loopback, as there is no authentication yet [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS", value_parser = value::address)]
    pub(crate) listen: Option<SocketAddr>,
    /// How callers reach the service; links are made of it
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

impl ServeArgs {
    /// The keys that the flags set.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let mut overrides = self.place.overrides();
        overrides.extend(self.listen.map(|address| Override {
            flag: "--listen",
            path: "server.listen",
            value: address.to_string(),
        }));
        overrides.extend(self.public_url.clone().map(|value| Override { flag: "--public-url", path: "server.publicUrl", value }));
        overrides
    }
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// End after the unload instead of serving on
    #[arg(long)]
    pub(crate) exit: bool,
    /// The address to listen on; if it is taken, the next free port [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS", value_parser = value::address)]
    pub(crate) listen: Option<SocketAddr>,
    /// The folder under which the demo keeps its own, `demo` [default: ./outflow-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct UnloadArgs {
    #[command(flatten)]
    pub(crate) request: RequestArgs,
    /// The caller's name for the unload: 1 to 64 of A-Z, a-z, 0-9, `_` and `-`
    #[arg(long, value_name = "ID")]
    pub(crate) request_id: Option<String>,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Do not wait for the result: print the requestId and the links
    #[arg(long, conflicts_with_all = ["out", "force", "save_receipt"])]
    pub(crate) no_wait: bool,
    /// How to print what came of it
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

/// Where downloaded files go.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TargetArgs {
    /// The file to write, or `-` for standard output; a folder for several files [default: the file's own name]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Overwrite what is there
    #[arg(long)]
    pub(crate) force: bool,
    /// Save the receipt too, as FILE.receipt.json; in a folder that is always done
    #[arg(long)]
    pub(crate) save_receipt: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) request: RequestArgs,
    /// How to print it
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct IdArgs {
    /// The requestId of the unload
    pub(crate) id: String,
    /// How to print it
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) id: IdArgs,
    /// Wait until it has ended, and end with 1 if it failed or was cancelled, with 3 if its files are gone
    #[arg(long)]
    pub(crate) wait: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CancelArgs {
    #[command(flatten)]
    pub(crate) id: IdArgs,
    /// Do not wait until it has stopped
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    pub(crate) id: IdArgs,
    /// The requestId of the new unload; made if absent
    #[arg(long, value_name = "ID")]
    pub(crate) request_id: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DownloadArgs {
    #[command(flatten)]
    pub(crate) id: IdArgs,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Wait until it is ready
    #[arg(long)]
    pub(crate) wait: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReceiptArgs {
    #[command(flatten)]
    pub(crate) id: IdArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only of that status: PENDING, RUNNING, DONE, FAILED, CANCELLED, EXPIRED
    #[arg(long, value_name = "STATUS", value_parser = value::status)]
    pub(crate) status: Option<outflow_core::Status>,
    /// Only with that label
    #[arg(long, value_name = "KEY=VALUE", value_parser = value::label)]
    pub(crate) label: Option<(String, String)>,
    /// Only accepted at or after that moment (RFC 3339), or that long ago (`30m`, `2h`, `7d`)
    #[arg(long, value_name = "WHEN", value_parser = value::moment)]
    pub(crate) since: Option<outflow_core::Timestamp>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// How to print it
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
}

#[derive(Debug, Args)]
pub(crate) struct TablesArgs {
    /// Only of that warehouse
    #[arg(long, value_name = "NAME")]
    pub(crate) warehouse: Option<String>,
    /// How to print it
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A downloaded file, or a folder with files and their receipt.json
    pub(crate) path: PathBuf,
    /// The receipt [default: PATH.receipt.json, or receipt.json beside the file]
    #[arg(long, value_name = "FILE")]
    pub(crate) receipt: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigShowArgs {
    /// How to print it
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Hold what is believed of Redshift against a real one instead: small statements of literals, below a prefix of their own
    #[arg(long)]
    pub(crate) conformance: bool,
    /// Which warehouse, when several are a Redshift
    #[arg(long, value_name = "NAME", requires = "conformance")]
    pub(crate) warehouse: Option<String>,
    /// How to print it
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn verify_cli() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_misspelled_is_suggested() {
        let complaint = |line: &[&str]| Cli::try_parse_from(line).unwrap_err().to_string();
        assert!(complaint(&["outflow", "unlod", "SELECT 1"]).contains("'unload'"));
        assert!(complaint(&["outflow", "unload", "SELECT 1", "--fromat", "csv"]).contains("'--format'"));
        let format = complaint(&["outflow", "unload", "SELECT 1", "--format", "cvs"]);
        assert!(format.contains("[possible values: csv, json, text, parquet]"), "{format}");
    }
}
