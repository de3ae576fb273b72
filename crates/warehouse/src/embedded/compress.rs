//! Compression of what is written, on threads of its own: gzip members side by side, one zstd frame with worker threads.
//!
//! Memory is bounded: at most [`SIDE_BY_SIDE`] chunks are in work. The pieces come out in the order in which the chunks went in.

use std::io::{self, Write};

use bytes::Bytes;
use bzip2::write::BzEncoder;
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use libdeflater::{CompressionLvl, Compressor as Deflater};
use outflow_core::options::Compression;
use outflow_core::{Code, Error, Result};
use tokio::task::{JoinHandle, spawn_blocking};

/// How much text goes into one chunk, that is, into one gzip member of a long file.
pub(super) const CHUNK: usize = 4 << 20;
/// How many chunks are compressed at once, and how many workers a long zstd frame has.
const SIDE_BY_SIDE: usize = 2;
/// Up to here a last chunk is compressed at once: handing it to another thread would take longer.
const AT_ONCE: usize = 64 << 10;
/// As small as zlib makes it at its own level 6, in half the time: docs/benchmarks.md has the table.
const GZIP_LEVEL: i32 = 6;
/// The default of the zstd command.
const ZSTD_LEVEL: i32 = 3;

/// Compresses one file.
pub(super) enum Compressor {
    /// What comes in goes out.
    None,
    /// Each chunk is a member.
    Gzip(FuturesOrdered<JoinHandle<io::Result<Vec<u8>>>>),
    /// The frame, once it has begun.
    Zstd(Option<Box<zstd::Encoder<'static, Vec<u8>>>>),
    /// The stream; away while a chunk of it is compressed.
    Bzip2(Option<BzEncoder<Vec<u8>>>),
}

impl Compressor {
    /// For a file that is compressed so.
    pub(super) fn new(compression: Compression) -> Self {
        match compression {
            Compression::None => Self::None,
            Compression::Gzip => Self::Gzip(FuturesOrdered::new()),
            Compression::Zstd => Self::Zstd(None),
            Compression::Bzip2 => Self::Bzip2(Some(bzip2_stream())),
        }
    }

    /// Takes a chunk that is not the last; gives what is ready, in order.
    ///
    /// # Errors
    /// Only `internal`.
    pub(super) async fn push(&mut self, chunk: Vec<u8>) -> Result<Bytes> {
        let ready = match self {
            Self::None => Ok(chunk),
            Self::Gzip(members) => {
                members.push_back(spawn_blocking(move || gzip_member(&chunk)));
                if members.len() > SIDE_BY_SIDE { next(members).await } else { Ok(Vec::new()) }
            }
            Self::Zstd(frame) => {
                let begun = frame.take();
                match joined(spawn_blocking(move || zstd_chunk(begun, &chunk))).await {
                    Ok((going, ready)) => {
                        *frame = Some(going);
                        Ok(ready)
                    }
                    Err(error) => Err(error),
                }
            }
            Self::Bzip2(stream) => {
                let mut going = stream.take().unwrap_or_else(bzip2_stream);
                let compressed = spawn_blocking(move || {
                    going.write_all(&chunk)?;
                    let ready = std::mem::take(going.get_mut());
                    Ok((going, ready))
                });
                match joined(compressed).await {
                    Ok((going, ready)) => {
                        *stream = Some(going);
                        Ok(ready)
                    }
                    Err(error) => Err(error),
                }
            }
        };
        ready.map(Bytes::from).map_err(failed)
    }

