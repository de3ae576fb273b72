//! The checksum of a receipt, made here from the bytes as they come.

use crc_fast::{CrcAlgorithm, Digest as Crc};
use outflow_core::receipt::ChecksumAlgorithm;
use outflow_core::text::hex;
use sha2::{Digest, Sha256};

/// The checksum of all bytes so far.
#[derive(Debug, Clone)]
pub(crate) enum Running {
    Sha256(Sha256),
    Crc64Nvme(Crc),
}

impl Running {
    /// That of no bytes.
    pub(crate) fn new(algorithm: ChecksumAlgorithm) -> Self {
        match algorithm {
            ChecksumAlgorithm::Sha256 => Self::Sha256(Sha256::new()),
            ChecksumAlgorithm::Crc64Nvme => Self::Crc64Nvme(Crc::new(CrcAlgorithm::Crc64Nvme)),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Crc64Nvme(crc) => crc.update(bytes),
        }
    }

    /// Begins anew.
    pub(crate) fn reset(&mut self) {
        match self {
            Self::Sha256(hasher) => hasher.reset(),
            Self::Crc64Nvme(crc) => crc.reset(),
        }
    }

    /// Lowercase hexadecimal, as a receipt has it.
    pub(crate) fn value(&self) -> String {
        match self {
            Self::Sha256(hasher) => hex(&hasher.clone().finalize()),
            Self::Crc64Nvme(crc) => format!("{:016x}", crc.finalize()),
        }
    }

    /// What people call it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Sha256(_) => "SHA-256",
            Self::Crc64Nvme(_) => "CRC-64/NVME",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values that the two are published with.
    #[test]
    fn each_algorithm_gives_its_published_value_however_the_bytes_come() {
        for (algorithm, bytes, expected) in [
            (ChecksumAlgorithm::Sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (ChecksumAlgorithm::Crc64Nvme, "123456789", "ae8b14860a799888"),
            (ChecksumAlgorithm::Crc64Nvme, "", "0000000000000000"),
        ] {
            let mut running = Running::new(algorithm);
            running.update(b"something else");
            running.reset();
            bytes.as_bytes().chunks(2).for_each(|piece| running.update(piece));
            assert_eq!(running.value(), expected);
            assert_eq!(running.value(), expected, "asking changes nothing");
        }
    }
}
