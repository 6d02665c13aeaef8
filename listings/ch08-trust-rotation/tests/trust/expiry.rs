//! A root that expires while the server runs: of its own chain, and of its clients.

use std::time::Duration;

use ch02_hot_reload::identity::Reason;
use ch02_hot_reload::{IdentityStore, Reload};
use ch05_race_conditions::{Options as Care, Reader};
use ch06_in_flight_requests::client::Clock;
use ch08_trust_rotation::party::{Party, issue};
use ch08_trust_rotation::roots::Roots;
use lab::authority::Authority;
use lab::log::want;
use time::OffsetDateTime;

use super::bench::{QUIET, named, sessions};

const HALF_AN_HOUR: u64 = 1800;

/// An authority whose root ends in half an hour. Its intermediate lasts.
fn ending() -> Authority {
    let now = OffsetDateTime::now_utc();
    // As long as the lab's roots last.
    let life = Duration::from_secs(3649 * 24 * 3600);
    let mut authority = Authority::at(now - life + Duration::from_secs(HALF_AN_HOUR)).unwrap();
    authority.set_clock(now);
    authority.reissue_intermediate().unwrap();
    authority
}

/// The own chain's root and the clients' are told of in their own ways, and neither touches the other.
#[test]
fn each_trust_tells_of_its_own_roots() {
    for own in [true, false] {
        let (log, _capturing) = lab::emit::capture();
        let (mut public, a, ends) = (named("Public"), named("Root A"), ending());
        let mut ends_too = ending();
        let mut party = match own {
            true => Party::apart(&mut ends_too, 0x3001, &[&a]).unwrap(),
            false => Party::apart(&mut public, 0x3001, &[&a, &ends]).unwrap(),
        };
        let (source, clock) = (party.source(), Clock::new());
        let care = Care {
            settle: Duration::ZERO,
            ..Care::default()
        };
        let reader = Reader::new(care).by_date(clock.clone());
        let roots = Roots::with_clock(source.clone(), sessions(), QUIET, clock.clone());
        let store = IdentityStore::start_by(roots.loader(reader.read_fn()), source).unwrap();
        clock.forward(HALF_AN_HOUR - 60);
        assert!(matches!(store.reload_and_log(), Reload::Unchanged));
        log.assert_none(&want("trust_expired"));
        clock.forward(120);
        match (own, store.reload_and_log()) {
            (true, Reload::Rejected(rejected)) => {
                assert_eq!(rejected.reason, Reason::Expired);
                assert!(rejected.file.ends_with("ca.crt"), "{rejected}");
                log.assert_none(&want("trust_expired"));
            }
            (false, Reload::Unchanged) => {
                let told = log.all(&want("trust_expired"));
                let file = told[0].text("file").unwrap();
                assert!(told.len() == 1 && file.ends_with("peers.crt"), "{told:?}");
                let names = roots
                    .stages(&store)
                    .into_iter()
                    .map(|(root, ..)| root.name().to_owned());
                assert_eq!(
                    names.collect::<Vec<_>>(),
                    ["Root A", "Lab Root"],
                    "it stays in force"
                );
                party.show(&issue(&mut public, 0x3002).unwrap()).unwrap();
                assert!(
                    matches!(store.reload_and_log(), Reload::Loaded(_)),
                    "it is not held up"
                );
                assert_eq!(log.all(&want("trust_expired")).len(), 1);
            }
            (_, other) => panic!("own: {own}, and {other:?}"),
        }
    }
}
