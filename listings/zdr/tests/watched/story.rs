//! Made-up looks, of chains that were really issued.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lab::authority::{Authority, Issued, LeafRequest};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use time::OffsetDateTime;
use zdr::attempt::FailureKind;
use zdr::report::Severity;
use zdr::watch::findings::Code;
use zdr::watch::look::Look;
use zdr::watch::options::WatchOptions;
use zdr::watch::presented::{Order, Presented};
use zdr::watch::report::{WatchReport, WatchedRotation};
use zdr::watch::story::Story;
use zdr::watch::text::summary;

const SETTLE: u32 = 3;

fn options() -> WatchOptions {
    WatchOptions {
        server: "localhost:443".into(),
        name: None,
        addresses: Vec::new(),
        rate: 1.0,
        rotations: 1,
        settle: SETTLE,
        overlap: Duration::from_secs(60),
        limit: None,
        patience: Duration::from_secs(5),
    }
}

fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .map(Result::unwrap)
        .collect()
}

fn chain(issued: &Issued) -> Arc<Presented> {
    Presented::read(certificates(&issued.chain_pem)).unwrap()
}

fn issue(authority: &mut Authority, names: &[&str], hours: u64) -> Arc<Presented> {
    let mut request = LeafRequest::new("localhost");
    request.names = names.iter().map(|name| (*name).to_owned()).collect();
    request.lifetime = Duration::from_secs(hours * 3600);
    chain(&authority.issue(&request).unwrap())
}

/// Two chains for the same name, of the same authority.
fn two() -> [Arc<Presented>; 2] {
    let mut authority = Authority::new().unwrap();
    [1, 2].map(|hours| issue(&mut authority, &["localhost"], hours))
}

/// A watch in which each look takes a second.
struct Watched {
    options: WatchOptions,
    story: Story,
    looks: Vec<Look>,
    seconds: u64,
}

impl Watched {
    fn new() -> Self {
        Self {
            options: options(),
            story: Story::new(SETTLE),
            looks: Vec::new(),
            seconds: 0,
        }
    }

    fn look(&mut self, address: u8, seen: Option<&Arc<Presented>>, failed: Option<FailureKind>) {
        self.seconds += 1;
        let look = Look::new(
            SocketAddr::from(([127, 0, 0, address], 443)),
            Duration::from_secs(self.seconds),
            seen.cloned(),
            failed.map(|kind| (kind, "as it was said".into())),
        );
        self.story.take(&look);
        self.looks.push(look);
    }

    fn shows(&mut self, seen: &[&Arc<Presented>]) {
        for chain in seen {
            self.look(1, Some(chain), None);
        }
    }

    fn over(&self) -> bool {
        let last = self.looks.last().unwrap();
        self.story
            .over(self.options.rotations, self.options.overlap, last)
    }

    fn report(&self) -> WatchReport {
        let began = OffsetDateTime::UNIX_EPOCH;
        WatchReport::of(&self.options, began, &self.looks, &self.story, None)
    }

    fn passes(&self) {
        let report = self.report();
        assert_eq!(report.passed, Some(true), "{:?}", report.findings);
    }

    fn codes(&self) -> Vec<(Severity, Code)> {
        let findings = self.report().findings;
        findings
            .iter()
            .map(|found| (found.severity, found.code))
            .collect()
    }
}

