//! Words that are never names where they stand bare: a parser that takes one for a table's name has read something else than meant.
//!
//! `FROM ONLY pg_user` is the table `pg_user` to the warehouse, and a table `only` with an alias to a parser that does not know the word.

/// PostgreSQL's reserved words, those that it keeps for functions and types included, and Redshift's that begin a construct.
#[rustfmt::skip]
const RESERVED: [&str; 105] = [
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "binary", "both", "case",
    "cast", "check", "collate", "collation", "column", "concurrently", "constraint", "create", "cross", "current_catalog",
    "current_date", "current_role", "current_schema", "current_time", "current_timestamp", "current_user", "default",
    "deferrable", "desc", "distinct", "do", "else", "end", "except", "false", "fetch", "for", "foreign", "freeze", "from",
    "full", "grant", "group", "having", "ilike", "in", "initially", "inner", "intersect", "into", "is", "isnull", "join",
    "lateral", "leading", "left", "like", "limit", "localtime", "localtimestamp", "minus", "natural", "not", "notnull", "null",
    "offset", "on", "only", "or", "order", "outer", "overlaps", "pivot", "placing", "primary", "references", "returning",
    "right", "select", "session_user", "similar", "some", "symmetric", "sysdate", "system_user", "table", "tablesample", "then",
    "to", "trailing", "true", "union", "unique", "unpivot", "user", "using", "variadic", "verbose", "when", "where", "window",
    "with",
];

/// Whether a bare word cannot name a table, be its alias, or name a query of WITH.
pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.binary_search(&word.to_ascii_lowercase().as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_sorted() {
        assert!(RESERVED.is_sorted_by(|one, next| one < next));
    }
}
