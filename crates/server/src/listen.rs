//! Where a server without keys may listen.

use std::net::SocketAddr;

use outflow_core::{Code, Error, Result};

/// Refuses an address that other machines can reach: there is nothing yet to tell callers apart by.
///
/// # Errors
/// `config_invalid`, saying what to do.
pub fn check_listen(address: SocketAddr) -> Result<()> {
    if address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    Err(Error::new(
        Code::ConfigInvalid,
        format!(
            "other machines could reach `{address}`, and this version has no keys to tell callers apart by (they come with a later one); \
             listen on `127.0.0.1:{port}` or `[::1]:{port}`",
            port = address.port()
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_let_through() {
        for good in ["127.0.0.1:8080", "127.9.9.9:1", "[::1]:0", "[::ffff:127.0.0.1]:80"] {
            check_listen(good.parse().unwrap()).unwrap();
        }
        for bad in ["0.0.0.0:8080", "[::]:8080", "10.0.0.1:80", "192.168.1.2:80", "[::ffff:10.0.0.1]:80", "169.254.1.1:80"] {
            let error = check_listen(bad.parse().unwrap()).unwrap_err();
            assert_eq!(error.code(), Code::ConfigInvalid, "{bad}");
            assert!(error.message().contains("no keys") && error.message().contains("127.0.0.1:"), "{error}");
        }
    }
}
