//! Redshift's own way to ask for a password: a digest by SHA-256 (request 13), which PostgreSQL does not have and `pgwire` does not know.
//! It is done before `pgwire` sees the connection; how its messages look is read from AWS's drivers.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures::StreamExt;
use pgwire::api::{ClientInfo, NoopHandler, PgWireConnectionState};
use pgwire::error::PgWireError;
use pgwire::messages::PgWireFrontendMessage;
use pgwire::tokio::server::{MaybeTls, PgWireMessageServerCodec, negotiate_tls, process_error, process_message};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::codec::{Framed, FramedParts};

use super::prepared::Prepared;
use super::startup::fatal;
use super::{Connection, Extended, Server};

/// The code of a request to cancel, in the place of a version.
const CANCEL: i32 = 80_877_102;
/// How long it may take to begin.
const BEGIN: Duration = Duration::from_secs(60);
/// The longest message before somebody is known.
const LONGEST: usize = 10_000;
/// The algorithm, in the request.
const SHA_256: i32 = 0;

type Socket = Framed<MaybeTls, PgWireMessageServerCodec<Prepared>>;

/// Serves a connection to its end, whose password is asked for so.
pub(super) async fn serve(connection: Arc<Connection>, stream: TcpStream) -> io::Result<()> {
    let begun = tokio::time::timeout(BEGIN, begin(&connection.server, stream)).await;
    match begun.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))? {
        None => Ok(()),
        Some((socket, Ok(()))) => go_on(socket, connection).await,
        Some((mut socket, Err(refusal))) => process_error(&mut socket, refusal, false).await,
    }
}

/// The connection with its startup message still to be read, and whether the password was right.
async fn begin(server: &Server, stream: TcpStream) -> io::Result<Option<(Socket, Result<(), PgWireError>)>> {
    let Some(socket) = negotiate_tls::<Prepared>(stream, server.tls.clone()).await? else { return Ok(None) };
    let FramedParts { mut io, codec, read_buf: mut startup, .. } = socket.into_parts();
    fill(&mut io, &mut startup, 8).await?;
    let length = usize::try_from((&startup[..4]).get_i32()).ok().filter(|length| (8..=LONGEST).contains(length));
    let length = length.ok_or(io::ErrorKind::InvalidData)?;
    fill(&mut io, &mut startup, length).await?;
    let is_cancel = (&startup[4..8]).get_i32() == CANCEL;
    let verdict = if is_cancel { Ok(()) } else { ask(server, &mut io, &user(&startup[8..length])).await? };
    let mut parts = FramedParts::new(io, codec);
    parts.read_buf = startup;
    Ok(Some((Framed::from_parts(parts), verdict)))
}

/// Asks for the password of a user.
async fn ask(server: &Server, io: &mut MaybeTls, user: &str) -> io::Result<Result<(), PgWireError>> {
    let (salt, nonce) = (uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes());
    let mut request = BytesMut::new();
    request.put_u8(b'R');
    request.put_i32(4 + 4 + 4 + 4 + 16 + 4 + 16);
    request.put_i32(13);
    request.put_i32(SHA_256);
    for part in [salt, nonce] {
        request.put_i32(16);
        request.put_slice(&part);
    }
    io.write_all(&request).await?;
    io.flush().await?;
    let mut answer = BytesMut::new();
    fill(io, &mut answer, 5).await?;
    let length = usize::try_from((&answer[1..5]).get_i32()).ok().filter(|length| (4..=LONGEST).contains(length));
    fill(io, &mut answer, 1 + length.ok_or(io::ErrorKind::InvalidData)?).await?;
    let kind = answer[0];
    answer.advance(5);
    let mut answer = answer.freeze();
    let said = take(&mut answer).zip(take(&mut answer)).filter(|_| kind == b'd');
    let is_right = said.is_some_and(|(digest, of_client)| {
        server.accounts.let_in(user, |password| {
            let inner = Sha256::new().chain_update(password).chain_update(salt).finalize();
            let outer = Sha256::new().chain_update(inner).chain_update(nonce).chain_update(&of_client).finalize();
            outer[..] == digest[..]
        })
    });
    let refusal = || fatal("28P01", format!("password authentication failed for user \"{user}\""));
    Ok(if is_right { Ok(()) } else { Err(refusal()) })
}

/// What `pgwire` does with a connection: message by message.
async fn go_on(mut socket: Socket, connection: Arc<Connection>) -> io::Result<()> {
    let (extended, copy) = (Arc::new(Extended(Arc::clone(&connection))), Arc::new(NoopHandler));
    while let Some(Ok(message)) = socket.next().await {
        if matches!(message, PgWireFrontendMessage::Terminate(_)) {
            break;
        }
        let is_extended = match socket.state() {
            PgWireConnectionState::CopyInProgress(is_extended) => is_extended,
            _ => message.is_extended_query(),
        };
        let is_cancel = matches!(message, PgWireFrontendMessage::CancelRequest(_));
        let done = process_message(
            message,
            &mut socket,
            Arc::clone(&connection),
            Arc::clone(&connection),
            Arc::clone(&extended),
            Arc::clone(&copy),
            Arc::clone(&connection),
        );
        if let Err(error) = done.await {
            let is_fatal = error.is_fatal();
            process_error(&mut socket, error, is_extended).await?;
            if is_fatal {
                break;
            }
        }
        if is_cancel {
            break;
        }
    }
    Ok(())
}

/// Reads until there are so many bytes.
async fn fill(io: &mut MaybeTls, buffer: &mut BytesMut, length: usize) -> io::Result<()> {
    while buffer.len() < length {
        if io.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

/// Takes bytes that stand behind their number.
fn take(from: &mut Bytes) -> Option<Bytes> {
    if from.remaining() < 4 {
        return None;
    }
    let length = usize::try_from(from.get_i32()).ok()?;
    (length <= from.remaining()).then(|| from.split_to(length))
}

/// The user that a startup message names: pairs of names and values, each with a zero behind it.
fn user(pairs: &[u8]) -> String {
    let mut texts = pairs.split(|byte| *byte == 0);
    while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
        if name == b"user" {
            return String::from_utf8_lossy(value).into_owned();
        }
    }
    String::new()
}
