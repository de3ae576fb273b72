//! The name that a service gives to a download (RFC 6266), made harmless: it may come from anywhere and becomes a file here.

/// The file name of a `Content-Disposition`, `filename*` before `filename`.
pub(super) fn from_disposition(header: &str) -> Option<String> {
    let mut plain = None;
    for parameter in parameters(header) {
        let (key, value) = parameter.split_once('=')?;
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "filename*" => {
                let (charset, rest) = value.split_once('\'')?;
                let encoded = rest.split_once('\'')?.1;
                if charset.eq_ignore_ascii_case("utf-8") {
                    return harmless(&decode(encoded)?);
                }
            }
            "filename" => plain = harmless(&unquote(value)),
            _ => {}
        }
    }
    plain
}

/// A name that stays in its folder and shows as what it is; nothing if nothing is left of it.
pub(super) fn harmless(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let clean: String = last.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect();
    let clean = clean.trim().trim_start_matches('.');
    (!clean.is_empty() && clean.len() <= 200).then(|| clean.to_owned())
}

/// Marks that turn the direction of a text, and with it the extension that a person sees.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// What stands between semicolons outside quotes, after the first.
fn parameters(header: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut begin, mut quoted, mut escaped) = (0, false, false);
    for (at, character) in header.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                parts.push(&header[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&header[begin..]);
    parts.drain(..1);
    parts
}

fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else { return value.to_owned() };
    let mut text = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        text.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    text
}

fn decode(encoded: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_every_form() {
        for (header, name) in [
            ("attachment; filename=\"orders.csv\"", Some("orders.csv")),
            ("attachment; filename=orders.csv", Some("orders.csv")),
            ("attachment; filename=\"a\\\"b; c.csv\"", Some("a\"b; c.csv")),
            ("attachment; filename=\"x.csv\"; filename*=UTF-8''%EC%A3%BC%EB%AC%B8.csv", Some("주문.csv")),
            ("attachment; filename*=UTF-8''a%2", None),
            ("attachment", None),
        ] {
            assert_eq!(from_disposition(header).as_deref(), name, "{header}");
        }
    }

    #[test]
    fn a_name_cannot_leave_its_folder_or_hide() {
        assert_eq!(harmless("../../etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(harmless("C:\\x\\y.csv").as_deref(), Some("y.csv"));
        assert_eq!(harmless("..").as_deref(), None);
        assert_eq!(harmless(".bashrc").as_deref(), Some("bashrc"));
        assert_eq!(harmless("a\u{202e}vsc.exe").as_deref(), Some("avsc.exe"));
    }
}
