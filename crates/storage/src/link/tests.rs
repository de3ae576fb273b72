use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::world::{file, options, place, storage};

const TTL: Duration = Duration::from_secs(300);

fn now() -> Timestamp {
    Timestamp::from_timestamp_micros(1_700_000_000_123_456).unwrap()
}

fn target() -> LinkTarget {
    LinkTarget {
        key: file("output000.csv.gz"),
        download_name: "abc123 보고서.csv.gz".to_owned(),
        content_type: "application/gzip".to_owned(),
    }
}

fn signer() -> Signer {
    Signer::new(LinkKeys::new([7; 32]), options().public_url)
}

fn token(link: &SignedLink) -> String {
    link.url.strip_prefix("http://127.0.0.1:8080/download/").unwrap().split('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_link_leads_where_it_was_made_for_and_ends_on_time() {
    let (_folder, storage) = storage().await;
    let link = storage.sign(&target(), TTL, now()).await.unwrap();
    assert!(link.url.ends_with("/abc123%20%EB%B3%B4%EA%B3%A0%EC%84%9C.csv.gz"), "{}", link.url);
    let token = token(&link);
    assert_eq!(storage.verify(&token, now()).unwrap(), target());
    assert_eq!(storage.verify(&token, link.expires_at - TimeDelta::milliseconds(1)).unwrap(), target());
    assert_eq!(storage.verify(&token, link.expires_at).unwrap_err().code(), Code::LinkExpired);
    assert!((now() + TTL - link.expires_at).num_milliseconds() == 0);
}

#[test]
fn a_receipt_and_a_file_in_a_partition_have_links_and_a_folder_has_none() {
    for key in [StorageKey::Receipt(place(2)), file("month=2026-01/output000.parquet")] {
        let target = LinkTarget { key, ..target() };
        let link = signer().sign(&target, TTL, now()).unwrap();
        assert_eq!(signer().verify(&token(&link), now()).unwrap(), target);
    }
    let folder = LinkTarget { key: StorageKey::Attempt(place(1)), ..target() };
    assert_eq!(signer().sign(&folder, TTL, now()).unwrap_err().code(), Code::VerificationFailed);
}

#[tokio::test]
async fn no_link_leads_out_of_the_attempts_folder() {
    let (_folder, storage) = storage().await;
    for name in ["..", "../other", "a/../../b", "/etc/passwd", "", "a//b", "a\\b", "a\nb", "."] {
        let target = LinkTarget { key: file(name), ..target() };
        assert_eq!(storage.sign(&target, TTL, now()).await.unwrap_err().code(), Code::VerificationFailed, "{name:?}");
        // Even one signed with our own key is refused.
        let forged = LinkKeys::new([7; 32]).seal(&token::write(&target, now() + TTL).unwrap());
        if !name.is_empty() {
            assert_eq!(storage.verify(&forged, now()).unwrap_err().code(), Code::LinkInvalid, "{name:?}");
        }
    }
}

#[test]
fn an_old_key_verifies_until_it_is_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("link.keys");
    let (old, new) = ("1a".repeat(32), "2B".repeat(32));
    let signer = |text: String| {
        std::fs::write(&path, text).unwrap();
        Signer::new(LinkKeys::load(&path).unwrap(), options().public_url)
    };
    let before = token(&signer(format!("{old}\n")).sign(&target(), TTL, now()).unwrap());
    let rotated = signer(format!("{new}\n{old}\n"));
    let after = token(&rotated.sign(&target(), TTL, now()).unwrap());
    assert_eq!(rotated.verify(&before, now()).unwrap(), target());
    assert_eq!(rotated.verify(&after, now()).unwrap(), target());
    let without = signer(format!("{new}\n"));
    assert_eq!(without.verify(&before, now()).unwrap_err().code(), Code::LinkInvalid);
    assert_eq!(without.verify(&after, now()).unwrap(), target());
}

#[test]
fn a_key_is_made_once_and_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/link.keys");
    let made: Vec<_> = std::thread::scope(|scope| {
        let loads: Vec<_> = (0..8).map(|_| scope.spawn(|| LinkKeys::load(&path).unwrap())).collect();
        loads.into_iter().map(|load| load.join().unwrap()).collect()
    });
    let link = Signer::new(made[0].clone(), options().public_url).sign(&target(), TTL, now()).unwrap();
    for keys in made {
        assert_eq!(Signer::new(keys, options().public_url).verify(&token(&link), now()).unwrap(), target());
    }
    assert_eq!(crate::world::files_below(folder.path()), ["deep/er/link.keys"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn what_is_no_key_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("link.keys");
    for bad in [b"".as_slice(), b"secret", b"\xff\xfe", "1a".repeat(31).as_bytes(), format!("{}é", "1".repeat(62)).as_bytes()] {
        std::fs::write(&path, bad).unwrap();
        assert_eq!(LinkKeys::load(&path).unwrap_err().code(), Code::ConfigInvalid);
    }
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let (_folder, storage) = storage().await;
    let link = storage.sign(&target(), TTL, now()).await.unwrap();
    let shown = format!("{link:?} {storage:?} {:?}", options());
    assert!(!shown.contains(&token(&link)) && !shown.contains("7, 7") && !shown.contains("0707"), "{shown}");
}

proptest! {
    #[test]
    fn any_change_makes_a_link_invalid(at in any::<prop::sample::Index>(), other in "[A-Za-z0-9_-]") {
        let mut token = token(&signer().sign(&target(), TTL, now()).unwrap());
        let at = at.index(token.len());
        prop_assume!(token[at..=at] != other);
        token.replace_range(at..=at, &other);
        prop_assert_eq!(signer().verify(&token, now()).unwrap_err().code(), Code::LinkInvalid);
    }

    #[test]
    fn no_other_text_is_a_link(token in "\\PC{0,400}", cut in any::<prop::sample::Index>()) {
        prop_assert_eq!(signer().verify(&token, now()).unwrap_err().code(), Code::LinkInvalid);
        let mut whole = self::token(&signer().sign(&target(), TTL, now()).unwrap());
        whole.truncate(cut.index(whole.len()));
        prop_assert_eq!(signer().verify(&whole, now()).unwrap_err().code(), Code::LinkInvalid);
    }
}
