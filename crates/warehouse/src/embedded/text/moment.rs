//! Dates, times and moments as text: `2026-01-31`, `12:34:56.5`, `2026-01-31 12:34:56+00`; `BC` follows the years before 1. A moment has
//! as many digits after the second as it needs, up to six.

use super::buffer::Buffer;
use super::number::integer;

const DAY: i64 = 86_400_000_000;
/// Days from 0000-03-01, where eras of 400 years begin, to 1970-01-01.
const TO_1970: i64 = 719_468;
/// Days from 0000-03-01 to 9999-12-31: years of four digits.
const FOUR_DIGITS: i64 = 3_652_364;

/// Writes the date so many days after 1970-01-01.
#[inline]
pub(in crate::embedded) fn date(days: i64, out: &mut Buffer) {
    match u32::try_from(days + TO_1970) {
        // From the first of January of the year 1 on: 306 days after the first of March before.
        Ok(shifted) if (306..=FOUR_DIGITS as u32).contains(&shifted) => {
            let (year, month, day) = civil(shifted % 146_097);
            let year = year + shifted / 146_097 * 400;
            let [y1, y2] = pair(year / 100);
            let [y3, y4] = pair(year % 100);
            let [m1, m2] = pair(month);
            let [d1, d2] = pair(day);
            out.put([y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2], 10);
        }
        _ => far_date(days + TO_1970, out),
    }
}

/// A date before the year 1, which `BC` follows, or after 9999.
#[cold]
fn far_date(shifted: i64, out: &mut Buffer) {
    let (year, month, day) = civil(shifted.rem_euclid(146_097) as u32);
    let year = i64::from(year) + shifted.div_euclid(146_097) * 400;
    let shown = if year > 0 { year } else { 1 - year };
    for least in [1_000, 100, 10] {
        if shown < least {
            out.push(b'0');
        }
    }
    integer(shown, out);
    let [m1, m2] = pair(month);
    let [d1, d2] = pair(day);
    out.put([b'-', m1, m2, b'-', d1, d2], 6);
    if year <= 0 {
        out.extend(b" BC");
    }
}

/// Year, month and day of a day of an era of 400 years that begins on the first of March, so that a leap day is a year's last.
#[inline]
fn civil(day_of_era: u32) -> (u32, u32, u32) {
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + u32::from(month <= 2), month, day)
}

/// Writes the time so many microseconds after midnight.
pub(in crate::embedded) fn time(micros: i64, out: &mut Buffer) {
    let seconds = (micros / 1_000_000) as u32;
    let [h1, h2] = pair(seconds / 3_600 % 100);
    let [m1, m2] = pair(seconds / 60 % 60);
    let [s1, s2] = pair(seconds % 60);
    out.put([h1, h2, b':', m1, m2, b':', s1, s2], 8);
    let fraction = (micros % 1_000_000) as u32;
    if fraction > 0 {
        let [a, b] = pair(fraction / 10_000);
        let [c, d] = pair(fraction / 100 % 100);
        let [e, f] = pair(fraction % 100);
        let digits = [b'.', a, b, c, d, e, f];
        let needed = digits.iter().rposition(|digit| *digit != b'0').unwrap_or(0);
        out.put(digits, needed + 1);
    }
}

/// Writes the moment so many microseconds after 1970-01-01; one with a zone is in UTC.
pub(in crate::embedded) fn timestamp(micros: i64, has_zone: bool, out: &mut Buffer) {
    date(micros.div_euclid(DAY), out);
    let is_before_christ = out.written().ends_with(b" BC");
    if is_before_christ {
        out.truncate(out.len() - 3);
    }
    out.push(b' ');
    time(micros.rem_euclid(DAY), out);
    if has_zone {
        out.extend(b"+00");
    }
    if is_before_christ {
        out.extend(b" BC");
    }
}

/// The two digits of a number below 100.
#[inline]
fn pair(value: u32) -> [u8; 2] {
    let tens = (value * 103) >> 10;
    [b'0' + tens as u8, b'0' + (value - 10 * tens) as u8]
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::super::buffer::made;
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let cases = [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (19_782, "2024-02-29"),
            (2_932_896, "9999-12-31"),
            (2_932_897, "10000-01-01"),
            (-719_162, "0001-01-01"),
            (-719_163, "0001-12-31 BC"),
        ];
        for (days, text) in cases {
            assert_eq!(made(|out| date(days, out)), text);
        }
    }

    #[test]
    fn every_day_of_ten_thousand_years_is_the_calendars() {
        for days in (-719_162..=2_932_896).step_by(13) {
            let expected = NaiveDate::from_epoch_days(days).unwrap().format("%Y-%m-%d").to_string();
            assert_eq!(made(|out| date(i64::from(days), out)), expected);
        }
    }

    #[test]
    fn moments_have_as_many_digits_as_they_need() {
        assert_eq!(made(|out| timestamp(1_767_225_600_000_000, false, out)), "2026-01-01 00:00:00");
        assert_eq!(made(|out| timestamp(1_767_225_600_120_000, false, out)), "2026-01-01 00:00:00.12");
        assert_eq!(made(|out| timestamp(-1, true, out)), "1969-12-31 23:59:59.999999+00");
        assert_eq!(made(|out| timestamp(-62_135_596_800_000_001, true, out)), "0001-12-31 23:59:59.999999+00 BC");
        assert_eq!(made(|out| time(45_296_000_700, out)), "12:34:56.0007");
        assert_eq!(made(|out| time(DAY, out)), "24:00:00");
    }
}
