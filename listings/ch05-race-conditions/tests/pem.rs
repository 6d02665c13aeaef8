//! What is no whole PEM. A parser that looks for blocks passes over most of it.

use std::path::Path;

use ch02_hot_reload::identity::Reason;
use ch05_race_conditions::pem::{whole, without_marks};
use lab::authority::{Authority, Issued, LeafRequest};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

const END: &str = "-----END CERTIFICATE-----\n";

fn issued() -> Issued {
    let mut authority = Authority::new().unwrap();
    authority.issue(&LeafRequest::new("localhost")).unwrap()
}

/// How many certificates a parser finds that passes over what it does not know.
fn parsed(text: &str) -> usize {
    let all = CertificateDer::pem_slice_iter(text.as_bytes());
    all.filter(Result::is_ok).count()
}

#[track_caller]
fn refuses(reason: Reason, text: &str, detail: &str) {
    let rejected = whole(text.as_bytes(), Path::new("tls.crt")).unwrap_err();
    // Without the line that it names.
    let said = rejected.detail.split(" (line ").next().unwrap();
    assert_eq!((rejected.reason, said), (reason, detail));
}

/// A bundle of a system has thousands of lines. Windows ends them in its way, and an old Mac in another.
#[test]
fn what_is_wrong_with_a_marker_is_told_with_its_line() {
    let chain = issued().chain_pem;
    let lines = chain.lines().count();
    for end in ["\n", "\r\n", "\r"] {
        for wrong in [
            END,
            "  -----BEGIN CERTIFICATE-----",
            "-----BEGIN PKCS7-----",
        ] {
            let text = format!("# a bundle\n{chain}{wrong}\n").replace('\n', end);
            let says = format!("(line {})", lines + 2);
            refuses_saying(Reason::Malformed, &text, &says);
        }
    }
}

#[track_caller]
fn refuses_saying(reason: Reason, text: &str, says: &str) {
    let rejected = whole(text.as_bytes(), Path::new("tls.crt")).unwrap_err();
    assert_eq!(rejected.reason, reason, "{rejected}");
    assert!(rejected.detail.contains(says), "{rejected}");
}

#[test]
fn the_control_is_whole() {
    let issued = issued();
    for text in [
        &issued.chain_pem,
        issued.key.expose(),
        "",
        "no block at all\n",
    ] {
        whole(text.as_bytes(), Path::new("tls.crt")).unwrap();
    }
    assert_eq!(parsed(&issued.chain_pem), 2);
}

/// Each cut but those that end a block, and those that leave the text before the first, is seen.
#[test]
fn a_cut_at_every_byte() {
    let chain = issued().chain_pem;
    let mut lost = 0;
    for at in 1..chain.len() {
        let cut = &chain[..at];
        let ends_a_block = cut.ends_with(END) || cut.ends_with(END.trim_end());
        assert_eq!(
            whole(cut.as_bytes(), Path::new("tls.crt")).is_ok(),
            ends_a_block,
            "at {at}"
        );
        let silent = CertificateDer::pem_slice_iter(cut.as_bytes()).all(|found| found.is_ok());
        lost += usize::from(silent && !ends_a_block);
    }
    // The control: the parser alone says nothing to a cut within `-----BEGIN`, before each block.
    assert_eq!(lost, 2 * "-----BEGIN".len());
}

/// What `cat` makes of two files of which the first has no line break at its end.
#[test]
fn two_markers_on_one_line() {
    let chain = issued().chain_pem.replacen(END, END.trim_end(), 1);
    assert_eq!(parsed(&chain), 1, "the parser alone drops the second");
    refuses(
        Reason::Malformed,
        &chain,
        "a line that marks a PEM block holds something else, too",
    );
}

/// Before each block: as where two files were joined that each have one.
#[test]
fn byte_order_marks() {
    let plain = issued().chain_pem;
    let marked = plain.replace("-----BEGIN", "\u{feff}-----BEGIN");
    assert_eq!(parsed(&marked), 0, "the parser alone drops both");
    let text = without_marks(marked.as_bytes());
    assert_eq!(text, plain.as_bytes());
    whole(&text, Path::new("tls.crt")).unwrap();
}

/// As it is copied out of YAML.
#[test]
fn blocks_that_are_indented() {
    let chain = issued().chain_pem;
    let indented: String = chain.lines().map(|line| format!("    {line}\n")).collect();
    assert_eq!(parsed(&indented), 0);
    refuses(
        Reason::Malformed,
        &indented,
        "a line that marks a PEM block holds something else, too",
    );
}

#[test]
fn a_block_within_a_block() {
    let chain = issued().chain_pem.replacen(END, "", 1);
    refuses(Reason::Truncated, &chain, "a PEM block has no end");
}

#[test]
fn an_end_without_a_beginning() {
    let chain = issued().chain_pem;
    let (_, rest) = chain.split_once('\n').unwrap();
    assert_eq!(parsed(rest), 1, "the parser alone drops the leaf");
    refuses(
        Reason::Malformed,
        rest,
        "a PEM block ends that did not begin",
    );
}

#[test]
fn an_end_of_another_kind() {
    let chain = issued().chain_pem.replacen("END CERT", "END X509 CERT", 1);
    refuses(
        Reason::Malformed,
        &chain,
        "a PEM block ends that did not begin",
    );
}

