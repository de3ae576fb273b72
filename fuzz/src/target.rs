//! What must hold whatever bytes come: each function panics where it does not.

use outflow_api::UnloadRequest;
use outflow_core::guard::{CheckedQuery, Guard, Relation};
use outflow_core::options::Format;
use outflow_core::parameter::Parameters;
use outflow_core::statement::{Encryption, IamRole, StatementSettings, UnloadStatement};
use outflow_core::submission::Submission;
use outflow_core::unload::{NewUnload, Orchestrator};
use outflow_core::{Code, Owner, RequestId, Timestamp, UnloadId, UnloadOptions};

use super::disguise::{Disguise, KEEPING, Random};

/// The guard on any text: it answers, a refusal has its place in the text, and what passes passes again as the text that runs.
pub fn guard(data: &[u8]) {
    let sql = String::from_utf8_lossy(data);
    let none = Parameters::default();
    for guard in [Guard::embedded(), Guard::redshift()] {
        match guard.check(&sql, &none) {
            Ok(checked) => {
                let text = checked.text();
                assert!(!text.chars().any(|character| character.is_control() && !matches!(character, '\t' | '\n')), "{text:?}");
                let again = guard.check(text, &none).expect("what passed passes again");
                assert_eq!(facts(&again), facts(&checked));
                assert_eq!(again.text(), text);
                assert_eq!(asked(&guard, &sql), checked.relations());
                comes_back(text);
            }
            Err(error) => {
                assert_ne!(error.code(), Code::Internal, "{sql:?}: {error}");
                if let Some(place) = error.position() {
                    let line = usize::try_from(place.line).ok().and_then(|line| sql.split('\n').nth(line - 1));
                    let is_there = line.is_some_and(|line| place.column as usize <= line.chars().count() + 1);
                    assert!(is_there, "{sql:?}: {place:?} is not in it");
                }
            }
        }
    }
}

/// The guard's verdict on a query that passes: the same in other clothes. The first eight bytes choose them.
pub fn clothes(data: &[u8]) {
    let Some((seed, sql)) = data.split_first_chunk() else { return };
    let sql = String::from_utf8_lossy(sql);
    let mut random = Random::new(u64::from_le_bytes(*seed));
    for guard in [Guard::embedded(), Guard::redshift()] {
        let Ok(checked) = guard.check(&sql, &Parameters::default()) else { continue };
        let (name, disguise): Disguise = random.pick(&KEEPING);
        // A name in quotes is that name alone, and what stands within something else cannot end with `;`.
        let is_apt = match name {
            "quoted names" => false,
            "parentheses" | "nesting" => !sql.contains(';'),
            _ => true,
        };
        let Some(other) = disguise(&sql, &mut random).filter(|_| is_apt) else { continue };
        match guard.check(&other, &Parameters::default()) {
            Ok(dressed) => {
                assert_eq!(dressed.relations(), checked.relations(), "{name}: {sql:?}, {other:?}");
                assert!(name == "nesting" || facts(&dressed) == facts(&checked), "{name}: {sql:?}, {other:?}");
            }
            Err(error) => {
                let is_full = matches!(error.code(), Code::SqlTooLarge | Code::SqlTooComplex);
                assert!(is_full, "{name}: {sql:?} passes and {other:?} does not: {error}");
            }
        }
    }
}

/// The UNLOAD statement of any texts: each is one literal of it, which Redshift reads as that text, and nothing else of it changes.
pub fn statement(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.splitn(10, '\u{1}');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    // The width's label must be one, and the delimiter is a single character.
    let widths = |label: &str| format!("{label}:7").parse().unwrap_or_else(|_| "x:7".parse().expect("it is one"));
    let first = |text: &str| text.chars().next().unwrap_or('|');
    let build = |[query, destination, null_as, extension, role, key, region, label, column, delimiter]: [String; 10]| {
        let settings =
            StatementSettings { iam_role: IamRole::Chain(vec![role]), region: Some(region), encryption: Encryption::KmsKey(key) };
        UnloadStatement {
            settings,
            format: Format::Csv,
            partition_by: vec![column],
            delimiter: Some(first(&delimiter)),
            fixed_width: Some(widths(&label)),
            null_as: Some(null_as),
            extension: Some(extension),
            ..UnloadStatement::plain(query, destination)
        }
        .to_sql()
    };
    let texts: [String; 10] = std::array::from_fn(|_| part());
    let [query, destination, null_as, extension, role, key, region, label, column, delimiter] = texts.clone();
    let Taken { rest, mut literals, names } = taken_apart(&build(texts)).expect("its literals end");
    let plain = taken_apart(&build(std::array::from_fn(|_| "x".to_owned()))).expect("its literals end");
    assert_eq!(rest, plain.rest, "what is around the literals changes");
    let (widths, delimiter) = (widths(&label).to_string(), first(&delimiter).to_string());
    let mut expected = vec![format!("{query}\n"), destination, role, key, null_as, extension, region, widths, delimiter];
    literals.sort();
    expected.sort();
    assert_eq!((literals, names), (expected, vec![column]));
    comes_back(&text);
}

