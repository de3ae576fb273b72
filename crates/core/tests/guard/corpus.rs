//! The corpora: files of named statements under `corpus/`.
//!
//! A block begins with `--# name`, or with `--# code: name` for what is refused with that code. `⟨U+00A0⟩` in a statement is that character
//! and `⟨60×(⟩` a text so many times, so that every editor shows what is there.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use outflow_core::Code;

/// A statement of a corpus.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) name: String,
    /// Why it is refused; what has none must pass, or is of a file whose statements have one reason.
    pub(crate) code: Option<Code>,
    pub(crate) sql: String,
}

/// What neither guard lets through, each with the code that says why.
pub(crate) fn hostile() -> &'static [Statement] {
    static CORPUS: LazyLock<Vec<Statement>> = LazyLock::new(|| folder("hostile"));
    &CORPUS
}

/// What is hostile in Redshift only: its catalogs and logs by their bare names, which are somebody's data elsewhere, where no code is named.
pub(crate) fn redshift_hostile() -> &'static [Statement] {
    static CORPUS: LazyLock<Vec<Statement>> = LazyLock::new(|| file(&root().join("redshift-hostile.sql")));
    &CORPUS
}

/// What analysts write for Redshift.
pub(crate) fn analytics() -> &'static [Statement] {
    static CORPUS: LazyLock<Vec<Statement>> = LazyLock::new(|| folder("redshift"));
    &CORPUS
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guard/corpus")
}

fn folder(name: &str) -> Vec<Statement> {
    let entries = std::fs::read_dir(root().join(name)).expect("the folder is there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    files.sort();
    files.iter().flat_map(|path| file(path)).collect()
}

fn file(path: &Path) -> Vec<Statement> {
    let text = std::fs::read_to_string(path).expect("the file is there");
    let file = path.file_stem().expect("it has a name").to_string_lossy();
    let mut blocks = format!("\n{text}").split("\n--# ").map(str::to_owned).collect::<Vec<_>>().into_iter();
    assert_eq!(blocks.next().as_deref().map(str::trim), Some(""), "{file}: nothing stands before the first block");
    blocks.map(|block| statement(&file, &block)).collect()
}

fn statement(file: &str, block: &str) -> Statement {
    let (title, sql) = block.split_once('\n').unwrap_or((block, ""));
    let (code, name) = match title.split_once(": ").and_then(|(code, name)| Some((code_of(code)?, name))) {
        Some((code, name)) => (Some(code), name),
        None => (None, title),
    };
    Statement { name: format!("{file}: {name}"), code, sql: decoded(sql.trim_end_matches('\n')) }
}

fn code_of(text: &str) -> Option<Code> {
    Code::ALL.iter().copied().find(|code| code.as_str() == text)
}

fn decoded(sql: &str) -> String {
    let mut parts = sql.split('⟨');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escape, rest) = part.split_once('⟩').expect("what ⟨ opens is closed");
        match escape.strip_prefix("U+") {
            Some(digits) => {
                let number = u32::from_str_radix(digits, 16).expect("a number in hexadecimal digits");
                decoded.push(char::from_u32(number).expect("a character"));
            }
            None => {
                let (times, text) = escape.split_once('×').expect("a number of times");
                decoded.push_str(&text.repeat(times.parse().expect("a number")));
            }
        }
        decoded.push_str(rest);
    }
    decoded
}

#[test]
fn the_corpora_are_as_large_as_they_say_and_every_name_is_there_once() {
    assert!(hostile().len() >= 400 && redshift_hostile().len() >= 40, "{}", hostile().len());
    assert!(analytics().len() >= 200, "{}", analytics().len());
    let mut names: Vec<&str> =
        [hostile(), redshift_hostile(), analytics()].into_iter().flatten().map(|statement| statement.name.as_str()).collect();
    names.sort_unstable();
    let twice: Vec<&[&str]> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(hostile().iter().all(|statement| statement.code.is_some()), "each hostile statement says why it is refused");
}

#[test]
fn escapes_stand_for_what_they_say() {
    assert_eq!(decoded("a⟨U+0041⟩⟨3×(x⟩b"), "aA(x(x(xb");
}
