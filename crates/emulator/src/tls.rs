//! The certificate that the wire protocol shows.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use outflow_core::{Code, Error, Result};
use pgwire::tokio::TlsAcceptor;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate and its key, both PEM.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The file of the certificate, with those that lead to its authority behind it.
    pub certificate: PathBuf,
    /// The file of its private key.
    pub key: PathBuf,
}

impl Tls {
    /// Reads both.
    ///
    /// # Errors
    /// `config_invalid` saying which file, and why.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor> {
        let chain =
            CertificateDer::pem_file_iter(&self.certificate).and_then(|chain| chain.collect::<std::result::Result<Vec<_>, _>>());
        let chain = chain.map_err(|error| unreadable(&self.certificate, error))?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| unreadable(&self.key, error))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
        let mut config = config.map_err(|error| {
            let files = format!("`{}` and `{}`", self.certificate.display(), self.key.display());
            Error::new(Code::ConfigInvalid, format!("{files} are no certificate and its key")).with_source(error)
        })?;
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn unreadable(file: &Path, error: rustls::pki_types::pem::Error) -> Error {
    Error::new(Code::ConfigInvalid, format!("`{}` cannot be read as PEM", file.display())).with_source(error)
}
