//! Other clothes for a statement: what is done to it leaves its meaning, or makes of it what must be refused too.
//!
//! Statements are taken apart by a lexer of this file's own, which is as simple as it can be: where it is wrong about a text, the texts that
//! it makes are odd, but none of them may pass either.

use sqlparser::keywords::ALL_KEYWORDS;

/// A source of numbers that repeats itself from the same seed (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below that one.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.number() % end as u64) as usize
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// A name, and what is done to a statement; nothing, where it has nothing to do it to.
pub(crate) type Disguise = (&'static str, fn(&str, &mut Random) -> Option<String>);

/// What leaves the meaning as it is.
pub(crate) const KEEPING: [Disguise; 7] = [
    ("case", case),
    ("blanks", blanks),
    ("comments", comments),
    ("quoted names", quoted_names),
    ("ends", ends),
    ("parentheses", |sql, _| Some(format!("({}{})", sql, line_end(sql)))),
    ("nesting", nesting),
];

/// What makes something else of it, which must be refused as well.
pub(crate) const BREAKING: [Disguise; 3] =
    [("a subquery", subquery), ("a confusable letter", confusable), ("an odd character", odd)];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Word,
    Quoted,
    LineComment,
    Other,
}

/// A statement cut into pieces that make it up again.
fn pieces(sql: &str) -> Vec<(Kind, &str)> {
    let mut pieces = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let run = |belongs: fn(char) -> bool| rest.find(|character| !belongs(character)).unwrap_or(rest.len());
        let until = |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
        let (kind, length) = match first {
            ' ' | '\t' | '\n' => (Kind::Blank, blank(rest)),
            '\r' if rest.starts_with("\r\n") => (Kind::Blank, blank(rest)),
            '\'' => (Kind::Quoted, until("'", 1)),
            '"' => (Kind::Quoted, until("\"", 1)),
            '-' if rest.starts_with("--") => (Kind::LineComment, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (Kind::Quoted, until("*/", 2)),
            _ if first.is_alphabetic() || first == '_' => {
                (Kind::Word, run(|character| character.is_alphanumeric() || character == '_'))
            }
            _ if first.is_numeric() => (Kind::Other, run(|character| character.is_alphanumeric() || character == '.')),
            _ => (Kind::Other, first.len_utf8()),
        };
        pieces.push((kind, &rest[..length]));
        rest = &rest[length..];
    }
    pieces
}

/// How long the blank is that a text begins with; a CR belongs to it before a line feed only.
fn blank(text: &str) -> usize {
    let next = text.replace("\r\n", "\n\n");
    next.find(|character| !matches!(character, ' ' | '\t' | '\n')).unwrap_or(text.len())
}

/// What keeps the end of a statement apart from what is put behind it: a line comment ends there, and a lone CR stays alone.
fn line_end(sql: &str) -> &'static str {
    match (sql.ends_with('\r'), sql.contains("--")) {
        (false, false) => "",
        (false, true) => "\n",
        (true, false) => " ",
        (true, true) => " \n",
    }
}

fn mapped(sql: &str, mut change: impl FnMut(Kind, &str) -> Option<String>) -> Option<String> {
    let mut is_changed = false;
    let changed: String = pieces(sql)
        .into_iter()
        .map(|(kind, text)| {
            change(kind, text).map_or_else(
                || text.to_owned(),
                |other| {
                    is_changed |= other != text;
                    other
                },
            )
        })
        .collect();
    is_changed.then_some(changed)
}

fn case(sql: &str, random: &mut Random) -> Option<String> {
    let way = random.below(3);
    mapped(sql, |kind, text| {
        let changed = |character: char| {
            let is_upper = if way == 2 { random.below(2) == 0 } else { way == 0 };
            if is_upper { character.to_ascii_uppercase() } else { character.to_ascii_lowercase() }
        };
        (kind == Kind::Word).then(|| text.chars().map(changed).collect())
    })
}

/// Other blanks, never fewer than there were: what stood apart stays apart, a line comment ends where it did, and a lone CR stays alone.
fn blanks(sql: &str, random: &mut Random) -> Option<String> {
    const BLANKS: [&str; 8] = [" ", "  ", "\n", "\t", "\r\n", " \t ", "\n\n", "\r\n\t"];
    let mut front = "";
    mapped(sql, |kind, text| {
        let blank = (kind == Kind::Blank).then(|| format!("{front}{}", random.pick(&BLANKS)));
        front = match (kind, text) {
            (Kind::LineComment, comment) if comment.ends_with('\r') => " \n",
            (Kind::LineComment, _) => "\n",
            (_, "\r") => " ",
            _ => "",
        };
        blank
    })
}

const COMMENTS: [&str; 8] =
    ["/**/", "/* x */", "/* SELECT 1; */", "-- x\n", "--\n", "/*+ hint */", "/*!50000 x */", "/* 한글 🎉\n DROP TABLE t */"];

/// Comments wherever there is a blank, and around parentheses and commas.
fn comments(sql: &str, random: &mut Random) -> Option<String> {
    mapped(sql, |kind, text| {
        let comment = random.pick(&COMMENTS);
        match kind {
            Kind::Blank if random.below(2) == 0 => Some(format!("{text}{comment}")),
            Kind::Other if text == "(" || text == "," => Some(format!("{text}{comment}")),
            Kind::Other if text == ")" => Some(format!("{comment}{text}")),
            _ => None,
        }
    })
}

