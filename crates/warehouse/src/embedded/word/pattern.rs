//! Patterns of dates and times, `YYYY-MM-DD HH24:MI:SS`. A word that is no part of one is an error: Redshift would take it for itself or for
//! something else.

/// What a pattern is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// What stands for itself.
    Literal(char),
    Field(Field),
}

/// One part of a date or a time in a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) kind: Kind,
    pub(super) case: Case,
    /// Behind `FM`: without the zeros and blanks that fill it up.
    pub(super) is_bare: bool,
    /// Before `TH`: followed by `st`, `nd`, `rd` or `th`.
    pub(super) ordinal: Option<Case>,
}

/// How a name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Lower,
    Capital,
}

/// Which part it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// So many digits of the year.
    Year(u8),
    YearWithComma,
    /// So many digits of the year that the week belongs to.
    WeekYear(u8),
    Century,
    Quarter,
    MonthName,
    MonthShort,
    Month,
    MonthRoman,
    WeekOfMonth,
    WeekOfYear,
    Week,
    DayName,
    DayShort,
    DayOfYear,
    DayOfWeekYear,
    Day,
    DayOfWeek,
    IsoDayOfWeek,
    Julian,
    Hour24,
    Hour12,
    Minute,
    Second,
    SecondOfDay,
    Millisecond,
    Microsecond,
    Meridian,
    MeridianWithDots,
    Era,
    EraWithDots,
    Zone,
    Offset,
}

/// The bytes of the longest pattern: what is written by one stays short.
pub(super) const LONGEST: usize = 500;

/// Longer words before those that they begin with.
const WORDS: [(&str, Kind); 48] = [
    ("Y,YYY", Kind::YearWithComma),
    ("YYYY", Kind::Year(4)),
    ("YYY", Kind::Year(3)),
    ("YY", Kind::Year(2)),
    ("Y", Kind::Year(1)),
    ("IYYY", Kind::WeekYear(4)),
    ("IYY", Kind::WeekYear(3)),
    ("IY", Kind::WeekYear(2)),
    ("IDDD", Kind::DayOfWeekYear),
    ("ID", Kind::IsoDayOfWeek),
    ("IW", Kind::Week),
    ("I", Kind::WeekYear(1)),
    ("CC", Kind::Century),
    ("Q", Kind::Quarter),
    ("MONTH", Kind::MonthName),
    ("MON", Kind::MonthShort),
    ("MM", Kind::Month),
    ("MI", Kind::Minute),
    ("MS", Kind::Millisecond),
    ("RM", Kind::MonthRoman),
    ("WW", Kind::WeekOfYear),
    ("W", Kind::WeekOfMonth),
    ("DAY", Kind::DayName),
    ("DY", Kind::DayShort),
    ("DDD", Kind::DayOfYear),
    ("DD", Kind::Day),
    ("D", Kind::DayOfWeek),
    ("J", Kind::Julian),
    ("HH24", Kind::Hour24),
    ("HH12", Kind::Hour12),
    ("HH", Kind::Hour12),
    ("SSSSS", Kind::SecondOfDay),
    ("SSSS", Kind::SecondOfDay),
    ("SS", Kind::Second),
    ("US", Kind::Microsecond),
    ("A.M.", Kind::MeridianWithDots),
    ("P.M.", Kind::MeridianWithDots),
    ("AM", Kind::Meridian),
    ("PM", Kind::Meridian),
    ("A.D.", Kind::EraWithDots),
    ("B.C.", Kind::EraWithDots),
    ("AD", Kind::Era),
    ("BC", Kind::Era),
    ("TZ", Kind::Zone),
    ("OF", Kind::Offset),
    // What Redshift does not have, so that it is not taken for the shorter one.
    ("SSSSSS", Kind::SecondOfDay),
    ("YYYYY", Kind::Year(4)),
    ("DDDD", Kind::Day),
];

/// Takes a pattern apart.
///
/// # Errors
/// What is wrong with it, in words that go behind the function's name.
pub(super) fn items(pattern: &str) -> Result<Vec<Item>, String> {
    if pattern.len() > LONGEST {
        return Err(format!("takes a pattern of at most {LONGEST} bytes"));
    }
    let mut items = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (literal, behind) = quoted.split_once('"').ok_or("finds no end of a `\"` in the pattern")?;
            items.extend(literal.chars().map(Item::Literal));
            rest = behind;
            continue;
        }
        if !first.is_alphanumeric() {
            items.push(Item::Literal(first));
            rest = rest.strip_prefix(first).unwrap_or_default();
            continue;
        }
        let bare = ["FM", "fm"].into_iter().find_map(|mark| rest.strip_prefix(mark));
        let word = bare.unwrap_or(rest);
        let Some((length, kind, case)) = word_at(word) else {
            let unknown: String = word.chars().take_while(|character| character.is_alphanumeric()).take(20).collect();
            return Err(format!("does not know `{unknown}` in the pattern; put what stands for itself into `\"`"));
        };
        rest = word.get(length..).unwrap_or_default();
        let mut ordinal = None;
        for (mark, case) in [("TH", Case::Upper), ("th", Case::Lower)] {
            if let Some(behind) = rest.strip_prefix(mark) {
                (ordinal, rest) = (Some(case), behind);
            }
        }
        items.push(Item::Field(Field { kind, case, is_bare: bare.is_some(), ordinal }));
    }
    Ok(items)
}

/// The longest word that the text begins with: its length, what it means and how it is written.
fn word_at(text: &str) -> Option<(usize, Kind, Case)> {
    let matching = WORDS.iter().filter_map(|(word, kind)| {
        let written = text.get(..word.len())?;
        let case = if written == *word {
            Case::Upper
        } else if written == word.to_ascii_lowercase() {
            Case::Lower
        } else if written.get(..1) == word.get(..1) && written.get(1..)? == word.get(1..)?.to_ascii_lowercase() {
            Case::Capital
        } else {
            return None;
        };
        let has_capital = matches!(kind, Kind::MonthName | Kind::MonthShort | Kind::DayName | Kind::DayShort);
        (case != Case::Capital || has_capital).then_some((word.len(), *kind, case))
    });
    let (length, kind, case) = matching.max_by_key(|(length, ..)| *length)?;
    let is_of_another = matches!(text.get(..length)?.to_ascii_uppercase().as_str(), "SSSSSS" | "YYYYY" | "DDDD");
    (!is_of_another).then_some((length, kind, case))
}

/// The names of the months.
pub(super) const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// The names of the days, from Sunday on.
pub(super) const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The months as Roman numbers.
pub(super) const ROMAN: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_is_an_error_and_never_itself() {
        for pattern in ["YYYY-MM-DDTHH24:MI", "%Y-%m-%d", "HH24:MI:SS XX", "YYYYY", "SSSSSS", "\"open", "DDDD", "연YYYY", "YYYY2"]
        {
            assert!(items(pattern).is_err(), "{pattern}");
        }
        assert_eq!(items("YYYY\"T\"").unwrap().last(), Some(&Item::Literal('T')));
        assert!(items("yyyy-mm-dd\"T\"hh24:mi:ss.us").is_ok());
    }
}
