//! The bucket as an object store: what the embedded warehouse writes to, and what we read from.

use std::ops::Range;

use async_trait::async_trait;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    Attributes, CopyMode, CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use outflow_core::{Code, Timestamp};

use super::address::ENCODED;
use super::delete::AT_ONCE;
use super::error::broken_off;
use super::pieces::in_pieces;
use super::upload::Upload;
use super::{Bucket, Failure};

/// How often the reading of one object may break off without anything having come.
const BREAKS: u32 = 5;
/// Up to here, what is written at once has not much to send.
const SMALL: usize = 1 << 20;

#[async_trait]
impl ObjectStore for Bucket {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let if_none_match = match options.mode {
            PutMode::Overwrite => None,
            PutMode::Create => Some("*".to_owned()),
            PutMode::Update(_) => return Err(self.not_implemented("`put_opts` with `PutMode::Update`")),
        };
        if !options.attributes.is_empty() {
            return Err(self.not_implemented("`put_opts` with attributes"));
        }
        let is_new = if_none_match.is_some();
        let written = self.write(location.as_ref(), Bytes::from(payload), if_none_match).await;
        let e_tag = written.map_err(|failure| match failure.into_object_store(location.as_ref()) {
            object_store::Error::Precondition { path, source } if is_new => object_store::Error::AlreadyExists { path, source },
            error => error,
        })?;
        Ok(PutResult { e_tag, version: None })
    }

    async fn put_multipart_opts(&self, location: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        if !options.attributes.is_empty() {
            return Err(self.not_implemented("`put_multipart_opts` with attributes"));
        }
        let begun = self.begin(location.as_ref()).await.map_err(|failure| failure.into_object_store(location.as_ref()))?;
        Ok(Box::new(Upload::new(begun)))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let read = if options.head { self.look(location, options).await } else { self.read(location, options).await };
        read.map_err(|failure| failure.into_object_store(location.as_ref()))
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let bucket = self.clone();
        let deleted = locations.try_chunks(AT_ONCE).map_err(|error| error.1).and_then(move |some| {
            let bucket = bucket.clone();
            async move {
                let keys = some.iter().map(|location| (location.as_ref().to_owned(), None)).collect();
                let first = some.first().map(ToString::to_string).unwrap_or_default();
                bucket.delete_all(keys).await.map_err(|failure| failure.into_object_store(&first))?;
                Ok(stream::iter(some.into_iter().map(Ok)))
            }
        });
        deleted.try_flatten().boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.list_objects(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.list_folder(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        if options.mode == CopyMode::Create {
            return Err(self.not_implemented("`copy_opts` with `CopyMode::Create`"));
        }
        let source = percent_encoding::utf8_percent_encode(from.as_ref(), ENCODED);
        let (encryption, key_id) = self.encryption();
        let call = self.client.copy_object().bucket(&self.name).key(to.as_ref()).copy_source(format!("{}/{source}", self.name));
        let copied = call.set_server_side_encryption(encryption).set_ssekms_key_id(key_id).send().await;
        copied.map(drop).map_err(|error| self.failure("s3:PutObject", error).into_object_store(from.as_ref()))
    }
}

impl Bucket {
    /// Writes an object in one piece; gives its validator.
    pub(super) async fn write(&self, key: &str, bytes: Bytes, if_none_match: Option<String>) -> Result<Option<String>, Failure> {
        let (encryption, key_id) = self.encryption();
        let client = if bytes.len() <= SMALL { &self.quick } else { &self.client };
        let call = client.put_object().bucket(&self.name).key(key).set_if_none_match(if_none_match);
        let call = call.set_server_side_encryption(encryption).set_ssekms_key_id(key_id).body(in_pieces(bytes));
        let bucket = self.clone();
        let written = self.make(key, async move { call.send().await.map_err(|error| bucket.failure("s3:PutObject", error)) });
        Ok(written.await?.e_tag)
    }

    /// Reads a stretch of an object, all of it and nothing else.
    pub(crate) async fn bytes(&self, key: &str, range: Range<u64>, etag: Option<String>) -> Result<Bytes, Failure> {
        let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or_default();
        if length == 0 {
            return Ok(Bytes::new());
        }
        let answer = self.ask(key, &range, etag.clone()).await?;
        let mut whole = Vec::with_capacity(length);
        let mut pieces = self.pieces(key.to_owned(), range, etag, answer.body);
        while let Some(piece) = pieces.try_next().await? {
            whole.extend_from_slice(&piece);
        }
        if whole.len() != length {
            let what = format!("{} of {length} bytes of `{key}` came", whole.len());
            return Err(broken_off(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, what)));
        }
        Ok(whole.into())
    }

    /// The pieces of a stretch of an object, whose first answer is there already; goes on where an answer breaks off.
    pub(super) fn pieces(
        &self,
        key: String,
        range: Range<u64>,
        etag: Option<String>,
        body: ByteStream,
    ) -> BoxStream<'static, Result<Bytes, Failure>> {
        let (bucket, breaks) = (self.clone(), 0);
        let pieces = stream::try_unfold((body, range, breaks), move |(mut body, mut rest, mut breaks)| {
            let (bucket, key, etag) = (bucket.clone(), key.clone(), etag.clone());
            async move {
                loop {
                    match body.try_next().await {
                        Ok(Some(piece)) => {
                            rest.start += piece.len() as u64;
                            breaks = if piece.is_empty() { breaks } else { 0 };
                            return Ok(Some((piece, (body, rest, breaks))));
                        }
                        Ok(None) => return Ok(None),
                        // Without a validator, the rest may be that of another object.
                        Err(error) if breaks == BREAKS || rest.is_empty() || etag.is_none() => return Err(broken_off(error)),
                        Err(_) => {
                            breaks += 1;
                            body = bucket.ask(&key, &rest, etag.clone()).await?.body;
                        }
                    }
                }
            }
        });
        pieces.boxed()
    }

    /// Asks for a stretch of an object. Another stretch, or the whole, is no answer: it would pass for the bytes that were asked for.
    async fn ask(&self, key: &str, range: &Range<u64>, if_match: Option<String>) -> Result<GetObjectOutput, Failure> {
        let call = self.quick.get_object().bucket(&self.name).key(key).range(bytes_of(range)).set_if_match(if_match);
        let answer = call.send().await.map_err(|error| self.failure("s3:GetObject", error))?;
        match answer.content_range().and_then(content_range) {
            Some((given, _)) if given == *range => Ok(answer),
            _ => {
                let said = format!("asked for `{}`, given `{}`", bytes_of(range), answer.content_range().unwrap_or("all"));
                let sentence = format!("what answers as S3 gives other bytes of `{key}` than it is asked for");
                Err(Failure::said(Code::VerificationFailed, sentence, "InvalidRange", said))
            }
        }
    }

    async fn read(&self, location: &Path, options: GetOptions) -> Result<GetResult, Failure> {
        let key = location.as_ref();
        let call = self.quick.get_object().bucket(&self.name).key(key).set_range(options.range.map(|range| range.to_string()));
        let call = call.set_if_match(options.if_match).set_if_none_match(options.if_none_match).set_version_id(options.version);
        let call = call.set_if_modified_since(options.if_modified_since.map(as_moment));
        let call = call.set_if_unmodified_since(options.if_unmodified_since.map(as_moment));
        let answer = call.send().await.map_err(|error| self.failure("s3:GetObject", error))?;
        let length = size(answer.content_length);
        let (range, total) = answer.content_range().and_then(content_range).unwrap_or((0..length, length));
        let meta = ObjectMeta {
            location: location.clone(),
            last_modified: moment(answer.last_modified.as_ref()),
            size: total,
            e_tag: answer.e_tag.clone(),
            version: answer.version_id,
        };
        let shown = key.to_owned();
        let pieces = self.pieces(key.to_owned(), range.clone(), answer.e_tag, answer.body);
        let pieces = pieces.map_err(move |failure| failure.into_object_store(&shown)).boxed();
        Ok(GetResult { payload: GetResultPayload::Stream(pieces), meta, range, attributes: Attributes::default() })
    }

    async fn look(&self, location: &Path, options: GetOptions) -> Result<GetResult, Failure> {
        let key = location.as_ref();
        let call = self.quick.head_object().bucket(&self.name).key(key);
        let call = call.set_if_match(options.if_match).set_if_none_match(options.if_none_match).set_version_id(options.version);
        let answer = match call.send().await.map_err(|error| self.failure("s3:GetObject", error)) {
            Err(failure) if failure.status == Some(404) => {
                // A bucket that is not there must not pass for an object that is not.
                self.missing().await?;
                return Err(failure);
            }
            Err(failure) => return Err(self.explained(key, failure).await),
            Ok(answer) => answer,
        };
        let size = size(answer.content_length);
        let meta = ObjectMeta {
            location: location.clone(),
            last_modified: moment(answer.last_modified.as_ref()),
            size,
            e_tag: answer.e_tag,
            version: answer.version_id,
        };
        let payload = GetResultPayload::Stream(stream::empty().boxed());
        Ok(GetResult { payload, meta, range: 0..size, attributes: Attributes::default() })
    }

    fn not_implemented(&self, operation: &str) -> object_store::Error {
        object_store::Error::NotImplemented { operation: operation.to_owned(), implementer: self.to_string() }
    }
}

/// When an object was written, as S3 says it.
pub(super) fn moment(at: Option<&DateTime>) -> Timestamp {
    at.and_then(|at| Timestamp::from_timestamp(at.secs(), at.subsec_nanos())).unwrap_or_default()
}

fn as_moment(at: Timestamp) -> DateTime {
    DateTime::from_secs(at.timestamp())
}

fn size(length: Option<i64>) -> u64 {
    length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default()
}

pub(super) fn bytes_of(range: &Range<u64>) -> String {
    format!("bytes={}-{}", range.start, range.end.saturating_sub(1))
}

/// Reads `bytes 0-9/100`.
fn content_range(header: &str) -> Option<(Range<u64>, u64)> {
    let (range, total) = header.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    Some((first.parse().ok()?..last.parse::<u64>().ok()?.checked_add(1)?, total.parse().ok()?))
}
