//! The types of a result's columns, in the words that UNLOAD's manifest uses.

use outflow_core::schema::Column;

/// A column of Redshift's short name for its type. `size` is how long a text may be; a size, precision or scale that is not known is
/// nothing above zero.
pub(crate) fn column(name: &str, type_name: &str, precision: i32, scale: i32, size: i32) -> Column {
    let base = base_of(type_name);
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
        for (type_name, precision, scale, size, expected) in [
            ("int4", 10, 0, 0, "integer"),
            ("numeric", 15, 2, 0, "numeric(15,2)"),
            ("varchar", 0, 0, 25, "character varying(25)"),
            ("bpchar", 0, 0, 3, "character(3)"),
            ("timestamptz", 35, 6, 0, "timestamp with time zone"),
            ("super", 0, 0, 0, "super"),
            ("bool", 1, 0, 0, "boolean"),
        ] {
            assert_eq!(column("n", type_name, precision, scale, size).data_type, expected);
        }
    }
}
