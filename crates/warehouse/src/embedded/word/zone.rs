//! Time zones as Redshift names them: names with their summer times, abbreviations without, and offsets as POSIX writes them, where plus is west of
//! Greenwich.

use std::str::FromStr;

use arrow::array::timezone::Tz;
use chrono::{LocalResult, Offset, TimeDelta, TimeZone};

use super::part::{SECOND, civil, microseconds};

/// A time zone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Zone {
    /// With the rules of its place.
    Named(Tz),
    /// Always so many seconds east of Greenwich.
    Fixed(i64),
}

/// Abbreviations that mean one offset only, in hours east.
const ABBREVIATIONS: [(&str, i64); 23] = [
    ("UTC", 0),
    ("GMT", 0),
    ("UCT", 0),
    ("Z", 0),
    ("ZULU", 0),
    ("WET", 0),
    ("WEST", 1),
    ("CET", 1),
    ("CEST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
    ("AKST", -9),
    ("HST", -10),
    ("JST", 9),
    ("KST", 9),
];

impl Zone {
    /// The zone of that name, if it is known.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = name.trim();
        if let Some((_, hours)) = ABBREVIATIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return Some(Self::Fixed(hours * 3_600));
        }
        if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
            // An offset alone is west to some and east to others.
            return None;
        }
        match Tz::from_str(name) {
            Ok(zone) => Some(Self::Named(zone)),
            Err(_) => west_of_greenwich(name).map(|seconds| Self::Fixed(-seconds)),
        }
    }

    /// The moment of a time in this zone. A time that a summer time skips is taken by the offset before it, and of two by the later one.
    pub(super) fn moment(self, local: i64) -> Option<i64> {
        let offset = match self {
            Self::Fixed(seconds) => seconds,
            Self::Named(zone) => {
                let time = civil(local)?;
                let offset = match zone.offset_from_local_datetime(&time) {
                    LocalResult::Single(offset) | LocalResult::Ambiguous(_, offset) => offset,
                    LocalResult::None => zone.offset_from_local_datetime(&(time - TimeDelta::hours(3))).latest()?,
                };
                i64::from(offset.fix().local_minus_utc())
            }
        };
        local.checked_sub(offset * SECOND)
    }

    /// The time in this zone at a moment.
    pub(super) fn time(self, moment: i64) -> Option<i64> {
        match self {
            Self::Fixed(seconds) => moment.checked_add(seconds * SECOND),
            Self::Named(zone) => {
                let time = civil(moment)?;
                let offset = zone.offset_from_utc_datetime(&time).fix().local_minus_utc();
                microseconds(time.checked_add_signed(TimeDelta::seconds(i64::from(offset)))?)
            }
        }
    }
}

/// The seconds west of `PST8`, `GMT+2` or `NEWZONE -2:15`.
fn west_of_greenwich(name: &str) -> Option<i64> {
    let digits = name.find(|character: char| character.is_ascii_digit() || "+-".contains(character))?;
    let (label, offset) = name.split_at(digits);
    if !label.trim_end().bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'/' || byte == b'_') {
        return None;
    }
    let (sign, offset) = match offset.strip_prefix('-') {
        Some(offset) => (-1, offset),
        None => (1, offset.strip_prefix('+').unwrap_or(offset)),
    };
    let (hours, minutes) = offset.split_once(':').unwrap_or((offset, "0"));
    let number = |digits: &str| match digits.len() {
        1 | 2 if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse::<i64>().ok(),
        _ => None,
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_names_abbreviations_and_offsets_to_the_west() {
        let hours = |name: &str| Zone::named(name).and_then(|zone| zone.time(0)).map(|time| time / (3_600 * SECOND));
        for (name, expected) in [
            ("utc", Some(0)),
            ("Asia/Seoul", Some(9)),
            ("PST", Some(-8)),
            ("PST8", Some(-8)),
            ("GMT+2", Some(-2)),
            ("NEWZONE -3", Some(3)),
            ("America/Los_Angeles+2", Some(-2)),
            ("+02:00", None),
            ("Mars/Olympus", None),
            ("xxx36", None),
            ("", None),
        ] {
            assert_eq!(hours(name), expected, "{name}");
        }
    }
}
