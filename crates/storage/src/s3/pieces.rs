//! The body of what is uploaded, handed over piece by piece.
//!
//! Handed over whole, a body counts as sent before its first byte has left, and nobody notices that S3 takes no more of it until the time for
//! an answer is over. Of pieces the SDK sees that none is asked for, and begins anew.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// How much is handed over at once. HTTP holds some four of them back while the connection takes none.
const PIECE: usize = 128 << 10;

/// A body of those bytes, without a copy of them. The signature holds their sum, as that of a body that is handed over whole, and it can be
/// sent again.
pub(super) fn in_pieces(bytes: Bytes) -> ByteStream {
    let whole = SdkBody::from(bytes.clone());
    ByteStream::new(whole.map_preserve_contents(move |_| SdkBody::from_body_1_x(Pieces(bytes.clone()))))
}

/// What is left.
struct Pieces(Bytes);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.0.len().min(PIECE);
        let piece = self.0.split_to(length);
        Poll::Ready((length > 0).then(|| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_is_lost_between_the_pieces() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let bytes: Bytes = (0..length).map(|at| (at % 251) as u8).collect();
            let body = in_pieces(bytes.clone());
            assert_eq!(body.size_hint(), (length as u64, Some(length as u64)));
            let again = body.into_inner();
            assert_eq!(again.bytes(), Some(&bytes[..]));
            let again = ByteStream::new(again.try_clone().unwrap());
            assert!(again.collect().await.unwrap().into_bytes() == bytes, "{length}");
        }
    }
}
