//! The parts of a moment, by all of the names that Redshift has for them, and what each of them is.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};

/// A part of a date or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Millennium,
    Century,
    Decade,
    Year,
    Quarter,
    Month,
    Week,
    Day,
    DayOfWeek,
    DayOfYear,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Epoch,
    Timezone,
}

use Part::*;

/// The first name of each is the one that the engine knows too, where it knows the part.
const NAMES: [(Part, &[&str]); 17] = [
    (Millennium, &["millennium", "millennia", "mil", "mils"]),
    (Century, &["century", "centuries", "c", "cent", "cents"]),
    (Decade, &["decade", "decades", "dec", "decs"]),
    (Year, &["year", "years", "y", "yr", "yrs"]),
    (Quarter, &["quarter", "quarters", "qtr", "qtrs"]),
    (Month, &["month", "months", "mon", "mons"]),
    (Week, &["week", "weeks", "w"]),
    (Day, &["day", "days", "d"]),
    (DayOfWeek, &["dow", "dayofweek", "dw", "weekday"]),
    (DayOfYear, &["doy", "dayofyear", "dy", "yearday"]),
    (Hour, &["hour", "hours", "h", "hr", "hrs"]),
    (Minute, &["minute", "minutes", "m", "min", "mins"]),
    (Second, &["second", "seconds", "s", "sec", "secs"]),
    (
        Millisecond,
        &["millisecond", "milliseconds", "ms", "msec", "msecs", "msecond", "mseconds", "millisec", "millisecs", "millisecon"],
    ),
    (Microsecond, &["microsecond", "microseconds", "microsec", "microsecs", "usecond", "useconds", "us", "usec", "usecs"]),
    (Epoch, &["epoch"]),
    (Timezone, &["timezone", "timezone_hour", "timezone_minute"]),
];

pub(super) const SECOND: i64 = 1_000_000;
pub(super) const DAY: i64 = 86_400 * SECOND;

impl Part {
    /// The part of that name, in whatever case.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        NAMES.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(part, _)| *part)
    }

    /// Its full name.
    pub(super) fn name(self) -> &'static str {
        NAMES.iter().find(|(part, _)| *part == self).and_then(|(_, names)| names.first()).copied().unwrap_or_default()
    }

    /// Whether moments can be counted in it.
    pub(super) fn is_length(self) -> bool {
        !matches!(self, DayOfWeek | DayOfYear | Epoch | Timezone)
    }

    /// Whether times of a day can be counted in it.
    pub(super) fn is_within_a_day(self) -> bool {
        matches!(self, Hour | Minute | Second | Millisecond | Microsecond)
    }

    /// How many microseconds it always has.
    fn microseconds(self) -> Option<i64> {
        Some(match self {
            Week => 7 * DAY,
            Day => DAY,
            Hour => 3_600 * SECOND,
            Minute => 60 * SECOND,
            Second => SECOND,
            Millisecond => 1_000,
            Microsecond => 1,
            _ => return None,
        })
    }

    /// How many years it has.
    fn years(self) -> Option<i64> {
        Some(match self {
            Millennium => 1_000,
            Century => 100,
            Decade => 10,
            Year => 1,
            _ => return None,
        })
    }

    /// The moment so many parts later: at the end of a shorter month, and for whole years, where 29 February is missing, on 1 March.
    pub(super) fn add(self, count: i64, moment: i64) -> Option<i64> {
        if let Some(length) = self.microseconds() {
            return moment.checked_add(count.checked_mul(length)?);
        }
        let time = civil(moment)?;
        if let Some(years) = self.years() {
            let year = i32::try_from(i64::from(time.year()).checked_add(count.checked_mul(years)?)?).ok()?;
            let date = NaiveDate::from_ymd_opt(year, time.month(), time.day()).or_else(|| NaiveDate::from_ymd_opt(year, 3, 1))?;
            return microseconds(date.and_time(time.time()));
        }
        let months = count.checked_mul(if self == Quarter { 3 } else { 1 })?;
        let distance = chrono::Months::new(u32::try_from(months.unsigned_abs()).ok()?);
        let moved = if months < 0 { time.checked_sub_months(distance) } else { time.checked_add_months(distance) };
        microseconds(moved?)
    }

    /// The number of the part that a moment lies in, counted on without end: the difference of two of them is how many boundaries lie between.
    /// Weeks begin on Monday.
    pub(super) fn index(self, moment: i64) -> Option<i64> {
        if self == Week {
            return Some((moment.div_euclid(DAY) + 3).div_euclid(7));
        }
        if let Some(length) = self.microseconds() {
            return Some(moment.div_euclid(length));
        }
        let time = civil(moment)?;
        let year = i64::from(time.year());
        Some(match self {
            Millennium => (year - 1).div_euclid(1_000),
            Century => (year - 1).div_euclid(100),
            Decade => year.div_euclid(10),
            Quarter => year * 4 + i64::from(time.month0() / 3),
            Month => year * 12 + i64::from(time.month0()),
            _ => year,
        })
    }

    /// What the part of a moment is, as a whole number.
    pub(super) fn of(self, moment: i64) -> Option<i64> {
        let time = civil(moment)?;
        let micros = moment.rem_euclid(SECOND);
        Some(match self {
            Millennium | Century | Decade => self.index(moment)? + 1,
            Year => i64::from(time.year()),
            Quarter => i64::from(time.month0() / 3 + 1),
            Month => i64::from(time.month()),
            Week => i64::from(time.iso_week().week()),
            Day => i64::from(time.day()),
            DayOfWeek => i64::from(time.weekday().num_days_from_sunday()),
            DayOfYear => i64::from(time.ordinal()),
            Hour => i64::from(time.hour()),
            Minute => i64::from(time.minute()),
            Second => i64::from(time.second()),
            Millisecond => micros / 1_000,
            Microsecond => micros,
            Epoch => moment.div_euclid(SECOND),
            Timezone => 0,
        })
    }
}

/// The date and time of so many microseconds since 1970.
pub(super) fn civil(moment: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(moment).map(|time| time.naive_utc())
}

/// The microseconds since 1970 of a date and time.
pub(super) fn microseconds(time: NaiveDateTime) -> Option<i64> {
    let time = time.and_utc();
    time.timestamp().checked_mul(SECOND)?.checked_add(i64::from(time.timestamp_subsec_micros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_means_one_part() {
        let names: Vec<&str> = NAMES.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let mut once = names.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), names.len());
        assert_eq!((Part::named("M"), Part::named("mon"), Part::named("fortnight")), (Some(Minute), Some(Month), None));
    }
}
