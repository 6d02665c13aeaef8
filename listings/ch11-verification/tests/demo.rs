//! What the demo's log must say, whatever the machine.

use std::path::Path;

use lab::BOUND;
use lab::child::Child;
use lab::event::Event;

#[tokio::test]
async fn a_new_certificate_is_seen_after_it_was_loaded_and_never_where_nothing_loads_it() {
    let demo = Path::new(env!("CARGO_BIN_EXE_ch11-verification"));
    let child = Child::spawn(demo, [""; 0], |_| ()).unwrap();
    let log = child.log().clone();
    assert!(child.wait(BOUND).await.unwrap().success());
    let events = log.events();
    let at = |name: &str, serial: &str, from: usize| {
        let is =
            |event: &Event| event.name() == name && event.text("serial").as_deref() == Some(serial);
        events[from..].iter().position(is).map(|at| from + at)
    };
    // Each server begins with its authority's first serial.
    let is_first = |(_, event): &(usize, &Event)| {
        event.name() == "rotation_started" && event.text("serial").as_deref() == Some("1001")
    };
    let starts = events.iter().enumerate().filter(is_first);
    let mut starts: Vec<_> = starts.map(|(at, _)| at).collect();
    assert_eq!(starts.len(), 3, "three servers");
    starts.push(events.len());
    for (server, seen) in [(0, true), (1, false), (2, true)] {
        let (from, until) = (starts[server], starts[server + 1]);
        let written = at("rotation_started", "1002", from).unwrap();
        let in_it = |at: &usize| *at < until;
        let loaded = at("identity_loaded", "1002", written).filter(in_it);
        let shown = at("handshake_seen", "1002", written).filter(in_it);
        assert_eq!(
            (loaded.is_some(), shown.is_some()),
            (seen, seen),
            "server {server}"
        );
        assert!(loaded <= shown, "server {server}");
    }
}
