//! Which certificates TLS trusts: the bundled web roots, and those that `SSL_CERT_FILE` and
//! `SSL_CERT_DIR` add.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// Why there is no TLS configuration.
#[derive(Debug)]
pub enum TlsError {
    /// A certificate file that cannot be read, or that has no certificate.
    Certificates {
        file: PathBuf,
        why: Box<dyn Error + Send + Sync>,
    },
    Versions(rustls::Error),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificates { file, why } => {
                write!(f, "the certificates in {} cannot be used: {why}", file.display())
            }
            Self::Versions(why) => why.fmt(f),
        }
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Certificates { why, .. } => Some(&**why),
            Self::Versions(why) => Some(why),
        }
    }
}

/// A TLS configuration with the bundled roots and those of the environment.
///
/// # Errors
/// [`TlsError`] when a certificate file cannot be read or has no certificate.
pub fn tls_config() -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for file in certificate_files() {
        let unusable = |why| TlsError::Certificates { file: file.clone(), why };
        let certificates =
            CertificateDer::pem_file_iter(&file).map_err(|why| unusable(why.into()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|why| unusable(why.into()))?;
            roots.add(certificate).map_err(|why| unusable(why.into()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Versions)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // Nobody else names them where the configuration is our own; without names it is HTTP/1.1.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn certificate_files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::env::var_os("SSL_CERT_FILE").map(PathBuf::from).into_iter().collect();
    if let Some(folder) = std::env::var_os("SSL_CERT_DIR") {
        let entries = std::fs::read_dir(Path::new(&folder)).into_iter().flatten().flatten();
        let is_pem = |path: &PathBuf| {
            path.extension()
                .is_some_and(|ending| ["pem", "crt", "0"].iter().any(|known| ending == *known))
        };
        files.extend(entries.map(|entry| entry.path()).filter(is_pem));
    }
    files.retain(|file| !file.as_os_str().is_empty());
    files
}
