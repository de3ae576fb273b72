//! Looks for bytes that make a text more than itself: by blocks of sixteen, which compilers turn into a few instructions.

/// The bytes that are looked for.
#[derive(Debug, Clone, Copy)]
pub(in crate::embedded) struct Scan {
    /// Up to four, the last repeated; those that are none are looked for nowhere.
    bytes: [u8; 4],
    is_idle: bool,
    /// Also every byte below this.
    below: u8,
}

impl Scan {
    /// Looks for any of at most four bytes.
    pub(in crate::embedded) fn for_bytes(bytes: &[u8]) -> Self {
        debug_assert!(bytes.len() <= 4, "more bytes are looked for than there is room for");
        let last = bytes.last().copied().unwrap_or_default();
        let mut looked_for = [last; 4];
        looked_for.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Self { bytes: looked_for, is_idle: bytes.is_empty(), below: 0 }
    }

    /// Looks for what JSON demands to be escaped.
    pub(in crate::embedded) fn for_json() -> Self {
        Self { below: 0x20, ..Self::for_bytes(b"\"\\") }
    }

    /// Whether the text has one of them.
    #[inline]
    pub(in crate::embedded) fn finds(&self, text: &[u8]) -> bool {
        if self.is_idle {
            return false;
        }
        match text.len() {
            0..8 => text.iter().fold(false, |found, byte| found | self.is_one(*byte)),
            8..16 => self.at_both_ends::<8>(text),
            _ => {
                let (blocks, _) = text.as_chunks::<16>();
                blocks.iter().any(|block| self.in_block(block))
                    || text.last_chunk::<16>().is_some_and(|block| self.in_block(block))
            }
        }
    }

    /// Whether the byte is one of them.
    #[inline]
    pub(in crate::embedded) fn is_one(&self, byte: u8) -> bool {
        let [a, b, c, d] = self.bytes;
        (byte == a) | (byte == b) | (byte == c) | (byte == d) | (byte < self.below)
    }

    /// In a text of N to 2 N bytes.
    #[inline]
    fn at_both_ends<const N: usize>(&self, text: &[u8]) -> bool {
        text.first_chunk::<N>().is_some_and(|block| self.in_block(block))
            | text.last_chunk::<N>().is_some_and(|block| self.in_block(block))
    }

    #[inline]
    fn in_block<const N: usize>(&self, block: &[u8; N]) -> bool {
        block.iter().fold(0, |found, byte| found | u8::from(self.is_one(*byte))) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_found_wherever_it_stands_and_nothing_else_is() {
        let csv = Scan::for_bytes(b",\"\n\r");
        for length in 0..70 {
            let plain = vec![b'a'; length];
            for scan in [csv, Scan::for_json(), Scan::for_bytes(b""), Scan::for_bytes(b"|")] {
                assert!(!scan.finds(&plain));
            }
            for at in 0..length {
                for (scan, byte) in [(csv, b'\r'), (csv, b','), (Scan::for_json(), 0x1f), (Scan::for_json(), b'\\')] {
                    let mut text = plain.clone();
                    text[at] = byte;
                    assert!(scan.finds(&text), "{length} {at} {byte}");
                }
            }
        }
    }
}
