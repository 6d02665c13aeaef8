//! What `cargo benchmark --costs` measures is true: of a server whose costs are known.

use std::path::Path;
use std::time::Duration;

use ch11_verification::attempt::Class;
use parking_lot::Mutex;
use tokio::sync::watch;
use zdr::benchmark::connection::connection_cost;
use zdr::benchmark::costs::{CostOptions, ServerCosts, costs};
use zdr::benchmark::handshake::handshakes;
use zdr::benchmark::renewal::renewal_cost;
use zdr::check::RunControl;
use zdr::server::spec::{Keys, Spec};
use zdr::testbed::shared::SharedFixtures;

/// Longer than any of this takes on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(30);

/// The server with these arguments; nothing where there is no Python.
fn known(arguments: &str) -> Option<Spec> {
    lab_test::peer::find("python3")?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/known/server.toml");
    let mut spec = Spec::read(&file).unwrap();
    let arguments = arguments.split_whitespace().map(str::to_owned);
    spec.command.extend(arguments);
    Some(spec)
}

async fn fixtures(spec: &Spec) -> SharedFixtures {
    SharedFixtures::new(spec, PATIENCE).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_costs_what_the_server_holds_for_it() {
    const HELD: u64 = 4 << 20;
    let Some(spec) = known(&format!("--bytes {HELD} --descriptors 3")) else {
        return;
    };
    let cost = connection_cost(&fixtures(&spec).await, 12).await.unwrap();
    assert_eq!((cost.connections, cost.alive), (12, 12), "{cost:?}");
    let open = cost.open_after.unwrap() - cost.open_before.unwrap();
    assert_eq!(open, 12 * 4, "three files and the connection: {cost:?}");
    let memory = (cost.memory_after - cost.memory_before) / 12;
    // A thread's stack and TLS come on top. What the server lets go of meanwhile comes off.
    let (least, most) = (HELD - HELD / 16, HELD + HELD / 4);
    assert!((least..most).contains(&memory), "{cost:?}");
    assert_eq!((cost.processes_before, cost.processes_after), (1, 1));
}

/// Python's memory is shared until it is written to: what each process has for itself is what it holds.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_for_each_connection_counts_and_so_does_where_a_server_stops() {
    let Some(spec) = known("--fork --bytes 4194304 --descriptors 3") else {
        return;
    };
    let cost = connection_cost(&fixtures(&spec).await, 6).await.unwrap();
    assert_eq!((cost.processes_before, cost.processes_after), (1, 7));
    assert!(
        cost.memory_after - cost.memory_before >= 6 * (4 << 20),
        "{cost:?}"
    );

    let spec = known("--most 5").unwrap();
    let cost = connection_cost(&fixtures(&spec).await, 12).await.unwrap();
    assert_eq!((cost.wanted, cost.connections), (12, 5), "{cost:?}");
    assert!(cost.stopped_by.is_some(), "{cost:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_costs_what_the_server_burns_for_it() {
    let each = async |arguments: &str, keys| {
        let spec = known(arguments)?;
        let time = Duration::from_millis(500);
        let speed = handshakes(&spec, keys, time, PATIENCE).await.unwrap();
        assert!(speed.connections > 0 && speed.failed == 0, "{speed:?}");
        Some(1.0 / speed.per_core())
    };
    for ways in ["", "--fork "] {
        let Some(without) = each(ways, Keys::Ecdsa).await else {
            return;
        };
        let ecdsa = each(&format!("{ways}--burn-ms 60"), Keys::Ecdsa).await;
        let ecdsa = ecdsa.unwrap() - without;
        assert!((0.05..0.09).contains(&ecdsa), "`{ways}`: {ecdsa} s");
    }
    let without = each("", Keys::Rsa).await.unwrap();
    let rsa = each("--burn-ms 60", Keys::Rsa).await.unwrap() - without;
    assert!((0.1..0.18).contains(&rsa), "twice as much: {rsa} s");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_takes_and_leaves_what_the_server_does() {
    let Some(spec) = known("--delay-ms 120 --leak 2") else {
        return;
    };
    let fixtures = fixtures(&spec).await;
    let cost = renewal_cost(&fixtures, 4, PATIENCE).await.unwrap();
    assert_eq!((cost.rotations, cost.first_new_us.len()), (4, 4));
    let least = cost.first_new_us.iter().min().unwrap();
    assert!((120_000..2_000_000).contains(least), "{cost:?}");
    let (before, after) = cost.descriptors.unwrap();
    assert_eq!(after - before, 8, "two for each: {cost:?}");
    assert_eq!((cost.processes, cost.complaint), ((1, 1), None));
}

/// The bundled server, the same with HTTP/3, and one that is not there.
fn specs() -> [Spec; 3] {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| Spec::read(&folder.join(file)).unwrap();
    let sound = read("servers/broken.toml");
    let mut absent = sound.clone();
    absent.name = "absent".into();
    absent.command[0] = "no-such-program".into();
    [sound, read("classes/bundled-http3.toml"), absent]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_server_has_its_costs_or_the_reason_why_not() {
    let options = CostOptions {
        rounds: 2,
        connections: 10,
        rotations: 3,
        rotating: Duration::from_millis(1),
        held: (2, 1),
        time: Duration::from_millis(100),
        quic_rotations: 2,
        patience: PATIENCE,
    };
    let (_never, interrupt) = watch::channel(None);
    let control = RunControl {
        progress: &|_| (),
        interrupt,
    };
    let kept = Mutex::new(Vec::new());
    let keep = |round, servers: &[ServerCosts]| {
        kept.lock().push((round, servers.to_vec()));
        Ok(())
    };
    costs(&specs(), &options, &control, &|_| (), &keep)
        .await
        .unwrap();
    let kept = kept.into_inner();
    let [(1, first), (2, servers)] = &kept[..] else {
        panic!("not kept after each round");
    };
    assert_eq!((first[0].ecdsa.len(), first[0].rsa.len()), (1, 1));
    let [sound, quic, absent] = &servers[..] else {
        panic!("not each server");
    };

    assert!(sound.not_measured.is_empty(), "{sound:?}");
    assert_eq!((sound.ecdsa.len(), sound.rsa.len()), (2, 2));
    for speed in sound.ecdsa.iter().chain(&sound.rsa) {
        assert!(speed.connections > 0 && speed.failed == 0, "{speed:?}");
    }
    let connection = sound.connection.as_ref().unwrap();
    assert_eq!((connection.connections, connection.alive), (10, 10));
    let open = connection.open_after.unwrap() - connection.open_before.unwrap();
    assert_eq!(open, 10, "one descriptor each");
    assert_eq!(sound.renewal.as_ref().unwrap().first_new_us.len(), 3);
    let held = sound.held.unwrap();
    let (before, after) = held.descriptors.unwrap();
    assert_eq!((held.shown, after), (2, before));
    assert!(sound.quic.is_none());

    let of_quic = quic.quic.as_ref().unwrap();
    assert!(of_quic.handshakes.connections > 0 && of_quic.handshakes.failed == 0);
    for class in [Class::Full, Class::Quic, Class::Http3] {
        assert!(of_quic.classes[&class].attempts > 0, "{class}");
        assert_eq!(of_quic.classes[&class].failed, 0, "{class}");
    }
    assert_eq!(of_quic.shown, (2, 2));
    assert!(quic.connection.is_none() && quic.ecdsa.is_empty());

    for part in ["connection", "renewal", "held", "ecdsa", "rsa"] {
        let error = &absent.not_measured[part];
        assert!(error.contains("no-such-program"), "{part}: {error}");
    }
}
