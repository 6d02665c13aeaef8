//! What a certificate says of its issuer beside the name, and what an issuer asks of those below it.

use crate::fields::{Changed, each, name, value};
use openssl::asn1::Asn1Type;

/// An issuer that is named by the name of its own issuer and by its serial number (RFC 5280, section
/// 4.2.1.1). The intermediate was issued by `Root`, and its number is 1.
#[test]
fn issuers_by_name_and_serial_number() {
    const NONE: &str = "fits its authority key identifier: a key, or an issuer and a serial number";
    let all = [
        ("Root", 1, ""),
        ("Root", 2, NONE),
        ("Intermediate", 1, NONE),
    ];
    each(all.map(|(of, serial, says)| {
        let named = name(of, Asn1Type::UTF8STRING).to_der().unwrap();
        let named = value(0xa1, &value(0xa4, &named));
        let issuer = value(0x30, &[named, value(0x82, &[serial])].concat());
        let changed = Changed {
            of_leaf: ("2.5.29.35", false, issuer),
            ..Changed::default()
        };
        (changed, says, format!("number {serial} of {of}"))
    }));
}

/// So many certificates may follow without a policy (requireExplicitPolicy, RFC 5280, section 4.2.1.11). After
/// the intermediate there is the leaf, and the end of the path counts as one more (section 6.1.5, a).
#[test]
fn policies_that_are_asked_for() {
    let all = [(0, "asks for a policy"), (1, "asks for a policy"), (2, "")];
    each(all.map(|(skipped, says)| {
        let constraints = value(0x30, &value(0x80, &[skipped]));
        let changed = Changed {
            of_intermediate: Some(("2.5.29.36", false, constraints)),
            ..Changed::default()
        };
        (changed, says, format!("{skipped} may be without"))
    }));
}
