//! Where the files of an unload and its receipt go, and what may lie there already.

use std::path::{Path, PathBuf};

use outflow_api::{ReceiptFileView, ReceiptView};
use outflow_core::RequestId;
use reqwest::header::CONTENT_DISPOSITION;

use super::sink::Sink;
use super::{in_the_way, name};
use crate::client::Client;
use crate::exit::{CliError, Exit, Result};
use crate::progress::Progress;

/// The receipt of several files, in their folder.
pub(crate) const RECEIPT: &str = "receipt.json";

/// What is downloaded, and whether over what is there.
#[derive(Debug)]
pub(super) struct Download<'a> {
    pub(super) client: &'a Client,
    pub(super) id: &'a str,
    pub(super) receipt: &'a ReceiptView,
    pub(super) force: bool,
}

/// Where one file goes.
#[derive(Debug)]
pub(super) enum Place<'a> {
    /// Under that name.
    Named(&'a Path),
    /// Under its own, in that folder.
    Own(&'a Path),
}

impl Download<'_> {
    /// Every file under the name that the receipt gives it, in folders below where it has some, and `receipt.json`, which must not be that of another unload.
    pub(super) async fn folder(&self, folder: &Path, progress: &mut Progress) -> Result<Vec<PathBuf>> {
        make_folder(folder)?;
        let receipt_path = folder.join(RECEIPT);
        self.check_receipt(&receipt_path)?;
        let paths: Vec<PathBuf> = self.receipt.files.iter().map(|file| self.path_below(folder, file)).collect::<Result<_>>()?;
        let mut saved = Vec::with_capacity(paths.len());
        for (file, path) in self.receipt.files.iter().zip(paths) {
            path.parent().map_or(Ok(()), make_folder)?;
            saved.push(self.file(file, &Place::Named(&path), false, progress).await?);
        }
        self.save_receipt(&receipt_path)?;
        Ok(saved)
    }

    /// Where a file of several goes: nothing is there, or it may be written over. All are asked for before the first is transferred.
    fn path_below(&self, folder: &Path, file: &ReceiptFileView) -> Result<PathBuf> {
        let name = name::within(&file.name).ok_or_else(|| {
            let message = format!("the receipt names a file `{}`, which is no file name", file.name.escape_debug());
            CliError::new(Exit::Failed, message)
        })?;
        let path = folder.join(name);
        if !self.force && is_taken(&path) { Err(in_the_way(&path)) } else { Ok(path) }
    }

    /// One file, and its receipt beside it where that is wished. Whatever is in the way is told before a byte is asked for.
    pub(super) async fn file(
        &self,
        file: &ReceiptFileView,
        place: &Place<'_>,
        with_receipt: bool,
        progress: &mut Progress,
    ) -> Result<PathBuf> {
        let (path, opened) = match place {
            Place::Named(path) => (path.to_path_buf(), None),
            Place::Own(folder) => {
                let response = self.client.open(self.id, file.index, 0).await?;
                let disposition =
                    response.headers().get(CONTENT_DISPOSITION).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
                let own = disposition.and_then(name::from_disposition).or_else(|| name::harmless(&file.name));
                (folder.join(own.unwrap_or_else(|| format!("{}-{}", self.id, file.index))), Some(response))
            }
        };
        if !self.force && is_taken(&path) {
            return Err(in_the_way(&path));
        }
        if with_receipt {
            self.check_receipt(&beside(&path))?;
        }
        // Of a link it is the file behind it that is replaced.
        let to = path.canonicalize().unwrap_or_else(|_| path.clone());
        let mut sink = Sink::part(&to, &file.checksum)?;
        let opened = opened.filter(|_| sink.written() == 0);
        self.client.transfer(self.id, file, &mut sink, progress, opened).await?;
        sink.publish(&to, self.force)?;
        if with_receipt {
            self.save_receipt(&beside(&path))?;
        }
        Ok(path)
    }

    /// A receipt may be written over that of the same unload, and over another only by force.
    fn check_receipt(&self, path: &Path) -> Result<()> {
        let is_same = || read_receipt(path).is_some_and(|found| found.unload_id == self.receipt.unload_id);
        if self.force || !is_taken(path) || is_same() { Ok(()) } else { Err(in_the_way(path)) }
    }

    fn save_receipt(&self, path: &Path) -> Result<()> {
        self.check_receipt(path)?;
        let text = serde_json::to_vec_pretty(self.receipt).expect("a receipt is plain JSON");
        std::fs::write(path, text).map_err(|error| CliError::file("write", path, &error))
    }
}

/// Fails when a folder that is to take several files of a new unload has the receipt of another one: better before its query has run
/// than after.
pub(crate) fn check_folder(folder: &Path, request_id: Option<&RequestId>, force: bool) -> Result<()> {
    let path = folder.join(RECEIPT);
    let is_same = || request_id.is_some() && read_receipt(&path).is_some_and(|found| Some(&found.request_id) == request_id);
    if force || !is_taken(&path) || is_same() { Ok(()) } else { Err(in_the_way(&path)) }
}

/// Where the receipt of a single file lies.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".receipt.json");
    name.into()
}

/// Whether something has that name, be it a link that leads nowhere.
pub(super) fn is_taken(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

pub(super) fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| CliError::file("make the folder", folder, &error))
}

fn read_receipt(path: &Path) -> Option<ReceiptView> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}
