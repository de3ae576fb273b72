//! The columns of a file of fixed widths, as `FIXEDWIDTH` spells them: `id:10,name:25`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The most columns that a table has in Redshift.
const MOST_COLUMNS: usize = 1_600;
/// The longest a value can be, in bytes.
const WIDEST: u32 = 65_535;

/// The widths of all columns of a result, in their order. At least one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FixedWidth(Vec<FixedColumn>);

/// One column of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedColumn {
    /// What the caller calls it; it need not be the column's name.
    pub label: String,
    /// Its width in bytes, from 1 to 65,535.
    pub width: u32,
}

impl FixedWidth {
    /// The columns in their order.
    pub fn columns(&self) -> &[FixedColumn] {
        &self.0
    }
}

impl FromStr for FixedWidth {
    type Err = String;

    /// Reads `label:width,label:width`; white space around labels and widths is passed over.
    ///
    /// # Errors
    /// The end of the sentence "the option …", naming the column that cannot be read: whoever asked knows what the option is called.
    fn from_str(text: &str) -> Result<Self, String> {
        let columns: Vec<_> = text.split(',').map(column).collect::<Result<_, _>>()?;
        if columns.len() > MOST_COLUMNS {
            return Err(format!("has {} columns; it can have {MOST_COLUMNS}", columns.len()));
        }
        Ok(Self(columns))
    }
}

fn column(text: &str) -> Result<FixedColumn, String> {
    let read = text.rsplit_once(':').and_then(|(label, width)| {
        let (label, width) = (label.trim(), width.trim().parse().ok()?);
        let is_sound = !label.is_empty() && !label.contains([':', '\'']) && !label.chars().any(char::is_control);
        (is_sound && (1..=WIDEST).contains(&width)).then(|| FixedColumn { label: label.to_owned(), width })
    });
    read.ok_or_else(|| {
        let shown: String = text.trim().chars().take(80).flat_map(char::escape_debug).collect();
        format!(
            "has `{shown}`; it must be `label:width` for each column in their order, such as `id:10,name:25`, with widths in bytes from 1 to {WIDEST}"
        )
    })
}

impl fmt::Display for FixedWidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, column) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{}:{}", column.label, column.width)?;
        }
        Ok(())
    }
}

impl TryFrom<String> for FixedWidth {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<FixedWidth> for String {
    fn from(widths: FixedWidth) -> Self {
        widths.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let widths: FixedWidth = " venueid:3, venue name:39,3:16".parse().unwrap();
        assert_eq!(widths.to_string(), "venueid:3,venue name:39,3:16");
        assert_eq!(widths.columns()[1], FixedColumn { label: "venue name".to_owned(), width: 39 });
        assert_eq!(widths.to_string().parse::<FixedWidth>().unwrap(), widths);
    }

    #[test]
    fn what_is_no_width_is_named() {
        for bad in ["", "id", "id:", ":3", "id:0", "id:-1", "id:65536", "id:3,", "a:b:3", "it's:3", "id:3;name:4"] {
            let why = bad.parse::<FixedWidth>().unwrap_err();
            assert!(why.starts_with("has `") && !why.contains("ixed"), "{bad}: {why}");
        }
    }
}
