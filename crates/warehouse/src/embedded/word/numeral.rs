//! Patterns of numbers, `$999,990.00`: numbers written by one as PostgreSQL writes them, and read by one.

/// A pattern, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Numeral {
    Digits(Digits),
    /// `RN`, in lower case or not, filled up or not.
    Roman {
        is_lower: bool,
        is_bare: bool,
    },
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Digits {
    /// What stands before the digits and behind them: texts and the currency.
    before: String,
    behind: String,
    left: Vec<Mark>,
    has_point: bool,
    right: Vec<Mark>,
    sign: Option<Sign>,
    /// Behind `FM`: without blanks and without zeros that nobody asked for.
    is_bare: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Nine,
    Zero,
    Comma,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    SBefore,
    SBehind,
    MinusBefore,
    MinusBehind,
    Brackets,
}

/// As many digits as there are in all.
const MOST: usize = 38;

impl Numeral {
    /// Takes a pattern apart.
    ///
    /// # Errors
    /// What is wrong with it, in words that go behind the function's name.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        if pattern.len() > super::pattern::LONGEST {
            return Err(format!("takes a pattern of at most {} bytes", super::pattern::LONGEST));
        }
        let bare = ["FM", "fm"].into_iter().find_map(|mark| pattern.strip_prefix(mark));
        let body = bare.unwrap_or(pattern);
        if body.eq_ignore_ascii_case("rn") {
            return Ok(Self::Roman { is_lower: body == "rn", is_bare: bare.is_some() });
        }
        let mut digits = Digits { is_bare: bare.is_some(), ..Digits::default() };
        let mut rest = body;
        while !rest.is_empty() {
            rest = digits.take(rest)?;
        }
        let count = digits.count(&digits.left) + digits.count(&digits.right);
        if count == 0 || count > MOST {
            return Err(format!("takes 1 to {MOST} digits in the pattern, as 9 or 0"));
        }
        Ok(Self::Digits(digits))
    }

    /// How many digits it has before the point and behind.
    pub(super) fn places(&self) -> (usize, usize) {
        match self {
            Self::Digits(digits) => (digits.count(&digits.left), digits.count(&digits.right)),
            Self::Roman { .. } => (4, 0),
        }
    }

    /// Writes a number, given as its sign and its digits before the point, without zeros in front, and behind it, as many as the pattern has.
    pub(super) fn write(&self, is_negative: bool, whole: &str, fraction: &str) -> String {
        match self {
            Self::Digits(digits) => digits.write(is_negative, whole, fraction),
            Self::Roman { is_lower, is_bare } => {
                let number = whole.parse().ok().filter(|number| (1..4_000).contains(number) && !is_negative);
                let text = number.map_or_else(|| "#".repeat(15), roman);
                let text = if *is_lower { text.to_lowercase() } else { text };
                if *is_bare { text } else { format!("{text:>15}") }
            }
        }
    }
}

