//! Makes a table of the pages in `docs/errors`, so that the `type` of every problem leads to one.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut pages: Vec<_> =
        fs::read_dir(&folder).expect("the documentation lies beside the crates").flatten().map(|entry| entry.path()).collect();
    pages.sort();
    let mut table = String::from("&[\n");
    for page in pages.iter().filter(|page| page.extension().is_some_and(|extension| extension == "md")) {
        let code = page.file_stem().and_then(|stem| stem.to_str()).expect("pages are named after codes");
        writeln!(table, "    ({code:?}, include_str!({page:?})),").expect("a string takes it");
    }
    table.push(']');
    let target = Path::new(&env::var_os("OUT_DIR").expect("cargo says where")).join("error_pages.rs");
    fs::write(target, table).expect("what is built can be written");
}
