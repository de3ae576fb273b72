use chrono::TimeDelta;

use super::super::finding::State;
use super::*;

fn well() -> BucketFacts {
    BucketFacts {
        name: "results".to_owned(),
        prefix: "team/unload-results/".to_owned(),
        used_region: "eu-west-1".to_owned(),
        region: Told::Known("eu-west-1".to_owned()),
        blocks_public_access: Told::Known(true),
        is_public: Told::Known(false),
        encryption: Told::Known(Some(BucketEncryption::S3)),
        versioning: Told::Known(false),
        lifecycle: Told::Known(vec![LifecycleRule { aborts_after_days: Some(2), ..LifecycleRule::default() }]),
        clock_ahead: Told::Known(TimeDelta::seconds(1)),
        can_list_all: Told::Known(()),
    }
}

fn of(facts: &BucketFacts, name: &str) -> (State, String) {
    let mut found = findings(facts, false).into_iter().filter(|finding| finding.name == name);
    let first = found.next().unwrap();
    (first.state, format!("{} → {}", first.what, first.remedy.unwrap_or_default()))
}

#[test]
fn of_a_well_kept_bucket_there_is_nothing_to_say() {
    for finding in findings(&well(), false) {
        assert_eq!(finding.state, State::Ok, "{finding:?}");
    }
}

#[test]
fn every_setting_that_does_harm_is_wrong_and_says_what_to_do() {
    let elsewhere = BucketFacts { region: Told::Known("us-east-2".to_owned()), ..well() };
    let public = BucketFacts { is_public: Told::Known(true), ..well() };
    let late = BucketFacts { clock_ahead: Told::Known(TimeDelta::seconds(-400)), ..well() };
    let undeletable = BucketFacts { can_list_all: Told::Denied("s3:ListBucketVersions"), ..well() };
    for (facts, name, part) in [
        (elsewhere, "bucket region", "set `storage.region` to `us-east-2`"),
        (public, "public access", "lets anybody in"),
        (late, "clock", "400 s ahead of that of S3"),
        (undeletable, "deletion", "allow `s3:ListBucketVersions`"),
    ] {
        let (state, said) = of(&facts, name);
        assert!(state == State::Failed && said.contains(part), "{name}: {said}");
    }
}

#[test]
fn what_could_be_better_is_advice_and_nothing_is_wrong() {
    let open = BucketFacts { blocks_public_access: Told::Known(false), ..well() };
    let plain = BucketFacts { encryption: Told::Known(None), ..well() };
    let slow = BucketFacts { clock_ahead: Told::Known(TimeDelta::seconds(45)), ..well() };
    let unswept = BucketFacts { lifecycle: Told::Known(Vec::new()), ..well() };
    for (facts, name) in [(open, "public access"), (plain.clone(), "encryption"), (slow, "clock"), (unswept, "lifecycle")] {
        assert_eq!(of(&facts, name).0, State::Advice, "{name}");
    }
    assert!(findings(&plain, true).iter().all(|finding| finding.state == State::Ok), "`storage.sse` says how");
}

#[test]
fn what_may_not_be_asked_is_unknown_and_names_the_right() {
    let facts = BucketFacts {
        region: Told::Denied("s3:GetBucketLocation"),
        blocks_public_access: Told::Denied("s3:GetBucketPublicAccessBlock"),
        is_public: Told::Denied("s3:GetBucketPolicyStatus"),
        encryption: Told::Denied("s3:GetEncryptionConfiguration"),
        lifecycle: Told::Denied("s3:GetLifecycleConfiguration"),
        clock_ahead: Told::Unknown("no answer".to_owned()),
        ..well()
    };
    let unknown: Vec<_> = findings(&facts, false).into_iter().filter(|finding| finding.state != State::Ok).collect();
    assert_eq!(unknown.len(), 5, "{unknown:?}");
    assert!(unknown.iter().all(|finding| finding.state == State::Unknown && finding.ok), "{unknown:?}");
    assert!(unknown.iter().filter(|finding| finding.what.contains("the right `s3:")).count() == 4, "{unknown:?}");
}

