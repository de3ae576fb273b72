//! Small things about text that more than one crate needs. Pure.

/// Bytes in lowercase hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| DIGITS[usize::from(digit)]).collect()
}

/// Whether a character shows nothing and makes a name look like another one: by turning the direction of the text, so that an `.exe`
/// can look like a `.csv`, or by standing between two letters unseen. What joins letters or keeps them apart in some scripts is none.
pub fn is_deceptive(character: char) -> bool {
    let turns = matches!(character, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || matches!(character, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_two_digits() {
        assert_eq!(hex(&[]), "");
        assert_eq!(hex(&[0, 1, 15, 16, 171, 255]), "00010f10abff");
    }

    #[test]
    fn what_joins_letters_is_kept_and_what_turns_or_hides_is_not() {
        assert!("a배\u{200c}\u{200d} -_.".chars().all(|c| !is_deceptive(c)));
        assert!("\u{202e}\u{200f}\u{061c}\u{2067}\u{200b}\u{2060}\u{feff}".chars().all(is_deceptive));
    }
}
