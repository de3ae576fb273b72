//! `doctor` with storage and warehouse of the cloud: for each thing that it looks at, one that is right and one that is wrong.

use outflow_storage::testing::Fault;
use outflow_warehouse::belief::BELIEVED;
use serde_json::Value;

use crate::redshift::Cloud;

/// The findings of a run, and how it ended.
fn examined(cloud: &Cloud) -> (i32, Vec<Value>) {
    let ended = cloud.run(&["doctor", "--output", "json"]);
    let findings = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}{}", ended.stdout, ended.stderr));
    (ended.code, findings)
}

/// The one of that name.
fn named<'a>(findings: &'a [Value], name: &str) -> &'a Value {
    findings.iter().find(|finding| finding["name"] == name).unwrap_or_else(|| panic!("no `{name}` in {findings:#?}"))
}

/// The one of that name: its state, with what it says and advises.
fn of(findings: &[Value], name: &str) -> (String, String) {
    let found = named(findings, name);
    (found["state"].as_str().unwrap().to_owned(), format!("{} → {}", found["what"], found["remedy"]))
}

fn well_kept(cloud: &Cloud) {
    let server = &cloud.server;
    server.says("location", "<LocationConstraint>eu-west-1</LocationConstraint>");
    let block: String = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
        .map(|name| format!("<{name}>true</{name}>"))
        .concat();
    server.says("publicAccessBlock", format!("<PublicAccessBlockConfiguration>{block}</PublicAccessBlockConfiguration>"));
    server.says("policyStatus", "<PolicyStatus><IsPublic>false</IsPublic></PolicyStatus>");
    server.says(
        "encryption",
        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
         </ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
    );
    server.says("versioning", "<VersioningConfiguration/>");
    server.says("lifecycle", lifecycle(400));
}

fn lifecycle(days: u32) -> String {
    format!(
        "<LifecycleConfiguration><Rule><ID>tidy</ID><Filter/><Status>Enabled</Status><Expiration><Days>{days}</Days></Expiration>\
         <AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>\
         </LifecycleConfiguration>"
    )
}

#[test]
fn a_well_kept_redshift_and_bucket_are_found_well_and_nothing_stays_behind() {
    let cloud = Cloud::new(BELIEVED, "");
    well_kept(&cloud);
    let (code, findings) = examined(&cloud);
    assert_eq!(code, 0, "{findings:#?}");
    assert!(findings.iter().all(|finding| finding["state"] == "ok" && finding["ok"] == true), "{findings:#?}");
    for name in ["storage files", "bucket region", "clock", "warehouse main region", "warehouse main unload", "events"] {
        of(&findings, name);
    }
    assert_eq!(cloud.objects(), Vec::<String>::new());
    assert_eq!(cloud.server.uploads(), 0);
}

#[test]
fn what_is_wrong_in_the_cloud_is_told_with_its_remedy_and_ends_with_five() {
    let cloud = Cloud::new(BELIEVED, "s3Region = \"us-west-2\"\n");
    well_kept(&cloud);
    cloud.server.says("lifecycle", lifecycle(3));
    cloud.server.says("policyStatus", "<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>");
    cloud.server.set_clock(-300);
    let (code, findings) = examined(&cloud);
    assert_eq!(code, 5, "{findings:#?}");
    for (name, part) in [
        ("lifecycle", "deletes results after 3 days"),
        ("public access", "lets anybody in"),
        ("clock", "ahead of that of S3"),
        ("warehouse main region", "set `s3Region` of the warehouse to `eu-west-1`"),
    ] {
        let (state, said) = of(&findings, name);
        assert!(state == "failed" && said.contains(part), "{name}: {said}");
    }
    assert_eq!(of(&findings, "warehouse main unload").0, "ok");
    let text = cloud.run(&["doctor"]);
    assert!(text.stdout.contains("FAILED  lifecycle") && text.stdout.contains("→"), "{}", text.stdout);
}

#[test]
fn what_may_not_be_asked_is_no_fault_and_names_the_right() {
    let cloud = Cloud::new(BELIEVED, "");
    well_kept(&cloud);
    cloud.server.fail(|call| {
        let setting = call.query.split(['=', '&']).next().unwrap_or_default();
        ["lifecycle", "encryption", "publicAccessBlock"].contains(&setting).then_some(Fault::Denied)
    });
    let (code, findings) = examined(&cloud);
    assert_eq!(code, 0, "{findings:#?}");
    for (name, right) in [
        ("lifecycle", "s3:GetLifecycleConfiguration"),
        ("encryption", "s3:GetEncryptionConfiguration"),
        ("public access", "s3:GetBucketPublicAccessBlock"),
    ] {
        let (state, said) = of(&findings, name);
        assert!(state == "unknown" && said.contains(right), "{name}: {said}");
    }
}

#[test]
fn an_unload_that_fails_says_of_what_and_leaves_nothing() {
    let cloud = Cloud::new(BELIEVED, "");
    well_kept(&cloud);
    // The service may write its own file, and the warehouse may not write its.
    cloud.server.fail(|call| (call.method == "PUT" && call.path.contains("/output")).then_some(Fault::Denied));
    let (code, findings) = examined(&cloud);
    assert_eq!(code, 5, "{findings:#?}");
    assert_eq!(of(&findings, "storage files").0, "ok");
    let found = named(&findings, "warehouse main unload");
    assert_eq!((&found["state"], &found["code"]), (&"failed".into(), &"storage_denied".into()), "{found:#}");
    let what = found["what"].as_str().unwrap();
    assert!(what.starts_with("one row could not be unloaded: ") && what.ends_with("Error AccessDenied"), "{found:#}");
    assert_eq!(found["remedy"], "allow the role of `iamRole` to write to the bucket");
    assert!(found["where"].as_str().unwrap().starts_with("s3://results/team/unload-results/doctor-"), "{found:#}");
    assert!(found["cause"].is_null(), "{found:#}");
    assert_eq!(cloud.objects(), Vec::<String>::new());
    // What the service itself may not write.
    cloud.server.fail(|call| (call.method == "PUT" && call.path.ends_with("check.txt")).then_some(Fault::Denied));
    let (code, findings) = examined(&cloud);
    let found = named(&findings, "storage files");
    assert!(code == 5 && found["remedy"].as_str().unwrap().starts_with("allow `s3:PutObject`"), "{found:#}");
    assert!(found["where"].as_str().unwrap().ends_with("/check.txt") && found["cause"].is_null(), "{found:#}");
}

#[test]
fn a_warehouse_out_of_reach_is_found_out() {
    let cloud = Cloud::new(BELIEVED, "");
    cloud.point_at("http://127.0.0.1:9");
    let (code, findings) = examined(&cloud);
    let found = named(&findings, "warehouse main");
    assert_eq!((code, &found["what"]), (5, &"the Data API cannot be reached".into()), "{found:#}");
    assert_eq!(found["remedy"], "look at the network, `region` and `endpoint`");
    let cause = found["cause"].as_str().unwrap();
    assert!(cause.contains("refused") && !cause.contains('{'), "{cause}");
    let text = cloud.run(&["doctor"]).stdout;
    assert!(text.contains("caused by: ") && text.contains("→ look at the network"), "{text}");
}
