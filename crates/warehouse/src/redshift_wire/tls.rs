//! The encrypted connection: rustls beneath a PostgreSQL driver. Whoever answers must show a certificate for the host's name from an
//! authority that the platform or the configuration trusts.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use outflow_core::{Code, Error, Result};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

type Refusal = Box<dyn std::error::Error + Send + Sync>;

/// How connections are encrypted; `None` for those that are not.
#[derive(Debug, Clone)]
pub(super) struct Tls(Option<Arc<ClientConfig>>);

impl Tls {
    /// Plain text.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Whether connections are encrypted.
    pub(super) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Trusts the platform's authorities, and those of a file.
    ///
    /// # Errors
    /// `config_invalid` when the file has no certificates, or there is nobody to trust.
    pub(super) fn verified(root_certificates: Option<&Path>) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        let platform = rustls_native_certs::load_native_certs();
        for error in &platform.errors {
            tracing::debug!(%error, "a certificate of the platform cannot be read");
        }
        roots.add_parsable_certificates(platform.certs);
        if let Some(file) = root_certificates {
            let unusable = |error: &dyn std::fmt::Display| {
                let message = format!("`sslRootCert`: `{}` has no certificates that can be used; it must be PEM", file.display());
                Error::new(Code::ConfigInvalid, message).with_source(error.to_string())
            };
            let found = CertificateDer::pem_file_iter(file).and_then(|found| found.collect::<std::result::Result<Vec<_>, _>>());
            let found = found.map_err(|error| unusable(&error))?;
            if found.is_empty() {
                return Err(unusable(&"there is none in it"));
            }
            for certificate in found {
                roots.add(certificate).map_err(|error| unusable(&error))?;
            }
        }
        if roots.is_empty() {
            let message =
                "no authority is trusted: the platform has no certificates; install them, or name a file with `sslRootCert`";
            return Err(Error::new(Code::ConfigInvalid, message));
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::new(Code::Internal, "TLS cannot be set up").with_source(error))?;
        Ok(Self(Some(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))))
    }
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Encrypted;
    type TlsConnect = Handshake;
    type Error = Refusal;

    fn make_tls_connect(&mut self, host: &str) -> std::result::Result<Handshake, Refusal> {
        let config = self.0.as_ref().map(|config| Ok::<_, Refusal>((Arc::clone(config), ServerName::try_from(host.to_owned())?)));
        Ok(Handshake(config.transpose()?))
    }
}

/// A handshake to come.
#[derive(Debug)]
pub(super) struct Handshake(Option<(Arc<ClientConfig>, ServerName<'static>)>);

impl TlsConnect<Socket> for Handshake {
    type Stream = Encrypted;
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Encrypted, Refusal>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            let (config, host) = self.0.ok_or("the connection is not to be encrypted")?;
            Ok(Encrypted(TlsConnector::from(config).connect(host, stream).await?))
        })
    }
}

/// An encrypted connection.
#[derive(Debug)]
pub(super) struct Encrypted(TlsStream<Socket>);

impl tokio_postgres::tls::TlsStream for Encrypted {
    /// Redshift asks for passwords in ways that know no binding.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
