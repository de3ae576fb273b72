//! Finalize: what the warehouse says that it wrote is checked against storage, joined where one file was asked for, summed, and
//! written down in the receipt.
//!
//! It can be run again from the start at any time: nothing that it reads is removed before `DONE` is recorded, and what it writes has
//! the same name each time. Nothing here decides from a hint.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use outflow_core::field::FieldStyle;
use outflow_core::key::{AttemptPlace, StorageKey};
use outflow_core::manifest::{Entry, Manifest};
use outflow_core::options::Compression;
use outflow_core::receipt::{Checksum, Receipt, ReceiptFile};
use outflow_core::schema::{Column, place_of_column};
use outflow_core::text::hex;
use outflow_core::unload::{Delivery, NewUnload};
use outflow_core::{Code, Error, Result, StatementId, Unload, UnloadOptions};
use outflow_storage::{JoinPart, compress};
use sha2::{Digest, Sha256};

use crate::boundary::Boundary;
use crate::engine::{Engine, Station};
use crate::submit::place;

/// The largest manifest that is read: some 200,000 files.
const MANIFEST_LIMIT: u64 = 64 * 1024 * 1024;
/// How many files are summed at once.
const SUMS_AT_ONCE: usize = 4;
/// The mark that tells spreadsheets that a text is UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A file that belongs to the result, before it is summed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    name: String,
    bytes: u64,
    rows: Option<u64>,
}

/// What the warehouse wrote, as far as it was verified.
#[derive(Debug)]
struct Verified {
    parts: Vec<Part>,
    schema: Vec<Column>,
    rows: u64,
}

/// What finalizing needs of the engine.
#[derive(Debug)]
pub(crate) struct Finalizer {
    pub(crate) engine: Arc<Engine>,
    pub(crate) station: Arc<Station>,
}

impl Finalizer {
    /// Verifies the present attempt's result and writes its receipt.
    ///
    /// # Errors
    /// `verification_failed` when warehouse and storage disagree, `single_file_too_large`, or a storage error, which is retryable.
    pub(crate) async fn deliver(&self, unload: &Unload, rows: Option<u64>) -> Result<Delivery> {
        let asked = &unload.asked;
        let place = place(asked, unload.state.attempt());
        let listed = self.engine.storage.list(&place).await?;
        let is_empty = !listed.iter().any(|(name, _)| is_written_by_the_warehouse(name, &asked.options));
        let verified = if is_empty && rows.unwrap_or(0) == 0 {
            None
        } else {
            let key = StorageKey::manifest(place.clone(), asked.options.partition_by.is_some());
            let manifest = self.engine.storage.read(&key, MANIFEST_LIMIT).await;
            let manifest = Manifest::parse(&manifest.map_err(missing_manifest)?)?;
            self.verify(asked, &place, &manifest, &listed, rows)?
        };
        let verified = match verified {
            None => self.empty_result(asked, &place).await?,
            Some(verified) => {
                let is_split = asked.options.single_file && verified.parts.len() > 1;
                if asked.options.is_joined() || is_split { self.join(asked, &place, verified).await? } else { verified }
            }
        };
        let receipt = self.receipt(unload, &place, verified).await?;
        Boundary::Verified.pass();
        let text = serde_json::to_vec_pretty(&receipt)
            .map_err(|error| Error::new(Code::Internal, "the receipt cannot be written").with_source(error))?;
        self.engine.storage.put(&StorageKey::Receipt(place.clone()), text.into()).await?;
        let file_url = self.engine.storage.file_url(&place, &receipt.files);
        Ok(Delivery { receipt, file_url })
    }

    /// After `DONE`: what was joined is not needed in pieces any more. What is left goes with the attempt.
    pub(crate) async fn remove_parts(&self, unload: &Unload) {
        let place = place(&unload.asked, unload.state.attempt());
        let removed = async {
            for (name, _) in self.engine.storage.list(&place).await? {
                if is_part(&name) {
                    self.engine.storage.delete(&StorageKey::File(place.clone(), name)).await?;
                }
            }
            Ok::<_, Error>(())
        };
        if let Err(error) = removed.await {
            tracing::warn!(error = error.chain(), "the parts of the joined file stay until it expires");
        }
    }

