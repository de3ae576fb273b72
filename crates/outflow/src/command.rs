//! What each command does.

mod demo;
mod doctor;
mod emulate;
mod inspect;
mod offline;
mod serve;
mod session;
mod show;
mod unload;

use clap::CommandFactory;

use crate::cli::{Cli, Command, ConfigCommand, Global, PlaceArgs};
use crate::config::{Config, ConfigFile, Override, Sources};
use crate::exit::{CliError, Exit, Result};
use crate::output;

/// Runs a command to its end.
///
/// # Errors
/// What a person is told, and how the process ends.
pub(crate) fn run(cli: Cli) -> Result<()> {
    let global = cli.global;
    match cli.command {
        Command::Completions { shell } => completions(shell),
        Command::Openapi => output::print_json(&outflow_server::openapi()),
        Command::Verify(args) => offline::verify(&args),
        Command::Config(ConfigCommand::Show(args)) => offline::config_show(&load(&global, args.serve.overrides())?, args.output),
        command => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
            let runtime = runtime.map_err(|error| CliError::new(Exit::Failed, format!("cannot start the runtime: {error}")))?;
            runtime.block_on(run_async(global, command))
        }
    }
}

async fn run_async(global: Global, command: Command) -> Result<()> {
    match command {
        Command::Unload(args) => unload::unload(&global, &args).await,
        Command::Status(args) => inspect::status(&remote(&global)?, &args).await,
        Command::Cancel(args) => inspect::cancel(&remote(&global)?, &args).await,
        Command::Retry(args) => inspect::retry(&remote(&global)?, &args).await,
        Command::Download(args) => unload::download(&remote(&global)?, &args).await,
        Command::Receipt(args) => inspect::receipt(&remote(&global)?, &args).await,
        Command::Delete(args) => inspect::delete(&remote(&global)?, &args).await,
        Command::List(args) => inspect::list(&remote(&global)?, &args).await,
        Command::Tables(args) => inspect::tables(&global, &args).await,
        Command::Explain(args) => inspect::explain(&global, &args).await,
        Command::Serve(args) => serve::serve(&global, &args).await,
        Command::Demo(args) => demo::demo(&global, &args).await,
        Command::Doctor(args) => doctor::doctor(&global, &args).await,
        Command::Emulate(args) => emulate::emulate(&global, &args).await,
        Command::Migrate(args) => doctor::migrate(&global, &args).await,
        Command::Completions { .. } | Command::Verify(_) | Command::Config(_) | Command::Openapi => {
            unreachable!("these need no runtime")
        }
    }
}

/// The service that `--server` names, or the usual one.
fn remote(global: &Global) -> Result<crate::client::Client> {
    crate::client::Client::new(global.server.as_deref().unwrap_or(crate::client::DEFAULT_SERVER))
}

/// Refuses flags that say where a service of this process keeps and finds things, when it is another service that is asked.
fn refuse_place(global: &Global, place: &PlaceArgs) -> Result<()> {
    let Some(server) = &global.server else { return Ok(()) };
    let flags =
        [("--data-dir", place.data_dir.is_some()), ("--tables", place.tables.is_some()), ("--config", global.config.is_some())];
    match flags.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((flag, _)) => Err(CliError::usage(format!(
            "`{flag}` does not go with the service at `{}`, which has its own data and tables",
            crate::client::without_user(server)
        ))
        .hint(format!("leave out `{flag}` to ask that service, or `--server` and `OUTFLOW_SERVER` to ask none"))),
    }
}

/// The configuration with those flags over it.
fn load(global: &Global, flags: Vec<Override>) -> Result<Config> {
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    let variables = std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect();
    let variable = || std::env::var_os("OUTFLOW_CONFIG").filter(|name| !name.is_empty()).map(std::path::PathBuf::from);
    let file = global.config.clone().or_else(variable).map_or(ConfigFile::Usual, ConfigFile::Named);
    Config::load(&Sources { file, variables, flags })
}

fn completions(shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "outflow", &mut script);
    output::print(&String::from_utf8_lossy(&script))
}
