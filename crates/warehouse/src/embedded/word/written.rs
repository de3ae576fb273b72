//! Moments written by a pattern, as PostgreSQL writes them.

use std::fmt::Write;

use chrono::{Datelike, NaiveDateTime, Timelike};

use super::part::{DAY, civil};
use super::pattern::{Case, DAYS, Field, Item, Kind, MONTHS, ROMAN};

/// The days from 4714 BC, where Julian days begin, to 1970.
const JULIAN: i64 = 2_440_588;

/// Writes a moment; `None` when it is out of range.
pub(super) fn write(items: &[Item], moment: i64) -> Option<String> {
    let time = civil(moment)?;
    let mut text = String::new();
    for item in items {
        match item {
            Item::Literal(character) => text.push(*character),
            Item::Field(field) => write_field(*field, &time, moment, &mut text),
        }
    }
    Some(text)
}

fn write_field(field: Field, time: &NaiveDateTime, moment: i64, text: &mut String) {
    let (number, width) = match written(field.kind, time, moment) {
        Written::Number(number, width) => (number, width),
        Written::Name(name, width) => {
            let name = in_case(&name, field.case);
            let width = if field.is_bare { 0 } else { width };
            let _ = write!(text, "{name:width$}");
            return;
        }
        Written::WithComma(year) => {
            let _ = write!(text, "{},{:03}", year / 1_000, year % 1_000);
            return;
        }
    };
    let width = if field.is_bare { 0 } else { width };
    let _ = write!(text, "{number:0width$}");
    if let Some(case) = field.ordinal {
        let ending = match (number % 10, number % 100) {
            (_, 11..=13) => "th",
            (1, _) => "st",
            (2, _) => "nd",
            (3, _) => "rd",
            _ => "th",
        };
        text.push_str(&in_case(ending, case));
    }
}

/// What a field comes to: a number or a name, and how wide it is at least.
enum Written {
    Number(i64, usize),
    Name(String, usize),
    WithComma(i64),
}

fn written(kind: Kind, time: &NaiveDateTime, moment: i64) -> Written {
    use Written::{Name, Number, WithComma};
    let week = time.iso_week();
    let (day, ordinal, hour) = (i64::from(time.day()), i64::from(time.ordinal()), time.hour());
    let month = time.month0() as usize;
    let weekday = time.weekday().num_days_from_sunday() as usize;
    let name = |names: &[&str], place: usize, length: usize, width: usize| {
        Name(names.get(place).map(|name| name.chars().take(length).collect()).unwrap_or_default(), width)
    };
    let year = year_of_era(i64::from(time.year()));
    let digits =
        |year: i64, digits: u8| Number(if digits < 4 { year % 10_i64.pow(u32::from(digits)) } else { year }, digits.into());
    match kind {
        Kind::Year(length) => digits(year, length),
        Kind::YearWithComma => WithComma(year),
        Kind::WeekYear(length) => digits(year_of_era(i64::from(week.year())), length),
        Kind::Century => Number((year + 99) / 100, 2),
        Kind::Quarter => Number(i64::from(time.month0() / 3 + 1), 1),
        Kind::MonthName => name(&MONTHS, month, 9, 9),
        Kind::MonthShort => name(&MONTHS, month, 3, 3),
        Kind::Month => Number(i64::from(time.month()), 2),
        Kind::MonthRoman => name(&ROMAN, month, 4, 4),
        Kind::WeekOfMonth => Number((day - 1) / 7 + 1, 1),
        Kind::WeekOfYear => Number((ordinal - 1) / 7 + 1, 2),
        Kind::Week => Number(i64::from(week.week()), 2),
        Kind::DayName => name(&DAYS, weekday, 9, 9),
        Kind::DayShort => name(&DAYS, weekday, 3, 3),
        Kind::DayOfYear => Number(ordinal, 3),
        Kind::DayOfWeekYear => Number(i64::from(week.week0()) * 7 + i64::from(time.weekday().number_from_monday()), 3),
        Kind::Day => Number(day, 2),
        Kind::DayOfWeek => Number(weekday as i64 + 1, 1),
        Kind::IsoDayOfWeek => Number(i64::from(time.weekday().number_from_monday()), 1),
        Kind::Julian => Number(moment.div_euclid(DAY) + JULIAN, 0),
        Kind::Hour24 => Number(i64::from(hour), 2),
        Kind::Hour12 => Number(i64::from((hour + 11) % 12 + 1), 2),
        Kind::Minute => Number(i64::from(time.minute()), 2),
        Kind::Second => Number(i64::from(time.second()), 2),
        Kind::SecondOfDay => Number(i64::from(time.num_seconds_from_midnight()), 0),
        Kind::Millisecond => Number(i64::from(time.nanosecond() / 1_000_000), 3),
        Kind::Microsecond => Number(i64::from(time.nanosecond() / 1_000), 6),
        Kind::Meridian => Name(if hour < 12 { "AM" } else { "PM" }.to_owned(), 0),
        Kind::MeridianWithDots => Name(if hour < 12 { "A.M." } else { "P.M." }.to_owned(), 0),
        Kind::Era => Name(if time.year() > 0 { "AD" } else { "BC" }.to_owned(), 0),
        Kind::EraWithDots => Name(if time.year() > 0 { "A.D." } else { "B.C." }.to_owned(), 0),
        Kind::Zone => Name("UTC".to_owned(), 0),
        Kind::Offset => Name("+00".to_owned(), 0),
    }
}

/// The year before the year 1 is 1 BC.
fn year_of_era(year: i64) -> i64 {
    if year > 0 { year } else { 1 - year }
}

fn in_case(name: &str, case: Case) -> String {
    match case {
        Case::Upper => name.to_ascii_uppercase(),
        Case::Lower => name.to_ascii_lowercase(),
        Case::Capital => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::super::part::microseconds;
    use super::super::pattern::items;
    use super::*;

    #[test]
    fn moments_are_written_as_the_documentation_shows() {
        let time = NaiveDate::from_ymd_opt(2009, 12, 31).unwrap().and_hms_micro_opt(23, 15, 59, 40_500).unwrap();
        let moment = microseconds(time).unwrap();
        for (pattern, expected) in [
            ("MONTH-DY-DD-YYYY HH12:MIPM", "DECEMBER -THU-31-2009 11:15PM"),
            ("DDD", "365"),
            ("HH24:MI:SS.MS", "23:15:59.040"),
            ("US SSSS am A.M.", "040500 83759 pm P.M."),
            ("Month|FMMonth|mon|Dy", "December |December|dec|Thu"),
            ("Y,YYY YYY YY Y CC Q", "2,009 009 09 9 21 4"),
            ("IYYY-IW-ID IDDD", "2009-53-4 368"),
            ("W WW D J", "5 53 5 2455197"),
            ("RM|FMrm", "XII |xii"),
            ("FMDDth \"of\" Month", "31st of December "),
            ("HH:MI TZ tz OF BC", "11:15 UTC utc +00 AD"),
        ] {
            assert_eq!(write(&items(pattern).unwrap(), moment).as_deref(), Some(expected), "{pattern}");
        }
    }
}