#[test]
fn a_rotation_at_once_passes() {
    let [old, new] = two();
    let mut watched = Watched::new();
    watched.shows(&[&old, &old, &new, &new]);
    assert!(!watched.over(), "the new one was shown twice only");
    watched.shows(&[&new]);
    assert!(watched.over());
    let report = watched.report();
    assert_eq!((report.passed, &report.findings), (Some(true), &Vec::new()));
    let rotation = &report.rotations[0];
    assert_eq!(
        (rotation.last_before_ms, rotation.first_new_ms),
        (2000, 3000)
    );
    assert_eq!(
        (rotation.last_old_ms, rotation.settled_ms),
        (None, Some(3000))
    );
    // Within a second, the second says too little.
    let quick = WatchReport {
        rotations: vec![WatchedRotation {
            last_before_ms: 3010,
            first_new_ms: 3060,
            ..rotation.clone()
        }],
        ..report.clone()
    };
    let text = summary(&quick);
    assert!(
        text.contains("first shown between 00:00:03.010 and 00:00:03.060"),
        "{text}"
    );
    let text = summary(&report);
    assert!(
        text.starts_with("PASSED  localhost:443 was rotated with zero downtime. Of 5 looks none"),
        "{text}"
    );
    // In three looks, a process that takes less than that share is missed in 5 of 100 watches or more.
    assert!(
        text.split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .contains("still has the old certificate, if fewer than 63 % of the connections"),
        "{text}"
    );
    assert!(
        text.contains("first shown between 00:00:02 and 00:00:03"),
        "{text}"
    );
}

#[test]
fn old_and_new_side_by_side_pass_for_as_long_as_is_allowed() {
    let [old, new] = two();
    let mut watched = Watched::new();
    watched.shows(&[&old, &new, &old, &new, &new, &old, &new, &new, &new]);
    assert!(watched.over());
    let report = watched.report();
    assert_eq!(report.passed, Some(true), "{:?}", report.findings);
    let rotation = &report.rotations[0];
    assert_eq!((rotation.old_again, rotation.last_old_ms), (2, Some(6000)));
    assert_eq!(rotation.settled_ms, Some(7000));
    assert_eq!(report.during, 6);
}

#[test]
fn old_and_new_that_do_not_part_fail() {
    let [old, new] = two();
    let mut watched = Watched::new();
    for _ in 0..30 {
        watched.shows(&[&old, &new]);
    }
    assert!(!watched.over(), "it is allowed for a minute");
    watched.shows(&[&old, &new, &old]);
    assert!(watched.over());
    assert_eq!(watched.codes(), [(Severity::Failure, Code::NeverParted)]);
    let report = watched.report();
    assert_eq!(report.passed, Some(false));
    assert!(report.findings[0].words.contains("have not loaded"));
}

/// A look that comes at the very end of what is allowed ends nothing, and is no fault.
#[test]
fn what_ends_the_watch_is_told() {
    let [old, new] = two();
    let mut watched = Watched::new();
    watched.shows(&[&old, &new]);
    for _ in 0..60 {
        watched.shows(&[&old]);
        assert!(!watched.over(), "after {} s", watched.seconds);
    }
    watched.shows(&[&old]);
    assert!(watched.over());
    assert_eq!(watched.codes(), [(Severity::Failure, Code::NeverParted)]);
    assert!(watched.report().findings[0].words.contains("taken back"));
}

/// With many addresses, or slow handshakes, the looks that settle it take longer than old and new may be
/// shown side by side.
#[test]
fn a_rotation_that_settles_slowly_passes() {
    let [old, new] = two();
    let mut watched = Watched::new();
    watched.shows(&[&old, &new]);
    for _ in 1..SETTLE {
        watched.seconds += 100;
        assert!(!watched.over());
        watched.shows(&[&new]);
    }
    assert!(watched.over());
    watched.passes();
}

/// Neither is the one that was there before, and the watch does not wait forever.
#[test]
fn two_new_chains_that_take_turns_fail() {
    let mut authority = Authority::new().unwrap();
    let [old, one, other] = [1, 2, 3].map(|hours| issue(&mut authority, &["localhost"], hours));
    let mut watched = Watched::new();
    watched.shows(&[&old]);
    for _ in 0..30 {
        watched.shows(&[&one, &other]);
    }
    assert!(!watched.over(), "it is allowed for a minute");
    watched.shows(&[&one, &other, &one]);
    assert!(watched.over());
    assert_eq!(watched.codes(), [(Severity::Failure, Code::NeverParted)]);
}

