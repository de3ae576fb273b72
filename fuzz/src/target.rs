//! What must hold whatever bytes come: each function panics where it does not.

use outflow_api::UnloadRequest;
use outflow_core::Code;
use outflow_core::guard::{CheckedQuery, Guard, Relation};
use outflow_core::options::Format;
use outflow_core::parameter::Parameters;
use outflow_core::statement::{Encryption, IamRole, StatementSettings, UnloadStatement};

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
    let mut parts = text.splitn(6, '\u{1}');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let build = |[query, destination, null_as, extension, role, key]: [String; 6]| {
        let settings =
            StatementSettings { iam_role: IamRole::Chain(vec![role]), region: None, encryption: Encryption::KmsKey(key) };
        let (null_as, extension) = (Some(null_as), Some(extension));
        UnloadStatement { settings, format: Format::Csv, null_as, extension, ..UnloadStatement::plain(query, destination) }
            .to_sql()
    };
    let texts: [String; 6] = std::array::from_fn(|_| part());
    let [query, destination, null_as, extension, role, key] = texts.clone();
    let (rest, mut literals) = taken_apart(&build(texts)).expect("its literals end");
    let (plain, _) = taken_apart(&build(std::array::from_fn(|_| "x".to_owned()))).expect("its literals end");
    assert_eq!(rest, plain, "what is around the literals changes");
    let mut expected = vec![format!("{query}\n"), destination, role, key, null_as, extension];
    literals.sort();
    expected.sort();
    assert_eq!(literals, expected);
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
                assert!(!options.file_extension().is_empty());
            }
        }
        Err(error) => assert_ne!(error.code(), Code::Internal, "{error}"),
    }
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
    let (rest, literals) = taken_apart(&outflow_core::statement::literal(text)).expect("it ends");
    assert_eq!((rest.as_str(), literals.as_slice()), ("\0", [text.to_owned()].as_slice()));
}

/// A statement as Redshift's lexer cuts it: what is around its literals, with a NUL for each, and the texts that they stand for.
fn taken_apart(sql: &str) -> Option<(String, Vec<String>)> {
    let (mut rest, mut literals) = (String::new(), Vec::new());
    let mut characters = sql.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '\'' {
            rest.push(character);
            continue;
        }
        let mut literal = String::new();
        loop {
            match characters.next()? {
                '\\' => literal.push(characters.next()?),
                '\'' if characters.next_if_eq(&'\'').is_some() => literal.push('\''),
                '\'' => break,
                other => literal.push(other),
            }
        }
        rest.push('\0');
        literals.push(literal);
    }
    Some((rest, literals))
}
