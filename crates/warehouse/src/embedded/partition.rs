//! `PARTITION BY`: which columns make the folders of the files, and which rows go into which folder.
//!
//! Rows come here with those of a folder one after the other ([`super::arrange`]), so that a slice has one file open at a time,
//! however many folders there are.

mod folder;

use arrow::array::RecordBatch;
use arrow::compute::partition;
use arrow::datatypes::{DataType, TimeUnit};
use outflow_core::schema::place_of_column;
use outflow_core::statement::UnloadStatement;
use outflow_core::{Code, Error, Result};

use super::column::Columns;
use super::identifier::{advice, folded};
use super::text::Cells;
use super::text::buffer::Buffer;

/// The folders of a statement; without `PARTITION BY` there is one, without a name.
#[derive(Debug)]
pub(super) struct Partitions {
    /// The columns that make the folders, in the order of the statement: their places in a row, and their names.
    keys: Vec<(usize, String)>,
    /// The places of the columns that are in the files.
    kept: Vec<usize>,
    files: Columns,
}

impl Partitions {
    /// The folders of a statement whose result has these columns.
    ///
    /// # Errors
    /// `unknown_column`; `query_invalid` for a type that `PARTITION BY` does not take, or when no column remains for the files.
    pub(super) fn new(statement: &UnloadStatement, columns: &Columns) -> Result<Self> {
        let mut keys: Vec<(usize, String)> = Vec::with_capacity(statement.partition_by.len());
        for name in &statement.partition_by {
            let place = find(columns, name)?;
            let field = columns.schema().field(place);
            if !is_taken(field.data_type()) {
                let described = columns.described();
                let message = format!(
                    "PARTITION BY does not take the column `{name}`, which is {}; cast it to a text, an exact number, a date or a timestamp",
                    described[place].data_type
                );
                return Err(Error::new(Code::QueryInvalid, message));
            }
            if keys.iter().any(|(other, _)| *other == place) {
                return Err(Error::new(Code::QueryInvalid, format!("PARTITION BY names the column `{name}` twice")));
            }
            keys.push((place, field.name().clone()));
        }
        let is_kept = |place: &usize| statement.partition_include || !keys.iter().any(|(key, _)| key == place);
        let count = columns.schema().fields().len();
        let kept: Vec<usize> = (0..count).filter(is_kept).collect();
        if keys.len() == count {
            let message = "PARTITION BY names all columns of the query; at least one must remain to be written into the files";
            return Err(Error::new(Code::QueryInvalid, message));
        }
        let files = columns.only(&kept)?;
        Ok(Self { keys, kept, files })
    }

    /// The places of the columns that make the folders.
    pub(super) fn keys(&self) -> Vec<usize> {
        self.keys.iter().map(|(place, _)| *place).collect()
    }

    /// The columns that are in the files.
    pub(super) fn files(&self) -> &Columns {
        &self.files
    }

    /// The rows by folder, as they follow one another: the folder's name with a slash behind it, and the columns that are in the files.
    ///
    /// # Errors
    /// `internal`.
    pub(super) fn split(&self, batch: RecordBatch) -> Result<Vec<(String, RecordBatch)>> {
        if self.keys.is_empty() {
            return Ok(vec![(String::new(), batch)]);
        }
        let internal = |error| Error::new(Code::Internal, "the rows could not be put into partitions").with_source(error);
        let values: Vec<_> = self.keys.iter().map(|(place, _)| batch.column(*place).clone()).collect();
        let ranges = partition(&values).map_err(internal)?.ranges();
        let written = batch.project(&self.kept).map_err(internal)?;
        let cells = values.iter().map(|values| Cells::new(values.as_ref())).collect::<Result<Vec<_>>>()?;
        let mut split: Vec<(String, RecordBatch)> = Vec::with_capacity(ranges.len());
        let mut scratch = Buffer::default();
        for range in ranges {
            let mut name = String::new();
            for ((_, column), cells) in self.keys.iter().zip(&cells) {
                folder::push(column, cells, range.start, &mut scratch, &mut name)?;
            }
            split.push((name, written.slice(range.start, range.len())));
        }
        Ok(split)
    }
}