/// It may be gone for good: that has been seen well enough.
#[test]
fn a_server_that_is_gone_ends_the_watch() {
    let [old, new] = two();
    let mut watched = Watched::new();
    watched.shows(&[&old, &new]);
    for _ in 0..60 {
        assert!(!watched.over());
        watched.look(1, None, Some(FailureKind::Refused));
    }
    watched.look(1, None, Some(FailureKind::Refused));
    assert!(watched.over());
    assert_eq!(
        watched.codes(),
        [(Severity::Failure, Code::HandshakesFailed)]
    );
}

#[test]
fn without_a_rotation_there_is_no_verdict() {
    let [old, _] = two();
    let mut watched = Watched::new();
    watched.shows(&[&old; 9]);
    assert!(!watched.over());
    assert_eq!(watched.report().passed, None);
    assert!(
        summary(&watched.report()).starts_with("NO VERDICT"),
        "{}",
        summary(&watched.report())
    );
}

#[test]
fn a_rotation_that_is_not_over_is_no_pass() {
    let [old, new] = two();
    let mut watched = Watched::new();
    watched.shows(&[&old, &new, &new]);
    assert_eq!(watched.report().passed, None);
}

#[test]
fn a_look_that_fails_fails_and_says_when() {
    let [old, new] = two();
    let mut watched = Watched::new();
    watched.shows(&[&old]);
    watched.look(1, None, Some(FailureKind::Refused));
    watched.shows(&[&new, &new, &new]);
    let report = watched.report();
    assert_eq!(
        watched.codes(),
        [(Severity::Failure, Code::HandshakesFailed)]
    );
    assert_eq!(
        (report.failed, report.during, report.during_failed),
        (1, 2, 1)
    );
    let words = &report.findings[0].words;
    assert!(
        words.contains("1 look of 127.0.0.1:443, 1 of them during a rotation"),
        "{words}"
    );
    assert!(words.contains("between 00:00:02 and 00:00:02"), "{words}");
    assert!(!words.contains("still so"), "{words}");
    watched.look(1, None, Some(FailureKind::Refused));
    let words = &watched.report().findings[0].words;
    assert!(
        words.contains("It was still so in the last look."),
        "{words}"
    );
}

/// The first look may come to a process that has the new certificate already, and the next to one that has not.
#[test]
fn a_watch_that_begins_amid_a_rotation_takes_the_newer_certificate_for_the_new_one() {
    let mut authority = Authority::new().unwrap();
    let [old, new, next] = [0, 1, 2].map(|hours| {
        let request = LeafRequest {
            starts_after: Duration::from_secs(hours * 3600),
            ..LeafRequest::new("localhost")
        };
        chain(&authority.issue(&request).unwrap())
    });
    let mut watched = Watched::new();
    watched.shows(&[&new, &old, &new, &old]);
    watched.shows(&[&new; 100]);
    // That one was not seen from its beginning, and the next is waited for.
    assert!(!watched.over());
    assert_eq!(watched.report().passed, None);
    assert!(watched.codes().is_empty());
    watched.shows(&[&next, &next, &next]);
    assert!(watched.over());
    watched.passes();
    assert_eq!(watched.report().rotations.len(), 1);
    // Both for too long, still.
    let mut watched = Watched::new();
    for _ in 0..40 {
        watched.shows(&[&new, &old]);
    }
    assert!(watched.over());
    assert_eq!(watched.codes(), [(Severity::Failure, Code::NeverParted)]);
    // What was shown for long enough was in service: an older one after that is a rotation, as any other.
    let mut watched = Watched::new();
    watched.shows(&[&new, &new, &new, &old, &old, &old]);
    assert!(watched.over());
    assert_eq!(watched.codes(), [(Severity::Warning, Code::EndsEarlier)]);
}

