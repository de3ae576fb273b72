//! The arguments of `emulate`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use outflow_emulator::{Fault, PasswordHash};

use super::value;

/// What is emulated.
#[derive(Debug, Subcommand)]
pub(crate) enum EmulateCommand {
    /// Amazon Redshift: its Data API and its wire protocol, with UNLOAD to S3 or to folders that stand for buckets
    Redshift(RedshiftArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RedshiftArgs {
    /// Where the wire protocol listens; only loopback [default: 127.0.0.1:5439]
    #[arg(long, value_name = "ADDRESS", value_parser = value::address)]
    pub(crate) pg: Option<SocketAddr>,
    /// Where the Data API listens; only loopback [default: 127.0.0.1:8439]
    #[arg(long, value_name = "ADDRESS", value_parser = value::address)]
    pub(crate) data_api: Option<SocketAddr>,
    /// A folder of Parquet, CSV and JSON-lines files as tables, instead of the sample tables
    #[arg(long, value_name = "DIR")]
    pub(crate) tables: Option<PathBuf>,
    /// The folder whose folders are the buckets that UNLOAD writes to
    #[arg(long, value_name = "DIR", default_value = "outflow-data/buckets")]
    pub(crate) files: PathBuf,
    /// Where S3, or what speaks S3, is: UNLOAD writes to its buckets, with the AWS credentials and the region of this process
    #[arg(long, value_name = "URL", value_parser = value::web_address, conflicts_with = "files")]
    pub(crate) s3_endpoint: Option<String>,
    /// Where what speaks EventBridge is: the ends of statements with `WithEvent` are sent there
    #[arg(long, value_name = "URL", value_parser = value::web_address)]
    pub(crate) events_endpoint: Option<String>,
    /// The name of the database
    #[arg(long, value_name = "NAME", default_value = "dev")]
    pub(crate) database: String,
    /// The user that callers of the Data API are, and that connects where a password is asked for
    #[arg(long, value_name = "NAME", default_value = "awsuser")]
    pub(crate) user: String,
    /// A file with the password that the wire protocol asks for; without one it asks for none
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// How the password is asked for: `md5`, or Redshift's own `sha256`, which clients for PostgreSQL do not know
    #[arg(long, value_name = "HASH", value_parser = password_hash, default_value = "md5", requires = "password_file")]
    pub(crate) password_hash: PasswordHash,
    /// The certificate of the wire protocol, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// What goes wrong on purpose, as often as named: slow, lost-request, lost-answer, fail-half-way, throttle, active-limit, expire,
    /// expire-credentials, forget-token, no-wait; `NAME=N` says how much
    #[arg(long, value_name = "NAME")]
    pub(crate) fault: Vec<Fault>,
}

fn password_hash(text: &str) -> Result<PasswordHash, String> {
    match text {
        "md5" => Ok(PasswordHash::Md5),
        "sha256" => Ok(PasswordHash::Sha256),
        _ => Err("write `md5` or `sha256`".to_owned()),
    }
}
