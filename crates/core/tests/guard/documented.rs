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

#[test]
fn the_page_lists_what_redshift_has_besides() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sql.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    let (_, section) = page.split_once("\n## Functions of Redshift only\n").expect("it has the section");
    let list = section.split("\n\n").nth(1).expect("the list follows a sentence");
    let listed: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
    let embedded: Vec<&str> = Guard::embedded().functions().collect();
    let is_of_shapes = |name: &str| {
        let others = ["addbbox", "dropbbox", "geometrytype", "supportsbbox"];
        name.starts_with("st_") || name.starts_with("h3_") || others.contains(&name)
    };
    let guard = Guard::redshift();
    let mut besides: Vec<&str> = guard.functions().filter(|name| !embedded.contains(name) && !is_of_shapes(name)).collect();
    besides.sort_unstable();
    assert_eq!(listed, besides);
}