/// A pass says nothing of an address that this machine does not reach.
#[test]
fn an_address_without_a_route_is_told_as_one_that_was_not_watched() {
    let [old, new] = two();
    let mut watched = Watched::new();
    watched.shows(&[&old, &new, &new, &new]);
    let report = watched.report();
    assert!(!summary(&report).contains("Not watched"));
    let report = WatchReport {
        without_route: vec!["[2001:db8::1]:443".parse().unwrap()],
        ..report
    };
    let text = summary(&report);
    assert!(
        text.contains("Not watched: [2001:db8::1]:443. No route leads there"),
        "{text}"
    );
}

/// With one look, *all* and *none* say more than was seen.
#[test]
fn one_look_during_a_rotation_is_told_as_one() {
    let [old, new] = two();
    let mut watched = Watched::new();
    watched.shows(&[&old, &new, &new, &new]);
    let text = summary(&watched.report());
    assert!(
        text.replace("\n        ", " ")
            .contains("failed; the only one during a rotation did not."),
        "{text}"
    );
    let mut watched = Watched::new();
    watched.shows(&[&old]);
    watched.look(1, Some(&new), Some(FailureKind::Expired));
    watched.shows(&[&new, &new]);
    let text = summary(&watched.report());
    assert!(
        text.replace("\n        ", " ")
            .contains("; the only one during a rotation did."),
        "{text}"
    );
}

#[test]
fn an_expired_certificate_fails_though_the_next_is_sound() {
    let [old, new] = two();
    let mut watched = Watched::new();
    watched.look(1, Some(&old), Some(FailureKind::Expired));
    watched.shows(&[&new, &new, &new]);
    assert_eq!(watched.codes(), [(Severity::Failure, Code::UnfitShown)]);
}

#[test]
fn a_chain_that_comes_back_for_good_or_for_a_moment_fails() {
    let [old, new] = two();
    let mut watched = Watched::new();
    watched.shows(&[&old, &new, &new, &new, &old, &new, &new, &new]);
    let failures = watched.codes();
    assert_eq!(failures[0], (Severity::Failure, Code::WentBack));
    assert_eq!(
        watched.report().findings[0].words,
        "127.0.0.1:443 went back to a chain that it had already replaced, in 1 look."
    );
}

/// Once that has settled, it is what the address shows, and no return any more.
#[test]
fn a_chain_that_came_back_for_good_is_counted_until_it_has_settled() {
    let [old, new] = two();
    let mut watched = Watched::new();
    watched.shows(&[&old, &new, &new, &new, &old, &old, &old, &old, &old]);
    let words = &watched.report().findings[0].words;
    assert!(words.ends_with("in 3 looks."), "{words}");
}

#[test]
fn a_chain_in_between_that_comes_back_has_been_left_as_well() {
    let mut authority = Authority::new().unwrap();
    let [old, between, new] = [1, 2, 3].map(|hours| issue(&mut authority, &["localhost"], hours));
    let mut watched = Watched::new();
    watched.shows(&[&old, &between, &new, &new, &new]);
    assert!(watched.codes().is_empty(), "{:?}", watched.codes());
    watched.shows(&[&between, &new, &new, &new]);
    assert_eq!(watched.codes()[0], (Severity::Failure, Code::WentBack));
}

/// That they part in the end does not undo what clients met until then.
#[test]
fn old_and_new_that_part_too_late_fail() {
    let [old, new] = two();
    let mut watched = Watched::new();
    watched.shows(&[&old]);
    for _ in 0..31 {
        watched.shows(&[&new, &old]);
    }
    watched.shows(&[&new, &new, &new]);
    assert_eq!(watched.codes(), [(Severity::Failure, Code::NeverParted)]);
}

/// Of more rotations than were waited for, the last may be on its way to some of the addresses.
#[test]
fn an_address_that_was_rotated_as_often_as_was_waited_for_is_not_behind() {
    let mut authority = Authority::new().unwrap();
    let [old, new, next] = [1, 2, 3].map(|hours| issue(&mut authority, &["localhost"], hours));
    let mut watched = Watched::new();
    for chain in [&old, &new, &new, &new] {
        watched.look(1, Some(chain), None);
        watched.look(2, Some(chain), None);
    }
    watched.shows(&[&next, &next, &next]);
    assert!(watched.story.all_follow(1));
    // Where nobody said how many, each has to follow the others.
    assert!(!watched.story.all_follow(0));
    assert!(!watched.story.all_follow(2));
}

