//! Servers side by side: what `cargo benchmark` writes down is what was measured.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use ch11_verification::attempt::Class;
use tokio::sync::watch;
use zdr::benchmark::cost::held;
use zdr::benchmark::{BenchmarkOptions, ServerResult, benchmark};
use zdr::check::{Options, RunControl};
use zdr::gate::scenario::Scenario;
use zdr::report::{Code, Outcome};
use zdr::server::spec::Spec;
use zdr::testbed::shared::SharedFixtures;

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
    let options = BenchmarkOptions {
        rounds: 2,
        check: Options {
            rotations: 2,
            interval: Duration::from_millis(100),
            steady: Duration::from_millis(200),
            classes: Some(vec![Class::Full, Class::Download]),
            scenarios: vec![Scenario::Torn, Scenario::TrustAdded],
            ..Options::default()
        },
        time: Duration::from_millis(150),
        held: (3, 4),
    };
    let (_never, interrupt) = watch::channel(None);
    let control = RunControl {
        progress: &|_| (),
        interrupt,
    };
    let kept = Mutex::new(Vec::new());
    let keep = |round, servers: Vec<ServerResult>| {
        kept.lock().unwrap().push((round, servers));
        Ok(())
    };
    benchmark(&specs(), &options, &control, &|_| (), &keep)
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
    let of = |server: &ServerResult| server.classes[&Class::Full];
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

/// It serves one client after the other. To wait forever for the second would end no benchmark.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_one_client_holds_none_beside_another() {
    if lab_test::peer::find("openssl").is_none() {
        return;
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("servers/s_server.toml");
    let spec = Spec::read(&file).unwrap();
    let fixtures = SharedFixtures::new(&spec, Duration::from_secs(1));
    let held = held(&fixtures.await.unwrap(), 1, 2).await;
    let error = held.unwrap_err().to_string();
    assert!(error.contains("no other is answered"), "{error}");
}

/// The binary in a folder that is no checkout: what it prints, once it has failed.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_benchmark"));
    let output = command.args(arguments).current_dir(folder).output();
    let output = output.unwrap();
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn outside_of_a_checkout_it_says_what_it_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let error = refused(folder.path(), &[]);
    for word in [
        folder.path().to_str().unwrap(),
        "listings/zdr/servers",
        "--servers DIR --to FILE",
    ] {
        assert!(error.contains(word), "{word}: {error}");
    }
}

#[test]
fn figures_of_other_servers_never_replace_those_of_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let error = refused(folder.path(), &["--servers", "."]);
    assert!(error.contains("--to <FILE>"), "{error}");
}

#[test]
fn a_server_that_is_not_there_is_no_result() {
    let folder = tempfile::tempdir().unwrap();
    let spec = "command = [\"no-such-program\", \"{certificate}\", \"{key}\", \"{port}\"]\n";
    std::fs::write(folder.path().join("mine.toml"), spec).unwrap();
    let to = folder.path().join("figures.json");
    let places = ["--servers", ".", "--to", to.to_str().unwrap()];
    let with = |more: &[&'static str]| refused(folder.path(), &[&places, more].concat());

    let error = with(&["yours"]);
    assert!(
        error.contains("no server `yours` in .: it has mine"),
        "{error}"
    );
    let error = with(&[]);
    assert!(error.contains("skipped: mine"), "{error}");
    assert!(error.contains("nothing to measure"), "{error}");
    assert!(!to.exists(), "nothing was measured");
}
