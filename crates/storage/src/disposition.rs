//! The name that a download gets on the caller's disk: `Content-Disposition` by RFC 6266 and RFC 8187, readable in any script. Pure.

use outflow_core::text::is_deceptive;
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
/// As many bytes of a name are looked at for its extension: those that the option of that name may have, and a dot.
const LONGEST_EXTENSION: usize = 33;

/// The name of a file of an unload, which says what it is: `{requestId}.csv.gz`, or `{requestId}-000.csv.gz` of several. What lies in
/// the folders of a partition has their values in its name, since they need not be in the file: `{requestId}-000-year=2024.csv.gz`.
/// `name` is that of the receipt.
pub fn download_name(request_id: &RequestId, options: &UnloadOptions, name: &str, index: u32, file_count: usize) -> String {
    let extension = options.file_extension();
    let number = if file_count == 1 { String::new() } else { format!("-{index:03}") };
    let folders = name.split('/').filter(|part| part.contains('=')).map(|part| format!("-{part}")).collect::<String>();
    let folders = if options.partition_by.is_some() { folders } else { String::new() };
    format!("{request_id}{number}{folders}.{extension}")
}

/// The header that makes a browser keep the file under that name, as far as the name is harmless: without folders, control characters
/// and what is deceptive.
pub fn content_disposition(name: &str) -> String {
    let name = harmless(name);
    let plain: String = name.chars().map(|c| if c.is_ascii() && !matches!(c, '"' | '\\' | '%') { c } else { '_' }).collect();
    if plain == name {
        return format!("attachment; filename=\"{plain}\"");
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(&name, ENCODED))
}

fn harmless(name: &str) -> String {
    let kept =
        name.chars().filter(|c| !c.is_control() && !is_deceptive(*c)).map(|c| if matches!(c, '/' | '\\') { '_' } else { c });
    let kept: String = kept.collect();
    let trimmed = shortened(kept.trim().trim_start_matches('.'));
    if trimmed.is_empty() { "download".to_owned() } else { trimmed }
}

/// Cut in the middle of the stem, so that what kind of file it is stays to be seen.
fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    // An extension is short; dots before it are those of values.
    let mut last = name.len() - LONGEST_EXTENSION;
    while !name.is_char_boundary(last) {
        last += 1;
    }
    let extension = name[last..].find('.').map_or("", |at| &name[last + at..]);
    let mut end = LONGEST - extension.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", &name[..end])
}

#[cfg(test)]
mod tests;