#[test]
fn addresses_that_disagree_for_too_long_fail() {
    let [old, new] = two();
    let mut watched = Watched::new();
    for _ in 0..2 {
        watched.look(1, Some(&old), None);
        watched.look(2, Some(&old), None);
    }
    for second in 0..31 {
        assert!(!watched.over(), "after {second} rounds");
        watched.look(1, Some(&new), None);
        watched.look(2, Some(&old), None);
    }
    watched.look(1, Some(&new), None);
    assert!(watched.over());
    assert_eq!(
        watched.codes(),
        [(Severity::Failure, Code::AddressesDisagree)]
    );
    let words = watched.report().findings[0].words.clone();
    assert!(
        words.starts_with("127.0.0.2:443 still showed the old certificate"),
        "{words}"
    );
}

#[test]
fn addresses_that_follow_each_other_pass() {
    let [old, new] = two();
    let mut watched = Watched::new();
    for (first, second) in [(&old, &old), (&new, &old), (&new, &old), (&new, &new)] {
        watched.look(1, Some(first), None);
        watched.look(2, Some(second), None);
    }
    assert!(!watched.over(), "the second has shown it once");
    for _ in 0..2 {
        watched.look(1, Some(&new), None);
        watched.look(2, Some(&new), None);
    }
    assert!(watched.over());
    watched.passes();
}

/// Of an address that is gone it is told that it is gone, and not what it showed.
#[test]
fn an_address_that_is_gone_shows_no_old_certificate() {
    let [old, new] = two();
    let mut watched = Watched::new();
    watched.look(1, Some(&old), None);
    watched.look(2, Some(&old), None);
    for _ in 0..31 {
        watched.look(1, Some(&new), None);
        watched.look(2, None, Some(FailureKind::Refused));
    }
    assert!(watched.over());
    assert_eq!(
        watched.codes(),
        [(Severity::Failure, Code::HandshakesFailed)]
    );
}

/// The watch ended before that was for too long.
#[test]
fn an_address_that_was_not_rotated_is_no_pass() {
    let [old, new] = two();
    for rotations in [1, 0] {
        let mut watched = Watched::new();
        watched.options.rotations = rotations;
        for first in [&old, &new, &new, &new] {
            watched.look(1, Some(first), None);
            watched.look(2, Some(&old), None);
        }
        assert!(!watched.over());
        let report = watched.report();
        assert_eq!(report.passed, None, "{:?}", report.findings);
        assert!(summary(&report).starts_with("NO VERDICT"));
    }
}

/// Nothing is waited for where nobody comes any more.
#[test]
fn an_address_to_which_the_name_leads_no_more_does_not_keep_the_watch() {
    let [old, new] = two();
    let mut watched = Watched::new();
    watched.look(1, Some(&old), None);
    watched.look(2, Some(&old), None);
    watched.shows(&[&new, &new, &new]);
    assert!(!watched.over());
    watched
        .story
        .leads_to(&[SocketAddr::from(([127, 0, 0, 1], 443))]);
    assert!(watched.over());
    watched.passes();
}

#[test]
fn an_address_to_which_the_name_leads_no_more_is_compared_with_none() {
    let mut authority = Authority::new().unwrap();
    let [stale, old, new] = [2, 3, 4].map(|hours| issue(&mut authority, &["localhost"], hours));
    let mut watched = Watched::new();
    watched.look(1, Some(&old), None);
    watched.look(2, Some(&stale), None);
    watched.shows(&[&new, &new, &new]);
    assert_eq!(
        watched.codes(),
        [(Severity::Warning, Code::AddressesDisagree)],
        "the control"
    );
    watched
        .story
        .leads_to(&[SocketAddr::from(([127, 0, 0, 1], 443))]);
    assert!(watched.codes().is_empty(), "{:?}", watched.codes());
}

