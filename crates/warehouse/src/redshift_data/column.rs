//! The columns of a result, from what the Data API tells of them.

use aws_sdk_redshiftdata::types::ColumnMetadata;
use outflow_core::schema::Column;

use crate::redshift;

/// The columns of a query.
pub(super) fn columns(metadata: &[ColumnMetadata]) -> Vec<Column> {
    metadata.iter().map(column).collect()
}

fn column(metadata: &ColumnMetadata) -> Column {
    let name = metadata.label().filter(|label| !label.is_empty()).or(metadata.name()).unwrap_or_default();
    let (precision, scale) = (metadata.precision(), metadata.scale());
    // A text's size stands in one place or the other.
    let size = if metadata.length() > 0 { metadata.length() } else { precision };
    redshift::column::column(name, metadata.type_name().unwrap_or_default(), precision, scale, size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_stands_in_either_place_and_a_label_goes_before_a_name() {
        let of = |type_name: &str, precision: i32, length: i32| {
            let metadata = ColumnMetadata::builder().name("n").label("l").type_name(type_name);
            column(&metadata.precision(precision).length(length).build())
        };
        assert_eq!(of("int4", 10, 0).name, "l");
        for (precision, length) in [(25, 0), (0, 25)] {
            assert_eq!(of("varchar", precision, length).data_type, "character varying(25)");
        }
    }
}
