//! Numbers as text: eight digits at a time, each number in as few steps as its size allows.
//!
//! Nothing is rounded: decimals have all the digits of their scale, floating-point numbers the fewest that read back as the same number,
//! laid out as PostgreSQL lays them out.

use std::io::Write;

use super::buffer::Buffer;

/// One more than the largest number that has eight digits.
const EIGHT_DIGITS: u64 = 100_000_000;

/// Writes a whole number.
#[inline]
pub(in crate::embedded) fn integer(value: i64, out: &mut Buffer) {
    if value < 0 {
        out.push(b'-');
    }
    unsigned(value.unsigned_abs(), out);
}

#[inline]
fn unsigned(value: u64, out: &mut Buffer) {
    if value < EIGHT_DIGITS {
        let digits = eight_digits(value as u32);
        let zeros = leading_zeros(digits);
        out.put((ascii(digits) >> (8 * zeros)).to_le_bytes(), 8 - zeros);
    } else {
        unsigned(value / EIGHT_DIGITS, out);
        out.put(ascii(eight_digits((value % EIGHT_DIGITS) as u32)).to_le_bytes(), 8);
    }
}

/// Writes a decimal: a whole number of units of the last of `scale` places.
#[inline]
pub(in crate::embedded) fn decimal(value: i128, scale: usize, out: &mut Buffer) {
    match u64::try_from(value.unsigned_abs()) {
        Ok(size) if size < EIGHT_DIGITS && scale < 8 => {
            if value < 0 {
                out.push(b'-');
            }
            let digits = eight_digits(size as u32);
            let zeros = leading_zeros(digits).min(7 - scale);
            let text = ascii(digits);
            out.put((text >> (8 * zeros)).to_le_bytes(), 8 - scale - zeros);
            if scale > 0 {
                let fraction = text >> (8 * (8 - scale));
                out.put(((fraction << 8) | u64::from(b'.')).to_le_bytes(), scale + 1);
            }
        }
        _ => long_decimal(itoa::Buffer::new().format(value), scale, out),
    }
}

/// Puts the point into the digits of a decimal.
pub(in crate::embedded) fn long_decimal(digits: &str, scale: usize, out: &mut Buffer) {
    let digits = match digits.strip_prefix('-') {
        Some(rest) => {
            out.push(b'-');
            rest
        }
        None => digits,
    };
    if scale == 0 {
        out.extend(digits.as_bytes());
    } else if digits.len() <= scale {
        out.extend(b"0.");
        zeros(scale - digits.len(), out);
        out.extend(digits.as_bytes());
    } else {
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        out.extend(whole.as_bytes());
        out.push(b'.');
        out.extend(fraction.as_bytes());
    }
}

/// Writes a number of 4 bytes.
pub(in crate::embedded) fn float32(value: f32, out: &mut Buffer) {
    match special(f64::from(value)) {
        Some(text) => out.extend(text.as_bytes()),
        None => float(|text| write!(text, "{value:e}"), 6, out),
    }
}

/// Writes a number of 8 bytes.
pub(in crate::embedded) fn float64(value: f64, out: &mut Buffer) {
    match special(value) {
        Some(text) => out.extend(text.as_bytes()),
        None => float(|text| write!(text, "{value:e}"), 15, out),
    }
}