/// One that has missed the rotation before the watch looks like one with a certificate of its own.
#[test]
fn addresses_that_come_to_agree_are_not_told() {
    let mut authority = Authority::new().unwrap();
    let [stale, old, new] = [2, 3, 4].map(|hours| issue(&mut authority, &["localhost"], hours));
    let mut watched = Watched::new();
    for (first, second) in [(&old, &stale), (&new, &new), (&new, &new), (&new, &new)] {
        watched.look(1, Some(first), None);
        watched.look(2, Some(second), None);
    }
    assert!(watched.over());
    assert!(watched.codes().is_empty(), "{:?}", watched.codes());
}

/// Pods with a certificate each rotate when they like. That they differ is told.
#[test]
fn addresses_with_certificates_of_their_own_are_not_compared() {
    let mut authority = Authority::new().unwrap();
    let [one, two, next] = [2, 2, 3].map(|hours| issue(&mut authority, &["localhost"], hours));
    let mut watched = Watched::new();
    for first in [&one, &next, &next, &next] {
        watched.look(1, Some(first), None);
        watched.look(2, Some(&two), None);
    }
    assert!(watched.over());
    watched.passes();
    assert_eq!(
        watched.codes(),
        [(Severity::Warning, Code::AddressesDisagree)]
    );
    let words = watched.report().findings[0].words.clone();
    let each = [(1, &next), (2, &two)].map(|(address, chain)| {
        format!("127.0.0.{address}:443 shows serial {}", chain.facts.serial)
    });
    assert!(each.iter().all(|one| words.contains(one)), "{words}");
}

#[test]
fn a_lost_name_fails_and_one_that_a_wildcard_covers_does_not() {
    let mut authority = Authority::new().unwrap();
    let old = issue(&mut authority, &["localhost", "a.example.com"], 1);
    for (names, codes) in [
        (
            &["localhost"][..],
            &[(Severity::Failure, Code::NamesLost)][..],
        ),
        (&["localhost", "*.example.com"], &[]),
        (&["a.example.com", "b.example.com", "localhost"], &[]),
    ] {
        let new = issue(&mut authority, names, 2);
        let mut watched = Watched::new();
        watched.shows(&[&old, &new, &new, &new]);
        assert_eq!(watched.codes(), codes, "{names:?}");
    }
}

#[test]
fn an_earlier_end_and_an_old_key_are_told_and_pass() {
    let mut authority = Authority::new().unwrap();
    let [long, short] = [9, 1].map(|hours| issue(&mut authority, &["localhost"], hours));
    let mut watched = Watched::new();
    watched.shows(&[&long, &short, &short, &short]);
    assert_eq!(watched.codes(), [(Severity::Warning, Code::EndsEarlier)]);
    assert_eq!(watched.report().passed, Some(true));

    let mut renewed = (*short).clone();
    renewed.facts.serial = "ffff".into();
    renewed.facts.chain_sha256 = "another".into();
    let renewed = Arc::new(renewed);
    let mut watched = Watched::new();
    watched.shows(&[&short, &renewed, &renewed, &renewed]);
    assert_eq!(watched.codes(), [(Severity::Warning, Code::SameKey)]);
}

#[test]
fn what_is_wrong_with_a_certificate_is_told_once_for_all_addresses() {
    let mut authority = Authority::new().unwrap();
    let [long, short] = [9, 1].map(|hours| issue(&mut authority, &["localhost"], hours));
    let mut watched = Watched::new();
    for chain in [&long, &short, &short, &short] {
        watched.look(1, Some(chain), None);
        watched.look(2, Some(chain), None);
    }
    assert_eq!(watched.codes(), [(Severity::Warning, Code::EndsEarlier)]);
}

