//! Which bytes of a join S3 copies, and which pass through us. Pure.

use std::ops::Range;

use bytes::Bytes;

/// S3 takes no smaller part, but for the last. Of an object that is not larger than that it copies no range either: AWS's documentation says
/// 5 MB, and not of which kind.
const LEAST: u64 = 5 << 20;
/// What is copied as one part at most. S3 takes 5 GiB; smaller ones are copied side by side.
const MOST_COPIED: u64 = 1 << 30;
/// S3 takes no more parts.
pub(in crate::s3) const MOST_PARTS: usize = 10_000;

/// A piece of what is joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Bytes that we have.
    Bytes(Bytes),
    /// Bytes that lie in S3.
    Object(Stretch),
}

/// A stretch of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// The object.
    pub(crate) key: String,
    /// Its validator: another object under that key is another object.
    pub(crate) etag: Option<String>,
    /// Which of its bytes.
    pub(crate) range: Range<u64>,
    /// How many it has.
    pub(crate) size: u64,
}

/// A part of the upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Copied by S3.
    Copied(Stretch),
    /// Gathered by us, and written.
    Gathered(Vec<Source>),
}

impl Source {
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Object(stretch) => stretch.length(),
        }
    }
}

impl Stretch {
    fn length(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }

    /// Whether it is the whole object.
    pub(in crate::s3) fn is_whole(&self) -> bool {
        self.range == (0..self.size)
    }

    /// Whether S3 copies it at all.
    fn is_copied(&self) -> bool {
        self.is_whole() || self.size > LEAST
    }

    /// The first so many bytes, and the rest.
    fn split(self, at: u64) -> (Self, Self) {
        let middle = self.range.start + at;
        let first = Self { range: self.range.start..middle, ..self.clone() };
        (first, Self { range: middle..self.range.end, ..self })
    }
}

impl Part {
    /// How many bytes of it are read by us.
    pub(super) fn through_us(&self) -> u64 {
        let is_read = |source: &&Source| matches!(source, Source::Object(_));
        match self {
            Self::Copied(_) => 0,
            Self::Gathered(pieces) => pieces.iter().filter(is_read).map(Source::length).sum(),
        }
    }
}

/// The parts that make one object of these pieces, in their order, with as little as can be through us: what is large enough is copied;
/// what is not is gathered, with so much of what follows as makes it a part.
pub(super) fn plan(sources: Vec<Source>) -> Vec<Part> {
    let sources: Vec<_> = sources.into_iter().filter(|source| source.length() > 0).collect();
    let last = sources.len().saturating_sub(1);
    let mut parts = Parts::default();
    for (index, source) in sources.into_iter().enumerate() {
        parts.add(source, index == last);
    }
    parts.flush();
    parts.done
}

#[derive(Debug, Default)]
struct Parts {
    done: Vec<Part>,
    waiting: Vec<Source>,
    gathered: u64,
}

impl Parts {
    fn add(&mut self, source: Source, is_last: bool) {
        let stretch = match source {
            Source::Object(stretch) => stretch,
            bytes @ Source::Bytes(_) => return self.gather(bytes),
        };
        let lacking = if self.waiting.is_empty() { 0 } else { LEAST - self.gathered };
        let (first, rest) = stretch.clone().split(lacking.min(stretch.length()));
        // The last part may be of any size, when it is not the only one.
        let has_others = lacking > 0 || !self.done.is_empty();
        let is_part = rest.length() >= LEAST || (is_last && has_others && rest.length() > 0);
        if !is_part || !rest.is_copied() {
            return self.gather(Source::Object(stretch));
        }
        if lacking > 0 {
            self.gather(Source::Object(first));
        }
        self.copy(rest);
    }

    fn gather(&mut self, source: Source) {
        self.gathered += source.length();
        self.waiting.push(source);
        if self.gathered >= LEAST {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.waiting.is_empty() {
            self.done.push(Part::Gathered(std::mem::take(&mut self.waiting)));
        }
        self.gathered = 0;
    }

    /// In stretches of about the same size, so that none is too small.
    fn copy(&mut self, stretch: Stretch) {
        let count = stretch.length().div_ceil(MOST_COPIED).max(1);
        let each = stretch.length().div_ceil(count);
        let mut rest = stretch;
        while rest.length() > each {
            let (first, others) = rest.split(each);
            self.done.push(Part::Copied(first));
            rest = others;
        }
        self.done.push(Part::Copied(rest));
    }
}

#[cfg(test)]
mod tests;
