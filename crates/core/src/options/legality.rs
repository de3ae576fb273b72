//! Which options go together, as tables: every illegal pair is a row, is refused by name, and has a generated test.
//!
//! Source: <https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html>, and what one file for the caller means. A flag that is sent
//! as `false` asks for nothing, and passes.

use super::{Compression, Format, Requested};
use crate::Result;

/// An option, and whether it is asked for.
type Asked = fn(&Requested) -> bool;

/// An option that only some formats take.
struct Taken {
    name: &'static str,
    is_asked: Asked,
    by: &'static [Format],
    /// What to do instead, where there is more to say than to leave it out.
    remedy: &'static str,
}

/// Two things that do not go together.
struct Pair {
    first: &'static str,
    second: &'static str,
    are_asked: Asked,
    why: &'static str,
}

const TAKEN: &[Taken] = &[
    Taken { name: "header", is_asked: |r| r.header == Some(true), by: &[Format::Csv, Format::Text], remedy: "" },
    Taken { name: "delimiter", is_asked: |r| r.delimiter.is_some(), by: &[Format::Csv, Format::Text], remedy: "" },
    Taken { name: "nullAs", is_asked: |r| r.null_as.is_some(), by: &[Format::Csv, Format::Text], remedy: "" },
    Taken { name: "bom", is_asked: |r| r.bom == Some(true), by: &[Format::Csv], remedy: "" },
    Taken {
        name: "compression",
        is_asked: |r| r.compression.is_some_and(|compression| compression != Compression::None),
        by: &[Format::Csv, Format::Text, Format::Json],
        remedy: "; Parquet is Snappy inside",
    },
    Taken {
        name: "quoteAll",
        is_asked: |r| r.quote_all == Some(true),
        by: &[Format::Text],
        remedy: "; CSV quotes what must be quoted by itself",
    },
    Taken {
        name: "escape",
        is_asked: |r| r.escape == Some(true),
        by: &[Format::Text],
        remedy: "; CSV quotes what must be quoted by itself",
    },
    Taken { name: "fixedWidth", is_asked: |r| r.fixed_width.is_some(), by: &[Format::Text], remedy: "" },
    Taken { name: "rowGroupSizeMb", is_asked: |r| r.row_group_size_mb.is_some(), by: &[Format::Parquet], remedy: "" },
];

const PAIRS: &[Pair] = &[
    Pair {
        first: "fixedWidth",
        second: "delimiter",
        are_asked: |r| r.fixed_width.is_some() && r.delimiter.is_some(),
        why: "nothing stands between columns of a fixed width",
    },
    Pair {
        first: "fixedWidth",
        second: "header",
        are_asked: |r| r.fixed_width.is_some() && r.header == Some(true),
        why: "a line of names has no widths",
    },
    Pair {
        first: "fixedWidth",
        second: "quoteAll",
        are_asked: |r| r.fixed_width.is_some() && r.quote_all == Some(true),
        why: "columns of a fixed width need no quotes",
    },
    Pair {
        first: "fixedWidth",
        second: "escape",
        are_asked: |r| r.fixed_width.is_some() && r.escape == Some(true),
        why: "columns of a fixed width need no escapes",
    },
    Pair {
        first: "singleFile",
        second: "partitionBy",
        are_asked: |r| r.single_file == Some(true) && r.partition_by.is_some(),
        why: "partitions are files of their own",
    },
    Pair {
        first: "singleFile",
        second: "maxFileSizeMb",
        are_asked: |r| r.single_file == Some(true) && r.max_file_size_mb.is_some(),
        why: "a bound on files makes several of them",
    },
    Pair {
        first: "partitionInclude",
        second: "partitionBy",
        are_asked: |r| r.partition_include == Some(true) && r.partition_by.is_none(),
        why: "it says that the columns of `partitionBy` stay in the files; send that too",
    },
    Pair {
        first: "bom",
        second: "compression",
        are_asked: |r| r.bom == Some(true) && !r.joins(),
        why: "the mark would be a frame of its own, and many readers stop at the first; use `gzip` or `none`",
    },
    Pair {
        first: "bom",
        second: "singleFile",
        are_asked: |r| r.bom == Some(true) && r.single_file == Some(false),
        why: "the mark stands before the one file that the parts are joined to; leave `singleFile` out",
    },
    Pair {
        first: "bom",
        second: "partitionBy",
        are_asked: |r| r.bom == Some(true) && r.partition_by.is_some(),
        why: "the mark stands before the one file that the parts are joined to",
    },
    Pair {
        first: "bom",
        second: "maxFileSizeMb",
        are_asked: |r| r.bom == Some(true) && r.max_file_size_mb.is_some(),
        why: "the mark stands before the one file that the parts are joined to",
    },
    Pair {
        first: "parallel",
        second: "singleFile",
        are_asked: |r| r.parallel == Some(true) && r.is_single_file() && !r.joins(),
        why: "the parts are joined, which works for text that is uncompressed or gzip; send `parallel` false, or `singleFile` false",
    },
];

