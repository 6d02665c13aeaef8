//! Room for connections. A program of its own: limits are the process's.

use ch06_in_flight_requests::descriptors::make_room;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

#[test]
fn the_soft_limit_is_raised_within_the_hard_one() {
    let limit = |current, maximum| Rlimit {
        current: Some(current),
        maximum: Some(maximum),
    };
    setrlimit(Resource::Nofile, limit(256, 600)).unwrap();
    make_room(512).unwrap();
    assert_eq!(getrlimit(Resource::Nofile), limit(512, 600));
    // Enough is enough.
    make_room(100).unwrap();
    assert_eq!(getrlimit(Resource::Nofile), limit(512, 600));
    let error = make_room(1024).unwrap_err().to_string();
    assert_eq!(
        error,
        "1024 open files are needed, and the hard limit is 600"
    );
    assert_eq!(getrlimit(Resource::Nofile), limit(512, 600));
}
