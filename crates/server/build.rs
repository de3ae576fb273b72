//! Makes a table of the pages in `docs/errors`, so that the `type` of every problem leads to one.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

fn main() {
    // Asked for when it runs, and what it finds is copied: several checkouts may share one target folder, and with it this program.
    let checkout = env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where");
    let folder = Path::new(&checkout).join("../../docs/errors");
    println!("cargo::rerun-if-changed=../../docs/errors");
    let mut pages: Vec<_> =
        fs::read_dir(&folder).expect("the documentation lies beside the crates").flatten().map(|entry| entry.path()).collect();
    pages.sort();
    let mut table = String::from("&[\n");
    for page in pages.iter().filter(|page| page.extension().is_some_and(|extension| extension == "md")) {
        let code = page.file_stem().and_then(|stem| stem.to_str()).expect("pages are named after codes");
        let text = fs::read_to_string(page).expect("a page can be read");
        writeln!(table, "    ({code:?}, {text:?}),").expect("a string takes it");
    }
    table.push(']');
    let target = Path::new(&env::var_os("OUT_DIR").expect("cargo says where")).join("error_pages.rs");
    fs::write(target, table).expect("what is built can be written");
}
