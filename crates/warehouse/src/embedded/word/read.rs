//! Texts read by a pattern: `TO_DATE` and `TO_TIMESTAMP`. Days and times beyond their end run over unless that is forbidden; all else that does not
//! fit is an error.

use chrono::{NaiveDate, TimeDelta};

use super::part::microseconds;
use super::pattern::{DAYS, Item, Kind, MONTHS};

/// Reads a text as a moment. What stands behind the pattern's end is passed over, as Redshift does.
///
/// # Errors
/// What does not fit, in words that go behind the function's name.
pub(super) fn read(items: &[Item], text: &str, is_strict: bool) -> Result<i64, String> {
    let mut found = Found::default();
    let mut rest = text.trim_start();
    for (place, item) in items.iter().enumerate() {
        match item {
            Item::Literal(' ') => rest = rest.trim_start(),
            Item::Literal(literal) => {
                let next = rest.chars().next().ok_or("finds the text at its end before the pattern")?;
                let is_separator = !literal.is_alphanumeric() && !next.is_alphanumeric();
                if next != *literal && !is_separator {
                    return Err(format!("finds `{next}` where the pattern has `{literal}`"));
                }
                rest = rest.strip_prefix(next).unwrap_or_default();
            }
            Item::Field(field) => {
                let is_followed = matches!(items.get(place + 1), Some(Item::Field(_)));
                rest = found.take(field.kind, rest, is_followed)?;
                if field.ordinal.is_some() {
                    rest = rest.get(2..).ok_or("finds no st, nd, rd or th behind a number")?;
                }
            }
        }
    }
    found.moment(is_strict)
}

/// Why a pattern cannot be read by, if it cannot.
pub(super) fn refusal(items: &[Item]) -> Option<&'static str> {
    items.iter().find_map(|item| match item {
        Item::Field(field) => match field.kind {
            Kind::Zone | Kind::Offset => Some("takes no TZ and no OF in the pattern, as in Redshift"),
            Kind::Year(1 | 3) | Kind::YearWithComma | Kind::Century | Kind::Quarter | Kind::Era | Kind::EraWithDots => {
                Some("reads the year by YYYY or YY only, and neither century nor quarter")
            }
            Kind::WeekYear(_)
            | Kind::Week
            | Kind::WeekOfMonth
            | Kind::WeekOfYear
            | Kind::DayOfWeekYear
            | Kind::IsoDayOfWeek
            | Kind::DayOfWeek => {
                Some("reads no weeks and no numbers of week days; write the pattern with MM and DD, or with DDD")
            }
            Kind::MonthRoman | Kind::SecondOfDay => Some("reads months by MM, MON or MONTH and times by HH24, MI and SS"),
            _ => None,
        },
        Item::Literal(_) => None,
    })
}

/// What has been read of a moment.
#[derive(Debug, Default)]
struct Found {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    julian: Option<i64>,
    hour: i64,
    /// On a clock of twelve hours: whether it is past noon.
    half: Option<bool>,
    is_half_clock: bool,
    minute: i64,
    second: i64,
    micros: i64,
}

