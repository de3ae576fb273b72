//! What a bucket says of itself, and what becomes of what it does not say.

use outflow_storage::testing::Fault;
use outflow_storage::{BucketEncryption, LifecycleRule, Told};

use crate::support::World;

const LIFECYCLE: &str = "<LifecycleConfiguration>\
    <Rule><ID>tidy</ID><Filter><Prefix>deep/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration>\
    <Transition><Days>9</Days><StorageClass>STANDARD_IA</StorageClass></Transition>\
    <Transition><Days>12</Days><StorageClass>GLACIER</StorageClass></Transition></Rule>\
    <Rule><ID>off</ID><Filter/><Status>Disabled</Status><Expiration><Days>1</Days></Expiration></Rule>\
    <Rule><ID>tagged</ID><Filter><And><Prefix>a/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter><Status>Enabled</Status>\
    <AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>\
    </LifecycleConfiguration>";

#[tokio::test]
async fn a_bucket_tells_its_settings() {
    let World { server, storage } = World::new().await;
    server.says("location", "<LocationConstraint>EU</LocationConstraint>");
    let block: String = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
        .map(|name| format!("<{name}>true</{name}>"))
        .concat();
    server.says("publicAccessBlock", format!("<PublicAccessBlockConfiguration>{block}</PublicAccessBlockConfiguration>"));
    server.says("policyStatus", "<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>");
    server.says(
        "encryption",
        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm>\
         <KMSMasterKeyID>k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
    );
    server.says("versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
    server.says("lifecycle", LIFECYCLE);
    let facts = storage.bucket_facts().await.unwrap();
    assert_eq!((&*facts.name, &*facts.prefix, &*facts.used_region), ("results", "deep/er/unload-results/", "us-east-1"));
    assert_eq!(facts.region, Told::Known("eu-west-1".to_owned()));
    assert_eq!((&facts.blocks_public_access, &facts.is_public), (&Told::Known(true), &Told::Known(true)));
    assert_eq!(facts.encryption, Told::Known(Some(BucketEncryption::Kms(Some("k".to_owned())))));
    assert_eq!((&facts.versioning, &facts.can_list_all), (&Told::Known(true), &Told::Known(())));
    let Told::Known(rules) = &facts.lifecycle else { panic!("{facts:?}") };
    let tidy = LifecycleRule {
        id: "tidy".to_owned(),
        prefix: "deep/".to_owned(),
        expires_after_days: Some(30),
        archives_after_days: Some((12, "GLACIER".to_owned())),
        ..LifecycleRule::default()
    };
    let tagged = LifecycleRule {
        id: "tagged".to_owned(),
        prefix: "a/".to_owned(),
        is_for_tags: true,
        aborts_after_days: Some(2),
        ..LifecycleRule::default()
    };
    assert_eq!(rules[..], [tidy, tagged]);
    assert!(rules[0].concerns(&facts.prefix) && !rules[1].concerns(&facts.prefix));
}

#[tokio::test]
async fn what_was_never_configured_is_known_and_what_is_refused_names_the_right() {
    let World { server, storage } = World::new().await;
    server.fail(|call| {
        let name = call.query.split(['=', '&']).next().unwrap_or_default();
        match name {
            "publicAccessBlock" => Some(Fault::Refused(404, "NoSuchPublicAccessBlockConfiguration", "none")),
            "policyStatus" => Some(Fault::Refused(404, "NoSuchBucketPolicy", "none")),
            "encryption" => Some(Fault::Refused(404, "ServerSideEncryptionConfigurationNotFoundError", "none")),
            "lifecycle" => Some(Fault::Refused(404, "NoSuchLifecycleConfiguration", "none")),
            "location" | "versioning" | "versions" => Some(Fault::Denied),
            _ => None,
        }
    });
    let facts = storage.bucket_facts().await.unwrap();
    assert_eq!((&facts.blocks_public_access, &facts.is_public), (&Told::Known(false), &Told::Known(false)));
    assert_eq!((&facts.encryption, &facts.lifecycle), (&Told::Known(None), &Told::Known(Vec::new())));
    assert_eq!(facts.region, Told::Denied("s3:GetBucketLocation"));
    assert_eq!(facts.versioning, Told::Denied("s3:GetBucketVersioning"));
    assert_eq!(facts.can_list_all, Told::Denied("s3:ListBucketVersions"));
    server.mend();
    // What speaks S3 and lacks the calls says nothing of them.
    let facts = storage.bucket_facts().await.unwrap();
    assert!(matches!(&facts.encryption, Told::Unknown(why) if why.contains("does not have that call")), "{facts:?}");
}

#[tokio::test]
async fn the_clock_of_s3_is_read_from_what_it_answers_with() {
    let World { server, storage } = World::new().await;
    for ahead in [0, 600, -3_600] {
        server.set_clock(ahead);
        let Told::Known(found) = storage.bucket_facts().await.unwrap().clock_ahead else { panic!("no clock") };
        assert!((found.num_seconds() - ahead).abs() <= 60, "{found} for {ahead}");
    }
}
