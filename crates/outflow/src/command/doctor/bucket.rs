//! What is to be thought of a bucket's settings. What we may not ask is said so, and never taken for wrong.

use outflow_core::options::{MAX_RETENTION_DAYS, USUAL_RETENTION_DAYS};
use outflow_core::statement::{Encryption, StatementSettings};
use outflow_storage::{BucketEncryption, BucketFacts, LifecycleRule, Told};

use super::finding::Finding;
use crate::config::ServerSideEncryption;

/// AWS refuses signatures that are further off than five minutes, S3 alone fifteen.
const BREAKS: u64 = 240;
/// From here on a clock that nobody sets is to be suspected.
const SUSPECT: u64 = 30;

/// What there is to say of the bucket by itself. `says_how` tells whether the service asks for an encryption of its own.
pub(super) fn findings(facts: &BucketFacts, says_how: bool) -> Vec<Finding> {
    let mut findings = vec![region(facts), clock(facts), public_access(facts), encryption(facts, says_how), deletion(facts)];
    findings.extend(lifecycle(facts));
    findings
}

/// What is known, or the finding that it cannot be told.
fn known<'a, T>(name: &str, told: &'a Told<T>) -> Result<&'a T, Finding> {
    match told {
        Told::Known(value) => Ok(value),
        Told::Denied(right) => {
            let remedy = format!("allow `{right}` on the bucket to the service's role, if you want it checked");
            Err(Finding::unknown(name, format!("cannot tell: it needs the right `{right}`"), Some(remedy)))
        }
        Told::Unknown(why) => Err(Finding::unknown(name, format!("cannot tell: {why}"), None)),
    }
}

fn region(facts: &BucketFacts) -> Finding {
    let name = "bucket region";
    match known(name, &facts.region) {
        Err(finding) => finding,
        Ok(region) if *region == facts.used_region => Finding::ok(name, region.clone()),
        Ok(region) => Finding::wrong(
            name,
            format!("the bucket `{}` is in `{region}`, and calls are signed for `{}`", facts.name, facts.used_region),
            format!("set `storage.region` to `{region}`"),
        ),
    }
}

fn clock(facts: &BucketFacts) -> Finding {
    let name = "clock";
    let ahead = match known(name, &facts.clock_ahead) {
        Err(finding) => return finding,
        Ok(ahead) => ahead.num_seconds(),
    };
    let (off, side) = (ahead.unsigned_abs(), if ahead > 0 { "behind" } else { "ahead of" });
    let what = format!("this machine's clock is {off} s {side} that of S3");
    let remedy = "set the clock, and let a time service keep it, such as chrony";
    if off >= BREAKS {
        Finding::wrong(name, format!("{what}; AWS refuses signatures that are 5 minutes off"), remedy)
    } else if off >= SUSPECT {
        Finding::advice(name, what, remedy)
    } else {
        Finding::ok(name, "within some seconds of that of S3")
    }
}

fn public_access(facts: &BucketFacts) -> Finding {
    let name = "public access";
    let policy = "let nobody but the service's role, and that of `iamRole`, read the bucket, and block public access";
    if facts.is_public == Told::Known(true) {
        return Finding::wrong(name, "the bucket's policy lets anybody in: results can be read without a link", policy);
    }
    match (known(name, &facts.blocks_public_access), known(name, &facts.is_public)) {
        (Ok(true), _) => Finding::ok(name, "blocked"),
        (Ok(false), Ok(_)) => Finding::advice(
            name,
            "the policy lets nobody in whom it should not, and nothing keeps it so: public access is not blocked on the bucket",
            "switch on all four settings of Block Public Access, on the bucket or for the account",
        ),
        (Ok(false), Err(finding)) | (Err(finding), _) => finding,
    }
}

fn encryption(facts: &BucketFacts, says_how: bool) -> Finding {
    let name = "encryption";
    match known(name, &facts.encryption) {
        Err(finding) => finding,
        Ok(Some(BucketEncryption::S3)) => Finding::ok(name, "by default with keys of S3"),
        Ok(Some(BucketEncryption::Kms(None))) => Finding::ok(name, "by default with the account's key of KMS"),
        Ok(Some(BucketEncryption::Kms(Some(key)))) => Finding::ok(name, format!("by default with the key `{key}` of KMS")),
        Ok(None) if says_how => Finding::ok(name, "as `storage.sse` says; the bucket has no default"),
        Ok(None) => Finding::advice(
            name,
            "the bucket has no default encryption, and `storage.sse` is not set",
            "set `storage.sse`, or the bucket's default encryption",
        ),
    }
}

fn deletion(facts: &BucketFacts) -> Finding {
    let name = "deletion";
    match &facts.can_list_all {
        Told::Denied(right) => Finding::wrong(
            name,
            format!("expired results cannot be deleted for good: the right `{right}` is missing"),
            format!("allow `{right}` on the bucket to the service's role"),
        ),
        Told::Unknown(why) => Finding::unknown(name, format!("cannot tell: {why}"), None),
        Told::Known(()) => match &facts.versioning {
            Told::Known(true) => Finding::ok(name, "the bucket keeps versions; those of expired results are deleted too"),
            _ => Finding::ok(name, "versions and open uploads can be listed"),
        },
    }
}