/// A request in JSON: what can be read is the same request again in the form in which it is kept, and what is wrong with it has a code.
pub fn request(data: &[u8]) {
    let request = match UnloadRequest::from_json(data) {
        Ok(request) => request,
        Err(error) => return assert_eq!(error.code(), Code::InvalidRequest, "{error}"),
    };
    let kept = request.canonical();
    let again = UnloadRequest::from_canonical(&kept).expect("what was kept can be read");
    assert_eq!(again.canonical(), kept);
    match request.into_submission(None) {
        Ok(submission) => {
            assert_eq!(submission.request, kept);
            assert_eq!(kept["sql"], submission.sql.as_str());
            if let Ok(options) = submission.requested.resolve() {
                holds(submission, options);
            }
        }
        Err(error) => assert_ne!(error.code(), Code::Internal, "{error}"),
    }
}

/// The options of a request are the same when they were kept, and the statement says each.
fn holds(submission: Submission, options: UnloadOptions) {
    let kept = serde_json::to_string(&options).expect("options are plain JSON");
    assert_eq!(serde_json::from_str::<UnloadOptions>(&kept).expect("what was kept can be read"), options);
    let asked = NewUnload {
        unload_id: UnloadId::generate(),
        request_id: RequestId::parse("a").expect("it is one"),
        owner: Owner::local(),
        bound_sql: "SELECT 1".to_owned(),
        sql: submission.sql,
        is_ordered: false,
        is_limited: false,
        request: submission.request,
        options: options.clone(),
        labels: submission.labels,
        warehouse: String::new(),
        orchestrator: Orchestrator::Scheduler,
        created_at: Timestamp::default(),
        deadline_at: Timestamp::default(),
        retry_of: None,
    };
    let statement = UnloadStatement::new(&asked, "s3://bucket/prefix".to_owned(), StatementSettings::default());
    let Taken { literals, names, .. } = taken_apart(&statement.to_sql()).expect("its literals end");
    let mut expected = vec!["SELECT 1\n".to_owned(), "s3://bucket/prefix".to_owned()];
    expected.extend(options.delimiter.map(String::from));
    expected.extend(options.fixed_width.as_ref().map(ToString::to_string));
    expected.extend(options.null_as.clone().filter(|text| !text.is_empty()));
    expected.extend(options.statement_extension());
    assert_eq!((literals, names), (expected, options.partition_by.unwrap_or_default()));
}

fn facts(checked: &CheckedQuery) -> (&[String], bool, bool) {
    (checked.relations(), checked.is_ordered(), checked.is_limited())
}

/// What a policy is asked about.
fn asked(guard: &Guard, sql: &str) -> Vec<String> {
    let names = std::cell::RefCell::new(Vec::new());
    let policy = |relation: &Relation| {
        names.borrow_mut().push(relation.name());
        Ok(())
    };
    guard.check_for(&policy, sql, &Parameters::default()).expect("it passes");
    names.into_inner()
}

/// A text is one literal, and comes out of it as it was.
fn comes_back(text: &str) {
    let Taken { rest, literals, .. } = taken_apart(&outflow_core::statement::literal(text)).expect("it ends");
    assert_eq!((rest.as_str(), literals.as_slice()), ("\0", [text.to_owned()].as_slice()));
}

/// What a statement is made of.
struct Taken {
    /// What is around its literals and quoted names, with a NUL for each.
    rest: String,
    literals: Vec<String>,
    names: Vec<String>,
}

/// A statement as Redshift's lexer cuts it, with the texts that its literals and quoted names stand for.
fn taken_apart(sql: &str) -> Option<Taken> {
    let mut taken = Taken { rest: String::new(), literals: Vec::new(), names: Vec::new() };
    let mut characters = sql.chars().peekable();
    while let Some(quote) = characters.next() {
        if !matches!(quote, '\'' | '"') {
            taken.rest.push(quote);
            continue;
        }
        let mut text = String::new();
        loop {
            match characters.next()? {
                '\\' if quote == '\'' => text.push(characters.next()?),
                end if end == quote && characters.next_if_eq(&quote).is_some() => text.push(quote),
                end if end == quote => break,
                other => text.push(other),
            }
        }
        taken.rest.push('\0');
        if quote == '"' { taken.names.push(text) } else { taken.literals.push(text) }
    }
    Some(taken)
}
