//! The functions that a query may call. What is not here is refused: a list of what is dangerous would never end.
//!
//! A function is here when it computes from its arguments and nothing else. Not here: what sleeps, reads files or settings, opens
//! connections, runs SQL from a text, moves sequences or takes locks, calls out (external functions, models), or makes rows of nothing.

use super::nearest;

/// How long a text may be that functions make from a number: as long as a text can be in Redshift.
pub(crate) const MAX_LENGTH: u64 = 65_535;

/// The functions of one warehouse: sorted lists.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Functions(&'static [&'static [&'static str]]);

/// What the embedded engine has.
pub(crate) const EMBEDDED: Functions = Functions(&[&COMMON, &DATAFUSION]);

/// What Redshift has.
pub(crate) const REDSHIFT: Functions = Functions(&[&COMMON, &AMAZON, &SPATIAL]);

impl Functions {
    /// Whether a function of that name, in lower case, may be called.
    pub(crate) fn allow(&self, name: &str) -> bool {
        self.0.iter().any(|list| list.binary_search(&name).is_ok())
    }

    /// The allowed name that looks most like it; of several, one that people use often.
    pub(crate) fn nearest(&self, name: &str) -> Option<&'static str> {
        nearest(name, FREQUENT.into_iter().chain(self.names()))
    }

    /// All names that are allowed.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().flat_map(|list| list.iter().copied())
    }

    /// Which argument, from 0, says how long the result is.
    pub(crate) fn length_argument(&self, name: &str) -> Option<usize> {
        matches!(name, "repeat" | "replicate" | "lpad" | "rpad").then_some(1)
    }

    /// Whether it can put one text many times into another, so that their lengths multiply.
    pub(crate) fn multiplies(&self, name: &str) -> bool {
        matches!(name, "repeat" | "replicate" | "lpad" | "rpad" | "replace" | "regexp_replace")
    }
}

/// Of those that both have, what most queries call.
#[rustfmt::skip]
const FREQUENT: [&str; 20] = [
    "count", "sum", "avg", "min", "max", "coalesce", "nullif", "lower", "upper", "trim", "length", "substring", "replace", "concat",
    "round", "abs", "extract", "date_trunc", "now", "row_number",
];

/// What both have, the embedded engine some of it by its `word` modules.
#[rustfmt::skip]
const COMMON: [&str; 127] = [
    "abs", "acos", "add_months", "any_value", "ascii", "asin", "atan", "atan2", "avg", "bit_and", "bit_length", "bit_or",
    "bool_and", "bool_or", "btrim", "cbrt", "ceil", "ceiling", "char_length", "character_length", "charindex", "chr", "coalesce",
    "concat", "convert_timezone", "cos", "cot", "count", "cume_dist", "current_date", "current_time", "current_timestamp",
    "date_part", "date_trunc", "dateadd", "datediff", "decode", "degrees", "dense_rank", "exp", "extract", "first_value",
    "floor", "getdate", "greatest", "grouping", "initcap", "json_array_length", "json_extract_array_element_text",
    "json_extract_path_text", "lag", "last_day", "last_value", "lead", "least", "left", "len", "length", "listagg", "ln", "log",
    "lower", "lpad", "ltrim", "max", "md5", "median", "min", "mod", "months_between", "next_day", "now", "nth_value", "ntile",
    "nullif", "nvl", "nvl2", "octet_length", "overlay", "percent_rank", "percentile_cont", "pi", "position", "pow", "power",
    "radians", "random", "rank", "ratio_to_report", "regexp_count", "regexp_instr", "regexp_replace", "regexp_substr", "repeat",
    "replace", "reverse", "right", "round", "row_number", "rpad", "rtrim", "sign", "sin", "split_part", "sqrt", "stddev",
    "stddev_pop", "stddev_samp", "strpos", "strtol", "substr", "substring", "sum", "sysdate", "tan", "textlen", "to_char",
    "to_date", "to_hex", "to_number", "to_timestamp", "translate", "trim", "trunc", "upper", "var_pop", "var_samp",
];

/// What DataFusion has besides, its aliases included.
#[rustfmt::skip]
const DATAFUSION: [&str; 80] = [
    "acosh", "approx_distinct", "approx_median", "approx_percentile_cont", "approx_percentile_cont_with_weight", "array_agg",
    "arrow_typeof", "asinh", "atanh", "bit_xor", "concat_ws", "contains", "corr", "cosh", "covar", "covar_pop", "covar_samp",
    "date_bin", "date_format", "datepart", "datetrunc", "digest", "encode", "ends_with", "factorial", "find_in_set",
    "from_unixtime", "gcd", "get_field", "ifnull", "instr", "isnan", "iszero", "lcm", "levenshtein", "log10", "log2",
    "make_date", "make_time", "mean", "named_struct", "nanvl", "quantile_cont", "rand", "regexp_like", "regexp_match",
    "regr_avgx", "regr_avgy", "regr_count", "regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy", "regr_syy", "row",
    "sha224", "sha256", "sha384", "sha512", "signum", "sinh", "starts_with", "string_agg", "struct", "substr_index",
    "substring_index", "tanh", "to_local_time", "to_time", "to_timestamp_micros", "to_timestamp_millis", "to_timestamp_nanos",
    "to_timestamp_seconds", "to_unixtime", "today", "uuid", "var", "var_population", "var_sample",
];

