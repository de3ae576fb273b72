//! Names: which are the same, and which are near.

use unicode_normalization::UnicodeNormalization;

/// The name in composed form.
pub(super) fn composed(name: &str) -> String {
    name.nfc().collect()
}

/// What two names have in common when they are the same but for case and composition.
pub(super) fn folded(name: &str) -> String {
    composed(&name.to_lowercase())
}

/// The names that resemble `name`, the nearest first, three at most.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = folded(name);
    let reach = (wanted.chars().count() / 3).max(2);
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &folded(candidate)), candidate))
        .filter(|(distance, candidate)| {
            let candidate = folded(candidate);
            *distance <= reach || (wanted.len() > 3 && (candidate.contains(&wanted) || wanted.contains(&candidate)))
        })
        .collect();
    near.sort();
    near.dedup();
    near.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}

/// `did you mean …` for a message, or what there is when nothing is near.
pub(super) fn advice<'a>(name: &str, what: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let near = nearest(name, candidates.clone());
    if !near.is_empty() {
        return format!("; did you mean {}?", listed(&near, " or "));
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    match all.len() {
        0 => format!("; there are no {what}"),
        1..=12 => format!("; the {what} are {}", listed(&all, ", ")),
        count => format!("; the {count} {what} are {} and more", listed(&all[..12], ", ")),
    }
}

fn listed(names: &[&str], between: &str) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_come_first() {
        assert_eq!(nearest("ordrs", ["lineitem", "orders", "order_items"]), ["orders"]);
        assert_eq!(nearest("LINEITEMS", ["lineitem", "orders"]), ["lineitem"]);
        assert_eq!(nearest("고객들", ["고객", "주문 내역"]), ["고객"]);
        assert!(nearest("xyzzy", ["lineitem", "orders"]).is_empty());
        assert_eq!(advice("xyzzy", "tables", ["b", "a"]), "; the tables are `b`, `a`");
    }
}
