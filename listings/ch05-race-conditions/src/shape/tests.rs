use super::{
    TEXT, first, has_whole_names, holds, is_certificate, is_extension, is_parsed_by_gnutls,
};

const PLACES: &str = "2.5.29.31";

#[test]
fn a_place_of_lists_has_a_name_or_an_issuer_and_nothing_else() {
    let uri = b"\xa0\x06\xa0\x04\x86\x02a:";
    let place = |parts: &[u8]| {
        let length = parts.len() as u8;
        [&[0x30, length + 2, 0x30, length], parts].concat()
    };
    let with = |more: &[u8]| is_extension(PLACES, &place(&[&uri[..], more].concat()));
    assert!(with(b""));
    assert!(with(b"\x81\x02\x01\x40"));
    assert!(is_extension(PLACES, &place(b"\xa2\x04\x82\x02me")));
    assert!(!is_extension(PLACES, &place(b"")));
    assert!(!is_extension(PLACES, &place(b"\x81\x02\x01\x40")));
    for wrong in [
        &b"\x81\x01*"[..],
        b"\x81\x00",
        b"\x04\x00",
        b"\xa2\x00",
        b"\xa2\x03\x82\x01\xfc",
    ] {
        assert!(!with(wrong), "{wrong:x?}");
    }
}

#[test]
fn what_an_extension_holds_that_is_not_known_is_not_asked() {
    assert!(is_extension("1.2.3", b"\x30\x80"));
    assert!(!is_extension("2.5.29.14", b"\x30\x80"));
    assert!(!is_certificate(b""));
}

#[test]
fn a_length_has_as_few_bytes_as_it_takes() {
    let long = [&[4, 0x81, 0x80][..], &[0; 0x80]].concat();
    assert_eq!(first(&long).map(|(_, value, _)| value.len()), Some(0x80));
    for wrong in [
        &b"\x04\x81\x01x"[..],
        b"\x04\x82\x00\x01x",
        b"\x04\x80x\0\0",
        b"\x1f\x81\x01x",
        b"\x04\x02x",
        b"\x04\x85\x01\0\0\0\0",
        b"\x04",
    ] {
        assert_eq!(first(wrong), None, "{wrong:x?}");
    }
}

#[test]
fn the_address_of_a_revocation_list_is_utf8_and_there_may_be_none() {
    let list = |address: &[u8]| {
        let mut value = vec![0x86, address.len() as u8];
        value.extend(address);
        for tag in [0xa0, 0xa0, 0x30, 0x30] {
            value = [&[tag, value.len() as u8][..], &value].concat();
        }
        is_extension(PLACES, &value)
    };
    assert!(list("http://example.org/B\u{fc}cher.crl".as_bytes()));
    assert!(!list(b"http://example.org/B\xfccher.crl"));
    assert!(is_extension(PLACES, b"\x30\x00"));
    // Chromium asks these for one at least.
    for id in ["1.3.6.1.5.5.7.1.1", "2.5.29.32", "2.5.29.33"] {
        assert!(!is_extension(id, b"\x30\x00"), "{id}");
    }
}

#[test]
fn characters_of_several_bytes_are_whole() {
    for (text, whole) in [
        (&b"\x1c\x04\0\0\0a"[..], true),
        (b"\x1c\x03abc", false),
        (b"\x1e\x02\0a", true),
        (b"\x1e\x01a", false),
    ] {
        assert_eq!(holds(text, &[TEXT]), whole, "{text:x?}");
    }
}

/// A certificate with these two names, and without a version and extensions.
fn named(issuer: &[u8], subject: &[u8]) -> Vec<u8> {
    let tlv = |tag: u8, parts: &[&[u8]]| {
        let value = parts.concat();
        [&[tag, value.len() as u8][..], &value].concat()
    };
    let algorithm = tlv(0x30, &[&[6, 1, 0x2a]]);
    let date: &[u8] = b"\x17\x0d260101000000Z";
    let key = tlv(0x30, &[&algorithm, &[3, 2, 0, 1]]);
    let dates = tlv(0x30, &[date, date]);
    let body = tlv(
        0x30,
        &[&[2, 1, 1], &algorithm, issuer, &dates, subject, &key],
    );
    tlv(0x30, &[&body, &algorithm, &[3, 2, 0, 1]])
}

#[test]
fn openssl_parses_a_name_with_a_part_of_nothing_and_chromium_does_not() {
    let whole = b"\x30\x0a\x31\x08\x30\x06\x06\x01\x2a\x0c\x01a";
    let part_of_nothing = b"\x30\x02\x31\x00";
    for (issuer, subject, all) in [
        (&whole[..], &whole[..], true),
        (whole, part_of_nothing, false),
        (part_of_nothing, whole, false),
    ] {
        let certificate = named(issuer, subject);
        assert!(is_certificate(&certificate));
        assert_eq!(has_whole_names(&certificate), all);
    }
}

#[test]
fn gnutls_parses_the_names_of_subject_and_issuer_and_no_others() {
    for (value, parsed) in [
        (&b"\x30\x00"[..], true),
        (b"\x30\x03\x82\x01a", true),
        (b"\x30\x03\x82\x01\xfc", true),
        (b"\x30\x02\x82\x00", false),
        (b"\x30\x02\xa3\x00", false),
        (b"\x30\x02\xa5\x00", false),
        (b"\x30\x02ab", false),
        (b"\x0c\x01a", false),
    ] {
        assert_eq!(
            is_parsed_by_gnutls("2.5.29.18", value),
            parsed,
            "{value:x?}"
        );
        assert_eq!(
            is_parsed_by_gnutls("2.5.29.17", value),
            parsed,
            "{value:x?}"
        );
        assert!(is_parsed_by_gnutls("2.5.29.14", value));
    }
}
