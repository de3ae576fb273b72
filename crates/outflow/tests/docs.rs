//! The documents against the sources: every code has its page, every link leads somewhere, both READMEs show the same commands.
//!
//! What a document says in words nobody checks here; what it says by name, number and path is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use outflow_core::{Code, ErrorKind};
use serde_json::Value;

fn root() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in `crates`");
    crates.parent().expect("`crates` lies in the repository").to_owned()
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read `{}`: {error}", path.display()))
}

/// All files with that ending below a folder of the repository, by their path in it.
fn files_below(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("cannot list `{}`: {error}", folder.display()));
        for entry in entries {
            let path = entry.expect("the folder is not changed meanwhile").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path.strip_prefix(root()).expect("it lies below").to_owned());
            }
        }
    }
    found.sort();
    found
}

fn documents() -> Vec<PathBuf> {
    let top = ["README.md", "README.ko.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(PathBuf::from);
    let below = ["docs", "crates", "bench"].iter().flat_map(|folder| files_below(folder, "md"));
    top.into_iter().chain(below).collect()
}

/// The fenced blocks of a document, each with the line that opens it.
fn code_blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        open = match open {
            Some(block) if line.trim_end() == "```" => {
                blocks.push(block);
                None
            }
            Some(block) => Some(block + "\n" + line),
            None => line.starts_with("```").then(|| line.to_owned()),
        };
    }
    assert_eq!(open, None, "a block has no end");
    blocks
}

/// A document without its fenced blocks.
fn prose(text: &str) -> String {
    let mut is_code = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands between single backticks.
fn quoted(prose: &str) -> impl Iterator<Item = &str> {
    prose.split('`').skip(1).step_by(2)
}

#[test]
fn every_code_has_a_page_that_says_what_the_code_says() {
    for code in Code::ALL.iter().copied() {
        let page = read(format!("docs/errors/{code}.md"));
        let mut lines = page.lines().filter(|line| !line.is_empty());
        assert_eq!(lines.next(), Some(format!("# `{code}`").as_str()));
        assert_eq!(lines.next(), Some(format!("{}.", code.title()).as_str()), "{code}");
        assert_eq!(lines.next(), Some(format!("- HTTP status: {}", code.http_status()).as_str()), "{code}");
        assert_eq!(lines.next(), Some(format!("- Kind: {}", kind(code.kind())).as_str()), "{code}");
        assert!(page.contains("\n## What to do\n\n- "), "the page of `{code}` says nothing that one could do");
        assert!((12..=40).contains(&page.lines().count()), "the page of `{code}` has {} lines", page.lines().count());
        let blocks = code_blocks(&page);
        assert!(!blocks.is_empty(), "the page of `{code}` has no example");
        for block in blocks {
            if let Some(text) = block.strip_prefix("```json\n") {
                check_example(code, text);
            } else {
                assert!(block.contains(code.as_str()), "the example of `{code}` is of another: {block}");
            }
        }
    }
}

fn kind(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound => "not found",
        ErrorKind::Conflict => "conflict",
        ErrorKind::InvalidInput => "invalid input",
        ErrorKind::Denied => "denied",
        ErrorKind::Throttled => "throttled",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Cancelled => "cancelled",
        ErrorKind::Internal => "internal",
    }
}

/// An example is the answer to a call, or an unload's `error`.
fn check_example(code: Code, text: &str) {
    let example: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("the example of `{code}` is no JSON: {error}"));
    assert_eq!(example["code"], code.as_str());
    if example.get("message").is_some() {
        // Its kind would allow another try; that a person must look first is the point of it.
        let is_retryable = code.kind().is_retryable() && code != Code::OutcomeUnknown;
        assert_eq!(example["retryable"], is_retryable, "{code}");
    } else {
        assert_eq!(example["type"], format!("/docs/errors/{code}"));
        assert_eq!(example["title"], code.title());
        assert_eq!(example["status"], code.http_status());
        assert!(example["detail"].is_string() && example.get("requestId").is_some(), "{code}");
    }
}