impl Digits {
    /// Takes the next mark off a pattern.
    fn take<'p>(&mut self, pattern: &'p str) -> Result<&'p str, String> {
        let is_before = self.left.is_empty() && !self.has_point;
        let upper = pattern.get(..2).map(str::to_ascii_uppercase);
        let (sign, length) = match (upper.as_deref(), pattern.bytes().next().map(|byte| byte.to_ascii_uppercase())) {
            (Some("MI"), _) => (Some(if is_before { Sign::MinusBefore } else { Sign::MinusBehind }), 2),
            (Some("PR"), _) if !is_before => (Some(Sign::Brackets), 2),
            (_, Some(b'S')) => (Some(if is_before { Sign::SBefore } else { Sign::SBehind }), 1),
            _ => (None, 0),
        };
        if sign.is_some() {
            if self.sign.is_some() {
                return Err("takes one of S, MI and PR in the pattern".to_owned());
            }
            self.sign = sign;
            return Ok(pattern.get(length..).unwrap_or_default());
        }
        let mut characters = pattern.chars();
        match characters.next() {
            Some('"') => {
                let (literal, behind) = characters.as_str().split_once('"').ok_or("finds no end of a `\"` in the pattern")?;
                self.beside(is_before).push_str(literal);
                return Ok(behind);
            }
            Some('L' | 'l' | '$') => self.beside(is_before).push('$'),
            Some(' ') => self.beside(is_before).push(' '),
            Some('.' | 'D' | 'd') if !self.has_point => self.has_point = true,
            Some(mark @ ('9' | '0' | ',' | 'G' | 'g')) => {
                if !self.behind.is_empty() || matches!(self.sign, Some(Sign::SBehind | Sign::MinusBehind | Sign::Brackets)) {
                    return Err("takes signs, currency and texts before the digits or behind them, not among them".to_owned());
                }
                let mark = match mark {
                    '9' => Mark::Nine,
                    '0' => Mark::Zero,
                    _ if self.has_point || is_before => return Err("takes `,` between digits before the point only".to_owned()),
                    _ => Mark::Comma,
                };
                if self.has_point { self.right.push(mark) } else { self.left.push(mark) }
            }
            unknown => {
                let unknown = unknown.unwrap_or_default();
                return Err(format!("does not know `{unknown}` in the pattern; put what stands for itself into `\"`"));
            }
        }
        Ok(characters.as_str())
    }

    fn beside(&mut self, is_before: bool) -> &mut String {
        if is_before { &mut self.before } else { &mut self.behind }
    }

    fn count(&self, marks: &[Mark]) -> usize {
        marks.iter().filter(|mark| **mark != Mark::Comma).count()
    }

    fn write(&self, is_negative: bool, whole: &str, fraction: &str) -> String {
        let places = self.count(&self.left);
        let is_too_long = whole.len() > places;
        let filled = "#".repeat(places);
        let whole = match whole {
            _ if is_too_long => filled.as_str(),
            "" if self.right.is_empty() => "0",
            whole => whole,
        };
        let mut fraction: String = if is_too_long { "#".repeat(self.right.len()) } else { fraction.to_owned() };
        if self.is_bare && !is_too_long {
            let kept = self.right.iter().rposition(|mark| *mark == Mark::Zero).map_or(0, |last| last + 1);
            let needed = fraction.trim_end_matches('0').len().max(kept);
            fraction.truncate(needed);
        }
        let (blanks, mut number) = self.left_of_point(whole, places);
        if self.has_point {
            if number.is_empty() && fraction.is_empty() {
                number.push('0');
            }
            number.push('.');
            number.push_str(&fraction);
        }
        let signed = self.with_sign(is_negative, &blanks, &number);
        format!("{}{signed}{}", self.before, self.behind)
    }

    /// The blanks before the first digit, and what is from there to the point.
    fn left_of_point(&self, whole: &str, places: usize) -> (String, String) {
        let (mut blanks, mut number) = (String::new(), String::new());
        let mut digits = whole.chars();
        let mut missing = places.saturating_sub(whole.len());
        for mark in &self.left {
            let written = match mark {
                Mark::Comma => (!number.is_empty()).then_some(','),
                Mark::Zero | Mark::Nine if missing > 0 => {
                    missing -= 1;
                    (*mark == Mark::Zero || !number.is_empty()).then_some('0')
                }
                _ => digits.next(),
            };
            match written {
                Some(written) => number.push(written),
                None if self.is_bare => {}
                None => blanks.push(' '),
            }
        }
        (blanks, number)
    }

    fn with_sign(&self, is_negative: bool, blanks: &str, number: &str) -> String {
        let blank = if self.is_bare { "" } else { " " };
        let minus = if is_negative { "-" } else { blank };
        let plus = if is_negative { "-" } else { "+" };
        match self.sign {
            None => format!("{blanks}{minus}{number}"),
            Some(Sign::SBefore) => format!("{blanks}{plus}{number}"),
            Some(Sign::SBehind) => format!("{blanks}{number}{plus}"),
            Some(Sign::MinusBefore) => format!("{minus}{blanks}{number}"),
            Some(Sign::MinusBehind) => format!("{blanks}{number}{minus}"),
            Some(Sign::Brackets) if is_negative => format!("{blanks}<{number}>"),
            Some(Sign::Brackets) => format!("{blanks}{blank}{number}{blank}"),
        }
    }
}

