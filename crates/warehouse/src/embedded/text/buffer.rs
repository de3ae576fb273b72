//! Bytes that are being made, for writers that know how long a value is at most: they ask for room once a value, and not once a byte.

/// How much more room there is at least after it ran out.
const ROOM: usize = 4 << 10;

/// A growing text. What lies behind its end is room, and zero or left from before.
#[derive(Debug, Default)]
pub(in crate::embedded) struct Buffer {
    bytes: Vec<u8>,
    end: usize,
}

impl Buffer {
    /// How many bytes were written.
    pub(in crate::embedded) fn len(&self) -> usize {
        self.end
    }

    /// What was written.
    pub(in crate::embedded) fn written(&self) -> &[u8] {
        &self.bytes[..self.end]
    }

    /// Forgets what was written and keeps the room.
    pub(in crate::embedded) fn clear(&mut self) {
        self.end = 0;
    }

    /// Forgets what was written after the first so many bytes.
    pub(in crate::embedded) fn truncate(&mut self, length: usize) {
        self.end = self.end.min(length);
    }

    /// Makes room for so many more bytes.
    pub(in crate::embedded) fn reserve(&mut self, bytes: usize) {
        if self.bytes.len() - self.end < bytes {
            self.bytes.resize(self.end + bytes, 0);
        }
    }

    /// What was written, without the room behind it.
    pub(in crate::embedded) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.end);
        self.bytes
    }

    /// Appends a byte.
    #[inline]
    pub(in crate::embedded) fn push(&mut self, byte: u8) {
        self.put([byte], 1);
    }

    /// Appends the first `length` bytes of a block; the whole block is copied, which takes no loop.
    #[inline]
    pub(in crate::embedded) fn put<const N: usize>(&mut self, block: [u8; N], length: usize) {
        if self.bytes.len() - self.end < N {
            self.grow(N);
        }
        self.bytes[self.end..self.end + N].copy_from_slice(&block);
        self.end += length;
    }

    /// Appends a text of any length; short ones in two blocks that overlap.
    #[inline]
    pub(in crate::embedded) fn extend(&mut self, text: &[u8]) {
        if self.bytes.len() - self.end < text.len() {
            self.grow(text.len());
        }
        let room = &mut self.bytes[self.end..self.end + text.len()];
        match text.len() {
            0 => {}
            1..4 => {
                for (to, from) in room.iter_mut().zip(text) {
                    *to = *from;
                }
            }
            4..8 => twice::<4>(room, text),
            8..16 => twice::<8>(room, text),
            16..=32 => twice::<16>(room, text),
            _ => room.copy_from_slice(text),
        }
        self.end += text.len();
    }

    /// Appends so many spaces.
    pub(in crate::embedded) fn spaces(&mut self, count: usize) {
        if self.bytes.len() - self.end < count {
            self.grow(count);
        }
        self.bytes[self.end..self.end + count].fill(b' ');
        self.end += count;
    }

    #[cold]
    fn grow(&mut self, needed: usize) {
        self.bytes.resize((self.bytes.len() + needed + ROOM).max(self.bytes.len() / 2 * 3), 0);
    }
}

/// Copies a text of N to 2 N bytes: its beginning, and its end over that.
#[inline]
fn twice<const N: usize>(room: &mut [u8], text: &[u8]) {
    if let (Some(first), Some(last)) = (text.first_chunk::<N>(), text.last_chunk::<N>()) {
        room[..N].copy_from_slice(first);
        let behind = room.len() - N;
        room[behind..].copy_from_slice(last);
    }
}

/// What is written, as text.
#[cfg(test)]
pub(super) fn made(write: impl FnOnce(&mut Buffer)) -> String {
    let mut out = Buffer::default();
    write(&mut out);
    String::from_utf8(out.into_bytes()).expect("it is text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_length_are_appended_whole() {
        let text: Vec<u8> = (0..100).collect();
        let (mut buffer, mut expected) = (Buffer::default(), Vec::new());
        for length in 0..text.len() {
            buffer.extend(&text[..length]);
            expected.extend_from_slice(&text[..length]);
            buffer.put([7; 16], 3);
            expected.extend_from_slice(&[7; 3]);
            buffer.push(9);
            expected.push(9);
            assert_eq!(buffer.len(), expected.len());
        }
        assert_eq!(buffer.written(), expected);
        buffer.truncate(5);
        assert_eq!(buffer.into_bytes(), &expected[..5]);
    }

    #[test]
    fn what_lies_behind_the_end_is_not_written() {
        let mut buffer = Buffer::default();
        buffer.reserve(64);
        buffer.put([1; 32], 2);
        buffer.clear();
        buffer.push(3);
        assert_eq!(buffer.written(), [3]);
    }
}