    /// Zero rows: the warehouse wrote nothing, or files of nothing; so the file with the header or the schema is made here.
    async fn empty_result(&self, asked: &NewUnload, place: &AttemptPlace) -> Result<Verified> {
        let statement = self.engine.statement(asked, place.attempt, &self.station.entry);
        let empty = self.station.entry.warehouse.empty_result(&statement).await?;
        let bytes = if asked.options.is_joined() { compressed_head(&asked.options, &empty.schema)? } else { empty.bytes };
        let name = empty_name(&asked.options);
        let part = Part { name: name.clone(), bytes: bytes.len() as u64, rows: Some(0) };
        self.engine.storage.put(&StorageKey::File(place.clone(), name), bytes.into()).await?;
        Ok(Verified { parts: vec![part], schema: empty.schema, rows: 0 })
    }

    /// Every file that the manifest names is there with that size, and the rows add up to what the warehouse says. Files of nothing are
    /// left out, and `None` is a result without rows: then there is nothing else either.
    fn verify(
        &self,
        asked: &NewUnload,
        place: &AttemptPlace,
        manifest: &Manifest,
        listed: &[(String, u64)],
        rows: Option<u64>,
    ) -> Result<Option<Verified>> {
        let statement = self.engine.statement(asked, place.attempt, &self.station.entry);
        let header_lines = u64::from(statement.header);
        let listed: HashMap<_, _> = listed.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
        let mut parts = Vec::with_capacity(manifest.entries.len());
        let mut of_nothing = HashSet::new();
        for entry in &manifest.entries {
            let name = self.engine.storage.file_name(place, &entry.url)?;
            if is_of_nothing(entry, &asked.options) {
                of_nothing.insert(verified_part(entry, name, &listed, 0)?.name);
            } else {
                parts.push(verified_part(entry, name, &listed, header_lines)?);
            }
        }
        let sum = parts.iter().map(|part| part.rows).sum::<Option<u64>>();
        let rows = match (sum, rows) {
            (Some(sum), Some(said)) if sum != said => {
                return Err(mismatch(format!("the manifest adds up to {sum} rows, and the warehouse says that it wrote {said}")));
            }
            (Some(known), _) | (None, Some(known)) => known,
            (None, None) => {
                return Err(mismatch("neither the manifest nor the warehouse says how many rows there are".to_owned()));
            }
        };
        if parts.is_empty() {
            let is_unnamed = |name: &&str| is_part(name) && !of_nothing.contains(*name);
            return match listed.iter().find(|(name, bytes)| **bytes > 0 && is_unnamed(name)) {
                Some((name, bytes)) => {
                    Err(mismatch(format!("the manifest tells of no rows, and `{name}` with {bytes} bytes is in storage")))
                }
                None => Ok(None),
            };
        }
        Ok(Some(Verified { parts, schema: columns_in_files(&asked.options, manifest.columns()), rows }))
    }

    /// One file of the parts. Where the join was foreseen, no part has a header, and byte order mark and header come before them. Where the
    /// warehouse split the file for its size, each part has a header, and the first one's stays.
    async fn join(&self, asked: &NewUnload, place: &AttemptPlace, verified: Verified) -> Result<Verified> {
        let options = &asked.options;
        let compression = match options.compression {
            Some(compression @ (Compression::None | Compression::Gzip)) => compression,
            _ => {
                let message =
                    format!("the result came as {} files that cannot be joined; send `singleFile` false", verified.parts.len());
                return Err(Error::new(Code::SingleFileTooLarge, message));
            }
        };
        let key = |part: &Part| StorageKey::File(place.clone(), part.name.clone());
        let pieces: Vec<_> = if options.is_joined() {
            let files = verified.parts.iter().map(|part| JoinPart::File(key(part)));
            let has_head = !text_head(options, &verified.schema).is_empty();
            let head = has_head.then(|| compressed_head(options, &verified.schema)).transpose()?;
            head.map(|head| JoinPart::Bytes(head.into())).into_iter().chain(files).collect()
        } else {
            let head = Bytes::from(text_head(options, &verified.schema));
            let piece = |(index, part)| match index {
                0 => JoinPart::File(key(part)),
                _ if head.is_empty() => JoinPart::File(key(part)),
                _ => JoinPart::Rest { key: key(part), head: head.clone(), compression },
            };
            verified.parts.iter().enumerate().map(piece).collect()
        };
        let name = joined_name(options);
        let bytes = self.engine.storage.join(&pieces, &StorageKey::File(place.clone(), name.clone())).await?;
        Boundary::PartsJoined.pass();
        Ok(Verified { parts: vec![Part { name, bytes, rows: Some(verified.rows) }], ..verified })
    }

