//! The place of an error in the caller's own query, from the place that Redshift tells.
//!
//! Whether Redshift counts from the beginning of UNLOAD or of the query in it is not documented: a place is believed only where the word
//! that the error is about stands there.

use outflow_core::Position;

/// What is put around a query with an outer `LIMIT`.
const WRAPPER: (&str, &str) = ("SELECT * FROM (\n", "\n) AS outflow_limited");

/// The place in the caller's query; `None` where it cannot be told for certain. `sql` is the UNLOAD statement.
pub(super) fn place_of(said: &str, sql: &str) -> Option<Position> {
    let at = number_after(said, "Position:")?.checked_sub(1)?;
    let word = word_of(said)?;
    let (query, origins) = query_of(sql)?;
    let stands_at = |text: &[char], at: usize| text.get(at..).is_some_and(|rest| starts_with(rest, &word));
    let at = if stands_at(&query, at) {
        at
    } else {
        let whole: Vec<char> = sql.chars().collect();
        stands_at(&whole, at).then(|| origins.iter().position(|origin| *origin == at)).flatten()?
    };
    let before = &query[..at];
    let line = before.iter().filter(|character| **character == '\n').count();
    let column = before.iter().rev().take_while(|character| **character != '\n').count();
    let text: String = query.iter().collect();
    let is_wrapped = text.starts_with(WRAPPER.0) && text.trim_end().ends_with(WRAPPER.1);
    // The wrapper's own line is none of the caller's.
    let line = if is_wrapped { line.checked_sub(1)? } else { line };
    Some(Position { line: line as u64 + 1, column: column as u64 + 1 })
}

fn number_after(said: &str, label: &str) -> Option<usize> {
    let rest = said.split_once(label)?.1.trim_start();
    let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// The word that the error is about: the first that it quotes.
fn word_of(said: &str) -> Option<Vec<char>> {
    let quoted = said.split('"').nth(1).filter(|word| !word.is_empty())?;
    Some(quoted.chars().collect())
}

fn starts_with(text: &[char], word: &[char]) -> bool {
    // A name that is quoted in the query is named without its quotes.
    let text = text.strip_prefix(&['"'][..]).unwrap_or(text);
    text.len() >= word.len() && text.iter().zip(word).all(|(a, b)| a.to_lowercase().eq(b.to_lowercase()))
}

/// The query of an UNLOAD as our statement writes it, and where each of its characters stands in the statement.
fn query_of(sql: &str) -> Option<(Vec<char>, Vec<usize>)> {
    let begin = sql.find("UNLOAD ('")?;
    let skipped = sql[..begin].chars().count() + "UNLOAD ('".len();
    let (mut query, mut origins) = (Vec::new(), Vec::new());
    let mut characters = sql.chars().enumerate().skip(skipped).peekable();
    while let Some((at, character)) = characters.next() {
        if matches!(character, '\'' | '\\') {
            match characters.peek() {
                Some((_, next)) if *next == character => {
                    characters.next();
                }
                _ if character == '\'' => return Some((query, origins)),
                _ => {}
            }
        }
        query.push(character);
        origins.push(at);
    }
    None
}

#[cfg(test)]
mod tests {
    use outflow_core::statement::UnloadStatement;

    use super::*;

    const QUERY: &str = "SELECT 'it''s \\ so',\n  id FORM t";

    fn sql(query: &str) -> String {
        UnloadStatement::plain(query, "s3://b/k").to_sql()
    }

    fn said(at: usize) -> String {
        format!("ERROR: syntax error at or near \"FORM\"\n  Position: {at};")
    }

    #[test]
    fn a_place_is_found_from_either_beginning() {
        let expected = Some(Position { line: 2, column: 6 });
        let in_query = QUERY.find("FORM").unwrap() + 1;
        assert_eq!(place_of(&said(in_query), &sql(QUERY)), expected);
        let in_statement = sql(QUERY).find("FORM").unwrap() + 1;
        assert_eq!(place_of(&said(in_statement), &sql(QUERY)), expected);
        let wrapped = format!("SELECT * FROM (\n{QUERY}\n) AS outflow_limited");
        assert_eq!(place_of(&said(wrapped.find("FORM").unwrap() + 1), &sql(&wrapped)), expected);
        // A query of the caller's that begins like the wrapper is none.
        let alike = format!("SELECT * FROM (\n{QUERY}\n) AS mine");
        let place = place_of(&said(alike.find("FORM").unwrap() + 1), &sql(&alike));
        assert_eq!(place, Some(Position { line: 3, column: 6 }));
    }

    #[test]
    fn a_place_where_the_word_does_not_stand_is_not_believed() {
        for at in [0, 1, 3, 9_999] {
            assert_eq!(place_of(&said(at), &sql(QUERY)), None, "{at}");
        }
        assert_eq!(place_of("ERROR: syntax error", &sql(QUERY)), None);
        assert_eq!(place_of(&said(3), "SELECT 1"), None);
    }
}
