//! What a file is, by its name.

use datafusion::datasource::file_format::file_compression_type::FileCompressionType;

/// How a table's files are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileKind {
    pub(super) format: FileFormat,
    pub(super) compression: FileCompressionType,
}

/// The formats that a table's file may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileFormat {
    Parquet,
    Csv,
    JsonLines,
}

impl FileKind {
    /// The kind of the file of that name, and the name of the table that it makes; `None` for a file that is none. Hidden files and
    /// those that other programs leave (`_SUCCESS`) are none.
    pub(super) fn of(file_name: &str) -> Option<(Self, &str)> {
        if file_name.starts_with(['.', '_']) {
            return None;
        }
        let (rest, compression) = match file_name.rsplit_once('.')? {
            (rest, suffix) if is(suffix, "gz") => (rest, FileCompressionType::GZIP),
            (rest, suffix) if is(suffix, "bz2") => (rest, FileCompressionType::BZIP2),
            (rest, suffix) if is(suffix, "xz") => (rest, FileCompressionType::XZ),
            (rest, suffix) if is(suffix, "zst") => (rest, FileCompressionType::ZSTD),
            _ => (file_name, FileCompressionType::UNCOMPRESSED),
        };
        let (stem, suffix) = rest.rsplit_once('.')?;
        let format = match suffix {
            suffix if is(suffix, "parquet") && !compression.is_compressed() => FileFormat::Parquet,
            suffix if is(suffix, "csv") => FileFormat::Csv,
            suffix if is(suffix, "json") || is(suffix, "jsonl") || is(suffix, "ndjson") => FileFormat::JsonLines,
            _ => return None,
        };
        (!stem.is_empty()).then_some((Self { format, compression }, stem))
    }

    /// The kind in words.
    pub(super) fn described(self) -> String {
        let format = match self.format {
            FileFormat::Parquet => "Parquet",
            FileFormat::Csv => "CSV",
            FileFormat::JsonLines => "JSON lines",
        };
        if self.compression.is_compressed() {
            format!("{format} ({})", self.compression.get_variant())
        } else {
            format.to_owned()
        }
    }
}

fn is(suffix: &str, known: &str) -> bool {
    suffix.eq_ignore_ascii_case(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_named_after_its_file() {
        let cases = [
            ("orders.csv", Some(("orders", "CSV"))),
            ("orders.CSV.GZ", Some(("orders", "CSV (GZIP)"))),
            ("고객 2024.ndjson.zst", Some(("고객 2024", "JSON lines (ZSTD)"))),
            ("a.b.parquet", Some(("a.b", "Parquet"))),
            ("a.jsonl.bz2", Some(("a", "JSON lines (BZIP2)"))),
            ("a.json.xz", Some(("a", "JSON lines (XZ)"))),
            ("a.parquet.gz", None),
            ("a.txt", None),
            ("a.gz", None),
            (".hidden.csv", None),
            ("_SUCCESS.csv", None),
            (".csv", None),
            ("csv", None),
        ];
        for (file, expected) in cases {
            let found = FileKind::of(file).map(|(kind, name)| (name.to_owned(), kind.described()));
            assert_eq!(found, expected.map(|(name, kind)| (name.to_owned(), kind.to_owned())), "{file}");
        }
    }
}
