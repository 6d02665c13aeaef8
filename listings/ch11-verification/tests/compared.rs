//! Servers side by side: what `cargo compare` writes down is what was measured.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use ch11_verification::check::{Options, Watcher};
use ch11_verification::compared::{Effort, OfServer, compare};
use ch11_verification::figures::held;
use ch11_verification::record::Class;
use ch11_verification::report::{Code, Outcome};
use ch11_verification::scenario::Trial;
use ch11_verification::spec::Spec;
use ch11_verification::stage::Arena;
use tokio::sync::watch;

/// The bundled server, sound and with a defect that cuts connections, and one that is not there.
fn specs() -> Vec<Spec> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("servers/broken.toml");
    let sound = Spec::read(&file).unwrap();
    let mut severs = sound.clone();
    severs.name = "severs".into();
    let defect = ["--defect", "sever-on-reload"].map(str::to_owned);
    severs.command.extend(defect);
    let mut absent = sound.clone();
    absent.name = "absent".into();
    absent.command[0] = "no-such-program".into();
    vec![sound, severs, absent]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_server_has_its_turns_and_its_figures() {
    let effort = Effort {
        rounds: 2,
        options: Options {
            rotations: 2,
            interval: Duration::from_millis(100),
            steady: Duration::from_millis(200),
            classes: Some(vec![Class::Full, Class::Download]),
            scenarios: vec![Trial::Torn, Trial::TrustAdded],
            ..Options::default()
        },
        time: Duration::from_millis(300),
        held: (3, 4),
    };
    let (_never, interrupt) = watch::channel(None);
    let watcher = Watcher {
        progress: &|_| (),
        interrupt,
    };
    let kept = Mutex::new(Vec::new());
    let keep = |round, servers: Vec<OfServer>| {
        kept.lock().unwrap().push((round, servers));
        Ok(())
    };
    compare(&specs(), &effort, &watcher, &|_| (), &keep)
        .await
        .unwrap();
    let kept = kept.into_inner().unwrap();
    let [(1, first), (2, servers)] = &kept[..] else {
        panic!("not kept after each round");
    };
    assert_eq!(first[0].shown, (2, 2), "one round");
    let [sound, severs, absent] = &servers[..] else {
        panic!("not each server");
    };

    assert_eq!(sound.trouble, None);
    assert_eq!(sound.shown, (4, 4), "two rounds of two rotations");
    assert_eq!((sound.full.len(), sound.returning.len()), (2, 2));
    let of = |server: &OfServer| server.classes[&Class::Full];
    assert!(of(sound).attempts > 20 && of(sound).failed == 0);
    assert!(of(sound).failed_below > 0.0 && of(sound).failed_below < 0.2);
    assert!(of(sound).steady_us.0 > 10, "{:?}", of(sound));
    let (median, worst) = sound.new_after_ms.unwrap();
    assert!(median <= worst);
    assert!(sound.failures.is_empty(), "{:?}", sound.failures);
    assert_eq!(sound.scenarios["torn"], Outcome::Passed);
    assert_eq!(sound.scenarios["trust-added"], Outcome::NotApplicable);
    for speed in &sound.full {
        assert!(speed.connections > 0 && speed.failed == 0 && speed.resumed == 0);
        assert!(speed.per_core().is_finite(), "{speed:?}");
    }
    assert!(sound.returning.iter().all(|speed| speed.resumed > 0));
    let held = sound.held.unwrap();
    assert_eq!((held.rotations, held.shown, held.connections), (3, 3, 12));
    assert_eq!((held.asked, held.alive), (2, 2), "every tenth");
    assert!(held.memory_before > 0 && held.processes_after == 1);

    assert!(severs.failures.contains_key(&Code::Severed), "{severs:?}");
    assert_eq!(
        severs.held.unwrap().alive,
        0,
        "each was cut by the next reload"
    );

    let trouble = absent.trouble.as_ref().unwrap();
    assert!(trouble.contains("no-such-program"), "{trouble}");
    assert!(absent.full.is_empty());
}

/// It serves one client after the other. To wait for the second for ever would end no comparison.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_one_client_holds_none_beside_another() {
    if lab::peer::find("openssl").is_none() {
        return;
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("servers/s_server.toml");
    let spec = Spec::read(&file).unwrap();
    let arena = Arena::new(&spec).await.unwrap();
    let held = held(&spec, &arena, 1, 2, Duration::from_secs(1)).await;
    let why = held.unwrap_err().to_string();
    assert!(why.contains("no other is answered"), "{why}");
}
