//! The files of an authority that is kept on disk.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::parse_x509_certificate;

/// Root, intermediate, and the intermediate's key.
pub(super) fn files(directory: &Path) -> [PathBuf; 3] {
    ["root.crt", "intermediate.crt", "intermediate.key"].map(|name| directory.join(name))
}

/// The public key of the one certificate of a file.
pub(super) fn certificate(path: &Path, pem: &str) -> io::Result<Vec<u8>> {
    let none = || in_file(path, &io::Error::other("it holds no certificate in PEM"));
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| none())?;
    let (_, parsed) = parse_x509_certificate(&der).map_err(|_| none())?;
    Ok(parsed.public_key().subject_public_key.data.to_vec())
}

/// What an authority writes must survive a power cut: it cannot be made again.
pub(super) fn write_synced(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let file = options.open(path);
    file.and_then(|mut file| {
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
    })
    .map_err(|error| in_file(path, &error))
}

pub(super) fn in_file(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