impl Found {
    /// Reads one field from the text, and gives what is behind it. Another field right behind it leaves it its usual number of digits.
    fn take<'t>(&mut self, kind: Kind, text: &'t str, is_followed: bool) -> Result<&'t str, String> {
        let text = text.trim_start();
        let digits = |most: usize| number(text, most);
        let rest = match kind {
            Kind::Year(2) => {
                let (year, length) = digits(if is_followed { 2 } else { 4 })?;
                let century = if length > 2 {
                    0
                } else if year < 70 {
                    2_000
                } else {
                    1_900
                };
                self.year = Some(i32::try_from(year + century).unwrap_or_default());
                length
            }
            Kind::Year(_) => {
                let (year, length) = digits(if is_followed { 4 } else { 6 })?;
                self.year = Some(i32::try_from(year).unwrap_or_default());
                length
            }
            Kind::Month => {
                let (month, length) = digits(2)?;
                self.month = Some(u32::try_from(month).unwrap_or_default());
                length
            }
            Kind::MonthName | Kind::MonthShort => {
                let (month, length) = name(text, &MONTHS, kind == Kind::MonthShort).ok_or_else(|| not_found("month", text))?;
                self.month = Some(month + 1);
                length
            }
            // They say nothing that the date does not.
            Kind::DayName | Kind::DayShort => name(text, &DAYS, kind == Kind::DayShort).ok_or_else(|| not_found("day", text))?.1,
            Kind::Day => into(&mut self.day, digits(2)?),
            Kind::DayOfYear => into(&mut self.day_of_year, digits(3)?),
            Kind::Julian => into(&mut self.julian, digits(7)?),
            Kind::Hour24 | Kind::Hour12 => {
                let (hour, length) = digits(2)?;
                (self.hour, self.is_half_clock) = (hour, kind == Kind::Hour12);
                length
            }
            Kind::Minute => set(&mut self.minute, digits(2)?),
            Kind::Second => set(&mut self.second, digits(2)?),
            Kind::Millisecond | Kind::Microsecond => {
                let most: usize = if kind == Kind::Millisecond { 3 } else { 6 };
                let (fraction, length) = digits(most)?;
                // `.5` is half a second.
                self.micros = fraction * 10_i64.pow(6_u32.saturating_sub(u32::try_from(length).unwrap_or(6)));
                length
            }
            Kind::Meridian | Kind::MeridianWithDots => {
                let (names, length) = if kind == Kind::Meridian { (["am", "pm"], 2) } else { (["a.m.", "p.m."], 4) };
                let written = text.get(..length).unwrap_or_default().to_ascii_lowercase();
                let half = names.iter().position(|name| *name == written).ok_or_else(|| not_found("am or pm", text))?;
                self.half = Some(half == 1);
                length
            }
            _ => return Err("cannot read this pattern".to_owned()),
        };
        Ok(text.get(rest..).unwrap_or_default())
    }

    fn moment(&self, is_strict: bool) -> Result<i64, String> {
        let out_of_range = || "finds a date or time out of range".to_owned();
        let hour = match (self.is_half_clock, self.half) {
            (false, Some(_)) => return Err("takes am and pm with HH12 only".to_owned()),
            (true, _) if !(1..=12).contains(&self.hour) => return Err(out_of_range()),
            (true, half) => self.hour % 12 + if half == Some(true) { 12 } else { 0 },
            (false, None) => self.hour,
        };
        if is_strict && (hour > 23 || self.minute > 59 || self.second > 59) {
            return Err(out_of_range());
        }
        let date = self.date(is_strict).ok_or_else(out_of_range)?;
        let seconds = hour * 3_600 + self.minute * 60 + self.second;
        let time = date.and_time(chrono::NaiveTime::MIN).checked_add_signed(TimeDelta::seconds(seconds));
        time.and_then(microseconds).map(|moment| moment + self.micros).ok_or_else(out_of_range)
    }

    fn date(&self, is_strict: bool) -> Option<NaiveDate> {
        if let Some(julian) = self.julian {
            return NaiveDate::from_ymd_opt(1970, 1, 1)?.checked_add_signed(TimeDelta::days(julian - 2_440_588));
        }
        // Without a year it is the year before the first, as in PostgreSQL; nobody means that.
        let year = self.year.filter(|year| *year > 0)?;
        let (first, day) = match self.day_of_year {
            Some(day) if self.month.is_none() && self.day.is_none() => (NaiveDate::from_ymd_opt(year, 1, 1)?, day),
            Some(_) => return None,
            None => (NaiveDate::from_ymd_opt(year, self.month.unwrap_or(1), 1)?, self.day.unwrap_or(1)),
        };
        let date = first.checked_add_signed(TimeDelta::days(day.checked_sub(1).filter(|days| *days >= 0)?))?;
        let is_within = match self.day_of_year {
            Some(_) => chrono::Datelike::year(&date) == year,
            None => chrono::Datelike::month(&date) == chrono::Datelike::month(&first),
        };
        (is_within || !is_strict).then_some(date)
    }
}