/// Names in double quotes: functions, and tables with a schema or behind FROM and JOIN.
fn quoted_names(sql: &str, _: &mut Random) -> Option<String> {
    let pieces = pieces(sql);
    let mut is_changed = false;
    let word = |at: Option<usize>| at.and_then(|at| pieces.get(at)).map_or("", |(_, text)| *text);
    let quoted: String = (0..pieces.len())
        .map(|at| {
            let (kind, text) = pieces[at];
            let is_before = ["(", "."].contains(&word(Some(at + 1)));
            let is_behind = word(at.checked_sub(1)) == "."
                || ["FROM", "JOIN"].iter().any(|keyword| word(at.checked_sub(2)).eq_ignore_ascii_case(keyword));
            let is_keyword = ALL_KEYWORDS.binary_search(&text.to_ascii_uppercase().as_str()).is_ok();
            if kind != Kind::Word || is_keyword || !(is_before || is_behind) {
                return text.to_owned();
            }
            is_changed = true;
            format!("\"{}\"", text.to_ascii_lowercase())
        })
        .collect();
    is_changed.then_some(quoted)
}

/// Something in front or behind that says nothing.
fn ends(sql: &str, random: &mut Random) -> Option<String> {
    let front = random.pick(&["", " ", "\n", "/* SELECT 1 */ ", "-- SELECT 1\n", "\r\n\t"]);
    let behind = random.pick(&["", " ", "\n", " -- the end", "\n/* the end */\n", "\r\n"]);
    Some(format!("{front}{sql}{}{behind}", line_end(sql)))
}

/// One to six levels around it, of which each may be another.
fn nesting(sql: &str, random: &mut Random) -> Option<String> {
    let depth = 1 + random.below(6);
    Some((0..depth).fold(sql.to_owned(), |inner, level| {
        let end = line_end(&inner);
        match random.below(4) {
            0 => format!("SELECT * FROM ({inner}{end}) AS level{level}"),
            1 => format!("WITH level{level} AS ({inner}{end}) SELECT * FROM level{level}"),
            2 => format!("({inner}{end}) UNION ALL SELECT 1"),
            _ => format!("SELECT 1 UNION ALL ({inner}{end})"),
        }
    }))
}

/// Within an expression. A word alone would be a column there.
fn subquery(sql: &str, random: &mut Random) -> Option<String> {
    if pieces(sql).iter().filter(|(kind, _)| *kind == Kind::Word).count() < 2 {
        return None;
    }
    let end = line_end(sql);
    Some(match random.below(6) {
        0 => format!("SELECT ({sql}{end})"),
        1 => format!("SELECT 1 WHERE EXISTS ({sql}{end})"),
        2 => format!("SELECT a FROM t WHERE a IN ({sql}{end})"),
        3 => format!("SELECT coalesce(({sql}{end}), 1)"),
        4 => format!("SELECT CASE WHEN a = 1 THEN ({sql}{end}) END FROM t"),
        _ => format!("SELECT * FROM t, LATERAL ({sql}{end}) x"),
    })
}

/// A letter of a called function's name, or of the first word, that looks like it and is another.
fn confusable(sql: &str, random: &mut Random) -> Option<String> {
    const LETTERS: [(char, &str); 10] = [
        ('a', "\u{430}"),
        ('c', "\u{441}"),
        ('e', "\u{435}"),
        ('i', "\u{131}"),
        ('k', "\u{212a}"),
        ('l', "\u{ff4c}"),
        ('o', "\u{3bf}"),
        ('p', "\u{440}"),
        ('s', "\u{17f}"),
        ('x', "\u{445}"),
    ];
    let pieces = pieces(sql);
    let first = pieces.iter().position(|(kind, _)| *kind == Kind::Word);
    let is_target =
        |at: usize| pieces[at].0 == Kind::Word && (Some(at) == first || pieces.get(at + 1).is_some_and(|next| next.1 == "("));
    let letters: Vec<(usize, usize, &str)> = (0..pieces.len())
        .filter(|at| is_target(*at))
        .flat_map(|at| pieces[at].1.char_indices().map(move |(byte, character)| (at, byte, character)))
        .filter_map(|(at, byte, character)| {
            let (_, like) = LETTERS.iter().find(|(letter, _)| character.eq_ignore_ascii_case(letter))?;
            Some((at, byte, *like))
        })
        .collect();
    if letters.is_empty() {
        return None;
    }
    let (changed, byte, like) = random.pick(&letters);
    let other = |at: usize, text: &str| {
        if at == changed { format!("{}{like}{}", &text[..byte], &text[byte + 1..]) } else { text.to_owned() }
    };
    Some(pieces.iter().enumerate().map(|(at, (_, text))| other(at, text)).collect())
}

/// A character that is refused wherever it stands outside of quotes, between two pieces.
fn odd(sql: &str, random: &mut Random) -> Option<String> {
    const ODD: [&str; 16] = [
        "\0",
        "\r ",
        "\u{b}",
        "\u{c}",
        "\u{1b}",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "\u{ad}",
        "\u{200b}",
        "\u{200d}",
        "\u{202e}",
        "\u{2028}",
        "\u{3000}",
        "\u{feff}",
        "\u{e0061}",
    ];
    let pieces = pieces(sql);
    let at = random.below(pieces.len() + 1);
    if at > 0 && pieces[at - 1].0 == Kind::LineComment {
        return None;
    }
    let texts: Vec<&str> = pieces.iter().map(|(_, text)| *text).collect();
    Some(format!("{}{}{}", texts[..at].concat(), random.pick(&ODD), texts[at..].concat()))
}
