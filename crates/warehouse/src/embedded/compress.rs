//! How text is compressed: gzip by members, which concatenate and are made side by side; zstd and bzip2 in one frame, since many readers
//! stop at the first.

use std::io::{self, Write};

use bzip2::write::BzEncoder;
use libdeflater::{CompressionLvl, Compressor as Deflater};
use outflow_core::options::{Compression, Format};
use outflow_core::{Code, Error, Result};
use zstd::zstd_safe::CParameter;

/// How many workers a zstd frame has.
const WORKERS: u32 = 2;
/// How much text a worker takes at once: less than by itself, which would hold some 60 MB.
const JOB: u32 = 2 << 20;
/// The default of the zstd command.
const ZSTD_LEVEL: i32 = 3;
/// What differs from that level: tables that stay in a core's own cache, a window that goes with them, and no matches as short as those
/// that the digits of other numbers are. Rows of text become smaller by it, in a seventh less time: docs/benchmarks.md.
const ZSTD_PARAMETERS: [CParameter; 4] =
    [CParameter::WindowLog(20), CParameter::HashLog(15), CParameter::ChainLog(15), CParameter::MinMatch(6)];

/// Compresses the files of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Compressor {
    compression: Compression,
    gzip_level: i32,
}

impl Compressor {
    /// For files of that format.
    pub(super) fn new(compression: Compression, format: Format) -> Self {
        // As small as zlib makes it at its own level 6, in a fraction of the time: docs/benchmarks.md has the table.
        let gzip_level = if format == Format::Json { 6 } else { 5 };
        Self { compression, gzip_level }
    }

    /// A whole file.
    ///
    /// # Errors
    /// Only `internal`.
    pub(super) fn whole(self, text: Vec<u8>) -> Result<Vec<u8>> {
        match self.stream() {
            None => self.member(&text).unwrap_or(Ok(text)),
            Some(_) if self.compression == Compression::Zstd => small_zstd_frame(&text).map_err(failed),
            Some(stream) => {
                let mut stream = stream?;
                let mut bytes = stream.push(&text)?;
                bytes.append(&mut stream.finish()?);
                Ok(bytes)
            }
        }
    }

    /// A chunk of a file as a gzip member of its own, where the compression has such; it takes nothing from the text.
    ///
    /// # Errors
    /// Only `internal`.
    pub(super) fn member(self, text: &[u8]) -> Option<Result<Vec<u8>>> {
        (self.compression == Compression::Gzip).then(|| gzip_member(text, self.gzip_level).map_err(failed))
    }

    /// What the chunks of a file go through one after the other, where there is such a thing.
    pub(super) fn stream(self) -> Option<Result<Stream>> {
        let frame = match self.compression {
            Compression::None | Compression::Gzip => return None,
            Compression::Zstd => zstd_frame().map(Frame::Zstd).map_err(failed),
            Compression::Bzip2 => Ok(Frame::Bzip2(BzEncoder::new(Vec::new(), bzip2::Compression::best()))),
        };
        Some(frame.map(|frame| Stream { frame, unsettled: 0 }))
    }
}

/// One frame under way.
pub(super) struct Stream {
    frame: Frame,
    /// How much text went in since all of it was known to be out.
    unsettled: u64,
}

enum Frame {
    Zstd(zstd::Encoder<'static, Vec<u8>>),
    Bzip2(BzEncoder<Vec<u8>>),
}

impl Stream {
    /// Compresses text; gives what is ready.
    ///
    /// # Errors
    /// Only `internal`.
    pub(super) fn push(&mut self, text: &[u8]) -> Result<Vec<u8>> {
        self.unsettled += text.len() as u64;
        match &mut self.frame {
            Frame::Zstd(encoder) => encoder.write_all(text).map_err(failed)?,
            Frame::Bzip2(encoder) => encoder.write_all(text).map_err(failed)?,
        }
        Ok(self.ready())
    }

    /// How many bytes may still come of what went in, about at most.
    pub(super) fn held_back(&self) -> u64 {
        self.unsettled
    }

    /// Gives all that went in.
    ///
    /// # Errors
    /// Only `internal`.
    pub(super) fn flush(mut self) -> Result<(Self, Vec<u8>)> {
        match &mut self.frame {
            Frame::Zstd(encoder) => encoder.flush().map_err(failed)?,
            Frame::Bzip2(encoder) => encoder.flush().map_err(failed)?,
        }
        self.unsettled = 0;
        let ready = self.ready();
        Ok((self, ready))
    }

    /// Ends the frame; gives what is left.
    ///
    /// # Errors
    /// Only `internal`.
    pub(super) fn finish(self) -> Result<Vec<u8>> {
        match self.frame {
            Frame::Zstd(encoder) => encoder.finish().map_err(failed),
            Frame::Bzip2(encoder) => encoder.finish().map_err(failed),
        }
    }

    fn ready(&mut self) -> Vec<u8> {
        let made = match &mut self.frame {
            Frame::Zstd(encoder) => encoder.get_mut(),
            Frame::Bzip2(encoder) => encoder.get_mut(),
        };
        // A copy of just its size: the room stays here for what is made next.
        let ready = made.as_slice().to_vec();
        made.clear();
        ready
    }
}

fn gzip_member(text: &[u8], level: i32) -> io::Result<Vec<u8>> {
    let level = CompressionLvl::new(level).map_err(|_| io::Error::other("there is no such level of gzip"))?;
    let mut deflater = Deflater::new(level);
    let mut member = vec![0; deflater.gzip_compress_bound(text.len())];
    let length = deflater.gzip_compress(text, &mut member).map_err(io::Error::other)?;
    member.truncate(length);
    member.shrink_to_fit();
    Ok(member)
}

fn small_zstd_frame(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
    ZSTD_PARAMETERS.into_iter().try_for_each(|parameter| compressor.set_parameter(parameter))?;
    compressor.include_checksum(true)?;
    compressor.compress(text)
}

fn zstd_frame() -> io::Result<zstd::Encoder<'static, Vec<u8>>> {
    let mut frame = zstd::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
    ZSTD_PARAMETERS.into_iter().try_for_each(|parameter| frame.set_parameter(parameter))?;
    frame.multithread(WORKERS)?;
    frame.set_parameter(CParameter::JobSize(JOB))?;
    frame.include_checksum(true)?;
    Ok(frame)
}

fn failed(error: io::Error) -> Error {
    Error::new(Code::Internal, "the result could not be compressed").with_source(error)
}
