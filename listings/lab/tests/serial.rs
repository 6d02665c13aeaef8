//! Serial numbers as they are met, and not only as RFC 5280 wants them.

use lab::authority::{Authority, LeafRequest};
use lab::chain;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// A leaf whose serial number has been changed where it stands in the DER. Nobody validates it.
fn with_serial(written: u64, becomes: &[u8]) -> CertificateDer<'static> {
    let mut request = LeafRequest::new("localhost");
    request.serial = Some(written);
    let issued = Authority::new().unwrap().issue(&request).unwrap();
    let der = CertificateDer::from_pem_slice(issued.chain_pem.as_bytes()).unwrap();
    let mut der = der.to_vec();
    let was = &written.to_be_bytes()[8 - becomes.len()..];
    let tagged = [&[2, becomes.len() as u8], was].concat();
    let at = der.windows(tagged.len()).position(|part| part == tagged);
    let at = at.unwrap() + 2;
    der[at..at + becomes.len()].copy_from_slice(becomes);
    der.into()
}

#[test]
fn a_negative_serial_number_has_its_sign() {
    let shown = |written, becomes: &[u8]| {
        let leaf = with_serial(written, becomes);
        chain::facts(&[leaf]).unwrap().serial
    };
    assert_eq!(shown(0x1001, &[0x10, 0x01]), "1001", "the control");
    assert_eq!(shown(0x1001, &[0xfb, 0x01]), "-4ff");
    assert_eq!(shown(0x1001, &[0xff, 0x00]), "-100");
    assert_eq!(shown(0x71, &[0xfb]), "-5");
    assert_eq!(shown(0x71, &[0x00]), "0");
}

#[test]
fn a_certificate_is_parsed_to_its_end() {
    let leaf = with_serial(0x1001, &[0x10, 0x01]);
    chain::parse(&leaf).unwrap();
    for rest in [&[0][..], &leaf] {
        let longer = CertificateDer::from([&leaf[..], rest].concat());
        assert!(
            chain::facts(std::slice::from_ref(&longer)).is_ok(),
            "nobody looks there"
        );
        chain::parse(&longer).unwrap_err();
    }
    chain::parse(&CertificateDer::from(leaf[..100].to_vec())).unwrap_err();
    chain::parse(&CertificateDer::from(b"<!DOCTYPE html>".to_vec())).unwrap_err();
}
