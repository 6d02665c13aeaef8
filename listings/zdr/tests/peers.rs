//! Every server that is shipped: its file is right, and, where it is installed, it starts, serves and
//! rotates as we know it.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use ch11_verification::attempt::Class;
use tokio::task::JoinSet;
use zdr::check::Options;
use zdr::gate::scenario::Scenario;
use zdr::judge::findings;
use zdr::report::{Code, Outcome, Report, Severity};
use zdr::server::spec::Spec;

use super::judged::objected_to;
use super::turns::ALL_CLASSES;

/// What we know of a server.
struct Known {
    /// What must be on the search path. Our own lie beside this test.
    program: &'static str,
    /// What is found, every time.
    fails: &'static [Code],
    /// What may be found: where a race decides, now and then.
    may_fail: &'static [Code],
    /// Scenarios that tell it from others, and what comes of them.
    scenarios: Vec<(Scenario, Outcome)>,
    /// A class of clients that it is described for.
    class: Option<Class>,
}

const SOUND: Known = Known {
    program: "",
    fails: &[],
    may_fail: &[],
    scenarios: Vec::new(),
    class: None,
};

/// In alphabetical order, as the files.
fn known() -> BTreeMap<&'static str, Known> {
    let program = |program| SOUND.of(program);
    BTreeMap::from([
        ("broken", program("broken")),
        (
            "caddy",
            // It cuts what is new, too: the first request of a connection, or its handshake.
            Known {
                may_fail: &[Code::RequestsFailed, Code::HandshakesFailed],
                ..program("caddy")
            },
        ),
        (
            "ch01",
            Known {
                fails: &[Code::Severed],
                may_fail: &[Code::HandshakesFailed],
                ..program("ch01-restart-baseline")
            },
        ),
        ("ch02", program("ch02-hot-reload")),
        ("ch03", program("ch03-handshake-hook")),
        ("ch04", program("ch04-dynamic-contexts")),
        ("ch05", program("ch05-race-conditions")),
        ("ch06", program("ch06-in-flight-requests")),
        ("ch07", program("ch07-graceful-degradation")),
        ("ch08", program("ch08-trust-rotation")),
        (
            "dovecot",
            // A reload may end a login process that has just taken a connection.
            Known {
                may_fail: &[Code::HandshakesFailed],
                ..program("dovecot")
            },
        ),
        ("envoy", program("envoy")),
        ("exim", program("exim4")),
        ("go", program("go")),
        (
            "haproxy-reload",
            // A request that meets the goodbye on its way is lost: HTTP/1.1 has no word for it. So is a
            // connection of HTTP/2 that was just taken, and over which nothing was asked yet.
            Known {
                may_fail: &[Code::RequestsFailed, Code::HandshakesFailed],
                scenarios: vec![(Scenario::TornKinds, Outcome::Passed)],
                ..program("haproxy")
            },
        ),
        ("haproxy-runtime", program("haproxy")),
        (
            "httpd",
            // Children that leave lose requests that are on their way, and streams of HTTP/2. A pair that
            // does not belong together ends the server.
            Known {
                may_fail: &[Code::RequestsFailed, Code::HandshakesFailed, Code::Severed],
                scenarios: vec![(Scenario::Torn, Outcome::Failed)],
                ..program("apache2")
            },
        ),
        (
            "mosquitto",
            // Its context has the new certificate and the old key, and no client is served until both fit.
            Known {
                scenarios: vec![(Scenario::Torn, Outcome::Failed)],
                ..program("mosquitto")
            },
        ),
        (
            "nats",
            Known {
                scenarios: vec![(Scenario::Torn, Outcome::Passed)],
                ..program("nats-server")
            },
        ),
        (
            "nginx",
            // An old worker closes a connection of HTTP/2 that it has just taken.
            Known {
                may_fail: &[Code::RequestsFailed, Code::HandshakesFailed],
                scenarios: of_nginx(),
                ..program("nginx")
            },
        ),
        ("node", compares_within_kinds("node")),
        (
            "postgresql",
            // It keeps what it has.
            Known {
                scenarios: vec![(Scenario::Torn, Outcome::Passed)],
                ..program("postgres")
            },
        ),
        ("python", program("python3")),
        ("redis", compares_within_kinds("redis-server")),
        (
            "s_server",
            Known {
                may_fail: &[Code::HandshakesFailed],
                ..program("openssl")
            },
        ),
        ("traefik", program("traefik")),
    ])
}

