//! Every event that an agent can emit is one that the contract knows.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use ch09_simulating_rotation::rotate::{Hook, Rotation, Told, Wrong};
use ch09_simulating_rotation::schedule::Schedule;
use ch09_simulating_rotation::{Sabotage, Site, Writer};
use fastrand::Rng;
use lab::authority::{Authority, LeafRequest};
use lab::emit;
use lab_test::contract::Contract;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

/// All that can happen to an agent: two renewals, a folder that goes away and comes back, a process
/// that cannot be told, and each kind of sabotage.
async fn live_through_everything(writer: Writer) {
    let home = lab::directory().unwrap();
    let (here, away) = (home.path().join("site"), home.path().join("away"));
    fs::create_dir(&here).unwrap();
    let pid_file = home.path().join("pid");
    fs::write(&pid_file, std::process::id().to_string()).unwrap();
    let (birth, start) = (OffsetDateTime::now_utc(), Instant::now());
    let mut rotation = Rotation {
        authority: Authority::at(birth).unwrap(),
        site: Site::new(&here, writer),
        request: LeafRequest::new("localhost"),
        schedule: Schedule {
            at: 0.5,
            jitter: 0.1,
        },
        lot: Rng::with_seed(2),
        wrong: Wrong::default(),
        hook: Hook {
            signal: Some(Told::Usr2),
            pid_file: Some(pid_file.clone()),
            ..Hook::default()
        },
        now: Arc::new(move || birth + start.elapsed()),
    };
    // The folder is away at the renewal, and so is the file of the process's number.
    let unplugging = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        fs::rename(&here, &away).unwrap();
        fs::remove_file(&pid_file).unwrap();
        tokio::time::sleep(Duration::from_secs(2400)).await;
        fs::rename(&away, &here).unwrap();
    };
    tokio::join!(rotation.run(Some(2)), unplugging);
    for sabotage in Sabotage::ALL {
        let (site, authority) = (&mut rotation.site, &mut rotation.authority);
        sabotage.apply(site, authority, "localhost").unwrap();
        let mended = authority.issue(&LeafRequest::new("localhost")).unwrap();
        site.write(&mended).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_agents_events_keep_the_contract() {
    let (log, _guard) = emit::capture();
    // The agent tells this process, which must not end of it.
    let _told = signal(SignalKind::user_defined2()).unwrap();
    for writer in Writer::ALL {
        live_through_everything(writer).await;
    }

    let contract = Contract::of_events();
    let mut names = BTreeSet::new();
    for event in log.events() {
        let line = Value::Object(event.0.clone());
        assert!(contract.allows(&line), "{line}");
        names.insert(event.name().to_owned());
    }
    let expected = [
        "hook_failed",
        "hook_finished",
        "renewal_failed",
        "renewal_scheduled",
        "rotation_started",
        "sabotage_started",
    ];
    assert_eq!(Vec::from_iter(names), expected);
    log.assert_no_key_bytes([]);
}
