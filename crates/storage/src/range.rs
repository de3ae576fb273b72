//! Which bytes a request asks for: `Range` and `If-Range` of RFC 9110, for single byte ranges. Pure; the web server has the headers.
//!
//! What we do not serve (several ranges, other units) and what cannot be read is no range at all, as the RFC has it: the answer is the
//! whole file.

use std::ops::Range;

use chrono::NaiveDateTime;
use outflow_core::{Code, Error, Timestamp};

use crate::read::FileStat;

/// How an `HTTP-date` is written.
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// The bytes to answer with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All: `200`.
    Whole(Range<u64>),
    /// Some: `206`, with `Content-Range`.
    Part(Range<u64>),
}

/// A range that lies outside the file: `416`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsatisfiable {
    /// The file's bytes.
    pub total: u64,
}

/// A byte range as asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteRange {
    /// `bytes=a-b`, both included.
    Between(u64, u64),
    /// `bytes=a-`
    From(u64),
    /// `bytes=-n`
    Last(u64),
}

/// What to answer to a request with these headers, of a file as it stands.
///
/// # Errors
/// [`Unsatisfiable`] when the range is well-formed and no byte of it exists.
pub fn select(range: Option<&str>, if_range: Option<&str>, stat: &FileStat) -> Result<Selection, Unsatisfiable> {
    let whole = Selection::Whole(0..stat.size);
    let Some(asked) = range.and_then(ByteRange::parse) else { return Ok(whole) };
    if if_range.is_some_and(|validator| !is_same(validator, stat)) {
        return Ok(whole);
    }
    asked.within(stat.size).map(Selection::Part).ok_or(Unsatisfiable { total: stat.size })
}

/// A moment as `Last-Modified` has it.
pub fn http_date(at: Timestamp) -> String {
    at.format(HTTP_DATE).to_string()
}

impl Selection {
    /// Which bytes.
    pub fn range(&self) -> Range<u64> {
        match self {
            Self::Whole(range) | Self::Part(range) => range.clone(),
        }
    }

    /// How many: `Content-Length`.
    pub fn length(&self) -> u64 {
        let range = self.range();
        range.end.saturating_sub(range.start)
    }

    /// `Content-Range`, where it belongs.
    pub fn content_range(&self, total: u64) -> Option<String> {
        match self {
            Self::Whole(_) => None,
            Self::Part(range) => Some(format!("bytes {}-{}/{total}", range.start, range.end.saturating_sub(1))),
        }
    }
}

impl Unsatisfiable {
    /// `Content-Range` of the refusal, which tells how long the file is.
    pub fn content_range(self) -> String {
        format!("bytes */{}", self.total)
    }
}

impl From<Unsatisfiable> for Error {
    fn from(unsatisfiable: Unsatisfiable) -> Self {
        Self::new(
            Code::RangeNotSatisfiable,
            format!("the file has {} bytes, and none of them is in the range", unsatisfiable.total),
        )
    }
}

impl ByteRange {
    /// Reads a `Range` header; `None` for one that is to be ignored.
    pub fn parse(header: &str) -> Option<Self> {
        let (unit, set) = header.split_once('=')?;
        if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
            return None;
        }
        let (first, last) = set.trim().split_once('-')?;
        match (first, last) {
            ("", last) => Some(Self::Last(number(last)?)),
            (first, "") => Some(Self::From(number(first)?)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::Between(first, last))
            }
        }
    }

    /// The bytes that there are of it in a file of that size; `None` when there is none.
    pub fn within(self, total: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::Between(first, last) => first..last.saturating_add(1).min(total),
            Self::From(first) => first..total,
            Self::Last(count) => total.saturating_sub(count)..total,
        };
        (range.start < range.end).then_some(range)
    }
}

/// Digits only: `+5` is a number to Rust and none to the RFC. One beyond all files is as good as the largest.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

