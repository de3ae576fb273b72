//! What stands in a string literal, as Redshift reads it: `''` is a quote and `\` escapes.
//!
//! Redshift's lexer is PostgreSQL 8.0's: `\b \f \n \r \t`, one to three octal digits, and any other character stands for itself.
//! sqlparser knows a few more escapes (`\a`, `\Z`), so it is told to leave literals alone and they are read here.

use outflow_core::{Code, Error, Result};

/// The value of a literal, given as it is written between its quotes.
///
/// # Errors
/// `query_invalid` when octal escapes make a NUL or something that is not UTF-8, which no value can hold.
pub(crate) fn unescape(raw: &str) -> Result<String> {
    if !raw.contains(['\\', '\'']) {
        return Ok(raw.to_owned());
    }
    let mut value = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\'' => {
                bytes.next_if_eq(&b'\'');
                value.push(b'\'');
            }
            b'\\' => match bytes.next() {
                Some(b'b') => value.push(8),
                Some(b'f') => value.push(12),
                Some(b'n') => value.push(b'\n'),
                Some(b'r') => value.push(b'\r'),
                Some(b't') => value.push(b'\t'),
                Some(digit @ b'0'..=b'7') => {
                    let mut octal = u32::from(digit - b'0');
                    for _ in 0..2 {
                        let Some(next) = bytes.next_if(|next| (b'0'..=b'7').contains(next)) else { break };
                        octal = octal * 8 + u32::from(next - b'0');
                    }
                    value.push((octal & 0xff) as u8);
                }
                Some(other) => value.push(other),
                None => value.push(b'\\'),
            },
            other => value.push(other),
        }
    }
    match String::from_utf8(value) {
        Ok(value) if !value.contains('\0') => Ok(value),
        _ => Err(Error::new(
            Code::QueryInvalid,
            "a string holds an octal escape that is no text; double the backslash to mean itself",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_as_redshift_does() {
        let cases = [
            (r"\\d+", r"\d+"),
            (r"\d+", "d+"),
            ("it''s", "it's"),
            (r"it\'s", "it's"),
            (r"a\nb\tc", "a\nb\tc"),
            (r"\101\60", "A0"),
            (r"\a\Z", "aZ"),
            (r"100\\%", r"100\%"),
            (r"\\n", r"\n"),
            ("한글 \\\\ 😀", "한글 \\ 😀"),
        ];
        for (raw, value) in cases {
            assert_eq!(unescape(raw).unwrap(), value, "{raw}");
        }
    }

    #[test]
    fn an_escape_that_is_no_text_is_refused() {
        assert_eq!(unescape(r"\000").unwrap_err().code(), Code::QueryInvalid);
        assert_eq!(unescape(r"\377").unwrap_err().code(), Code::QueryInvalid);
    }
}