/// Each says what it is, and what makes a file of it that can be read.
#[test]
fn kinds_that_are_not_taken() {
    let (chain, key) = (issued().chain_pem, issued().key);
    for (label, says) in [
        (
            " TRUSTED CERTIFICATE",
            "a TRUSTED CERTIFICATE, which only OpenSSL reads",
        ),
        (" X509 CERTIFICATE", "an X509 CERTIFICATE, the label of old"),
        (" X509 CRL", "a certificate revocation list (X509 CRL)"),
        (" CERTIFICATE REQUEST", "a request for a certificate (CSR)"),
        (" PKCS7", "a PKCS #7 bundle"),
        (" PUBLIC KEY", "a public key"),
        (" SOMETHING ELSE", "a PEM block of an unknown kind"),
    ] {
        refuses_saying(
            Reason::Malformed,
            &chain.replace(" CERTIFICATE", label),
            says,
        );
    }
    for (label, says) in [
        (" ENCRYPTED PRIVATE KEY", "the key is encrypted"),
        (" OPENSSH PRIVATE KEY", "a key in OpenSSH's format"),
        (" DSA PRIVATE KEY", "a DSA key"),
    ] {
        let key = key.expose().replace(" PRIVATE KEY", label);
        refuses_saying(Reason::Malformed, &key, says);
    }
}

/// As `openssl rsa -aes256 -traditional` writes it (RFC 1421).
#[test]
fn a_key_that_is_encrypted_in_the_old_way() {
    let header = "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n";
    let key = issued().key.expose().replacen("KEY-----\n", header, 1);
    refuses_saying(Reason::Malformed, &key, "the key is encrypted");
    let commented = issued()
        .chain_pem
        .replacen("-----\n", "-----\nComment: mine\n\n", 1);
    refuses_saying(Reason::Malformed, &commented, "a header within a PEM block");
}

#[test]
fn files_that_are_no_pem() {
    let der = CertificateDer::from_pem_slice(issued().chain_pem.as_bytes()).unwrap();
    let utf16: Vec<u8> = issued()
        .chain_pem
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let marked = [&[0xff, 0xfe], &utf16[..]].concat();
    for (text, says) in [
        (&der[..], "DER or PKCS #12, not PEM"),
        (&marked, "UTF-16 or binary, not PEM"),
        (&utf16, "UTF-16 or binary, not PEM"),
        (&[0xfe, 0xed, 0xfe, 0xed, 0, 0], "a Java keystore, not PEM"),
        (b"<!DOCTYPE html>\n<html></html>\n", "HTML or XML, not PEM"),
    ] {
        let rejected = whole(text, Path::new("tls.crt")).unwrap_err();
        assert_eq!(rejected.reason, Reason::Malformed);
        assert!(rejected.detail.contains(says), "{rejected}");
    }
}

/// A file of PEM may have anywhere what an archive has at one place.
#[test]
fn letters_of_a_tar_archive_in_pem() {
    let text = format!("{}\nustar\n{}", "#".repeat(256), issued().chain_pem);
    whole(text.as_bytes(), Path::new("tls.crt")).unwrap();
    let archive = [text.as_bytes(), &[0]].concat();
    let rejected = whole(&archive, Path::new("tls.crt")).unwrap_err();
    assert!(rejected.detail.contains("a tar archive"), "{rejected}");
}

/// As `openssl s_client -showcerts` ends, and the same where its last line break is lost: that
/// could be the beginning of another block.
#[test]
fn dashes_at_the_end() {
    let chain = issued().chain_pem;
    whole(format!("{chain}---\n").as_bytes(), Path::new("tls.crt")).unwrap();
    let says = "ends in a dash without a line break";
    refuses_saying(Reason::Truncated, &format!("{chain}---"), says);
}

/// An answer of a web server in the place of an intermediate. The parser of rustls decodes it, and
/// does not look what it is.
#[test]
fn a_page_in_a_block() {
    let page = "PCFET0NUWVBFIGh0bWw+PGh0bWw+PC9odG1sPg==";
    let chain = issued().chain_pem + &format!("-----BEGIN CERTIFICATE-----\n{page}\n{END}");
    assert_eq!(parsed(&chain), 3);
    refuses_saying(
        Reason::Malformed,
        &chain,
        "block 3 of 3: a CERTIFICATE block holds something",
    );
}

#[test]
fn base64_that_does_not_decode() {
    let chain = issued().chain_pem.replacen("-----\nMI", "-----\n*I", 1);
    refuses_saying(
        Reason::Malformed,
        &chain,
        "the base64 of a CERTIFICATE block",
    );
    let key = issued().key.expose().replacen("-----\nMI", "-----\n*I", 1);
    refuses_saying(Reason::Malformed, &key, "the base64 of the key");
}

#[test]
fn two_keys() {
    let keys = [issued().key.expose(), issued().key.expose()].concat();
    refuses(Reason::Malformed, &keys, "more than one key");
}

#[test]
fn a_certificate_with_something_after_it() {
    let chain = issued().chain_pem;
    let (leaf, _) = chain.split_once(END).unwrap();
    // Three zero bytes more, where the block's base64 needs no padding; else in place of it.
    let more = match leaf.trim_end().strip_suffix('=') {
        Some(padded) => format!("{}AAAAA", padded.trim_end_matches('=')),
        None => format!("{}AAAA", leaf.trim_end()),
    };
    refuses_saying(
        Reason::Malformed,
        &format!("{more}\n{END}"),
        "a CERTIFICATE block holds something else than one certificate",
    );
}
