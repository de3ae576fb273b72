//! What a token says, as bytes: fixed numbers first, then texts with their lengths before them. Only what was signed is ever read.

use outflow_core::key::{AttemptPlace, StorageKey};
use outflow_core::{Code, Error, RequestId, Result, Timestamp, UnloadId};

use super::LinkTarget;
use crate::storage::is_file_name;

/// The form of these bytes.
const VERSION: u8 = 1;
/// The name that stands for the receipt, which is no file's.
const RECEIPT: &str = "";

pub(super) fn write(target: &LinkTarget, expires_at: Timestamp) -> Result<Vec<u8>> {
    let (place, name) = match &target.key {
        StorageKey::File(place, name) => (place, name.as_str()),
        StorageKey::Receipt(place) => (place, RECEIPT),
        other => {
            return Err(Error::new(Code::VerificationFailed, format!("`{}` is not a file that links lead to", other.path())));
        }
    };
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&expires_at.timestamp_millis().to_be_bytes());
    bytes.extend_from_slice(&place.attempt.to_be_bytes());
    let unload_id = place.unload_id.to_string();
    for text in [place.request_id.as_str(), unload_id.as_str(), name, target.download_name.as_str(), target.content_type.as_str()]
    {
        let length = u16::try_from(text.len())
            .map_err(|_| Error::new(Code::VerificationFailed, "the name of a file is too long for a link"))?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    Ok(bytes)
}

/// The target and its end; `None` for what [`write`] would not have written.
pub(super) fn read(bytes: &[u8]) -> Option<(LinkTarget, Timestamp)> {
    let mut rest = bytes.strip_prefix(&[VERSION])?;
    let expires_at = Timestamp::from_timestamp_millis(i64::from_be_bytes(take(&mut rest)?))?;
    let attempt = u32::from_be_bytes(take(&mut rest)?);
    let request_id = RequestId::parse(text(&mut rest)?).ok()?;
    let unload_id = UnloadId::parse(text(&mut rest)?).ok()?;
    let name = text(&mut rest)?;
    let place = AttemptPlace { request_id, unload_id, attempt };
    let key = if name == RECEIPT { StorageKey::Receipt(place) } else { StorageKey::File(place, name.to_owned()) };
    if name != RECEIPT && !is_file_name(name) {
        return None;
    }
    let (download_name, content_type) = (text(&mut rest)?.to_owned(), text(&mut rest)?.to_owned());
    rest.is_empty().then_some((LinkTarget { key, download_name, content_type }, expires_at))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk::<N>()?;
    *rest = left;
    Some(*taken)
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let length = u16::from_be_bytes(take(rest)?);
    let (taken, left) = rest.split_at_checked(usize::from(length))?;
    *rest = left;
    std::str::from_utf8(taken).ok()
}