fn special(value: f64) -> Option<&'static str> {
    match value {
        _ if value.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

/// The shortest form with an exponent, of at most 24 bytes, on the stack.
fn float(shortest: impl FnOnce(&mut &mut [u8]) -> std::io::Result<()>, digits: i32, out: &mut Buffer) {
    let mut text = [0; 40];
    let mut room = &mut text[..];
    let left = shortest(&mut room).map_or(40, |()| room.len());
    scientific(std::str::from_utf8(&text[..40 - left]).unwrap_or_default(), digits, out);
}

/// Lays out `-1.25e3` as PostgreSQL does: plain while the exponent is from -4 to below `digits`, else with an exponent of two digits.
fn scientific(shortest: &str, digits: i32, out: &mut Buffer) {
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    out.extend(sign.as_bytes());
    if !(-4..digits).contains(&exponent) {
        out.extend(mantissa.as_bytes());
        out.extend(if exponent < 0 { b"e-" } else { b"e+" });
        if exponent.unsigned_abs() < 10 {
            out.push(b'0');
        }
        integer(i64::from(exponent.unsigned_abs()), out);
    } else if exponent < 0 {
        out.extend(b"0.");
        zeros(exponent.unsigned_abs() as usize - 1, out);
        out.extend(whole.as_bytes());
        out.extend(fraction.as_bytes());
    } else {
        let point = (exponent as usize).min(fraction.len());
        out.extend(whole.as_bytes());
        out.extend(&fraction.as_bytes()[..point]);
        zeros(exponent as usize - point, out);
        if fraction.len() > point {
            out.push(b'.');
            out.extend(&fraction.as_bytes()[point..]);
        }
    }
}

fn zeros(count: usize, out: &mut Buffer) {
    for _ in 0..count {
        out.push(b'0');
    }
}

/// The digits of a number below 100,000,000, the first in the lowest byte: halves, then pairs, then single digits, side by side.
#[inline]
fn eight_digits(value: u32) -> u64 {
    let halves = u64::from(value / 10_000) | (u64::from(value % 10_000) << 32);
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | ((halves - 100 * hundreds) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((pairs - 10 * tens) << 8)
}

/// How many of the eight digits come before the number, of which zero has one digit.
#[inline]
fn leading_zeros(digits: u64) -> usize {
    ((digits.trailing_zeros() / 8) as usize).min(7)
}

#[inline]
fn ascii(digits: u64) -> u64 {
    digits | 0x3030_3030_3030_3030
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::buffer::made;
    use super::*;

    proptest! {
        #[test]
        fn whole_numbers_have_their_digits(value in any::<i64>(), shift in 0_u32..64) {
            let value = value >> shift;
            prop_assert_eq!(made(|out| integer(value, out)), value.to_string());
        }

        #[test]
        fn decimals_have_all_their_places(value in any::<i128>(), shift in 0_u32..128, scale in 0_usize..38) {
            let value = value >> shift;
            let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
            let (whole, fraction) = digits.split_at(digits.len() - scale);
            let sign = if value < 0 { "-" } else { "" };
            let expected = if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") };
            prop_assert_eq!(made(|out| decimal(value, scale, out)), expected);
        }

        #[test]
        fn floating_point_numbers_read_back(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            if value.is_finite() {
                prop_assert_eq!(made(|out| float64(value, out)).parse::<f64>().unwrap().to_bits(), bits);
            }
        }
    }

    #[test]
    fn numbers_about_every_power_of_ten_are_right() {
        for power in 0..19 {
            let value = 10_i64.pow(power);
            for value in [value - 1, value, value + 1, -value, 1 - value] {
                assert_eq!(made(|out| integer(value, out)), value.to_string());
            }
        }
        for value in [i64::MAX, i64::MIN] {
            assert_eq!(made(|out| integer(value, out)), value.to_string());
        }
    }

    #[test]
    fn floating_point_numbers_are_laid_out_as_in_redshift() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (0.1, "0.1"),
            (1.0, "1"),
            (-1234.5678, "-1234.5678"),
            (1e14, "100000000000000"),
            (1e15, "1e+15"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (123456789012345.6, "123456789012345.6"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
            (5e-324, "5e-324"),
        ];
        for (value, text) in cases {
            assert_eq!(made(|out| float64(value, out)), text);
        }
        assert_eq!(made(|out| float32(0.1, out)), "0.1");
        assert_eq!(made(|out| float32(1e6, out)), "1e+06");
    }

    #[test]
    fn decimals_keep_every_digit() {
        let cases = [(12345, 2, "123.45"), (-5, 2, "-0.05"), (0, 4, "0.0000"), (7, 0, "7"), (-100, 3, "-0.100"), (0, 0, "0")];
        for (value, scale, text) in cases {
            assert_eq!(made(|out| decimal(value, scale, out)), text);
            assert_eq!(made(|out| long_decimal(&value.to_string(), scale, out)), text);
        }
    }
}
