//! Keys that stand in a statement's text: whatever is kept to be shown is kept without them, as Redshift keeps it.

use std::ops::Range;

use crate::sql::{Kind, Piece, pieces};

/// The words that a secret follows, with or without `AS`.
const BEFORE: [&str; 5] = ["credentials", "access_key_id", "secret_access_key", "session_token", "master_symmetric_key"];

/// A statement as it may be shown: with empty strings for its keys, and without what stands behind the first word for one where the
/// quotes are in disorder, so that nobody can tell what is a key.
pub(crate) fn shown(text: &str) -> String {
    let Ok(pieces) = pieces(text) else { return cut(text) };
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for secret in secrets(text, &pieces) {
        shown.push_str(&text[at..secret.start]);
        shown.push_str("''");
        at = secret.end;
    }
    match flipped(text, &pieces) {
        Some(place) if place >= at => {
            shown.push_str(&text[at..place]);
            shown.push('…');
        }
        Some(_) => shown.push('…'),
        None => shown.push_str(&text[at..]),
    }
    shown
}

/// The names of the parameters that are keys, without their colons.
pub(crate) fn parameters(text: &str) -> Vec<String> {
    let Ok(pieces) = pieces(text) else { return Vec::new() };
    let secrets = secrets(text, &pieces);
    let is_secret = |piece: &&Piece| secrets.iter().any(|secret| secret.contains(&piece.range.start));
    let named = pieces.iter().filter(|piece| piece.kind == Kind::Named).filter(is_secret);
    named.map(|piece| text[piece.range.clone()].trim_start_matches(':').to_owned()).collect()
}

/// Where the secrets are, in their order.
fn secrets(text: &str, pieces: &[Piece]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut index = 0;
    while let Some(piece) = pieces.get(index) {
        index += 1;
        if piece.kind != Kind::Word || !is_before(&text[piece.range.clone()]) {
            continue;
        }
        index = next(pieces, index);
        if is_word(text, pieces.get(index), "as") || is_sign(text, pieces.get(index), "=") {
            index = next(pieces, index + 1);
        }
        // A string, and those that come behind it.
        while let Some(end) = value(text, pieces, index) {
            found.push(pieces[index].range.start..pieces[end - 1].range.end);
            index = next(pieces, end);
        }
    }
    found
}

/// The end of the value that begins with that piece: all that hangs together with a string, such as `N'…'`, or a parameter.
fn value(text: &str, pieces: &[Piece], begin: usize) -> Option<usize> {
    let first = pieces.get(begin)?;
    let may_begin = matches!(first.kind, Kind::Text | Kind::Quoted | Kind::Named | Kind::Placeholder | Kind::Word)
        || is_sign(text, Some(first), "$");
    if !may_begin || is_before(&text[first.range.clone()]) {
        return None;
    }
    let rest = pieces[begin..].iter().take_while(|piece| !matches!(piece.kind, Kind::Space | Kind::Comment | Kind::Semicolon));
    let length = rest.clone().count();
    let is_value = first.kind == Kind::Placeholder
        || is_sign(text, Some(first), "$")
        || rest.clone().any(|piece| matches!(piece.kind, Kind::Text | Kind::Quoted | Kind::Named));
    is_value.then_some(begin + length)
}

/// The place behind a string that ends with a word for a key and goes on at once: it is none, but what is between two others.
fn flipped(text: &str, pieces: &[Piece]) -> Option<usize> {
    let is_flipped = |pair: &&[Piece]| {
        let inside = text[pair[0].range.clone()].trim_matches('\'').trim_end();
        let inside = inside.strip_suffix("AS").or_else(|| inside.strip_suffix("as")).unwrap_or(inside).trim_end();
        let last = inside.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
        let goes_on = matches!(pair[1].kind, Kind::Word | Kind::Quoted)
            || is_sign(text, pair.get(1), "/")
            || is_sign(text, pair.get(1), "+");
        pair[0].kind == Kind::Text && is_before(last) && goes_on
    };
    pieces.windows(2).find(is_flipped).map(|pair| pair[0].range.end)
}

/// The text up to the first word for a key.
fn cut(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    match BEFORE.iter().filter_map(|word| lower.find(word)).min() {
        Some(place) => format!("{}…", &text[..place]),
        None => text.to_owned(),
    }
}

fn is_before(word: &str) -> bool {
    BEFORE.iter().any(|before| before.eq_ignore_ascii_case(word))
}

fn is_word(text: &str, piece: Option<&Piece>, word: &str) -> bool {
    piece.is_some_and(|piece| piece.kind == Kind::Word && text[piece.range.clone()].eq_ignore_ascii_case(word))
}

fn is_sign(text: &str, piece: Option<&Piece>, sign: &str) -> bool {
    piece.is_some_and(|piece| piece.kind == Kind::Other && &text[piece.range.clone()] == sign)
}

/// The first piece from there on that says something.
fn next(pieces: &[Piece], from: usize) -> usize {
    let silent = pieces.iter().skip(from).take_while(|piece| matches!(piece.kind, Kind::Space | Kind::Comment));
    from + silent.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_blanked_however_they_are_given() {
        for (text, expected) in [
            ("UNLOAD ('q') TO 's' CREDENTIALS 'KEY' GZIP", "UNLOAD ('q') TO 's' CREDENTIALS '' GZIP"),
            ("… with credentials as /* x */ 'KEY;''KEY' GZIP;", "… with credentials as /* x */ '' GZIP;"),
            (
                "access_key_id AS'KEY' SECRET_ACCESS_KEY'KEY' Session_Token -- x\n 'KEY\\'KEY'",
                "access_key_id AS'' SECRET_ACCESS_KEY'' Session_Token -- x\n ''",
            ),
            ("CREDENTIALS $$KEY$$", "CREDENTIALS ''"),
            ("CREDENTIALS $t$KEY$t$ CSV", "CREDENTIALS '' CSV"),
            ("CREDENTIALS N'KEY' CSV", "CREDENTIALS '' CSV"),
            ("CREDENTIALS 'KEY' 'KEY' CSV", "CREDENTIALS '' '' CSV"),
            ("CREDENTIALS = \"KEY\" CSV", "CREDENTIALS = '' CSV"),
            ("CREDENTIALS :key CSV", "CREDENTIALS '' CSV"),
            // The quotes are in disorder.
            ("UNLOAD ('it's') TO 's' CREDENTIALS '/KEY' NULL 'it's'", "UNLOAD ('it's') TO 's' CREDENTIALS '…"),
            ("UNLOAD ('q) TO 's' CREDENTIALS 'KEY'", "UNLOAD ('q) TO 's' …"),
            ("UNLOAD ('it's') TO 's' CREDENTIALS 'KEY;x=KEY' NULL 'it's'", "UNLOAD ('it's') TO 's' CREDENTIALS '…"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn what_is_no_key_stays() {
        for text in [
            "select session_token, 'x' from t where access_key_id like 'x'",
            "UNLOAD ('select credentials from t') TO 's3://b/credentials' IAM_ROLE 'arn' DELIMITER ','",
            "select 'CREDENTIALS ' || x",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn parameters_that_are_keys_are_told() {
        assert_eq!(parameters("UNLOAD ('q') TO :to ACCESS_KEY_ID :id SECRET_ACCESS_KEY AS :key NULL :null"), ["id", "key"]);
    }
}
