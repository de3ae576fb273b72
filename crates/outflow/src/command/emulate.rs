//! `emulate`: the embedded engine as a warehouse of the cloud.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use outflow_emulator::{Buckets, Emulator, EmulatorConfig, Events, Folders, S3Buckets, Tls, check_listen};
use outflow_storage::S3Options;
use outflow_warehouse::embedded::EmbeddedConfig;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::serve::bind;
use crate::cli::Global;
use crate::cli::emulate::{EmulateCommand, RedshiftArgs};
use crate::exit::{CliError, Exit, Result};
use crate::output;
use crate::signals::Signals;

/// Where the wire protocol listens when nothing is said.
const PG: ([u8; 4], u16) = ([127, 0, 0, 1], 5_439);
/// Where the Data API listens when nothing is said.
const DATA_API: ([u8; 4], u16) = ([127, 0, 0, 1], 8_439);

/// Emulates until it is told to stop. Standard output tells the addresses, each on a line behind its name.
pub(super) async fn emulate(global: &Global, command: &EmulateCommand) -> Result<()> {
    let EmulateCommand::Redshift(args) = command;
    crate::logging::start(global.log_format, "warn,outflow=info,outflow_emulator=info")?;
    let pg = of_this_machine("--pg", args.pg, PG)?;
    let data_api = of_this_machine("--data-api", args.data_api, DATA_API)?;
    let mut signals = Signals::listen()?;
    let emulator = Emulator::new(config(args).await?)?;
    let (pg, data_api) = (bind(pg).await?, bind(data_api).await?);
    let (user, database) = (&args.user, &args.database);
    output::print(&format!(
        "data-api http://{}\npg postgres://{user}@{}/{database}\n",
        data_api.local_addr()?,
        pg.local_addr()?
    ))?;
    let shutdown = CancellationToken::new();
    let serving = async {
        tokio::try_join!(emulator.serve_data_api(data_api, shutdown.clone()), emulator.serve_wire(pg, shutdown.clone()))
    };
    tokio::pin!(serving);
    tokio::select! {
        ended = &mut serving => return Ok(ended.map(|_| ())?),
        _ = signals.next() => shutdown.cancel(),
    }
    tokio::select! {
        ended = &mut serving => Ok(ended.map(|_| ())?),
        exit = signals.next() => Err(CliError::silent(exit)),
    }
}

/// The address that a flag names, or the usual one; nobody else may reach it.
fn of_this_machine(flag: &str, named: Option<SocketAddr>, usual: ([u8; 4], u16)) -> Result<SocketAddr> {
    let (usual, named) = (SocketAddr::from(usual), named.unwrap_or_else(|| usual.into()));
    check_listen(named).map_err(|error| CliError::from(error).hint(format!("name one of loopback, such as `{flag} {usual}`")))?;
    Ok(named)
}

async fn config(args: &RedshiftArgs) -> Result<EmulatorConfig> {
    let engine = EmbeddedConfig {
        tables: args.tables.clone(),
        sample_dir: PathBuf::from("outflow-data/sample"),
        ..EmbeddedConfig::default()
    };
    Ok(EmulatorConfig {
        engine,
        buckets: buckets(args)?,
        user: args.user.clone(),
        password: args.password_file.as_deref().map(password).transpose()?,
        password_hash: args.password_hash,
        tls: args.tls_cert.clone().zip(args.tls_key.clone()).map(|(certificate, key)| Tls { certificate, key }),
        database: args.database.clone(),
        faults: args.fault.clone(),
        events: match &args.events_endpoint {
            Some(endpoint) => Some(Events::to(endpoint, None).await),
            None => None,
        },
    })
}

fn buckets(args: &RedshiftArgs) -> Result<Arc<dyn Buckets>> {
    if let Some(endpoint) = &args.s3_endpoint {
        let options = S3Options { endpoint: Some(endpoint.clone()), path_style: Some(true), ..S3Options::default() };
        return Ok(Arc::new(S3Buckets::new(options)));
    }
    std::fs::create_dir_all(&args.files).map_err(|error| {
        let message = format!("cannot make the folder of buckets `{}`: {}", args.files.display(), crate::exit::describe(&error));
        CliError::new(Exit::Usage, message).hint("name one with `--files DIR`")
    })?;
    Ok(Arc::new(Folders::new(&args.files)))
}

fn password(file: &Path) -> Result<SecretString> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        CliError::new(
            Exit::Usage,
            format!("cannot read the password from `{}`: {}", file.display(), crate::exit::describe(&error)),
        )
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).into())
}
