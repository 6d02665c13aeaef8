//! Renewals that are valid and not like the one before: another lifetime, another issuer, the same key.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use lab::authority::{Authority, Issued, LeafRequest};

use crate::error::Error;
use crate::scenarios::clients::ProbeClient;
use crate::testbed::TestBed;
use ch11_verification::rotation::Window;

/// A leaf is valid for an hour, unless it is asked for otherwise. Then for half of that, twice that, and
/// as long as before: 398 days became 200, then 100, then 47, and an authority may go back.
const MINUTES: [u64; 4] = [30, 20, 120, 60];

/// A leaf that outlives 2049 has its end in another type of ASN.1, GeneralizedTime (RFC 5280, section
/// 4.1.2.5): private authorities issue such.
const LONG: u64 = 30 * 365 * 24 * 60;

/// For how long before its issue a leaf may be valid already: so that clocks may be wrong. Authorities choose
/// this as they like.
const BACKDATED: Duration = Duration::from_secs(1800);

/// Renewals whose notAfter is earlier than the last one's, and later ones; and one whose notBefore is earlier.
/// Ends with the first that is not shown.
pub(super) async fn other_lifetimes(
    testbed: &mut TestBed,
    probes: &ProbeClient,
) -> Result<Window, Error> {
    let mut last = None;
    let backdated = (Duration::from_secs(60 * 60) + BACKDATED, BACKDATED);
    let lifetimes = MINUTES.iter().chain(&[LONG]);
    let lifetimes = lifetimes.map(|minutes| (Duration::from_secs(minutes * 60), Duration::ZERO));
    for (lifetime, before) in lifetimes.chain([backdated]) {
        let issued = dated(testbed, lifetime, before)?;
        let window = probes.rotate_by(testbed, issued, as_usual).await?;
        if window.first_new.is_none() {
            return Ok(window);
        }
        last = Some(window);
    }
    match last {
        Some(window) => Ok(window),
        None => probes.rotate(testbed).await,
    }
}

/// A leaf that is valid for so long, and that long before it is issued.
fn dated(testbed: &mut TestBed, lifetime: Duration, before: Duration) -> Result<Issued, Error> {
    let request = LeafRequest {
        lifetime,
        ..LeafRequest::new(testbed.name())
    };
    let now = testbed.authority.clock();
    testbed.authority.set_clock(now - before);
    let issued = testbed.authority.issue(&request);
    testbed.authority.set_clock(now);
    issued.map_err(Error::issue)
}

/// What becomes of the intermediate before a renewal.
type Change = fn(&mut Authority) -> Result<(), lab::Error>;

/// One renewal after the other. All lead to the same root. No chain has fewer certificates than the one before:
/// that may be half a file, and a careful server believes it only after a while (chapter 5).
const ISSUERS: [Change; 3] = [
    Authority::change_intermediate,
    Authority::rekey_intermediate,
    Authority::lengthen,
];

/// Renewals under another intermediate; under one of the same name, with another key; and under two. Ends with
/// the first that is not shown.
pub(super) async fn other_intermediate(
    testbed: &mut TestBed,
    probes: &ProbeClient,
) -> Result<Window, Error> {
    let mut last = None;
    for change in ISSUERS {
        change(&mut testbed.authority).map_err(Error::issue)?;
        let window = probes.rotate(testbed).await?;
        if window.first_new.is_none() {
            return Ok(window);
        }
        last = Some(window);
    }
    match last {
        Some(window) => Ok(window),
        None => probes.rotate(testbed).await,
    }
}

/// A renewal under the other root of two that clients have trusted from the start, and one back.
pub(super) async fn other_root(
    testbed: &mut TestBed,
    probes: &ProbeClient,
) -> Result<Window, Error> {
    let mut window = None;
    for _ in 0..2 {
        let second = testbed.second.as_mut();
        let second = second.ok_or_else(|| Error::Invalid("there is no second root".into()))?;
        std::mem::swap(&mut testbed.authority, second);
        let rotated = probes.rotate(testbed).await?;
        if rotated.first_new.is_none() {
            return Ok(rotated);
        }
        window = Some(rotated);
    }
    match window {
        Some(window) => Ok(window),
        None => probes.rotate(testbed).await,
    }
}

/// Two renewals for the key that is there. Its file is left as it is: content, date and inode.
pub(super) async fn same_key(testbed: &mut TestBed, probes: &ProbeClient) -> Result<Window, Error> {
    let renewed = |testbed: &mut TestBed| {
        let request = LeafRequest::new(testbed.name());
        let key = testbed.good.key.clone();
        testbed
            .authority
            .issue_for(&request, &key)
            .map_err(Error::issue)
    };
    let issued = renewed(testbed)?;
    let window = probes.rotate_by(testbed, issued, certificate_alone).await?;
    if window.first_new.is_none() {
        return Ok(window);
    }
    let issued = renewed(testbed)?;
    probes.rotate_by(testbed, issued, certificate_alone).await
}

async fn as_usual(testbed: &mut TestBed, issued: &Issued) -> Result<(), Error> {
    Ok(testbed.site.write(issued)?)
}

/// Renames a new certificate over the old one. Where both files come with one link or are one file, the
/// writer has no way to leave the key alone, and writes the same key again.
async fn certificate_alone(testbed: &mut TestBed, issued: &Issued) -> Result<(), Error> {
    let files = testbed.site.files();
    let is_link = |path: &PathBuf| {
        path.symlink_metadata()
            .is_ok_and(|about| about.is_symlink())
    };
    if files.certificate == files.key || is_link(&files.certificate) {
        return as_usual(testbed, issued).await;
    }
    let beside = files.certificate.with_extension("renewed");
    let renamed: io::Result<()> = fs::write(&beside, &issued.chain_pem)
        .and_then(|()| fs::rename(&beside, &files.certificate));
    Ok(renamed?)
}
