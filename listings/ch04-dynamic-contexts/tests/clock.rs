//! What begins now is valid by OpenSSL's clock, which is behind this machine's for a moment of each second.

use std::time::{Duration, Instant, SystemTime};

use lab::authority::present;
use openssl::asn1::{Asn1Time, Asn1TimeRef};

#[test]
fn what_begins_now_has_begun_for_openssl() {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let into = Duration::from_nanos(since.unwrap().subsec_nanos().into());
    // A second ends while this looks.
    std::thread::sleep(Duration::from_millis(995).saturating_sub(into));
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(20) {
        let begins = Asn1Time::from_unix(present().unix_timestamp()).unwrap();
        let now = Asn1Time::days_from_now(0).unwrap();
        let (begins, now): (&Asn1TimeRef, &Asn1TimeRef) = (&begins, &now);
        assert!(begins <= now, "it begins at {begins}, and it is {now}");
    }
}