/// The place of a column: exactly that name, or the only one that is the same but for case.
fn find(columns: &Columns, name: &str) -> Result<usize> {
    let fields = columns.schema().fields();
    let names = fields.iter().map(|field| field.name().as_str());
    place_of_column(names.clone(), name, folded).ok_or_else(|| {
        let message = format!("PARTITION BY names `{name}`, which is no column of the query{}", advice(name, "columns", names));
        Error::new(Code::UnknownColumn, message)
    })
}

/// SMALLINT, INTEGER, BIGINT, DECIMAL, REAL, BOOLEAN, CHAR, VARCHAR, DATE and TIMESTAMP.
fn is_taken(data_type: &DataType) -> bool {
    use DataType::*;
    matches!(
        data_type,
        Int16
            | Int32
            | Int64
            | Decimal128(..)
            | Decimal256(..)
            | Float32
            | Boolean
            | Utf8
            | LargeUtf8
            | Utf8View
            | Date32
            | Timestamp(TimeUnit::Microsecond, None)
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, BinaryArray, Float64Array, Int32Array, StringArray};

    use super::*;

    fn batch() -> RecordBatch {
        let texts = StringArray::from(vec![Some("a/b"), Some("a/b"), None, Some("")]);
        RecordBatch::try_from_iter([
            ("Year", Arc::new(Int32Array::from(vec![1, 1, 1, 2])) as ArrayRef),
            ("kind", Arc::new(texts)),
            ("n", Arc::new(Float64Array::from(vec![1.0, 2.0, 3.0, 4.0]))),
            ("b", Arc::new(BinaryArray::from_vec(vec![b"x"; 4]))),
        ])
        .unwrap()
    }

    fn partitions(columns: &[&str], partition_include: bool) -> Result<Partitions> {
        let partition_by = columns.iter().map(|name| (*name).to_owned()).collect();
        let statement = UnloadStatement { partition_by, partition_include, ..UnloadStatement::plain("", "") };
        Partitions::new(&statement, &Columns::new(&batch().schema()).unwrap())
    }

    fn names(batch: &RecordBatch) -> Vec<String> {
        batch.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    #[test]
    fn rows_go_to_folders_and_their_columns_leave_the_files() {
        let columns = Columns::new(&batch().schema()).unwrap();
        for include in [false, true] {
            let partitions = partitions(&["kind", "year"], include).unwrap();
            let split = partitions.split(columns.bring(batch()).unwrap()).unwrap();
            let shape: Vec<_> = split.iter().map(|(folder, rows)| (folder.as_str(), rows.num_rows())).collect();
            let expected = [
                ("kind=a%2Fb/Year=1/", 2),
                ("kind=__HIVE_DEFAULT_PARTITION__/Year=1/", 1),
                ("kind=__HIVE_DEFAULT_PARTITION__/Year=2/", 1),
            ];
            assert_eq!(shape, expected);
            let written = if include { vec!["Year", "kind", "n", "b"] } else { vec!["n", "b"] };
            assert_eq!(names(&split[0].1), written);
            assert_eq!(*partitions.files().schema(), split[0].1.schema());
        }
    }

    #[test]
    fn what_cannot_be_partitioned_by_is_refused_by_name() {
        let cases: [(&[&str], Code, &str); 5] = [
            (&["yaer"], Code::UnknownColumn, "`yaer`, which is no column of the query; did you mean `Year`?"),
            (&["n"], Code::QueryInvalid, "`n`, which is double precision"),
            (&["b"], Code::QueryInvalid, "`b`, which is varbyte"),
            (&["year", "Year"], Code::QueryInvalid, "twice"),
            (&["Kind", "KIND"], Code::QueryInvalid, "twice"),
        ];
        for (columns, code, said) in cases {
            let error = partitions(columns, false).unwrap_err();
            assert!(error.code() == code && error.message().contains(said), "{columns:?}: {error}");
        }
    }

    #[test]
    fn a_column_must_remain() {
        let schema = batch().project(&[0, 1]).unwrap().schema();
        let partition_by = vec!["kind".to_owned(), "Year".to_owned()];
        for partition_include in [false, true] {
            let partition_by = partition_by.clone();
            let statement = UnloadStatement { partition_by, partition_include, ..UnloadStatement::plain("", "") };
            let error = Partitions::new(&statement, &Columns::new(&schema).unwrap()).unwrap_err();
            assert!(error.code() == Code::QueryInvalid && error.message().contains("at least one"), "{error}");
        }
    }
}