    async fn receipt(&self, unload: &Unload, place: &AttemptPlace, verified: Verified) -> Result<Receipt> {
        let asked = &unload.asked;
        let sums: Vec<_> = verified.parts.iter().map(|part| self.checksum(place, &part.name)).collect();
        let sums: Vec<Checksum> = stream::iter(sums).buffered(SUMS_AT_ONCE).try_collect().await?;
        let files: Vec<ReceiptFile> = (0_u32..)
            .zip(verified.parts)
            .zip(sums)
            .map(|((index, part), checksum)| ReceiptFile {
                index,
                name: part.name,
                bytes: part.bytes,
                rows: part.rows,
                checksum,
                content_type: asked.options.content_type().to_owned(),
            })
            .collect();
        Ok(Receipt {
            version: 1,
            request_id: asked.request_id.clone(),
            unload_id: asked.unload_id,
            owner: asked.owner.clone(),
            attempt: place.attempt,
            warehouse: asked.warehouse.clone(),
            statement_id: unload.statement_id.clone().unwrap_or_else(|| StatementId::new("")),
            sql_sha256: hex(&Sha256::digest(asked.sql.as_bytes())),
            options: asked.options.clone(),
            schema: verified.schema,
            row_count: verified.rows,
            byte_count: files.iter().map(|file| file.bytes).sum(),
            files,
            created_at: asked.created_at,
            verified_at: self.engine.clock.now(),
        })
    }

    fn checksum(&self, place: &AttemptPlace, name: &str) -> impl Future<Output = Result<Checksum>> + Send + use<> {
        let storage = Arc::clone(&self.engine.storage);
        let key = StorageKey::File(place.clone(), name.to_owned());
        async move { storage.checksum(&key).await }
    }
}

fn verified_part(entry: &Entry, name: String, listed: &HashMap<&str, u64>, header_lines: u64) -> Result<Part> {
    let Some(&bytes) = listed.get(name.as_str()) else {
        return Err(mismatch(format!("the manifest names `{name}`, which is not in storage")));
    };
    if let Some(meta) = entry.meta
        && meta.content_length != bytes
    {
        return Err(mismatch(format!("`{name}` has {bytes} bytes, and the manifest says {}", meta.content_length)));
    }
    let rows = match entry.meta {
        None => None,
        Some(meta) => Some(
            meta.record_count
                .checked_sub(header_lines)
                .ok_or_else(|| mismatch(format!("the manifest says that `{name}` has no line, but a header was asked for")))?,
        ),
    };
    Ok(Part { name, bytes, rows })
}

/// Whether a file has no line at all, not even a header, as a slice without rows may write it. Compressed, that has some bytes.
fn is_of_nothing(entry: &Entry, options: &UnloadOptions) -> bool {
    let is_packed = options.compression != Some(Compression::None);
    entry.meta.is_some_and(|meta| meta.record_count == 0 && (meta.content_length == 0 || is_packed))
}

/// The columns by which the files are put into folders are in their names and not in them, unless that was asked for; they are found
/// as the warehouse finds them. Whether it lists them is not relied on.
fn columns_in_files(options: &UnloadOptions, schema: Vec<Column>) -> Vec<Column> {
    if options.partition_include == Some(true) {
        return schema;
    }
    let names = schema.iter().map(|column| column.name.as_str());
    let place = |name: &String| place_of_column(names.clone(), name, str::to_lowercase);
    let in_folders: HashSet<usize> = options.partition_by.iter().flatten().filter_map(place).collect();
    let in_files = schema.into_iter().enumerate().filter(|(place, _)| !in_folders.contains(place));
    in_files.map(|(_, column)| column).collect()
}

fn mismatch(message: String) -> Error {
    Error::new(Code::VerificationFailed, message)
}

/// A statement that wrote rows must have written a manifest.
fn missing_manifest(error: Error) -> Error {
    if error.code() == Code::NotFound {
        return mismatch("the warehouse says that the statement finished, but its manifest is not in storage".to_owned());
    }
    error
}

/// Whether the warehouse wrote it: everything but what finalize itself may have left in an earlier run.
fn is_written_by_the_warehouse(name: &str, options: &UnloadOptions) -> bool {
    name != "receipt.json" && name != empty_name(options) && name != joined_name(options)
}

fn is_manifest(name: &str) -> bool {
    name == "outputmanifest" || name == "output/manifest"
}

