//! The keys that links are signed with: the first signs, all of them verify, so that a key can be replaced while its links live.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use outflow_core::text::hex;
use outflow_core::{Code, Error, Result};
use sha2::{Digest, Sha256};

use crate::error::from_io;

/// What is signed begins with this, so that no other signature of the same key is ever taken for a link.
const PURPOSE: &[u8] = b"outflow download link 1\0";
/// How many bytes name the key of a token.
const ID_LENGTH: usize = 4;
/// How many bytes a signature has.
const SIGNATURE_LENGTH: usize = 32;
/// No token that we make is longer.
const LONGEST_TOKEN: usize = 4096;

/// The keys, newest first. Shown without what is secret.
#[derive(Clone)]
pub struct LinkKeys(Vec<[u8; 32]>);

impl LinkKeys {
    /// One key.
    pub fn new(key: [u8; 32]) -> Self {
        Self(vec![key])
    }

    /// A key that nobody else has and that is not kept: its links end with the process.
    pub fn random() -> Self {
        Self::new(rand::random())
    }

    /// The keys in a file: one a line, 64 hexadecimal digits; the first signs, the others go on verifying. When there is no file, one is
    /// made with a fresh key, for its owner's eyes only; of two processes that make it at once, both use the same. Blocks.
    ///
    /// # Errors
    /// `config_invalid` when there is something else in the file; `storage_denied` and the like when it cannot be read or made.
    pub fn load(path: &Path) -> Result<Self> {
        let failed = |error: io::Error| from_io(error, &format!("reading the link keys in `{}`", path.display()));
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(path).map_err(failed)?;
                fs::read_to_string(path).map_err(failed)?
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => String::from("?"),
            other => other.map_err(failed)?,
        };
        let keys: Option<Vec<_>> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(key_of).collect();
        match keys {
            Some(keys) if !keys.is_empty() => Ok(Self(keys)),
            _ => Err(Error::new(
                Code::ConfigInvalid,
                format!(
                    "`{}` must hold one link key a line, 64 hexadecimal digits each; remove it to have a new one made",
                    path.display()
                ),
            )),
        }
    }

    /// A token that carries `payload` in the open, signed with the first key.
    pub(super) fn seal(&self, payload: &[u8]) -> String {
        let key = self.0.first().expect("there is always a key");
        let mut token = key_id(key).to_vec();
        token.extend_from_slice(payload);
        let signature = signer(key, &token).finalize().into_bytes();
        token.extend_from_slice(&signature);
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The payload of a token, if one of the keys signed it.
    pub(super) fn open(&self, token: &str) -> Option<Vec<u8>> {
        if token.len() > LONGEST_TOKEN {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (signed, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE_LENGTH)?)?;
        let (id, payload) = signed.split_at_checked(ID_LENGTH)?;
        let key = self.0.iter().find(|key| key_id(key) == id)?;
        signer(key, signed).verify_slice(signature).ok()?;
        Some(payload.to_vec())
    }
}

impl fmt::Debug for LinkKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkKeys({} of them)", self.0.len())
    }
}

fn signer(key: &[u8; 32], signed: &[u8]) -> Hmac<Sha256> {
    let signer = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    signer.chain_update(PURPOSE).chain_update(signed)
}

/// Names a key without telling it.
fn key_id(key: &[u8; 32]) -> [u8; ID_LENGTH] {
    let digest = Sha256::new().chain_update(b"outflow link key id\0").chain_update(key).finalize();
    std::array::from_fn(|index| digest[index])
}

fn key_of(line: &str) -> Option<[u8; 32]> {
    if line.len() != 64 || !line.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; 32];
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(line.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(key)
}

/// Makes the file with a fresh key, unless somebody else does at the same time.
fn create(path: &Path) -> io::Result<()> {
    let key: [u8; 32] = rand::random();
    let line = hex(&key);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let staged = path.with_extension(format!("{:016x}.new", rand::random::<u64>()));
    let written = private(&staged).and_then(|mut file| {
        writeln!(file, "{line}")?;
        file.sync_all()?;
        match fs::hard_link(&staged, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    });
    let removed = fs::remove_file(&staged);
    written.and(removed)?;
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