#[test]
fn a_lifecycle_must_not_be_shorter_than_the_retention() {
    let with = |rule: LifecycleRule| {
        let sweep = LifecycleRule { aborts_after_days: Some(2), ..LifecycleRule::default() };
        of(&BucketFacts { lifecycle: Told::Known(vec![rule, sweep]), ..well() }, "lifecycle")
    };
    let rule = |days: u32, prefix: &str| LifecycleRule {
        id: "tidy".to_owned(),
        prefix: prefix.to_owned(),
        expires_after_days: Some(days),
        ..LifecycleRule::default()
    };
    let (state, said) = with(rule(3, ""));
    assert!(state == State::Failed && said.contains("the rule `tidy` deletes results after 3 days"), "{said}");
    assert_eq!(with(rule(7, "team/unload-results/abc")).0, State::Failed);
    assert_eq!(with(rule(30, "team/")).0, State::Advice);
    assert_eq!(with(rule(367, "team/")).0, State::Ok);
    assert_eq!(with(rule(1, "other/")).0, State::Ok);
    assert_eq!(with(LifecycleRule { is_for_tags: true, ..rule(1, "") }).0, State::Ok);
    let archived = LifecycleRule { archives_after_days: Some((0, "GLACIER".to_owned())), ..rule(400, "") };
    let (state, said) = with(archived);
    assert!(state == State::Failed && said.contains("moves results to `GLACIER` after 0 days"), "{said}");
    let dated = LifecycleRule { expires_on: Some(chrono::Utc::now()), expires_after_days: None, ..rule(1, "") };
    assert_eq!(with(dated).0, State::Failed);
}

#[test]
fn a_warehouse_must_know_where_the_bucket_is_and_use_its_key() {
    let settings = |region: Option<&str>| StatementSettings { region: region.map(str::to_owned), ..StatementSettings::default() };
    let states = |facts: &BucketFacts, settings: &StatementSettings, region| {
        let found = for_warehouse("warehouse main", facts, settings, region, None);
        found.into_iter().map(|finding| finding.state).collect::<Vec<_>>()
    };
    assert_eq!(states(&well(), &settings(None), Some("eu-west-1")), [State::Ok]);
    assert_eq!(states(&well(), &settings(None), Some("us-east-1")), [State::Failed]);
    assert_eq!(states(&well(), &settings(Some("eu-west-1")), Some("us-east-1")), [State::Ok]);
    assert_eq!(states(&well(), &settings(Some("us-east-1")), Some("us-east-1")), [State::Failed]);
    assert_eq!(states(&well(), &settings(None), None), []);
    let kms = BucketFacts { encryption: Told::Known(Some(BucketEncryption::Kms(None))), ..well() };
    assert_eq!(states(&kms, &settings(None), None), [State::Advice]);
    let auto = StatementSettings { encryption: Encryption::BucketKey, ..settings(None) };
    assert_eq!(states(&kms, &auto, None), []);
}

#[test]
fn what_the_service_writes_is_encrypted_no_worse_than_what_the_warehouse_writes() {
    let kms = BucketFacts { encryption: Told::Known(Some(BucketEncryption::Kms(None))), ..well() };
    let untold = BucketFacts { encryption: Told::Denied("s3:GetEncryptionConfiguration"), ..well() };
    let (by_key, by_bucket) = (Encryption::KmsKey("k".to_owned()), Encryption::BucketKey);
    let (s3, own_kms) = (Some(ServerSideEncryption::S3), Some(ServerSideEncryption::Kms));
    for (facts, encryption, own, is_worse) in [
        (well(), &by_key, None, true),
        (well(), &by_key, s3, true),
        (well(), &by_key, own_kms, false),
        (well(), &by_bucket, None, false),
        (well(), &Encryption::Unsaid, None, false),
        (kms.clone(), &by_key, None, false),
        (kms.clone(), &by_key, s3, true),
        (kms.clone(), &by_bucket, s3, true),
        (kms, &by_bucket, None, false),
        (untold.clone(), &by_key, None, false),
        (untold, &by_key, s3, true),
    ] {
        let settings = StatementSettings { encryption: encryption.clone(), ..StatementSettings::default() };
        let found = for_warehouse("warehouse main", &facts, &settings, None, own);
        let remedies: Vec<_> = found.into_iter().filter_map(|finding| finding.remedy).collect();
        assert_eq!(
            remedies.iter().any(|remedy| remedy.contains("storage.sse")),
            is_worse,
            "{encryption:?} {own:?}: {remedies:?}"
        );
    }
}
