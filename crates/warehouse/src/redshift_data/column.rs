//! The columns of a result, from what the Data API tells of them, in the words that UNLOAD's manifest uses.

use aws_sdk_redshiftdata::types::ColumnMetadata;
use outflow_core::schema::Column;

/// The columns of a query.
pub(super) fn columns(metadata: &[ColumnMetadata]) -> Vec<Column> {
    metadata.iter().map(column).collect()
}

fn column(metadata: &ColumnMetadata) -> Column {
    let name = metadata.label().filter(|label| !label.is_empty()).or(metadata.name()).unwrap_or_default();
    let base = base_of(metadata.type_name().unwrap_or_default());
    let (precision, scale) = (metadata.precision(), metadata.scale());
    // A text's size stands in one place or the other.
    let size = if metadata.length() > 0 { metadata.length() } else { precision };
    let data_type = match base {
        "numeric" if precision > 0 => format!("{base}({precision},{scale})"),
        "character varying" | "character" if size > 0 => format!("{base}({size})"),
        _ => base.to_owned(),
    };
    Column { name: name.to_owned(), data_type }
}

/// Redshift's short name for a type as its long one.
fn base_of(name: &str) -> &str {
    match name {
        "int2" => "smallint",
        "int4" | "int" => "integer",
        "int8" => "bigint",
        "float4" => "real",
        "float8" | "float" => "double precision",
        "bool" => "boolean",
        "decimal" => "numeric",
        "bpchar" | "char" => "character",
        "varchar" | "text" | "name" | "unknown" => "character varying",
        "timestamp" => "timestamp without time zone",
        "timestamptz" => "timestamp with time zone",
        "time" => "time without time zone",
        "timetz" => "time with time zone",
        "varbyte" => "binary varying",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_as_a_manifest_tells_them() {
        let of = |type_name: &str, precision: i32, scale: i32, length: i32| {
            let metadata = ColumnMetadata::builder().name("n").label("l").type_name(type_name);
            column(&metadata.precision(precision).scale(scale).length(length).build())
        };
        assert_eq!(of("int4", 10, 0, 0).name, "l");
        for (type_name, precision, scale, length, expected) in [
            ("int4", 10, 0, 0, "integer"),
            ("numeric", 15, 2, 0, "numeric(15,2)"),
            ("varchar", 25, 0, 0, "character varying(25)"),
            ("varchar", 0, 0, 25, "character varying(25)"),
            ("bpchar", 3, 0, 0, "character(3)"),
            ("timestamptz", 35, 6, 0, "timestamp with time zone"),
            ("super", 0, 0, 0, "super"),
            ("bool", 1, 0, 0, "boolean"),
        ] {
            assert_eq!(of(type_name, precision, scale, length).data_type, expected);
        }
    }
}
