//! Which options of UNLOAD do not go together and which need another, as tables.
//!
//! Source: <https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html>. Rows that it does not have are marked.

use outflow_core::Result;

use super::refused;

/// What is said of keys with which Redshift itself encrypted.
pub(super) const CLIENT_SIDE_KEY: &str = "MASTER_SYMMETRIC_KEY is no option of UNLOAD any more: client-side encryption ended on 2026-04-30; use KMS_KEY_ID or leave it out";

/// An option, what does not go with it, and why.
pub(super) type Conflict = (&'static str, &'static [&'static str], &'static str);

/// An option, of which others it needs one.
pub(super) type Need = (&'static str, &'static [&'static str]);

/// What does not go together.
pub(super) const CONFLICTS: &[Conflict] = &[
    ("CSV", &["PARQUET", "JSON"], "a file has one format"),
    ("PARQUET", &["JSON"], "a file has one format"),
    // ESCAPE with CSV is not in the documentation, and refused in practice.
    ("CSV", &["FIXEDWIDTH", "ADDQUOTES", "ESCAPE"], "CSV quotes what must be quoted by itself"),
    ("PARQUET", &["DELIMITER", "FIXEDWIDTH", "ADDQUOTES", "ESCAPE", "NULL AS", "HEADER"], "Parquet is no text"),
    ("PARQUET", &["GZIP", "BZIP2", "ZSTD"], "Parquet is Snappy inside"),
    ("JSON", &["DELIMITER", "HEADER", "FIXEDWIDTH", "ADDQUOTES", "ESCAPE", "NULL AS"], "JSON has its own way"),
    // Quotes and escapes of fields that are found by their place would have no meaning; the documentation is silent.
    ("FIXEDWIDTH", &["DELIMITER", "HEADER", "ADDQUOTES", "ESCAPE"], "columns of a fixed width have nothing around them"),
    ("CLEANPATH", &["ALLOWOVERWRITE"], "what is deleted is not overwritten"),
    // One compression only: the documentation lists them as alternatives.
    ("GZIP", &["BZIP2", "ZSTD"], "a file is compressed once"),
    ("BZIP2", &["ZSTD"], "a file is compressed once"),
    ("ENCRYPTED AUTO", &["KMS_KEY_ID"], "AUTO takes the bucket's own key"),
    ("IAM_ROLE", &["CREDENTIALS", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"], "one authorization is enough"),
    ("CREDENTIALS", &["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"], "one authorization is enough"),
    ("CREDENTIALS", &["KMS_KEY_ID"], "KMS_KEY_ID takes IAM_ROLE, or ACCESS_KEY_ID and SECRET_ACCESS_KEY"),
];

/// What does not stand alone.
pub(super) const NEEDS: &[Need] = &[
    ("ROWGROUPSIZE", &["PARQUET"]),
    ("KMS_KEY_ID", &["ENCRYPTED"]),
    ("ACCESS_KEY_ID", &["SECRET_ACCESS_KEY"]),
    ("SECRET_ACCESS_KEY", &["ACCESS_KEY_ID"]),
    ("SESSION_TOKEN", &["ACCESS_KEY_ID"]),
];

/// Of which a statement has one.
pub(super) const AUTHORIZATIONS: &[&str] = &["IAM_ROLE", "CREDENTIALS", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"];

/// Refuses options that do not go together.
///
/// # Errors
/// `query_invalid`, naming both, or the one and what it needs.
pub(super) fn check(given: &[&str]) -> Result<()> {
    let is_given = |name: &&&str| given.contains(*name);
    for (option, others, why) in CONFLICTS.iter().filter(|(option, ..)| given.contains(option)) {
        if let Some(other) = others.iter().find(is_given) {
            return Err(refused(format!("the UNLOAD options `{option}` and `{other}` do not go together: {why}")));
        }
    }
    for (option, others) in NEEDS.iter().filter(|(option, _)| given.contains(option)) {
        if !others.iter().any(|other| given.contains(other)) {
            return Err(refused(format!("the UNLOAD option `{option}` needs `{}`", others.join("` or `"))));
        }
    }
    if !AUTHORIZATIONS.iter().any(|name| given.contains(name)) {
        return Err(refused("the UNLOAD statement has no authorization; say `IAM_ROLE default`"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use outflow_core::Code;

    use super::super::parse;
    use super::*;

    /// Every option, as somebody writes it.
    const WRITTEN: &[(&str, &str)] = &[
        ("CSV", "CSV"),
        ("PARQUET", "FORMAT AS PARQUET"),
        ("JSON", "FORMAT JSON"),
        ("PARTITION BY", "PARTITION BY (a) INCLUDE"),
        ("MANIFEST", "MANIFEST VERBOSE"),
        ("HEADER", "HEADER"),
        ("DELIMITER", "DELIMITER ';'"),
        ("FIXEDWIDTH", "FIXEDWIDTH 'a:3'"),
        ("ENCRYPTED", "ENCRYPTED"),
        ("ENCRYPTED AUTO", "ENCRYPTED AUTO"),
        ("KMS_KEY_ID", "KMS_KEY_ID 'key'"),
        ("BZIP2", "BZIP2"),
        ("GZIP", "GZIP"),
        ("ZSTD", "ZSTD"),
        ("ADDQUOTES", "ADDQUOTES"),
        ("NULL AS", "NULL AS 'none'"),
        ("ESCAPE", "ESCAPE"),
        ("ALLOWOVERWRITE", "ALLOWOVERWRITE"),
        ("CLEANPATH", "CLEANPATH"),
        ("PARALLEL", "PARALLEL OFF"),
        ("MAXFILESIZE", "MAXFILESIZE 64 MB"),
        ("ROWGROUPSIZE", "ROWGROUPSIZE 64 MB"),
        ("REGION", "REGION 'eu-west-1'"),
        ("EXTENSION", "EXTENSION 'txt'"),
        ("IAM_ROLE", "IAM_ROLE default"),
        ("CREDENTIALS", "WITH CREDENTIALS AS 'aws_iam_role=x'"),
        ("ACCESS_KEY_ID", "ACCESS_KEY_ID 'x'"),
        ("SECRET_ACCESS_KEY", "SECRET_ACCESS_KEY 'x'"),
        ("SESSION_TOKEN", "SESSION_TOKEN 'x'"),
    ];

    /// What the documentation says in words, one sentence a line.
    const DOCUMENTED: &[(&str, &str)] = &[
        ("CSV", "FIXEDWIDTH ADDQUOTES"),
        ("PARQUET", "DELIMITER FIXEDWIDTH ADDQUOTES ESCAPE NULL_AS HEADER GZIP BZIP2 ZSTD"),
        ("JSON", "DELIMITER HEADER FIXEDWIDTH ADDQUOTES ESCAPE NULL_AS"),
        ("HEADER", "FIXEDWIDTH"),
        ("DELIMITER", "FIXEDWIDTH"),
        ("CLEANPATH", "ALLOWOVERWRITE"),
        ("KMS_KEY_ID", "CREDENTIALS ENCRYPTED_AUTO"),
        ("IAM_ROLE", "ACCESS_KEY_ID SECRET_ACCESS_KEY SESSION_TOKEN CREDENTIALS"),
    ];

    fn is_conflict(a: &str, b: &str) -> bool {
        CONFLICTS.iter().any(|(option, others, _)| (*option == a && others.contains(&b)) || (*option == b && others.contains(&a)))
    }

    /// The options with what they need, as a statement in that order.
    fn with_needs(options: [&'static str; 2]) -> Vec<&'static str> {
        let mut all: Vec<&str> = options.to_vec();
        while let Some((_, others)) =
            NEEDS.iter().find(|(option, others)| all.contains(option) && !others.iter().any(|other| all.contains(other)))
        {
            all.push(others.last().unwrap());
        }
        if !AUTHORIZATIONS.iter().any(|name| all.contains(name)) {
            all.push("IAM_ROLE");
        }
        // One word says both.
        if all.contains(&"ENCRYPTED AUTO") {
            all.retain(|name| *name != "ENCRYPTED");
        }
        all
    }

    fn sql(options: &[&str]) -> String {
        let written = options.iter().map(|name| WRITTEN.iter().find(|(option, _)| option == name).unwrap().1);
        format!("UNLOAD ('SELECT 1') TO 's3://b/k' {}", written.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn every_pair_of_options_is_refused_by_name_or_taken_as_the_table_says_in_either_order() {
        let mut conflicts = 0;
        for (first, _) in WRITTEN {
            for (second, _) in WRITTEN.iter().filter(|(second, _)| second != first) {
                let all = with_needs([first, second]);
                let text = sql(&all);
                let read = parse(&text);
                // What an option needs may be what the other forbids.
                let is_refused = all.iter().any(|a| all.iter().any(|b| is_conflict(a, b)));
                if !is_refused {
                    assert!(read.is_ok(), "{text}: {read:?}");
                    continue;
                }
                let error = read.expect_err(&text);
                assert_eq!(error.code(), Code::QueryInvalid, "{text}");
                if is_conflict(first, second) {
                    conflicts += 1;
                    let names = all.iter().filter(|name| error.message().contains(&format!("`{name}`"))).count();
                    assert_eq!(names, 2, "{text}: {error}");
                }
            }
        }
        let rows: usize = CONFLICTS.iter().map(|(_, others, _)| others.len()).sum();
        assert_eq!(conflicts, 2 * rows, "each row is met in both orders");
    }

    #[test]
    fn what_the_documentation_forbids_is_in_the_table() {
        for (option, others) in DOCUMENTED {
            for other in others.split(' ').map(|other| other.replace('_', " ")) {
                let other = WRITTEN.iter().map(|(name, _)| *name).find(|name| name.replace('_', " ") == other).unwrap();
                assert!(is_conflict(option, other), "{option} and {other}");
            }
        }
    }

    #[test]
    fn what_stands_alone_and_must_not_is_refused_by_name() {
        for (option, others) in NEEDS {
            let mut options = vec![*option];
            if !AUTHORIZATIONS.contains(option) {
                options.push("IAM_ROLE");
            }
            let error = parse(&sql(&options)).unwrap_err();
            assert_eq!(error.code(), Code::QueryInvalid);
            assert!(error.message().contains(&format!("`{option}` needs `{}`", others[0])), "{error}");
        }
        assert!(parse(&sql(&["CSV"])).unwrap_err().message().contains("no authorization"));
    }

    #[test]
    fn what_is_given_twice_is_refused_by_name() {
        for (option, _) in WRITTEN {
            let mut all = with_needs([option, "EXTENSION"]);
            all.push(option);
            let error = parse(&sql(&all)).unwrap_err();
            let is_named = error.message().contains(option.split(' ').next().unwrap());
            assert!(error.code() == Code::QueryInvalid && is_named && error.message().contains("twice"), "{option}: {error}");
        }
    }
}
