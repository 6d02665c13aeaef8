//! What stands in the file of roots and is none, and what clients show that is odd. Neither holds up a
//! renewal, nor opens the door, nor shuts it for others.

use std::fs;
use std::time::Duration;

use ch08_trust_rotation::Stage;
use ch08_trust_rotation::party::issue;
use lab::authority::{Authority, Issued};
use lab::log::want;
use rcgen::{
    CertificateParams, CertificateRevocationList, CertificateRevocationListParams, DnType, Issuer,
    KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber,
};
use time::OffsetDateTime;

use super::bench::{Bench, Session, named};

/// A list of so many revoked certificates, by an authority that nobody knows.
fn revoked(entries: u64, next_update: Duration) -> CertificateRevocationList {
    let now = OffsetDateTime::now_utc() - Duration::from_secs(7200);
    let each = |number: u64| RevokedCertParams {
        serial_number: SerialNumber::from(number),
        revocation_time: now,
        reason_code: None,
        invalidity_date: None,
    };
    let list = CertificateRevocationListParams {
        this_update: now,
        next_update: now + next_update,
        crl_number: SerialNumber::from(7),
        issuing_distribution_point: None,
        revoked_certs: (1..=entries).map(each).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "Revokes");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    list.signed_by(&Issuer::new(params, &key)).unwrap()
}

/// Each text that is no set of roots, and what is said of it.
fn faults(a: &Authority, b: &Authority) -> Vec<(Vec<u8>, &'static str)> {
    let (ended, lasting) = (
        revoked(1, Duration::from_secs(60)),
        revoked(1, Duration::from_secs(86_400)),
    );
    let (ended, lasting) = (ended.pem().unwrap(), lasting.pem().unwrap());
    let many = revoked(10_000, Duration::from_secs(86_400));
    let both = [a.root_pem(), b.root_pem()].concat();
    let crl = "revocation list";
    vec![
        (ended.clone().into_bytes(), crl),
        (
            [&both, &ended].map(String::as_str).concat().into_bytes(),
            crl,
        ),
        (
            [&lasting, &both].map(String::as_str).concat().into_bytes(),
            crl,
        ),
        ([ended, lasting].concat().into_bytes(), crl),
        (many.pem().unwrap().into_bytes(), crl),
        (many.der().to_vec(), "DER"),
        (Vec::new(), "empty"),
        (b"\n".to_vec(), "empty"),
        (b.root_pem()[..b.root_pem().len() / 2].into(), "no end"),
        (both.replace("MII", "<html>").into_bytes(), "base64"),
        (vec![0; 4096], "not PEM"),
    ]
}

/// While Root A drains, the file of roots is spoilt in each of these ways. Under each of them two renewals
/// are served, the fault is told with its file at each, and no root comes or goes, nor does a client.
#[tokio::test(start_paused = true)]
async fn a_file_of_roots_that_is_spoilt_holds_up_no_renewal() {
    let mut public = named("Public");
    for apart in [false, true] {
        let mut bench = if apart {
            Bench::apart(&mut public)
        } else {
            Bench::careful()
        };
        bench.list(&[&bench.a, &bench.b]);
        if !apart {
            bench.reissue();
        }
        let leaf = issue(&mut bench.a, 0x1002).unwrap();
        let late = Session::Tls13.config(Some(&leaf), &[&bench.a, &bench.b, &public]);
        let held = bench.open(&late).await.unwrap();
        bench.list(&[&bench.b]);
        assert_eq!(bench.stage("Root A").0, Stage::Draining);
        let source = bench.party.source();
        let file = source.peer_roots.unwrap_or(source.files.roots);
        let mut serial = 0x4000;
        for (text, says) in faults(&bench.a, &bench.b) {
            let (log, _capturing) = lab::emit::capture();
            fs::write(&file, &text).unwrap();
            bench.look();
            for _ in 0..2 {
                serial += 1;
                let issuer = if apart { &mut public } else { &mut bench.b };
                bench.party.show(&issue(issuer, serial).unwrap()).unwrap();
                bench.look();
                let shown = &bench.store.current().identity.facts.serial;
                assert_eq!(*shown, format!("{serial:x}"), "{says}");
                bench.look();
            }
            let told = log.all(&want("trust_rejected"));
            assert_eq!(told.len(), 3, "{says}: {told:#?}");
            for event in told {
                let detail = event.text("detail").unwrap();
                assert!(detail.contains(says), "{says}: {event}");
                assert_eq!(event.text("file").unwrap(), file.display().to_string());
            }
            log.assert_none(&want("trust_moved"));
            log.assert_none(&want("drain_refused"));
            let mut names = bench.names();
            names.sort();
            assert_eq!(names, ["Root A", "Root B"], "{says}");
            bench.call(&late).await.unwrap();
            // Mended, it goes on where it was.
            bench.list(&[&bench.b]);
        }
        drop(held);
        bench.quiet().await;
        bench.quiet().await;
        bench.look();
        assert_eq!(bench.names(), ["Root B"]);
    }
}

/// What clients show behind their leaf, and who gets in with it.
#[tokio::test(start_paused = true)]
async fn a_chain_that_is_odd_lets_in_who_is_in_and_nobody_else() {
    let mut bench = Bench::new();
    let leaf = issue(&mut bench.a, 0x1002).unwrap();
    let blocks: Vec<_> = leaf
        .chain_pem
        .split_inclusive("-----END CERTIFICATE-----\n")
        .collect();
    let stranger = issue(&mut named("Root X"), 0x9001).unwrap();
    let (own, root) = (blocks[0], bench.a.root_pem());
    let others = stranger.chain_pem.as_str();
    for (chain, gets_in, what) in [
        (vec![own], false, "the leaf alone"),
        (vec![own, blocks[1]], true, "as it was issued"),
        (vec![own, blocks[1], root], true, "with its root"),
        (vec![own, root, blocks[1]], true, "in another order"),
        (vec![own, root], false, "without what is between"),
        (
            vec![own, others, blocks[1]],
            true,
            "with a stranger between",
        ),
        (vec![own, others, root], false, "with a stranger instead"),
        (vec![others, own, blocks[1]], false, "a stranger first"),
        (
            [vec![own], vec![blocks[1]; 40]].concat(),
            true,
            "one forty times",
        ),
    ] {
        let shown = Issued {
            chain_pem: chain.concat(),
            key: if chain[0] == own {
                leaf.key.clone()
            } else {
                stranger.key.clone()
            },
            facts: leaf.facts.clone(),
        };
        let client = Session::Tls13.config(Some(&shown), &[&bench.a]);
        let called = bench.call(&client).await;
        assert_eq!(called.is_ok(), gets_in, "{what}: {called:?}");
    }
    // Nobody has taken anything from who is in order.
    let client = Session::Tls13.config(Some(&leaf), &[&bench.a]);
    bench.call(&client).await.unwrap();
    assert_eq!(bench.stage("Root A").1.connections, 0);
}