fn into(place: &mut Option<i64>, (number, length): (i64, usize)) -> usize {
    *place = Some(number);
    length
}

fn set(place: &mut i64, (number, length): (i64, usize)) -> usize {
    *place = number;
    length
}

fn number(text: &str, most: usize) -> Result<(i64, usize), String> {
    let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let digits = text.get(..length).unwrap_or_default();
    digits.parse().map(|number| (number, length)).map_err(|_| not_found("number", text))
}

/// The place of the name that the text begins with, and its length.
fn name(text: &str, names: &[&str], is_short: bool) -> Option<(u32, usize)> {
    (0..).zip(names).find_map(|(place, name)| {
        let length = if is_short { 3 } else { name.len() };
        let begins =
            text.get(..length).is_some_and(|written| name.get(..length).is_some_and(|name| name.eq_ignore_ascii_case(written)));
        begins.then_some((place, length))
    })
}

fn not_found(what: &str, text: &str) -> String {
    match text.is_empty() {
        true => "finds the text at its end before the pattern".to_owned(),
        false => format!("finds no {what} at `{}`", super::text::shown(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::part::civil;
    use super::super::pattern::items;
    use super::*;

    fn shown(text: &str, pattern: &str, is_strict: bool) -> Result<String, String> {
        read(&items(pattern)?, text, is_strict).map(|moment| civil(moment).unwrap().format("%Y-%m-%d %H:%M:%S%.6f").to_string())
    }

    #[test]
    fn texts_are_read_as_the_documentation_shows() {
        for (text, pattern, expected) in [
            ("02 Oct 2001", "DD Mon YYYY", "2001-10-02 00:00:00.000000"),
            ("20010631", "YYYYMMDD", "2001-07-01 00:00:00.000000"),
            ("2011-12-18 24:38:15", "YYYY-MM-DD HH24:MI:SS", "2011-12-19 00:38:15.000000"),
            ("2021-04-05 19:27:53.281812", "YYYY-MM-DD HH24:MI:SS", "2021-04-05 19:27:53.000000"),
            ("2021/4/5 7:27 pm", "YYYY-MM-DD HH:MI AM", "2021-04-05 19:27:00.000000"),
            ("12:05 AM 1.2.69", "HH12:MI AM DD.MM.YY", "2069-02-01 00:05:00.000000"),
            ("2024-366", "YYYY-DDD", "2024-12-31 00:00:00.000000"),
            ("1 SEPTEMBER 1999 10:00:00.5", "DD Month YYYY HH24:MI:SS.US", "1999-09-01 10:00:00.500000"),
            ("2026-01-31T01:02:03", "YYYY-MM-DD\"T\"HH24:MI:SS", "2026-01-31 01:02:03.000000"),
        ] {
            assert_eq!(shown(text, pattern, false).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        for (text, pattern, is_strict) in [
            ("20010631", "YYYYMMDD", true),
            ("2011-12-18 24:38:15", "YYYY-MM-DD HH24:MI:SS", true),
            ("2026-13-01", "YYYY-MM-DD", false),
            ("2026-00-01", "YYYY-MM-DD", false),
            ("2026-01-00", "YYYY-MM-DD", false),
            ("2026", "YYYY-MM-DD", false),
            ("x", "YYYY", false),
            ("10:00", "HH24:MI", false),
            ("2026-01-31 01:02:03", "YYYY-MM-DD\"T\"HH24:MI:SS", false),
            ("13:00 2026", "HH12:MI YYYY", false),
            ("2026 Foo", "YYYY Mon", false),
        ] {
            assert!(shown(text, pattern, is_strict).is_err(), "{text}");
        }
    }
}