#[test]
fn every_page_has_a_code_and_the_index_lists_them_in_order() {
    let pages = files_below("docs/errors", "md");
    let names: BTreeSet<_> =
        pages.iter().filter_map(|page| page.file_stem()?.to_str()).filter(|name| *name != "README").collect();
    let codes: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names, codes);

    let index = read("docs/errors/README.md");
    let rows: Vec<_> = index.lines().filter(|line| line.starts_with("| [`")).collect();
    let expected: Vec<_> =
        Code::ALL.iter().map(|code| format!("| [`{code}`]({code}.md) | {} | {} |", code.http_status(), code.title())).collect();
    assert_eq!(rows, expected);
}

#[test]
fn both_readmes_show_the_same_commands() {
    let (english, korean) = (code_blocks(&read("README.md")), code_blocks(&read("README.ko.md")));
    assert!(!english.is_empty());
    assert_eq!(english, korean);
}

#[test]
fn every_field_of_a_request_is_in_the_page_of_the_api() {
    let api = read("docs/api.md");
    let document = serde_json::to_value(outflow_server::openapi()).expect("the document is JSON");
    let fields = document["components"]["schemas"]["UnloadRequest"]["properties"].as_object().expect("a request has fields");
    let missing: Vec<_> = fields.keys().filter(|name| !api.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/api.md does not tell of {missing:?}");
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = prose(&read(&document));
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        for target in targets.filter(|target| !target.contains("://")) {
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let folder = document.parent().expect("a document lies in a folder");
            let found = if path.is_empty() { root().join(&document) } else { root().join(folder).join(path) };
            let leads = found.exists() && (heading.is_empty() || headings(&found).contains(heading));
            if !leads {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

/// The anchors that a document's headings have on GitHub.
fn headings(path: &Path) -> BTreeSet<String> {
    let text = prose(&fs::read_to_string(path).expect("the document is there"));
    let headings =
        text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let kept = headings
        .map(|heading| heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect::<String>());
    kept.map(|heading| heading.replace(' ', "-")).collect()
}

#[test]
fn every_path_that_a_document_names_is_there() {
    let mut missing = Vec::new();
    for document in documents() {
        let text = prose(&read(&document));
        let paths =
            quoted(&text).filter(|path| ["crates/", "docs/", "bench/", ".ci/"].iter().any(|folder| path.starts_with(folder)));
        for path in paths.filter(|path| !path.contains(['<', '*', '{', ' '])) {
            if !root().join(path).exists() {
                missing.push(format!("{}: {path}", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "paths that are not there:\n{}", missing.join("\n"));
}

#[test]
fn the_architecture_knows_every_crate() {
    let architecture = read("ARCHITECTURE.md");
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(architecture.contains(&format!("`crates/{name}`")), "ARCHITECTURE.md does not mention `crates/{name}`");
    }
}

#[test]
fn every_metric_is_described_and_every_described_metric_is_measured() {
    let sources = files_below("crates", "rs");
    let product = sources.iter().filter(|path| path.components().any(|part| part.as_os_str() == "src"));
    let measured: BTreeSet<String> = product.flat_map(|path| metrics(&read(path))).collect();
    let operations = read("docs/operations.md");
    let rows = operations.lines().filter_map(|line| line.strip_prefix("| `outflow_")?.split_once('`'));
    let described: BTreeSet<String> = rows.map(|(name, _)| format!("outflow_{name}")).collect();
    assert!(!measured.is_empty());
    assert_eq!(described, measured);
}

/// The names of metrics in a source: string literals that begin like one and name no crate.
fn metrics(source: &str) -> BTreeSet<String> {
    let crates = files_below("crates", "toml");
    let names: BTreeSet<_> = crates.iter().filter_map(|path| path.parent()?.file_name()?.to_str()).collect();
    let literals = source.split("\"outflow_").skip(1).filter_map(|rest| rest.split_once('"')).map(|(name, _)| name);
    let plain = literals.filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !names.contains(name));
    plain.map(|name| format!("outflow_{name}")).collect()
}
