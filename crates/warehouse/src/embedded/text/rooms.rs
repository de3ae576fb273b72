//! Room for texts that is used again: of texts of megabytes, making and forgetting the memory costs about as much as writing them, and what
//! is made on one thread and forgotten on another is not all given back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::buffer::Buffer;

/// How many are kept, at most.
const KEPT: usize = 16;

/// Buffers that are not in use. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub(in crate::embedded) struct Rooms(Arc<Mutex<Vec<Buffer>>>);

/// A text that gives its room back when nobody holds it any more.
struct Lent {
    text: Buffer,
    rooms: Rooms,
}

impl Rooms {
    /// An empty buffer.
    pub(in crate::embedded) fn take(&self) -> Buffer {
        let mut buffer = self.buffers().pop().unwrap_or_default();
        buffer.clear();
        buffer
    }

    /// Takes a buffer back.
    pub(in crate::embedded) fn give(&self, buffer: Buffer) {
        let mut buffers = self.buffers();
        if buffers.len() < KEPT {
            buffers.push(buffer);
        }
    }

    /// The text as bytes; its room comes back when they are dropped.
    pub(in crate::embedded) fn lend(&self, text: Buffer) -> Bytes {
        Bytes::from_owner(Lent { text, rooms: self.clone() })
    }

    fn buffers(&self) -> MutexGuard<'_, Vec<Buffer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.text.written()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.rooms.give(std::mem::take(&mut self.text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_comes_back_with_the_last_of_its_bytes_and_empty() {
        let rooms = Rooms::default();
        let mut text = rooms.take();
        text.extend(b"abcdef");
        let bytes = rooms.lend(text);
        let part = bytes.slice(2..4);
        drop(bytes);
        assert_eq!((part.as_ref(), rooms.buffers().len()), (b"cd".as_slice(), 0));
        drop(part);
        assert_eq!(rooms.buffers().len(), 1);
        assert_eq!(rooms.take().written(), b"");
    }

    #[test]
    fn no_more_are_kept_than_there_is_use_for() {
        let rooms = Rooms::default();
        (0..KEPT + 5).for_each(|_| rooms.give(Buffer::default()));
        assert_eq!(rooms.buffers().len(), KEPT);
    }
}