/// Whether UNLOAD gave it its name, as a part of the result.
fn is_part(name: &str) -> bool {
    name.starts_with("output") && !is_manifest(name)
}

/// Whether the result is one file that was joined from parts.
pub(crate) fn is_joined(receipt: &Receipt) -> bool {
    receipt.files.iter().any(|file| file.name == joined_name(&receipt.options))
}

/// UNLOAD's own names have digits after `output`, so these are never taken for one.
fn joined_name(options: &UnloadOptions) -> String {
    format!("joined.{}", suffix(options))
}

fn empty_name(options: &UnloadOptions) -> String {
    format!("empty.{}", suffix(options))
}

fn suffix(options: &UnloadOptions) -> String {
    options.file_extension()
}

/// What comes before the first part: byte order mark and header, as a member of its own. Of nothing too: an empty gzip file has bytes.
fn compressed_head(options: &UnloadOptions, schema: &[Column]) -> Result<Vec<u8>> {
    compress(&text_head(options, schema), options.compression.unwrap_or(Compression::None))
}

fn text_head(options: &UnloadOptions, schema: &[Column]) -> Vec<u8> {
    let mut head = Vec::new();
    if options.bom == Some(true) {
        head.extend_from_slice(BYTE_ORDER_MARK);
    }
    if options.header == Some(true) {
        let names = schema.iter().map(|column| column.name.as_str());
        FieldStyle::of_options(options).push_header(names, &mut head);
    }
    head
}

#[cfg(test)]
mod tests {
    use outflow_core::manifest::Meta;
    use outflow_core::options::{Format, Requested};

    use super::*;

    fn entry(content_length: u64, record_count: u64) -> Entry {
        Entry { url: "s3://local/x/output000".to_owned(), meta: Some(Meta { content_length, record_count }) }
    }

    #[test]
    fn a_file_is_believed_only_when_storage_agrees() {
        let listed = HashMap::from([("output000", 10_u64)]);
        let part = verified_part(&entry(10, 3), "output000".to_owned(), &listed, 1).unwrap();
        assert_eq!(part.rows, Some(2));
        for (entry, name) in [(entry(11, 3), "output000"), (entry(10, 3), "output001"), (entry(10, 0), "output000")] {
            let error = verified_part(&entry, name.to_owned(), &listed, 1).unwrap_err();
            assert_eq!(error.code(), Code::VerificationFailed);
        }
    }

    #[test]
    fn the_head_is_quoted_like_the_rest() {
        let schema = ["a", "b\"c", "d,e"].map(|name| Column { name: name.to_owned(), data_type: "bigint".to_owned() });
        let options = UnloadOptions { compression: Some(Compression::None), bom: Some(true), ..UnloadOptions::default() };
        let head = compressed_head(&options, &schema).unwrap();
        assert_eq!(String::from_utf8(head).unwrap(), "\u{feff}a,\"b\"\"c\",\"d,e\"\n");
        let text = Requested {
            format: Some(Format::Text),
            compression: Some(Compression::None),
            quote_all: Some(true),
            escape: Some(true),
            ..Requested::default()
        };
        let head = text_head(&text.resolve().unwrap(), &schema);
        assert_eq!(String::from_utf8(head).unwrap(), "\"a\"|\"b\\\"c\"|\"d,e\"\n");
    }

    #[test]
    fn the_columns_of_folders_are_not_in_the_files_unless_they_were_asked_for() {
        let schema = || ["a", "Year", "year", "n"].map(|name| Column { name: name.to_owned(), data_type: "bigint".to_owned() });
        let named = |partition_by: &[&str], include: bool| {
            let partition_by = Some(partition_by.iter().map(|name| (*name).to_owned()).collect());
            let asked = Requested { partition_by, partition_include: Some(include), ..Requested::default() };
            let columns = columns_in_files(&asked.resolve().unwrap(), schema().to_vec());
            columns.into_iter().map(|column| column.name).collect::<Vec<_>>()
        };
        assert_eq!(named(&["year", "a"], false), ["Year", "n"]);
        assert_eq!(named(&["year", "a"], true), ["a", "Year", "year", "n"]);
        assert_eq!(named(&["A", "N"], false), ["Year", "year"], "the only one alike but for case");
        assert_eq!(named(&["YEAR"], false), ["a", "Year", "year", "n"], "two are alike");
        assert_eq!(named(&["elsewhere"], false), ["a", "Year", "year", "n"]);
    }
}
