//! Downloading: by ranges that go on where they broke off, each from a fresh link, checked against the receipt before a file appears
//! under its name.
//!
//! A file that is not whole lies beside its place as `.NAME.CHECKSUM.part`; the same command later goes on from there.

mod name;
mod save;
mod sink;

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::StreamExt;
use outflow_api::ReceiptFileView;
use reqwest::header::{CONTENT_RANGE, LOCATION, RANGE};
use reqwest::{RequestBuilder, Response, StatusCode};

pub(crate) use self::name::within;
use self::save::{Download, Place, is_taken, make_folder};
pub(crate) use self::save::{RECEIPT, beside, check_folder};
use self::sink::Sink;
use super::{Client, root, unload_path};
use crate::exit::{CliError, Exit, Result};
use crate::progress::Progress;

/// How often in a row a download may break off without having brought anything.
const TRIES: u32 = 6;

/// Where files go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// One file, to standard output.
    Stdout,
    /// One file, to what lies there and is no file: a pipe, a device.
    Stream(PathBuf),
    /// One file, under that name.
    File(PathBuf),
    /// Every file, into that folder, with the receipt: one under its own name, several under those of the receipt.
    Folder(PathBuf),
    /// The one file under its own name in the current folder; several, and those of partitions, in a folder named after the unload.
    Own,
}

/// How to save.
#[derive(Debug, Clone)]
pub(crate) struct Saving {
    pub(crate) target: Target,
    pub(crate) force: bool,
    /// Whether the receipt of a single file is saved too.
    pub(crate) with_receipt: bool,
}

impl Client {
    /// Downloads every file of an unload, checks each against the receipt, and gives the paths in the order of the files; none for
    /// a stream.
    ///
    /// # Errors
    /// When there is nothing to download, a file is in the way, the service stays away, or what came is not what the receipt says.
    pub(crate) async fn download(&self, id: &str, saving: &Saving, progress: &mut Progress) -> Result<Vec<PathBuf>> {
        let receipt = match self.receipt(id).await {
            Ok(receipt) => receipt,
            // Without a receipt it is the list of files that says what the unload lacks.
            Err(error) => return Err(self.files(id, None).await.err().unwrap_or(error)),
        };
        let download = Download { client: self, id, receipt: &receipt, force: saving.force };
        match (&receipt.files[..], &saving.target) {
            ([file], Target::Folder(folder)) if receipt.options.single_file => {
                make_folder(folder)?;
                Ok(vec![download.file(file, &Place::Own(folder), true, progress).await?])
            }
            (_, Target::Folder(folder)) => download.folder(folder, progress).await,
            ([file], Target::Stdout) => {
                self.transfer(id, file, &mut Sink::stdout(file.checksum.algorithm), progress, None).await?;
                Ok(Vec::new())
            }
            ([file], Target::Stream(path)) => {
                let mut sink = Sink::stream(path, file.checksum.algorithm).await?;
                self.transfer(id, file, &mut sink, progress, None).await?;
                Ok(Vec::new())
            }
            ([file], Target::File(path)) => {
                Ok(vec![download.file(file, &Place::Named(path), saving.with_receipt, progress).await?])
            }
            // Alone in its partition or not, it lies in that folder.
            ([file], Target::Own) if receipt.options.partition_by.is_none() => {
                Ok(vec![download.file(file, &Place::Own(Path::new("")), saving.with_receipt, progress).await?])
            }
            (_, Target::Own) => download.folder(Path::new(receipt.request_id.as_str()), progress).await,
            (files, _) => Err(CliError::usage(format!("the unload has {} files, which one place cannot take", files.len()))
                .hint("name a folder that exists with `--out DIR`")),
        }
    }