impl Known {
    fn of(self, program: &'static str) -> Self {
        Self { program, ..self }
    }

    fn is_there(&self) -> bool {
        let ours = self.program.starts_with("ch") || self.program == "broken";
        match ours {
            true => lab_test::peer::built(self.program).is_some(),
            false => lab_test::peer::find(self.program).is_some(),
        }
    }
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("servers");
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|entry| entry.unwrap().path()).collect()
}

/// The servers of a file: as it is, and asking clients for certificates where that is a choice.
fn servers(file: &Path) -> Vec<Spec> {
    let spec = Spec::read(file).unwrap();
    let mutual = spec.asking_clients().filter(|_| spec.mutual.is_some());
    [Some(spec), mutual].into_iter().flatten().collect()
}

/// It passes `torn`. OpenSSL takes a key of another kind beside its certificate, and no client gets in.
fn compares_within_kinds(program: &'static str) -> Known {
    Known {
        scenarios: vec![(Scenario::TornKinds, Outcome::Failed)],
        ..SOUND.of(program)
    }
}

/// nginx 1.27.4 and later takes a file of the same inode and second for the same file
/// (`ssl_object_cache_inheritable`, on by default): entry 53 of the failure catalogue.
fn of_nginx() -> Vec<(Scenario, Outcome)> {
    let in_place = match is_nginx_of_2025() {
        Some(true) => Outcome::Failed,
        _ => Outcome::Passed,
    };
    vec![
        (Scenario::InPlace, in_place),
        (Scenario::TornKinds, Outcome::Failed),
    ]
}

/// Whether nginx is there, and 1.27.4 or later.
fn is_nginx_of_2025() -> Option<bool> {
    let said = Command::new("nginx").arg("-v").output().ok()?.stderr;
    let said = String::from_utf8(said).unwrap();
    let version = said.trim().rsplit_once('/').expect("nginx/VERSION").1;
    let numbers = version
        .split('.')
        .map(|number| number.parse::<u32>().unwrap());
    let numbers: Vec<_> = numbers.collect();
    Some(numbers.as_slice() >= [1, 27, 4].as_slice())
}

/// What was not as we know it.
async fn surprise(known: &Known, spec: &Spec) -> Option<String> {
    let options = Options {
        rotations: rotations(spec),
        interval: Duration::from_millis(300),
        steady: Duration::from_millis(200),
        // OpenSSL's serves one connection after the other.
        classes: (spec.name == "s_server").then(|| vec![Class::Full]),
        // What is known of a server shows at any rate, and several of them share the machine.
        rate: 5.0,
        downloads: 1,
        pool: 2,
        scenarios: known.scenarios.iter().map(|(of, _)| *of).collect(),
        patience: Duration::from_secs(15),
        ..Options::default()
    };
    objected_to((spec, &options), |report| differs(known, spec, report)).await
}

/// How often it is rotated. Exim takes five seconds until it looks.
fn rotations(spec: &Spec) -> u32 {
    match spec.name.as_str() {
        "exim" => 1,
        _ => 2,
    }
}

/// What was found, and should not have been, or the other way round.
fn differs(known: &Known, spec: &Spec, report: &Report) -> Option<String> {
    let failures = report.findings.iter();
    let failures = failures.filter(|finding| {
        finding.severity == Severity::Failure && finding.scenario == findings::ROTATION
    });
    let found: BTreeSet<_> = failures.map(|finding| finding.code).collect();
    let as_known = known.fails.iter().all(|code| found.contains(code))
        && found
            .iter()
            .all(|code| known.fails.contains(code) || known.may_fail.contains(code));
    let shown = report
        .rotations
        .iter()
        .all(|rotation| rotation.first_new_ms.is_some());
    let served = report.classes.iter().all(|class| class.attempts > 0);
    let has = |class| report.classes.iter().any(|of| of.class == class);
    let classed = known.class.is_none_or(has);
    let rotated = as_known
        && shown
        && served
        && classed
        && report.rotations.len() == rotations(spec) as usize;
    let came = |(scenario, due): &(Scenario, Outcome)| {
        let mut ran = report.scenarios.iter();
        ran.any(|of| of.name == scenario.name() && of.outcome == *due)
    };
    (!rotated || !known.scenarios.iter().all(came)).then(|| {
        let (name, found) = (&report.server.name, &report.findings);
        format!("{name}: {found:#?}, {:#?}", report.scenarios)
    })
}