impl Requested {
    /// Refuses what was sent but the format does not take, and what does not go together.
    ///
    /// # Errors
    /// `illegal_option`, naming the option or both, and what to do.
    pub(super) fn check(&self) -> Result<()> {
        let format = self.format.unwrap_or(Format::Csv);
        if let Some(Taken { name, by, remedy, .. }) =
            TAKEN.iter().find(|taken| (taken.is_asked)(self) && !taken.by.contains(&format))
        {
            let others = by.iter().map(|format| format.as_str()).collect::<Vec<_>>().join("` or `");
            return Err(super::illegal(format!(
                "`{name}` does not go with `format` `{}`{remedy}; leave it out or use `{others}`",
                format.as_str()
            )));
        }
        match PAIRS.iter().find(|pair| (pair.are_asked)(self)) {
            None => Ok(()),
            Some(Pair { first: "partitionInclude", why, .. }) => {
                Err(super::illegal(format!("`partitionInclude` stands alone: {why}")))
            }
            Some(Pair { first, second, why, .. }) => Err(super::illegal(format!("`{first}` does not go with `{second}`: {why}"))),
        }
    }

    /// Whether the parts of the result could be joined to one file.
    fn joins(&self) -> bool {
        let is_text = self.format.unwrap_or(Format::Csv) != Format::Parquet;
        is_text && matches!(self.compression.unwrap_or(Compression::Gzip), Compression::None | Compression::Gzip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    /// Each option, as somebody asks for it.
    fn asking(name: &str) -> Requested {
        let none = Requested::default();
        match name {
            "header" => Requested { header: Some(true), ..none },
            "delimiter" => Requested { delimiter: Some(";".to_owned()), ..none },
            "nullAs" => Requested { null_as: Some("NULL".to_owned()), ..none },
            "bom" => Requested { bom: Some(true), ..none },
            "gzip" => Requested { compression: Some(Compression::Gzip), ..none },
            "bzip2" => Requested { compression: Some(Compression::Bzip2), ..none },
            "compression" | "zstd" => Requested { compression: Some(Compression::Zstd), ..none },
            "quoteAll" => Requested { quote_all: Some(true), ..none },
            "escape" => Requested { escape: Some(true), ..none },
            "fixedWidth" => Requested { fixed_width: Some("a:3".to_owned()), ..none },
            "rowGroupSizeMb" => Requested { row_group_size_mb: Some(64), ..none },
            "maxFileSizeMb" => Requested { max_file_size_mb: Some(64), ..none },
            "partitionBy" => Requested { partition_by: Some(vec!["a".to_owned()]), ..none },
            "partitionInclude" => Requested { partition_include: Some(true), ..none },
            "parallel" => Requested { parallel: Some(true), ..none },
            "singleFile" => Requested { single_file: Some(true), ..none },
            other => panic!("the test does not know the option `{other}`"),
        }
    }

    fn both(first: Requested, second: Requested) -> Requested {
        Requested {
            format: first.format.or(second.format),
            compression: first.compression.or(second.compression),
            header: first.header.or(second.header),
            delimiter: first.delimiter.or(second.delimiter),
            null_as: first.null_as.or(second.null_as),
            bom: first.bom.or(second.bom),
            quote_all: first.quote_all.or(second.quote_all),
            escape: first.escape.or(second.escape),
            fixed_width: first.fixed_width.or(second.fixed_width),
            single_file: first.single_file.or(second.single_file),
            parallel: first.parallel.or(second.parallel),
            max_file_size_mb: first.max_file_size_mb.or(second.max_file_size_mb),
            row_group_size_mb: first.row_group_size_mb.or(second.row_group_size_mb),
            partition_by: first.partition_by.or(second.partition_by),
            partition_include: first.partition_include.or(second.partition_include),
            extension: first.extension.or(second.extension),
            retention_days: first.retention_days.or(second.retention_days),
            timeout_seconds: first.timeout_seconds.or(second.timeout_seconds),
        }
    }

    fn refusal(requested: &Requested) -> String {
        let error = requested.resolve().expect_err("an illegal pair");
        assert_eq!(error.code(), Code::IllegalOption);
        error.to_string()
    }

    #[test]
    fn every_option_is_refused_in_every_format_that_does_not_take_it_and_taken_in_the_others() {
        for Taken { name, by, .. } in TAKEN {
            for format in Format::ALL {
                let requested = Requested { format: Some(format), ..asking(name) };
                // What the other options forbid is not what is looked at here.
                let requested =
                    if *name == "compression" { Requested { single_file: Some(false), ..requested } } else { requested };
                if by.contains(&format) {
                    requested.resolve().unwrap();
                } else {
                    let message = refusal(&requested);
                    assert!(message.contains(&format!("`{name}`")) && message.contains(format.as_str()), "{message}");
                }
            }
        }
    }

    #[test]
    fn every_illegal_pair_is_refused_by_name_in_every_format_that_takes_both() {
        let takes = |format: &Format, name: &str| {
            TAKEN.iter().find(|taken| taken.name == name).is_none_or(|taken| taken.by.contains(format))
        };
        for Pair { first, second, .. } in PAIRS {
            let formats: Vec<_> =
                Format::ALL.into_iter().filter(|format| takes(format, first) && takes(format, second)).collect();
            assert!(!formats.is_empty(), "no format takes `{first}` and `{second}`");
            for format in formats {
                let asked = match (*first, *second) {
                    ("partitionInclude", _) => asking(first),
                    ("bom", "singleFile") => Requested { single_file: Some(false), ..asking(first) },
                    // One file from several writers cannot be made of everything.
                    ("parallel", _) if takes(&format, "compression") => {
                        both(both(asking(first), asking(second)), asking("compression"))
                    }
                    _ => both(asking(first), asking(second)),
                };
                let message = refusal(&Requested { format: Some(format), ..asked });
                let is_named = |name: &str| message.contains(&format!("`{name}`"));
                assert!(is_named(first) && is_named(second), "{format:?}, `{first}` and `{second}`: {message}");
            }
        }
    }

    /// What the documentation of UNLOAD says that a format cannot be used with, written down apart from the tables.
    const DOCUMENTED: [(Format, &[&str]); 3] = [
        (Format::Csv, &["fixedWidth", "quoteAll", "rowGroupSizeMb"]),
        (Format::Parquet, &["delimiter", "fixedWidth", "quoteAll", "escape", "nullAs", "header", "gzip", "bzip2", "zstd"]),
        (Format::Json, &["delimiter", "header", "fixedWidth", "quoteAll", "escape", "nullAs", "rowGroupSizeMb"]),
    ];
    /// What it says that two options of text cannot be used with each other.
    const DOCUMENTED_OF_TEXT: [(&str, &str); 2] = [("fixedWidth", "delimiter"), ("fixedWidth", "header")];

    #[test]
    fn what_the_documentation_forbids_is_refused() {
        for (format, options) in DOCUMENTED {
            for option in options {
                let message = refusal(&Requested { format: Some(format), ..asking(option) });
                let name = if ["gzip", "bzip2", "zstd"].contains(option) { "compression" } else { option };
                let expected = format!("`{name}` does not go with `format` `{}`", format.as_str());
                assert!(message.contains(&expected), "{option}: {message}");
            }
        }
        for (first, second) in DOCUMENTED_OF_TEXT {
            let message = refusal(&Requested { format: Some(Format::Text), ..both(asking(first), asking(second)) });
            assert!(message.contains(&format!("`{first}` does not go with `{second}`")), "{message}");
        }
        let alone = refusal(&asking("partitionInclude"));
        assert!(alone.contains("`partitionInclude` stands alone"), "{alone}");
    }

    #[test]
    fn a_flag_sent_as_false_asks_for_nothing() {
        for format in Format::ALL {
            let flags = Requested {
                format: Some(format),
                header: Some(false),
                bom: Some(false),
                quote_all: Some(false),
                escape: Some(false),
                partition_include: Some(false),
                ..Requested::default()
            };
            flags.resolve().unwrap();
        }
    }
}
