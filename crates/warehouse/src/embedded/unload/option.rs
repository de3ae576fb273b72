//! The options of UNLOAD as a table: the word that begins one, and how it goes on.

use outflow_core::Result;
use outflow_core::options::{Compression, FixedWidth, Format};
use outflow_core::statement::{Encryption, IamRole, MEGABYTE, StatementSettings, UnloadStatement};
use sqlparser::tokenizer::Token;

use super::cursor::Cursor;
use super::legality::CLIENT_SIDE_KEY;
use super::{Existing, ManifestKind, Unload, authorization, refused};

/// The least and the most that `MAXFILESIZE` takes, in bytes.
const FILE_SIZES: (u64, u64) = (5 * MEGABYTE, 6_200 * MEGABYTE);
/// The least and the most that `ROWGROUPSIZE` takes, in MB.
const ROW_GROUP_SIZES: (u64, u64) = (32, 128);

/// Reads what follows the word that begins an option.
type ReadOption = fn(&mut Cursor, &mut Options) -> Result<()>;

/// In the order of the documentation.
const OPTIONS: &[(&str, ReadOption)] = &[
    ("FORMAT", |cursor, options| {
        cursor.skip_word("AS");
        let word = cursor.word("CSV, PARQUET or JSON")?;
        options.set_format(&word)
    }),
    ("CSV", |_, options| options.set_format("CSV")),
    ("PARQUET", |_, options| options.set_format("PARQUET")),
    ("JSON", |_, options| options.set_format("JSON")),
    ("PARTITION", |cursor, options| {
        cursor.expect_word("BY")?;
        options.give("PARTITION BY")?;
        options.partition_by = columns(cursor)?;
        options.partition_include = cursor.skip_word("INCLUDE");
        Ok(())
    }),
    ("MANIFEST", |cursor, options| {
        let is_verbose = cursor.skip_word("VERBOSE");
        options.manifest = if is_verbose { ManifestKind::Verbose } else { ManifestKind::Plain };
        options.give("MANIFEST")
    }),
    ("HEADER", |_, options| options.give("HEADER")),
    ("DELIMITER", |cursor, options| {
        cursor.skip_word("AS");
        options.delimiter = Some(delimiter(&cursor.literal()?)?);
        options.give("DELIMITER")
    }),
    ("FIXEDWIDTH", |cursor, options| {
        cursor.skip_word("AS");
        let widths = cursor.literal()?.parse();
        options.fixed_width = Some(widths.map_err(|why: String| refused(format!("FIXEDWIDTH {why}")))?);
        options.give("FIXEDWIDTH")
    }),
    // Without AUTO and key it says what holds anyway, SSE-S3; awswrangler writes it with every statement.
    ("ENCRYPTED", |cursor, options| {
        options.give("ENCRYPTED")?;
        if cursor.skip_word("AUTO") { options.give("ENCRYPTED AUTO") } else { Ok(()) }
    }),
    ("KMS_KEY_ID", |cursor, options| {
        cursor.skip_word("AS");
        options.kms_key = Some(cursor.literal()?);
        options.give("KMS_KEY_ID")
    }),
    ("MASTER_SYMMETRIC_KEY", |_, _| Err(refused(CLIENT_SIDE_KEY))),
    ("BZIP2", |_, options| options.set_compression("BZIP2", Compression::Bzip2)),
    ("GZIP", |_, options| options.set_compression("GZIP", Compression::Gzip)),
    ("ZSTD", |_, options| options.set_compression("ZSTD", Compression::Zstd)),
    ("ADDQUOTES", |_, options| options.give("ADDQUOTES")),
    ("NULL", |cursor, options| {
        cursor.skip_word("AS");
        options.null_as = Some(cursor.literal()?);
        options.give("NULL AS")
    }),
    ("ESCAPE", |_, options| options.give("ESCAPE")),
    ("ALLOWOVERWRITE", |_, options| {
        options.existing = Existing::Overwritten;
        options.give("ALLOWOVERWRITE")
    }),
    ("CLEANPATH", |_, options| {
        options.existing = Existing::Deleted;
        options.give("CLEANPATH")
    }),
    ("PARALLEL", |cursor, options| {
        options.parallel = match cursor.peek_word().as_deref() {
            Some("ON" | "TRUE") => cursor.skip(),
            Some("OFF" | "FALSE") => !cursor.skip(),
            _ => true,
        };
        options.give("PARALLEL")
    }),
    ("MAXFILESIZE", |cursor, options| {
        let (least, most) = FILE_SIZES;
        let size = size(cursor)?;
        match size.filter(|size| (least..=most).contains(size)) {
            Some(size) => options.max_file_size = Some(size),
            None => return Err(refused("MAXFILESIZE must be from 5 MB to 6.2 GB")),
        }
        options.give("MAXFILESIZE")
    }),
    ("ROWGROUPSIZE", |cursor, options| {
        let (least, most) = ROW_GROUP_SIZES;
        let size = size(cursor)?.filter(|size| size.is_multiple_of(MEGABYTE)).map(|size| size / MEGABYTE);
        match size.filter(|size| (least..=most).contains(size)).and_then(|size| u32::try_from(size).ok()) {
            Some(size) => options.row_group_size_mb = Some(size),
            None => return Err(refused("ROWGROUPSIZE must be a whole number from 32 MB to 128 MB")),
        }
        options.give("ROWGROUPSIZE")
    }),
    ("REGION", |cursor, options| {
        cursor.skip_word("AS");
        options.region = Some(cursor.literal()?);
        options.give("REGION")
    }),
    ("EXTENSION", |cursor, options| {
        options.extension = Some(cursor.literal()?);
        options.give("EXTENSION")
    }),
    ("IAM_ROLE", |cursor, options| {
        options.iam_role = authorization::role(cursor)?;
        options.give("IAM_ROLE")
    }),
    ("WITH", |cursor, options| {
        cursor.expect_word("CREDENTIALS")?;
        authorization::credentials(cursor)?;
        options.give("CREDENTIALS")
    }),
    ("CREDENTIALS", |cursor, options| {
        authorization::credentials(cursor)?;
        options.give("CREDENTIALS")
    }),
    ("ACCESS_KEY_ID", |cursor, options| {
        authorization::key(cursor)?;
        options.give("ACCESS_KEY_ID")
    }),
    ("SECRET_ACCESS_KEY", |cursor, options| {
        authorization::key(cursor)?;
        options.give("SECRET_ACCESS_KEY")
    }),
    ("SESSION_TOKEN", |cursor, options| {
        authorization::key(cursor)?;
        options.give("SESSION_TOKEN")
    }),
];