/// Strong comparison: a weak tag is never the same.
fn is_same(validator: &str, stat: &FileStat) -> bool {
    let validator = validator.trim();
    if validator.starts_with('"') || validator.starts_with("W/") {
        return validator == stat.etag;
    }
    NaiveDateTime::parse_from_str(validator, HTTP_DATE)
        .is_ok_and(|date| date.and_utc().timestamp() == stat.last_modified.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(size: u64) -> FileStat {
        FileStat { size, last_modified: Timestamp::from_timestamp(1_700_000_000, 5).unwrap(), etag: "\"a-1\"".to_owned() }
    }

    #[test]
    fn ranges_are_read_as_the_rfc_has_them() {
        let whole = |size| Ok(Selection::Whole(0..size));
        let part = |range| Ok(Selection::Part(range));
        let cases: &[(&str, u64, Result<Selection, Unsatisfiable>)] = &[
            ("bytes=0-499", 10_000, part(0..500)),
            ("bytes=500-999", 10_000, part(500..1_000)),
            ("bytes=0-0", 10_000, part(0..1)),
            ("bytes=9999-9999", 10_000, part(9_999..10_000)),
            ("bytes=-500", 10_000, part(9_500..10_000)),
            ("bytes=9500-", 10_000, part(9_500..10_000)),
            ("bytes=0-", 10_000, part(0..10_000)),
            ("bytes=0-99999", 10_000, part(0..10_000)),
            ("bytes=-99999", 10_000, part(0..10_000)),
            ("bytes=5-18446744073709551615", 10, part(5..10)),
            ("bytes=5-99999999999999999999999", 10, part(5..10)),
            ("BYTES=1-2", 10, part(1..3)),
            ("bytes= 1-2 ", 10, part(1..3)),
            ("bytes=10-", 10, Err(Unsatisfiable { total: 10 })),
            ("bytes=10-20", 10, Err(Unsatisfiable { total: 10 })),
            ("bytes=18446744073709551615-18446744073709551615", 10, Err(Unsatisfiable { total: 10 })),
            ("bytes=-0", 10, Err(Unsatisfiable { total: 10 })),
            ("bytes=0-", 0, Err(Unsatisfiable { total: 0 })),
            ("bytes=-5", 0, Err(Unsatisfiable { total: 0 })),
            ("bytes=0-1,3-4", 10, whole(10)),
            ("bytes=4-1", 10, whole(10)),
            ("bytes=a-b", 10, whole(10)),
            ("bytes=+1-2", 10, whole(10)),
            ("bytes=1- 2", 10, whole(10)),
            ("bytes=--1", 10, whole(10)),
            ("bytes=-", 10, whole(10)),
            ("bytes=", 10, whole(10)),
            ("bytes", 10, whole(10)),
            ("rows=0-1", 10, whole(10)),
            ("", 10, whole(10)),
        ];
        for (header, size, expected) in cases {
            assert_eq!(select(Some(header), None, &stat(*size)), *expected, "`{header}` of {size}");
        }
        assert_eq!(select(None, None, &stat(10)), whole(10));
    }

    #[test]
    fn a_range_of_another_file_is_the_whole_of_this_one() {
        let date = http_date(stat(10).last_modified);
        assert_eq!(date, "Tue, 14 Nov 2023 22:13:20 GMT");
        for (validator, holds) in [
            ("\"a-1\"", true),
            (" \"a-1\"", true),
            (date.as_str(), true),
            ("W/\"a-1\"", false),
            ("\"a-2\"", false),
            ("a-1", false),
            ("Tue, 14 Nov 2023 22:13:21 GMT", false),
            ("yesterday", false),
        ] {
            let selected = select(Some("bytes=1-2"), Some(validator), &stat(10)).unwrap();
            let expected = if holds { Selection::Part(1..3) } else { Selection::Whole(0..10) };
            assert_eq!(selected, expected, "`{validator}`");
        }
        // Whether the range could be met is asked only of the same file.
        assert_eq!(select(Some("bytes=99-"), Some("\"other\""), &stat(10)), Ok(Selection::Whole(0..10)));
    }

    #[test]
    fn the_headers_of_the_answer() {
        assert_eq!(Selection::Part(1..3).content_range(10).unwrap(), "bytes 1-2/10");
        assert_eq!(Selection::Whole(0..10).content_range(10), None);
        assert_eq!((Selection::Part(1..3).length(), Selection::Whole(0..0).length()), (2, 0));
        assert_eq!(Unsatisfiable { total: 10 }.content_range(), "bytes */10");
        assert_eq!(Error::from(Unsatisfiable { total: 10 }).code(), Code::RangeNotSatisfiable);
    }
}