#[test]
fn each_file_is_a_server_that_we_know() {
    let names: BTreeSet<_> = files()
        .iter()
        .map(|file| file.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let known: BTreeSet<_> = known().into_keys().map(str::to_owned).collect();
    assert_eq!(names, known);
    for spec in files().iter().flat_map(|file| servers(file)) {
        assert!(spec.attach.is_none(), "{}", spec.name);
    }
}

/// Servers that are described for a class of clients, in the folder `classes`. nginx with HTTP/3 is not run
/// here: what it loses are answers that nobody waits for in a test.
#[tokio::test(flavor = "multi_thread")]
async fn servers_with_http3_or_two_kinds_of_keys_rotate_as_we_know_them() {
    let file =
        |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("classes/{name}.toml"));
    assert!(Spec::read(&file("nginx-http3")).unwrap().http3);
    let may_fail = &[Code::RequestsFailed, Code::HandshakesFailed];
    let mut judging = JoinSet::new();
    for (name, program, class) in [
        ("caddy-http3", "caddy", Class::Http3),
        ("nginx-two-kinds", "nginx", Class::Second),
    ] {
        let known = Known {
            may_fail,
            class: Some(class),
            ..SOUND.of(program)
        };
        let spec = Spec::read(&file(name)).unwrap();
        if known.is_there() {
            judging.spawn(async move {
                let _turns = super::turns::of(ALL_CLASSES).await;
                surprise(&known, &spec).await
            });
        }
    }
    let surprises: Vec<_> = judging.join_all().await.into_iter().flatten().collect();
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

/// nginx that is not told of new files, because it reads them at each handshake: half a pair is served as well.
#[tokio::test(flavor = "multi_thread")]
async fn an_nginx_that_reads_its_files_at_each_handshake_keeps_no_last_good_identity() {
    let known = Known {
        // Each file is renamed by itself, and a handshake may come between the two.
        may_fail: &[Code::HandshakesFailed],
        scenarios: vec![(Scenario::Torn, Outcome::Failed)],
        ..SOUND.of("nginx")
    };
    if !known.is_there() {
        return;
    }
    let _turns = super::turns::of(ALL_CLASSES).await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("classes/nginx-variable.toml");
    let surprise = surprise(&known, &Spec::read(&file).unwrap()).await;
    assert_eq!(surprise, None);
}

/// Without its `keepalive_min_timeout`, some of these requests are lost in most runs.
#[tokio::test(flavor = "multi_thread")]
async fn an_nginx_that_spares_idle_connections_loses_no_request() {
    if is_nginx_of_2025() != Some(true) {
        lab_test::peer::skip("nginx 1.27.4");
        return;
    }
    let _turns = super::turns::of(ALL_CLASSES).await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("classes/nginx-kept.toml");
    let spec = Spec::read(&file).unwrap();
    let options = Options {
        rotations: 12,
        interval: Duration::from_millis(300),
        steady: Duration::from_millis(200),
        classes: Some(vec![Class::Full, Class::Pooled]),
        rate: 250.0,
        pool: 32,
        scenarios: Vec::new(),
        patience: Duration::from_secs(15),
        ..Options::default()
    };
    let lost = |report: &Report| {
        let mut classes = report.classes.iter();
        let pooled = classes.find(|of| of.class == Class::Pooled).unwrap();
        let met = pooled.attempts > 100 && report.rotations.len() == 12;
        let all_is_well = met && pooled.failures.is_empty();
        (!all_is_well).then(|| format!("{:#?}, {pooled:#?}", report.findings))
    };
    let lost = objected_to((&spec, &options), lost).await;
    assert!(lost.is_none(), "{}", lost.unwrap_or_default());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_server_that_is_there_rotates_as_we_know_it() {
    let mut judging = JoinSet::new();
    let mut known = known();
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    for file in files() {
        let name = file.file_stem().unwrap().to_string_lossy();
        let known = Arc::new(known.remove(&*name).unwrap());
        if !known.is_there() {
            continue;
        }
        for mut spec in servers(&file) {
            if !root {
                // It runs as we do, which is no reason for it to refuse.
                spec.user = None;
            }
            if known
                .scenarios
                .contains(&(Scenario::InPlace, Outcome::Failed))
            {
                // It is waited for as long.
                spec.limits.reload_within_ms = 5000;
            }
            let known = known.clone();
            judging.spawn(async move {
                let _turns = super::turns::of(ALL_CLASSES).await;
                surprise(&known, &spec).await
            });
        }
    }
    let surprises: Vec<_> = judging.join_all().await.into_iter().flatten().collect();
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}