fn lifecycle(facts: &BucketFacts) -> Vec<Finding> {
    let name = "lifecycle";
    let rules = match known(name, &facts.lifecycle) {
        Err(finding) => return vec![finding],
        Ok(rules) => rules.iter().filter(|rule| rule.concerns(&facts.prefix)).collect::<Vec<_>>(),
    };
    let mut findings: Vec<Finding> = rules.iter().filter_map(|rule| too_short(rule)).collect();
    if !rules.iter().any(|rule| rule.aborts_after_days.is_some()) {
        findings.push(Finding::advice(
            name,
            "no rule aborts uploads that were left incomplete, which are paid for and seen nowhere",
            "add a rule with `AbortIncompleteMultipartUpload` after 2 days or more",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(name, "no rule takes files away before their time"));
    }
    findings
}

/// What a rule does to results before their time is over.
fn too_short(rule: &LifecycleRule) -> Option<Finding> {
    let name = "lifecycle";
    let which = if rule.id.is_empty() { "a rule".to_owned() } else { format!("the rule `{}`", rule.id) };
    if let Some(on) = rule.expires_on {
        let day = on.format("%Y-%m-%d");
        let remedy = "expire by an age in days, two days behind the longest retention";
        return Some(Finding::wrong(name, format!("{which} deletes results from {day} on, whatever their age"), remedy));
    }
    let archives = rule.archives_after_days.as_ref().map(|(days, class)| (*days, format!("moves results to `{class}`")));
    let expires = rule.expires_after_days.map(|days| (days, "deletes results".to_owned()));
    let (days, does) = [archives, expires].into_iter().flatten().min_by_key(|(days, _)| *days)?;
    let what = format!("{which} {does} after {days} days");
    if days <= USUAL_RETENTION_DAYS {
        return Some(Finding::wrong(
            name,
            format!("{what}, and they are kept for {USUAL_RETENTION_DAYS} when nothing else is asked for"),
            format!("let it wait {} days, two behind the longest retention that your callers ask for", USUAL_RETENTION_DAYS + 2),
        ));
    }
    (days <= MAX_RETENTION_DAYS).then(|| {
        Finding::advice(
            name,
            format!("{what}, and a caller may ask for a `retentionDays` of up to {MAX_RETENTION_DAYS}"),
            format!("see that nobody asks for more than {}, or let it wait longer", days.saturating_sub(2)),
        )
    })
}

/// What there is to say of the bucket for a warehouse that writes into it; `own` is how the service asks to encrypt what it writes itself.
pub(super) fn for_warehouse(
    warehouse: &str,
    facts: &BucketFacts,
    settings: &StatementSettings,
    region: Option<&str>,
    own: Option<ServerSideEncryption>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let (Told::Known(bucket), Some(region)) = (&facts.region, region) {
        let name = format!("{warehouse} region");
        let told = settings.region.as_deref().unwrap_or(region);
        findings.push(if told == bucket {
            Finding::ok(name, if region == bucket { bucket.clone() } else { format!("{region}, the bucket in {bucket}") })
        } else {
            Finding::wrong(
                name,
                format!("the warehouse takes the bucket to be in `{told}`, and it is in `{bucket}`"),
                format!("set `s3Region` of the warehouse to `{bucket}`"),
            )
        });
    }
    if let Told::Known(Some(BucketEncryption::Kms(_))) = &facts.encryption
        && settings.encryption == Encryption::Unsaid
    {
        findings.push(Finding::advice(
            format!("{warehouse} encryption"),
            "the bucket encrypts with a key of KMS, and UNLOAD says nothing of it: Redshift then encrypts with keys of S3",
            "set `encryption = \"auto\"` of the warehouse to use the bucket's key",
        ));
    }
    let of_bucket = match &facts.encryption {
        Told::Known(encryption) => Some(matches!(encryption, Some(BucketEncryption::Kms(_)))),
        Told::Denied(_) | Told::Unknown(_) => None,
    };
    let by_kms = match settings.encryption {
        Encryption::KmsKey(_) => Some(true),
        Encryption::BucketKey => of_bucket,
        Encryption::Unsaid => Some(false),
    };
    let own_by_kms = own.map_or(of_bucket, |own| Some(own == ServerSideEncryption::Kms));
    if (by_kms, own_by_kms) == (Some(true), Some(false)) {
        findings.push(Finding::advice(
            format!("{warehouse} encryption"),
            "UNLOAD encrypts with a key of KMS, and what the service writes itself, joined files too, is encrypted with keys of S3",
            "set `storage.sse = \"kms\"` and the same key as `storage.kmsKeyId`, or make it the bucket's default",
        ));
    }
    findings
}

#[cfg(test)]
mod tests;