    /// Brings what is missing of a file into the sink, however often it breaks off, and checks the whole.
    async fn transfer(
        &self,
        id: &str,
        file: &ReceiptFileView,
        sink: &mut Sink,
        progress: &mut Progress,
        mut opened: Option<Response>,
    ) -> Result<()> {
        let mut tries = 0;
        let mut started_over = sink.written() == 0;
        loop {
            let before = sink.written();
            let result = match opened.take() {
                Some(response) => self.pour(response, file, sink, progress).await,
                None if before < file.bytes || file.bytes == 0 => match self.open(id, file.index, before).await {
                    Ok(response) => self.pour(response, file, sink, progress).await,
                    Err(error) => Err(error),
                },
                None => Ok(()),
            };
            match result {
                Ok(()) if matches(file, sink) => return Ok(()),
                // What lay there from an earlier time may have been something else; once more from the beginning.
                Ok(()) if !started_over && sink.restart()? => started_over = true,
                Ok(()) => return Err(mismatch(file, sink)),
                Err(error) if error.exit() != Exit::Unavailable => return Err(error),
                Err(error) => {
                    tries = if sink.written() > before { 1 } else { tries + 1 };
                    if tries >= TRIES {
                        return Err(error.hint("what has come is kept; the same command goes on from there"));
                    }
                    tokio::time::sleep(Duration::from_millis(100) * 2_u32.pow(tries)).await;
                }
            }
        }
    }

    /// Opens a file at that byte, by its stable address: every call is answered with a fresh link.
    async fn open(&self, id: &str, index: u32, from: u64) -> Result<Response> {
        let ranged = |request: RequestBuilder| {
            if from > 0 { request.header(RANGE, format!("bytes={from}-")) } else { request }
        };
        let stable = format!("{}{}", self.base, unload_path(id, &format!("/files/{index}"))?);
        let led = ranged(self.one_step.get(stable)).send().await.map_err(|error| self.unreachable(&error))?;
        let location = led.headers().get(LOCATION).and_then(|location| led.url().join(location.to_str().ok()?).ok());
        match location {
            Some(link) if led.status().is_redirection() => {
                let link = match &self.linked_as {
                    Some(linked_as) => link.as_str().replacen(linked_as, &self.base, 1),
                    None => link.into(),
                };
                self.send(ranged(self.http.get(link))).await
            }
            _ if led.status().is_success() => Ok(led),
            _ => Err(self.problem(led).await),
        }
    }

    async fn pour(&self, response: Response, file: &ReceiptFileView, sink: &mut Sink, progress: &mut Progress) -> Result<()> {
        let mut skip = 0;
        if response.status() != StatusCode::PARTIAL_CONTENT {
            skip = sink.rewind()?;
        } else if range_start(&response) != Some(sink.written()) {
            return Err(CliError::new(
                Exit::Failed,
                format!("the service sent another range of `{}` than it was asked for", file.name),
            ));
        }
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| {
                CliError::new(Exit::Unavailable, format!("the download of `{}` broke off: {}", file.name, root(&error)))
            })?;
            let skipped = usize::try_from(skip).unwrap_or(usize::MAX).min(chunk.len());
            skip -= skipped as u64;
            sink.write(&chunk[skipped..])?;
            if sink.written() > file.bytes {
                return Err(mismatch(file, sink));
            }
            progress.bytes(&file.name, sink.written(), file.bytes);
        }
        if sink.written() < file.bytes {
            return Err(CliError::new(Exit::Unavailable, format!("the download of `{}` ended early", file.name)));
        }
        sink.flush()
    }
}

/// Fails when something lies where a download is to go: better before a query has run than after.
pub(crate) fn check_free(path: &Path, force: bool) -> Result<()> {
    if !force && is_taken(path) && !path.is_dir() {
        return Err(in_the_way(path));
    }
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) if !parent.is_dir() => Err(CliError::new(
            Exit::NotFound,
            format!("there is no folder `{}` to put `{}` into", parent.display(), path.display()),
        )),
        _ => Ok(()),
    }
}

fn in_the_way(path: &Path) -> CliError {
    CliError::new(Exit::Conflict, format!("`{}` is there already", path.display()))
        .hint("name another with `--out`, or overwrite it with `--force`")
}

/// Whether the whole of it is what the receipt says.
fn matches(file: &ReceiptFileView, sink: &Sink) -> bool {
    sink.written() == file.bytes && sink.checksum() == file.checksum.value
}

fn mismatch(file: &ReceiptFileView, sink: &mut Sink) -> CliError {
    sink.discard();
    CliError::new(
        Exit::Failed,
        format!(
            "what came of `{}` is not what the receipt says: {} bytes of {}, or another checksum",
            file.name,
            sink.written(),
            file.bytes
        ),
    )
    .with_code(outflow_core::Code::VerificationFailed)
}

fn range_start(response: &Response) -> Option<u64> {
    let range = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}