    /// Takes the last chunk; gives all that is left. Even a file of nothing is a valid one.
    ///
    /// # Errors
    /// Only `internal`.
    pub(super) async fn finish(&mut self, chunk: Vec<u8>) -> Result<Vec<Bytes>> {
        let mut pieces = Vec::new();
        match self {
            Self::None => pieces.push(Ok(chunk)),
            Self::Gzip(members) if members.is_empty() && chunk.len() <= AT_ONCE => pieces.push(gzip_member(&chunk)),
            Self::Gzip(members) => {
                members.push_back(spawn_blocking(move || gzip_member(&chunk)));
                while !members.is_empty() {
                    pieces.push(next(members).await);
                }
            }
            Self::Zstd(frame) => pieces.push(match frame.take() {
                None if chunk.len() <= AT_ONCE => zstd::bulk::compress(&chunk, ZSTD_LEVEL),
                None => joined(spawn_blocking(move || zstd::bulk::compress(&chunk, ZSTD_LEVEL))).await,
                Some(mut going) => {
                    joined(spawn_blocking(move || {
                        going.write_all(&chunk)?;
                        going.finish()
                    }))
                    .await
                }
            }),
            Self::Bzip2(stream) => {
                let mut going = stream.take().unwrap_or_else(bzip2_stream);
                let compressed = spawn_blocking(move || {
                    going.write_all(&chunk)?;
                    going.finish()
                });
                pieces.push(joined(compressed).await);
            }
        }
        pieces.into_iter().map(|piece| piece.map(Bytes::from).map_err(failed)).collect()
    }
}

/// The whole of a short file.
///
/// # Errors
/// Only `internal`.
pub(super) fn compress_whole(compression: Compression, text: Vec<u8>) -> Result<Vec<u8>> {
    match compression {
        Compression::None => Ok(text),
        Compression::Gzip => gzip_member(&text).map_err(failed),
        Compression::Zstd => zstd::bulk::compress(&text, ZSTD_LEVEL).map_err(failed),
        Compression::Bzip2 => {
            let mut stream = bzip2_stream();
            stream.write_all(&text).and_then(|()| stream.finish()).map_err(failed)
        }
    }
}

fn bzip2_stream() -> BzEncoder<Vec<u8>> {
    BzEncoder::new(Vec::new(), bzip2::Compression::best())
}

fn gzip_member(text: &[u8]) -> io::Result<Vec<u8>> {
    let level = CompressionLvl::new(GZIP_LEVEL).map_err(|_| io::Error::other("there is no such level of gzip"))?;
    let mut deflater = Deflater::new(level);
    let mut member = vec![0; deflater.gzip_compress_bound(text.len())];
    let length = deflater.gzip_compress(text, &mut member).map_err(io::Error::other)?;
    member.truncate(length);
    member.shrink_to_fit();
    Ok(member)
}

type Frame = Box<zstd::Encoder<'static, Vec<u8>>>;

fn zstd_chunk(begun: Option<Frame>, text: &[u8]) -> io::Result<(Frame, Vec<u8>)> {
    let mut frame = match begun {
        Some(frame) => frame,
        None => {
            let mut frame = zstd::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
            frame.multithread(SIDE_BY_SIDE as u32)?;
            frame.include_checksum(true)?;
            Box::new(frame)
        }
    };
    frame.write_all(text)?;
    let ready = std::mem::take(frame.get_mut());
    Ok((frame, ready))
}

async fn next(members: &mut FuturesOrdered<JoinHandle<io::Result<Vec<u8>>>>) -> io::Result<Vec<u8>> {
    match members.next().await {
        Some(done) => done.map_err(io::Error::other)?,
        None => Ok(Vec::new()),
    }
}

async fn joined<T>(task: JoinHandle<io::Result<T>>) -> io::Result<T> {
    task.await.map_err(io::Error::other)?
}

fn failed(error: io::Error) -> Error {
    Error::new(Code::Internal, "the result could not be compressed").with_source(error)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn text(length: usize) -> Vec<u8> {
        (0..length).map(|at| b"abc,def\n0123456789"[at * at % 17]).collect()
    }

    fn expanded(compression: Compression, bytes: &[u8]) -> Vec<u8> {
        match compression {
            Compression::None => bytes.to_vec(),
            Compression::Gzip => {
                let mut out = Vec::new();
                flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out).unwrap();
                out
            }
            Compression::Zstd => zstd::decode_all(bytes).unwrap(),
            Compression::Bzip2 => {
                let mut out = Vec::new();
                bzip2::read::BzDecoder::new(bytes).read_to_end(&mut out).unwrap();
                out
            }
        }
    }

    #[tokio::test]
    async fn chunks_come_out_in_order() {
        for compression in Compression::ALL {
            for (chunks, last) in [(0, 0), (0, 5), (0, AT_ONCE + 1), (1, 0), (7, 1_000)] {
                let mut compressor = Compressor::new(compression);
                let (mut written, mut expected) = (Vec::new(), Vec::new());
                for chunk in 0..chunks {
                    let chunk = text(100_000 + chunk);
                    expected.extend_from_slice(&chunk);
                    written.extend_from_slice(&compressor.push(chunk).await.unwrap());
                }
                expected.extend_from_slice(&text(last));
                for piece in compressor.finish(text(last)).await.unwrap() {
                    written.extend_from_slice(&piece);
                }
                assert_eq!(expanded(compression, &written), expected, "{compression:?} {chunks} {last}");
                assert_eq!(expanded(compression, &compress_whole(compression, text(last)).unwrap()), text(last));
            }
        }
    }
}
