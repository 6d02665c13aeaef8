//! What is no whole PEM. A parser that looks for blocks passes over most of it.

use std::path::Path;

use ch02_hot_reload::identity::Reason;
use ch05_race_conditions::pem::whole;
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
    assert_eq!(
        (rejected.reason, rejected.detail.as_str()),
        (reason, detail)
    );
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

#[test]
fn a_byte_order_mark() {
    let chain = format!("\u{feff}{}", issued().chain_pem);
    assert_eq!(parsed(&chain), 1, "the parser alone drops the leaf");
    refuses(
        Reason::Malformed,
        &chain,
        "a line that marks a PEM block holds something else, too",
    );
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

#[test]
fn kinds_that_are_not_known() {
    let (chain, key) = (issued().chain_pem, issued().key);
    let trusted = chain.replace(" CERT", " TRUSTED CERT");
    let encrypted = key.expose().replace(" PRIVATE", " ENCRYPTED PRIVATE");
    for text in [trusted, encrypted] {
        refuses(Reason::Malformed, &text, "a PEM block of an unknown kind");
    }
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
    refuses(
        Reason::Malformed,
        &format!("{more}\n{END}"),
        "a CERTIFICATE block holds something else than one certificate",
    );
}