fn roman(number: u32) -> String {
    const SIGNS: [(u32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let (mut left, mut text) = (number, String::new());
    for (value, sign) in SIGNS {
        while left >= value {
            text.push_str(sign);
            left -= value;
        }
    }
    text
}

/// The number in a text that was written by a pattern with so many digits before and behind the point, as plain digits.
///
/// # Errors
/// What does not fit, in words that go behind the function's name.
pub(super) fn read(text: &str, (left, right): (usize, usize)) -> Result<String, String> {
    let misfit = || format!("finds no number of this pattern in `{}`", super::text::shown(text));
    let mut plain: String = text.chars().filter(|character| !matches!(character, ' ' | '$' | ',')).collect();
    let mut is_negative = false;
    if let Some(within) = plain.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
        (plain, is_negative) = (within.to_owned(), true);
    } else {
        for (sign, negates) in [('-', true), ('+', false)] {
            if let Some(rest) = plain.strip_prefix(sign).or_else(|| plain.strip_suffix(sign)) {
                (plain, is_negative) = (rest.to_owned(), negates);
                break;
            }
        }
    }
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let are_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    let is_there = !whole.is_empty() || !fraction.is_empty();
    if !are_digits || !is_there || whole.len() > left || fraction.len() > right {
        return Err(misfit());
    }
    let sign = if is_negative { "-" } else { "" };
    Ok(format!("{sign}{}.{fraction}0", if whole.is_empty() { "0" } else { whole }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(number: &str, pattern: &str) -> String {
        let numeral = Numeral::new(pattern).unwrap();
        let (sign, digits) = number.strip_prefix('-').map_or((false, number), |digits| (true, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let (_, places) = numeral.places();
        numeral.write(sign, whole.trim_start_matches('0'), &format!("{fraction:0<places$}")[..places])
    }

    #[test]
    fn numbers_are_written_as_the_documentations_show() {
        for (number, pattern, expected) in [
            ("-125.8", "999D99S", "125.80-"),
            ("618.80", "l99999D99", "$   618.80"),
            ("-0.1", "99.99", "  -.10"),
            ("-0.1", "FM9.99", "-.1"),
            ("0.1", "0.9", " 0.1"),
            ("12", "9990999.9", "    0012.0"),
            ("12", "FM9990999.9", "0012."),
            ("485", "999", " 485"),
            ("-485", "999", "-485"),
            ("1485", "9,999", " 1,485"),
            ("148.5", "999.999", " 148.500"),
            ("148.5", "FM999.999", "148.5"),
            ("148.5", "FM999.990", "148.500"),
            ("3148.5", "9G999D999", " 3,148.500"),
            ("-485", "999S", "485-"),
            ("-485", "999MI", "485-"),
            ("485", "999MI", "485 "),
            ("485", "FM999MI", "485"),
            ("-485", "999PR", "<485>"),
            ("485", "L999", "$ 485"),
            ("485", "\"Good number:\"999", "Good number: 485"),
            ("0", "999", "   0"),
            ("12", "S999", " +12"),
            ("1234", "999", " ###"),
            ("1234567.5", "FM999,999,999.00", "1,234,567.50"),
            ("5", "0000", " 0005"),
            ("619", "rn", "          dcxix"),
            ("1999", "FMRN", "MCMXCIX"),
        ] {
            assert_eq!(shown(number, pattern), expected, "{number} {pattern}");
        }
    }

    #[test]
    fn what_is_unknown_is_an_error() {
        for pattern in ["", "abc", "9.9.9", "99V9", "9.9EEEE", "99TH", "S99S", "9S9", ".,9", "#99", "YYYY"] {
            assert!(Numeral::new(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn numbers_are_read_whole_or_not_at_all() {
        for (text, pattern, expected) in [
            ("12,454.8-", "99G999D9S", Some("-12454.80")),
            ("$ 12.345", "L99D999", Some("12.3450")),
            ("<7>", "9PR", Some("-7.0")),
            ("123", "99", None),
            ("1.25", "9.9", None),
            ("1x", "99", None),
            ("", "9", None),
            ("1.2.3", "9.99", None),
        ] {
            let places = Numeral::new(pattern).unwrap().places();
            assert_eq!(read(text, places).ok().as_deref(), expected, "{text}");
        }
    }
}