/// Words that are options only behind another.
const FOLLOWERS: [(&str, &str); 3] = [("VERBOSE", "MANIFEST"), ("INCLUDE", "PARTITION BY (…)"), ("AUTO", "ENCRYPTED")];

/// The options that were read so far.
pub(super) struct Options {
    /// Their names, as the tables of [`super::legality`] have them.
    pub(super) given: Vec<&'static str>,
    format: Format,
    partition_by: Vec<String>,
    partition_include: bool,
    manifest: ManifestKind,
    delimiter: Option<char>,
    fixed_width: Option<FixedWidth>,
    kms_key: Option<String>,
    compression: Compression,
    null_as: Option<String>,
    existing: Existing,
    parallel: bool,
    max_file_size: Option<u64>,
    row_group_size_mb: Option<u32>,
    region: Option<String>,
    extension: Option<String>,
    iam_role: IamRole,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            given: Vec::new(),
            format: Format::Text,
            partition_by: Vec::new(),
            partition_include: false,
            manifest: ManifestKind::None,
            delimiter: None,
            fixed_width: None,
            kms_key: None,
            compression: Compression::None,
            null_as: None,
            existing: Existing::Refused,
            parallel: true,
            max_file_size: None,
            row_group_size_mb: None,
            region: None,
            extension: None,
            iam_role: IamRole::Default,
        }
    }
}

impl Options {
    /// Reads one option.
    ///
    /// # Errors
    /// `sql_syntax`, or `query_invalid` naming the option.
    pub(super) fn read(&mut self, cursor: &mut Cursor) -> Result<()> {
        let word = cursor.word("an option")?;
        if let Some((_, read)) = OPTIONS.iter().find(|(name, _)| *name == word) {
            return read(cursor, self);
        }
        Err(match FOLLOWERS.iter().find(|(follower, _)| *follower == word) {
            Some((follower, after)) => refused(format!("the UNLOAD option `{follower}` may only follow `{after}`")),
            None => refused(format!("UNLOAD has no option `{}`", cursor.shown(&word))),
        })
    }

