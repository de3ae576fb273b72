//! The name that a service gives to a download (RFC 6266), made harmless: it may come from anywhere and becomes a file here.

use std::path::PathBuf;

use outflow_core::text::is_deceptive;

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
    let clean: String = last.chars().filter(|c| !c.is_control() && !is_deceptive(*c)).collect();
    let clean = clean.trim().trim_start_matches('.');
    (!clean.is_empty() && clean.len() <= 200).then(|| clean.to_owned())
}

/// The path of a file of a receipt below the folder that takes it; parts between slashes are folders of partitions. Nothing for what
/// could lead elsewhere, hide, or be taken for something else.
pub(crate) fn within(name: &str) -> Option<PathBuf> {
    let Some((folders, file)) = name.rsplit_once('/') else { return harmless(name).map(PathBuf::from) };
    let is_folder = |part: &str| {
        let is_hidden = part.starts_with('.') && !part.contains('=');
        !part.is_empty() && part.len() <= 255 && !is_hidden && !part.contains(|c: char| c.is_control() || matches!(c, '\\' | ':'))
    };
    (folders.split('/').all(is_folder) && harmless(file).as_deref() == Some(file)).then(|| PathBuf::from(name))
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
    fn folders_of_partitions_stay_below_and_nothing_else_has_folders() {
        for name in ["output000.csv", "output/a=1%2F2/b=x.y/0000_part_00.csv", "output/월=십/000", "output/.a=..1/000"] {
            assert_eq!(within(name).unwrap().to_str(), Some(name));
        }
        for name in [
            "../x",
            "a/../x",
            "a/..",
            "a/.",
            "./x",
            "/x",
            "/a/x",
            "a//x",
            "a/",
            ".git/hooks/post-checkout",
            "a/.bashrc",
            "a\\b/x",
            "a/b\\x",
            "C:/x",
            "a\nb/x",
            "a/x\n",
            "a/x\u{202e}vsc.exe",
            "",
            "..",
            ".",
        ] {
            assert_eq!(within(name), None, "{name:?}");
        }
        assert_eq!(within(&format!("{}/x", "a".repeat(256))), None);
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
