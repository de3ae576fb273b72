//! Texts of a size that cost a reader of SQL more than others of that size: deep, long or repeated, whole and broken.

/// Their names and the texts.
pub(crate) fn shapes(size: usize) -> Vec<(&'static str, String)> {
    let around = |front: &str, piece: &dyn Fn(usize) -> String, behind: &str| {
        let mut sql = front.to_owned();
        for number in 0.. {
            let next = piece(number);
            if sql.len() + next.len() + behind.len() > size {
                break;
            }
            sql.push_str(&next);
        }
        sql + behind
    };
    let same = |front: &str, piece: &str, behind: &str| around(front, &|_| piece.to_owned(), behind);
    let nested = |open: &str, close: &str, depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    let summed = |term: &str| same("SELECT 1", &format!(" + {term}"), " FROM t");
    let half = |open: &str, close: &str, middle: &str| {
        let times = (size - middle.len() - 7) / (open.len() + close.len());
        format!("SELECT {}{middle}{}", open.repeat(times), close.repeat(times))
    };
    vec![
        ("a long IN list", around("SELECT * FROM t WHERE a IN (0", &|number| format!(", {number}"), ")")),
        ("an IN list of texts", around("SELECT * FROM t WHERE a IN (''", &|number| format!(", 'v{number}'"), ")")),
        ("many joins", around("SELECT 1 FROM t", &|number| format!(" JOIN s.t{number} ON t.a = t{number}.a"), "")),
        ("many tables", around("SELECT 1 FROM t", &|number| format!(", s.t{number}"), "")),
        ("paths of one table", around("SELECT 1 FROM t", &|number| format!(", t.p{number}"), "")),
        (
            "many queries of WITH",
            around("WITH c AS (SELECT 1)", &|number| format!(", c{number} AS (SELECT 1)"), " SELECT * FROM c"),
        ),
        (
            "queries of WITH that read each other",
            around(
                "WITH c0 AS (SELECT 1)",
                &|number| format!(", c{} AS (SELECT * FROM c{number})", number + 1),
                " SELECT * FROM c0",
            ),
        ),
        ("many arms of CASE", around("SELECT CASE", &|number| format!(" WHEN a = {number} THEN {number}"), " END FROM t")),
        ("CASE within CASE", summed(&nested("CASE WHEN a THEN ", " END", 40))),
        ("a long literal", same("SELECT '", "x", "'")),
        ("a literal of quotes", same("SELECT '", "''", "'")),
        ("a literal of backslashes", same("SELECT '", "\\\\", "'")),
        ("a literal beyond ASCII", same("SELECT '", "한", "'")),
        ("many literals", same("SELECT ''", ", 'a'", "")),
        ("a long name", same("SELECT * FROM ", "x", "")),
        ("many columns", around("SELECT a", &|number| format!(", c{number} AS d{number}"), " FROM t")),
        ("parentheses as deep as may be", summed(&nested("(", ")", 48))),
        ("calls within calls", summed(&nested("abs(", ")", 48))),
        ("casts within casts", summed(&nested("cast(", " AS integer)", 48))),
        ("subqueries within subqueries", summed(&nested("(SELECT ", ")", 9))),
        ("parentheses without end", same("SELECT ", "(", "")),
        ("calls without end", same("SELECT ", "abs(", "")),
        ("casts without end", same("SELECT ", "cast(", "")),
        ("CASE without end", same("SELECT ", "CASE WHEN ", "")),
        ("too deep parentheses", half("(", ")", "1")),
        ("a chain of OR", same("SELECT * FROM t WHERE a = 1", " OR a = 1", "")),
        ("a chain of plus", same("SELECT 1", "+1", "")),
        ("a chain of signs", same("SELECT ", "- ", "1")),
        ("a chain of NOT", same("SELECT ", "NOT ", "true")),
        ("a chain of casts", same("SELECT 1", "::int", "")),
        ("a chain of names", same("SELECT a", ".a", " FROM t")),
        ("a chain of subscripts", same("SELECT a", "[1]", " FROM t")),
        ("a chain of subscripts and names", same("SELECT a", "[1].a", " FROM t")),
        ("chains of as many subscripts as may be", same("SELECT 1", &format!(", a{}", "[1]".repeat(49)), " FROM t")),
        ("a chain of UNION", same("SELECT 1", " UNION SELECT 1", "")),
        ("many comments", same("SELECT 1", " /**/", "")),
        ("comment after comment", same("SELECT 1 /*", "/*", "*/")),
        ("many lines", same("SELECT 1", "\n,1", "")),
        ("an error at the end", same("SELECT a", ", a", " FROM FROM")),
        ("a forbidden function at the end", same("SELECT 1", ", 1", ", pg_sleep(1)")),
        ("many windows", same("SELECT 1", ", sum(a) OVER (PARTITION BY b ORDER BY c)", " FROM t")),
        ("many tuples", same("SELECT * FROM t WHERE (a, b) IN ((1, 2)", ", (1, 2)", ")")),
        ("many values", same("VALUES (1, 'a')", ", (1, 'a')", "")),
        ("intervals", same("SELECT 1", ", INTERVAL '1 day'", "")),
    ]
}