/// What Redshift has besides.
#[rustfmt::skip]
const AMAZON: [&str; 97] = [
    "array", "array_concat", "array_contains", "array_distinct", "array_except", "array_flatten",
    "array_intersection", "array_position", "array_positions", "array_sort", "array_union", "arrays_overlap", "bpcharcmp",
    "bttext_pattern_cmp", "can_json_parse", "checksum", "collate", "crc32", "current_user", "date_add", "date_cmp",
    "date_cmp_timestamp", "date_cmp_timestamptz", "date_diff", "date_part_year", "decimal_precision", "decimal_scale",
    "dexp", "difference", "dlog1", "dlog10", "farmfingerprint64", "fnv_hash", "from_hex", "from_varbyte", "func_sha1",
    "get_array_length", "get_number_attributes", "getbit", "hll", "hll_cardinality", "hll_combine", "hll_combine_agg",
    "hll_create_sketch", "interval_cmp", "is_array", "is_bigint", "is_boolean", "is_char", "is_decimal", "is_float",
    "is_integer", "is_object", "is_scalar", "is_smallint", "is_valid_json", "is_valid_json_array", "is_varchar", "isnull",
    "json_parse", "json_serialize", "json_serialize_to_varbyte", "json_size", "json_typeof", "localtime", "localtimestamp",
    "lower_attribute_names", "murmur3_32_hash", "object", "octetindex", "percentile_disc", "quote_ident", "quote_literal",
    "replicate", "session_user", "sha", "sha1", "sha2", "size", "soundex", "split_to_array", "subarray", "text_len",
    "text_to_int_alt", "text_to_numeric_alt", "timeofday", "timestamp_cmp", "timestamp_cmp_date",
    "timestamp_cmp_timestamptz", "timestamptz_cmp", "timestamptz_cmp_date", "timestamptz_cmp_timestamp", "timezone",
    "to_varbyte", "upper_attribute_names", "user", "variance",
];

/// What Redshift has for shapes on the plane and on the globe.
#[rustfmt::skip]
const SPATIAL: [&str; 118] = [
    "addbbox", "dropbbox", "geometrytype", "h3_boundary", "h3_center", "h3_fromlonglat", "h3_frompoint", "h3_isvalid",
    "h3_polyfill", "h3_resolution", "h3_tochildren", "h3_toparent", "st_addpoint", "st_angle", "st_area", "st_asbinary",
    "st_asewkb", "st_asewkt", "st_asgeojson", "st_ashexewkb", "st_ashexwkb", "st_astext", "st_azimuth", "st_boundary",
    "st_buffer", "st_centroid", "st_collect", "st_contains", "st_containsproperly", "st_convexhull", "st_coveredby",
    "st_covers", "st_crosses", "st_dimension", "st_disjoint", "st_distance", "st_distancesphere", "st_dwithin",
    "st_endpoint", "st_envelope", "st_equals", "st_exteriorring", "st_force2d", "st_force3d", "st_force3dm", "st_force3dz",
    "st_force4d", "st_geogfromtext", "st_geogfromwkb", "st_geohash", "st_geometryn", "st_geometrytype", "st_geomfromewkb",
    "st_geomfromewkt", "st_geomfromgeohash", "st_geomfromgeojson", "st_geomfromgeosquare", "st_geomfromtext",
    "st_geomfromwkb", "st_geosquare", "st_interiorringn", "st_intersection", "st_intersects", "st_isclosed",
    "st_iscollection", "st_isempty", "st_ispolygonccw", "st_ispolygoncw", "st_isring", "st_issimple", "st_isvalid",
    "st_length", "st_length2d", "st_lengthsphere", "st_linefrommultipoint", "st_lineinterpolatepoint", "st_m",
    "st_makeenvelope", "st_makeline", "st_makepoint", "st_makepolygon", "st_memsize", "st_mmax", "st_mmin", "st_multi",
    "st_ndims", "st_npoints", "st_nrings", "st_numgeometries", "st_numinteriorrings", "st_numpoints", "st_perimeter",
    "st_perimeter2d", "st_point", "st_pointn", "st_points", "st_polygon", "st_removepoint", "st_reverse", "st_setpoint",
    "st_setsrid", "st_simplify", "st_srid", "st_startpoint", "st_touches", "st_transform", "st_union", "st_within", "st_x",
    "st_xmax", "st_xmin", "st_y", "st_ymax", "st_ymin", "st_z", "st_zmax", "st_zmin", "supportsbbox",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_near_names_the_one_that_people_use_is_meant() {
        for (typed, meant) in [("cout", "count"), ("mix", "min"), ("summ", "sum"), ("coalesc", "coalesce"), ("cott", "cot")] {
            assert_eq!(EMBEDDED.nearest(typed), Some(meant), "{typed}");
        }
        assert_eq!(EMBEDDED.nearest("pg_read_file"), None);
    }

    #[test]
    fn the_lists_are_sorted_and_do_not_overlap() {
        for list in [COMMON.as_slice(), &DATAFUSION, &AMAZON, &SPATIAL] {
            assert!(list.is_sorted_by(|one, next| one < next));
        }
        assert!(FREQUENT.iter().all(|name| COMMON.contains(name)));
        assert!(COMMON.iter().all(|name| !DATAFUSION.contains(name) && !AMAZON.contains(name)));
    }
}