    /// The statement with these options.
    pub(super) fn into_unload(self, query: String, destination: String) -> Result<Unload> {
        let is_given = |name: &str| self.given.contains(&name);
        if self.delimiter == Some('\\') && is_given("ESCAPE") {
            return Err(refused("the delimiter `\\` does not go with ESCAPE: the backslash is what escapes"));
        }
        if self.delimiter == Some('"') && (self.format == Format::Csv || is_given("ADDQUOTES")) {
            return Err(refused("the delimiter must not be a double quote where fields are put into double quotes"));
        }
        let encryption = match self.kms_key {
            Some(key) => Encryption::KmsKey(key),
            None if is_given("ENCRYPTED AUTO") => Encryption::BucketKey,
            None => Encryption::Unsaid,
        };
        let (header, quote_all, escape) = (is_given("HEADER"), is_given("ADDQUOTES"), is_given("ESCAPE"));
        let statement = UnloadStatement {
            query,
            destination,
            settings: StatementSettings { iam_role: self.iam_role, region: self.region, encryption },
            format: self.format,
            partition_by: self.partition_by,
            partition_include: self.partition_include,
            header,
            delimiter: self.delimiter,
            fixed_width: self.fixed_width,
            null_as: self.null_as,
            quote_all,
            escape,
            compression: self.compression,
            parallel: self.parallel,
            max_file_size: self.max_file_size,
            row_group_size_mb: self.row_group_size_mb,
            extension: self.extension,
            label: None,
        };
        Ok(Unload { statement, manifest: self.manifest, existing: self.existing })
    }

    /// Notes that an option was given; each may be given once.
    fn give(&mut self, name: &'static str) -> Result<()> {
        if self.given.contains(&name) {
            return Err(refused(format!("the UNLOAD option `{name}` is given twice")));
        }
        self.given.push(name);
        Ok(())
    }

    fn set_format(&mut self, word: &str) -> Result<()> {
        let (name, format) = match word {
            "CSV" => ("CSV", Format::Csv),
            "JSON" => ("JSON", Format::Json),
            "PARQUET" => ("PARQUET", Format::Parquet),
            _ => {
                return Err(refused(format!(
                    "UNLOAD has no format `{word}`; it has CSV, PARQUET and JSON, and text without a FORMAT"
                )));
            }
        };
        self.format = format;
        self.give(name)
    }

    fn set_compression(&mut self, name: &'static str, compression: Compression) -> Result<()> {
        self.compression = compression;
        self.give(name)
    }
}

/// `(a, "B")`
fn columns(cursor: &mut Cursor) -> Result<Vec<String>> {
    cursor.expect(&Token::LParen)?;
    let mut names: Vec<String> = Vec::new();
    loop {
        if cursor.is_at_string() {
            return Err(refused("PARTITION BY takes the names of columns, not strings; leave the quotes out"));
        }
        let name = cursor.identifier()?;
        if names.contains(&name) {
            return Err(refused(format!("PARTITION BY names the column `{name}` twice")));
        }
        names.push(name);
        if !cursor.skip_token(&Token::Comma) {
            cursor.expect(&Token::RParen)?;
            return Ok(names);
        }
    }
}

/// One ASCII character, also as `\t` or `\ddd` where these come as two and four characters.
fn delimiter(text: &str) -> Result<char> {
    let one = match text.as_bytes() {
        b"\\t" => Some('\t'),
        [b'\\', digits @ ..] if digits.len() == 3 && digits.iter().all(u8::is_ascii_digit) => {
            u8::from_str_radix(&text[1..], 8).ok().map(char::from)
        }
        [one] => Some(char::from(*one)),
        _ => None,
    };
    match one.filter(|one| one.is_ascii() && !matches!(one, '\0' | '\n' | '\r')) {
        Some(one) => Ok(one),
        None => {
            let shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
            Err(refused(format!("the delimiter must be a single ASCII character and no line's end, not `{shown}`")))
        }
    }
}

/// `[AS] n [MB | GB]` in bytes, rounded down; `None` for what is no plain number or beyond all sizes.
fn size(cursor: &mut Cursor) -> Result<Option<u64>> {
    cursor.skip_word("AS");
    let number = cursor.number()?;
    let unit = match cursor.peek_word().as_deref() {
        Some("MB") if cursor.skip() => MEGABYTE,
        Some("GB") if cursor.skip() => 1_000 * MEGABYTE,
        _ => MEGABYTE,
    };
    Ok(bytes(&number, unit))
}

fn bytes(number: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_plain = |text: &str| text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain(whole) || !is_plain(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: u128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    u64::try_from(whole * u128::from(unit) + part * u128::from(unit) / scale).ok()
}
