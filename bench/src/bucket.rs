//! An S3 server in a process of its own, so that what it takes of processor and memory is nobody else's, and how to reach it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use outflow_core::address::PublicUrl;
use outflow_storage::testing::{ACCESS_KEY, S3Server, SECRET_KEY};
use outflow_storage::{LinkKeys, S3Options, Storage, StorageOptions};

/// The bucket that there is.
pub(crate) const BUCKET: &str = "results";

/// The server, or one that somebody else started.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Where it answers.
    pub(crate) endpoint: String,
    child: Option<Child>,
}

impl Bucket {
    /// Starts this very program as a server whose objects lie below that folder.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--s3-server", BUCKET])
            .env("TMPDIR", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the S3 server")?;
        let mut endpoint = String::new();
        BufReader::new(child.stdout.take().context("no standard output")?).read_line(&mut endpoint)?;
        Ok(Self { endpoint: endpoint.trim().to_owned(), child: Some(child) })
    }

    /// One that runs already, with a bucket of our name.
    pub(crate) fn at(endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), child: None }
    }

    /// What a process must be told to reach it at that address: this one's, or that of who stands between.
    pub(crate) fn environment(endpoint: &str) -> Vec<(&'static str, String)> {
        vec![
            ("OUTFLOW_STORAGE_URL", format!("s3://{BUCKET}")),
            ("OUTFLOW_STORAGE_ENDPOINT", endpoint.to_owned()),
            ("OUTFLOW_STORAGE_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ]
    }

    /// The bucket as this program sees it.
    pub(crate) async fn storage(&self) -> Result<Storage> {
        let credentials = Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "bench");
        let s3 = S3Options {
            endpoint: Some(self.endpoint.clone()),
            region: Some("us-east-1".to_owned()),
            credentials: Some(SharedCredentialsProvider::new(credentials)),
            ..S3Options::default()
        };
        let public_url = PublicUrl::parse("http://127.0.0.1:8080").map_err(|error| anyhow::anyhow!(error.chain()))?;
        let options = StorageOptions { public_url, link_keys: LinkKeys::random(), s3 };
        Storage::open(&format!("s3://{BUCKET}"), options).await.map_err(|error| anyhow::anyhow!(error.chain()))
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // At the end of its standard input it ends, and takes its folder along.
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}

/// The server's own life: it tells its address, and ends with its standard input.
#[expect(clippy::print_stdout, reason = "whoever started it reads its address there")]
pub(crate) async fn serve(bucket: &str) -> Result<()> {
    let server = S3Server::start(bucket).await;
    println!("{}", server.endpoint());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
