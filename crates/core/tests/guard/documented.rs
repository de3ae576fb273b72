//! The page that a refusal sends people to.

use std::path::Path;

use outflow_core::guard::Guard;

#[test]
fn the_page_lists_the_functions_that_pass() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sql.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    let (_, section) = page.split_once("\n## Functions\n").expect("it has the section");
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    let listed: Vec<&str> = section.split('`').skip(1).step_by(2).collect();
    let mut allowed: Vec<&str> = Guard::embedded().functions().collect();
    allowed.sort_unstable();
    assert_eq!(listed, allowed);
}