/// An intermediate that a server had forgotten, for one.
#[test]
fn another_chain_of_the_same_certificate_has_no_old_key() {
    let mut authority = Authority::new().unwrap();
    let whole = issue(&mut authority, &["localhost"], 1);
    let alone = Presented::read(whole.chain[..1].to_vec()).unwrap();
    let mut watched = Watched::new();
    watched.shows(&[&alone, &whole, &whole, &whole]);
    assert!(watched.codes().is_empty(), "{:?}", watched.codes());
}

/// Half of one chain and half of the other: the leaf is new, and the intermediate is not yet.
#[test]
fn a_mixed_chain_in_between_is_told() {
    let mut authority = Authority::new().unwrap();
    let old = issue(&mut authority, &["localhost"], 1);
    authority.change_intermediate().unwrap();
    let new = issue(&mut authority, &["localhost"], 2);
    let mixed = vec![new.chain[0].clone(), old.chain[1].clone()];
    let mixed = Presented::read(mixed).unwrap();
    let mut watched = Watched::new();
    watched.shows(&[&old]);
    watched.look(1, Some(&mixed), Some(FailureKind::UnknownIssuer));
    watched.shows(&[&new, &new, &new]);
    let codes = watched.codes();
    let wanted = [
        (Severity::Failure, Code::UnfitShown),
        (Severity::Warning, Code::WrongOrder),
    ];
    assert_eq!(codes, wanted);
    assert_eq!(watched.report().rotations.len(), 1, "it is one rotation");
    assert!(watched.over());
}

#[test]
fn the_order_of_a_chain_is_told_by_names_and_keys() {
    let mut authority = Authority::new().unwrap();
    let root = certificates(authority.root_pem()).remove(0);
    let issued = issue(&mut authority, &["localhost"], 1);
    let [leaf, intermediate] = [0, 1].map(|at| issued.chain[at].clone());
    let order = |chain: &[&CertificateDer<'static>]| {
        Presented::read(chain.iter().map(|one| (*one).clone()).collect())
            .unwrap()
            .order
    };
    assert_eq!(order(&[&leaf]), Order::Right);
    assert_eq!(order(&[&leaf, &intermediate]), Order::Right);
    // Servers that send their root as well are many, and no client minds.
    assert_eq!(order(&[&leaf, &intermediate, &root]), Order::Right);
    assert_eq!(order(&[&leaf, &root, &intermediate]), Order::Shuffled);
    // The same name with another key, as after a renewal with a new key.
    authority.reissue_intermediate().unwrap();
    let renewed = issue(&mut authority, &["localhost"], 1).chain[1].clone();
    let other = Authority::new().unwrap();
    let stranger = certificates(other.root_pem()).remove(0);
    assert_eq!(order(&[&leaf, &stranger]), Order::Unrelated);
    let same_key = order(&[&leaf, &renewed]);
    assert_eq!(
        same_key,
        Order::Right,
        "a renewed intermediate has the same key"
    );
    // One of the same name that has another key did not sign the leaf.
    let namesake = issue(&mut Authority::new().unwrap(), &["localhost"], 1).chain[1].clone();
    assert_eq!(order(&[&leaf, &namesake]), Order::Unrelated);
}

/// `cat cert.pem fullchain.pem`. Clients that build their own path take it.
#[test]
fn a_certificate_that_is_there_twice_is_told_as_that() {
    let mut authority = Authority::new().unwrap();
    let issued = issue(&mut authority, &["localhost"], 1);
    let [leaf, intermediate] = [0, 1].map(|at| issued.chain[at].clone());
    for (chain, told) in [
        (vec![&leaf, &leaf, &intermediate], "are not all different"),
        (
            vec![&leaf, &intermediate, &leaf, &intermediate],
            "are not all different",
        ),
        (vec![&intermediate, &leaf], "wrong order"),
    ] {
        let chain = Presented::read(chain.into_iter().cloned().collect()).unwrap();
        let mut watched = Watched::new();
        watched.shows(&[&chain, &chain]);
        let report = watched.report();
        let found = &report.findings[..];
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].words.contains(told), "{}", found[0].words);
    }
}
