//! The name that a download gets on the caller's disk: `Content-Disposition` by RFC 6266 and RFC 8187, readable in any script. Pure.

use outflow_core::{RequestId, UnloadOptions};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands for itself in an extended value: RFC 8187's `attr-char`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');
/// What most file systems take, in bytes.
const LONGEST: usize = 255;

/// The name of a file of an unload, which says what it is: `{requestId}.csv.gz`, or `{requestId}-000.csv.gz` of several.
pub fn download_name(request_id: &RequestId, options: &UnloadOptions, index: u32, file_count: usize) -> String {
    let extension = options.file_extension();
    if file_count == 1 { format!("{request_id}.{extension}") } else { format!("{request_id}-{index:03}.{extension}") }
}

/// The header that makes a browser keep the file under that name, as far as the name is harmless: without folders, control characters
/// and characters that change the direction of the text, by which an `.exe` can look like a `.csv`.
pub fn content_disposition(name: &str) -> String {
    let name = harmless(name);
    let plain: String = name.chars().map(|c| if c.is_ascii() && !matches!(c, '"' | '\\' | '%') { c } else { '_' }).collect();
    if plain == name {
        return format!("attachment; filename=\"{plain}\"");
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(&name, ENCODED))
}

fn harmless(name: &str) -> String {
    let kept = name.chars().filter(|c| !c.is_control() && !turns_text(*c)).map(|c| if matches!(c, '/' | '\\') { '_' } else { c });
    let kept: String = kept.collect();
    let trimmed = shortened(kept.trim().trim_start_matches('.'));
    if trimmed.is_empty() { "download".to_owned() } else { trimmed }
}

fn turns_text(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Cut in the middle of the stem, so that what kind of file it is stays to be seen.
fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let extension = name.find('.').map_or("", |at| &name[at..]);
    let extension = if extension.len() <= 32 { extension } else { "" };
    let mut end = LONGEST - extension.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", &name[..end])
}

#[cfg(test)]
mod tests;
