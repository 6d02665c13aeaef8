//! `zdr check-client`: sound clients pass, each defect of the bundled client is caught in its own step and in no
//! other, and what cannot be judged is said.

use std::time::Duration;

use clap::ValueEnum;
use lab::BOUND;
use tokio::sync::watch as channel;
use zdr::client::check_client;
use zdr::client::options::{ClientOptions, Step};
use zdr::client::report::ClientReport;
use zdr::report::Outcome;

const BROKEN: &str = env!("CARGO_BIN_EXE_broken-client");

/// The bundled client.
fn bundled(defect: Option<&str>) -> Vec<String> {
    let mut command = vec![BROKEN];
    command.extend(["--address", "{address}", "--roots", "{roots}"]);
    command.extend(["--certificate", "{certificate}", "--key", "{key}"]);
    command.extend(defect.iter().flat_map(|defect| ["--defect", defect]));
    command.into_iter().map(str::to_owned).collect()
}

/// `within` bounds how long a client is waited for that does as it should: so a slow machine must not make it
/// fail. Where the step is failed because nothing happens, it is all waited for.
fn options(command: Vec<String>, within: Duration, steps: &[Step]) -> ClientOptions {
    ClientOptions {
        command,
        once: false,
        signal: None,
        first: BOUND,
        within,
        short: Duration::from_secs(2),
        steps: steps.to_vec(),
    }
}

async fn judged(options: &ClientOptions) -> Result<ClientReport, String> {
    let (_never, interrupt) = channel::channel(None);
    let report = check_client(options, interrupt, &|_| ()).await;
    report.map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sound_client_passes_all_steps() {
    let options = options(bundled(None), lab::BOUND, Step::value_variants());
    let report = judged(&options).await.unwrap();
    let outcomes: Vec<_> = report.steps.iter().map(|step| step.outcome).collect();
    assert_eq!(outcomes, [Outcome::Passed; 7], "{}", report.summary());
    assert_eq!(report.passed, Some(true));
    assert!(
        report.summary().contains("7 of 7 steps passed."),
        "{}",
        report.summary()
    );
}

/// A defect, the step that catches it, its words, and whether that fails the client.
const DEFECTS: [(&str, Step, &str, bool); 13] = [
    (
        "leaf-once",
        Step::RenewedLeaf,
        "still showed its old certificate",
        true,
    ),
    (
        "certificate-only",
        Step::HalfRenewed,
        "after the key had followed, it still did not show the new pair",
        true,
    ),
    (
        "ends-at-half",
        Step::HalfRenewed,
        "while its certificate was new and its key was old",
        true,
    ),
    (
        "any-authority",
        Step::AskedByOthers,
        "certificates of another authority",
        false,
    ),
    (
        "roots-once",
        Step::NewRoot,
        "still rejects a certificate of the new root",
        true,
    ),
    (
        "pool-stays",
        Step::PastEnd,
        "although the server's certificate had expired",
        false,
    ),
    (
        "roots-added",
        Step::RemovedRoot,
        "accepted a certificate of that root",
        true,
    ),
    (
        "verifies-nothing",
        Step::RemovedRoot,
        "it does not verify the server at all",
        true,
    ),
    (
        "falls-back",
        Step::RemovedRoot,
        "sent its request all the same",
        true,
    ),
    (
        "falls-back-late",
        Step::RemovedRoot,
        "sent its request all the same",
        true,
    ),
    (
        "falls-back-at-last",
        Step::RemovedRoot,
        "sent its request all the same",
        true,
    ),
    (
        "sessions-stay",
        Step::RemovedRoot,
        "still resumed a session",
        true,
    ),
    (
        "key-printed",
        Step::KeyInOutput,
        "with bytes of its private key",
        true,
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_defect_is_caught_in_its_step() {
    let mut judging = tokio::task::JoinSet::new();
    for (defect, step, words, fails) in DEFECTS {
        judging.spawn(async move {
            // So long is what a broken client shall have.
            let within = match step {
                Step::PastEnd | Step::AskedByOthers => lab::BOUND,
                _ => Duration::from_secs(2),
            };
            // A key is printed when it has been read.
            let steps = match step {
                Step::KeyInOutput => &[Step::RenewedLeaf, step][..],
                _ => &[step],
            };
            let options = options(bundled(Some(defect)), within, steps);
            let report = judged(&options).await.unwrap();
            let met = report.steps.last().unwrap();
            let caught = met.outcome == Outcome::Failed && met.words.contains(words);
            let is_as_bad = report.passed == Some(!fails);
            let counted = match fails {
                true => "failed 1 of ",
                false => "of 1 steps passed. There is a warning.",
            };
            let counted = report.summary().contains(counted);
            // Said of this one alone.
            let blind = met.words.contains("does not verify the server at all");
            let fits = blind == (defect == "verifies-nothing");
            (!caught || !is_as_bad || !counted || !fits)
                .then(|| format!("{defect}: {}", report.summary()))
        });
    }
    let missed: Vec<_> = judging.join_all().await.into_iter().flatten().collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// To end is one way to trust a server no more. After that, there is nobody to judge.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_ends_is_told_so() {
    let steps = [Step::RemovedRoot, Step::NewRoot];
    let report = judged(&options(bundled(Some("ends")), lab::BOUND, &steps))
        .await
        .unwrap();
    let [first, second] = [&report.steps[0], &report.steps[1]];
    assert_eq!(first.outcome, Outcome::Passed, "{}", report.summary());
    assert_eq!(second.outcome, Outcome::Failed, "{}", report.summary());
    assert!(second.words.contains("ended"), "{}", report.summary());
}

/// It is not judged by what it no longer sends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_ends_before_the_certificate_does_is_told_so() {
    const SCRIPT: &str = "
import socket, ssl, sys, time
address, roots = sys.argv[1:]
host, port = address.split(':')
while True:
    context = ssl.create_default_context(cafile=roots)
    with socket.create_connection((host, int(port))) as tcp, context.wrap_socket(tcp, server_hostname=host) as tls:
        tls.sendall(b'GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n')
        while tls.recv(4096): pass
        left = ssl.cert_time_to_seconds(tls.getpeercert()['notAfter']) - time.time()
    if left < 10: sys.exit('it is too late for me')
    time.sleep(0.02)
";
    let command = ["python3", "-c", SCRIPT, "{address}", "{roots}"];
    let command = command.into_iter().map(str::to_owned).collect();
    let options = options(command, Duration::from_secs(5), &[Step::PastEnd]);
    let report = judged(&options).await.unwrap();
    let [step] = &report.steps[..] else {
        panic!("{}", report.summary());
    };
    for part in [
        "it ended by itself (exit status: 1)",
        "It said: it is too late for me",
    ] {
        assert!(step.words.contains(part), "{}", report.summary());
    }
}

/// It ends by what this check has sent, and not by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_without_a_handler_for_its_signal_is_not_judged() {
    for steps in [[Step::RenewedLeaf], [Step::HalfRenewed], [Step::NewRoot]] {
        let mut options = options(bundled(None), lab::BOUND, &steps);
        options.signal = Some("HUP".into());
        let error = judged(&options).await.unwrap_err();
        for part in ["SIGHUP ended the client", "leave out `--signal`"] {
            assert!(error.contains(part), "{steps:?}: {error}");
        }
    }
}

/// Nothing more comes of one that has ended, and what it says again and again is told once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_ends_before_its_first_request_is_not_waited_for() {
    let command = ["sh", "-c", "echo no; echo no; exit 3 # {url}"];
    let command = command.into_iter().map(str::to_owned).collect();
    let options = options(command, Duration::from_secs(600), &[Step::NewRoot]);
    let judged = tokio::time::timeout(Duration::from_secs(300), judged(&options)).await;
    let error = judged.expect("it is waited for").unwrap_err();
    assert!(
        error.ends_with("It ended (exit status: 3). It said: no"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_judged_is_said_with_what_to_change() {
    let cases: [(&[&str], &str); 5] = [
        (
            &["no-such-client", "{url}"],
            "the client `no-such-client` cannot be started",
        ),
        (
            &["sleep", "100"],
            "says nowhere whom to ask: give it `{url}`",
        ),
        (
            &["sleep", "{url}", "{rots}"],
            "`{rots}` stands for nothing: there are {url}",
        ),
        (
            &["sh", "-c", "echo no idea; sleep 100 # {url}"],
            "did not connect to port",
        ),
        (
            &["sh", "-c", "echo broken >&2; exit 3 # {url}"],
            "It ended (exit status: 3). It said: broken",
        ),
    ];
    for (command, words) in cases {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        let mut options = options(command, BOUND, &[Step::NewRoot]);
        options.first = Duration::from_millis(300);
        let error = judged(&options).await.unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}

/// Programs that none of us would write like this, and what each of them has to expect.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_get_the_verdict_that_is_theirs() {
    const WORDS: [&str; 4] = ["{url}", "{roots}", "{certificate}", "{key}"];
    let (passes, fails) = (Outcome::Passed, Outcome::Failed);
    let strangers: [(&str, &str, [Outcome; 2]); 4] = [
        ("curl", "", [passes, passes]),
        ("python3", "fresh.py", [passes, passes]),
        ("python3", "cached.py", [fails, fails]),
        ("node", "agent.mjs", [fails, fails]),
    ];
    let mut judging = tokio::task::JoinSet::new();
    for (program, script, outcomes) in strangers {
        let Some(found) = lab_test::peer::find(program) else {
            continue;
        };
        let mut command = vec![found.display().to_string()];
        match script {
            "" => command.extend(
                [
                    "-s",
                    "--cacert",
                    "{roots}",
                    "--cert",
                    "{certificate}",
                    "--key",
                    "{key}",
                    "{url}",
                ]
                .map(str::to_owned),
            ),
            script => {
                let folder = env!("CARGO_MANIFEST_DIR");
                command.push(format!("{folder}/tests/strangers/{script}"));
                command.extend(WORDS.map(str::to_owned));
            }
        }
        judging.spawn(async move {
            let within = match outcomes[0] {
                Outcome::Passed => lab::BOUND,
                // All of it is waited for.
                _ => Duration::from_secs(3),
            };
            let mut options = options(command, within, &[Step::RenewedLeaf, Step::RemovedRoot]);
            options.once = program == "curl";
            let report = judged(&options).await.unwrap();
            let met: Vec<_> = report.steps.iter().map(|step| step.outcome).collect();
            assert_eq!(met, outcomes, "{program} {script}: {}", report.summary());
        });
    }
    while let Some(done) = judging.join_next().await {
        done.unwrap();
    }
}

/// One of the programs in `strangers`, with what it is given.
fn stranger(script: &str, given: &[&str]) -> Vec<String> {
    let script = format!("{}/tests/strangers/{script}", env!("CARGO_MANIFEST_DIR"));
    let program = ["python3".to_owned(), script];
    let given = given.iter().map(|word| (*word).to_owned());
    program.into_iter().chain(given).collect()
}

/// A client that is slow where others are quick does the same, and is judged by that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_client_is_judged_by_what_it_does_in_the_end() {
    const OWN: &[&str] = &["{address}", "{roots}", "{certificate}", "{key}"];
    let slow: [(&str, &[&str], Step, u64, &str); 4] = [
        (
            "asks_late.py",
            &OWN[..2],
            Step::RemovedRoot,
            3,
            "still accepted a certificate of that root",
        ),
        (
            "verifies_late.py",
            &OWN[..2],
            Step::NewRoot,
            3,
            "after a root was added to its file, it still rejects",
        ),
        (
            "looks_seldom.py",
            OWN,
            Step::HalfRenewed,
            120,
            "while its certificate was new and its key was old",
        ),
        (
            "two_kept.py",
            &OWN[..2],
            Step::PastEnd,
            120,
            "although the server's certificate had expired",
        ),
    ];
    let mut judging = tokio::task::JoinSet::new();
    for (script, given, step, within, words) in slow {
        judging.spawn(async move {
            let within = Duration::from_secs(within);
            let report = judged(&options(stranger(script, given), within, &[step])).await;
            let report = report.unwrap();
            let met = &report.steps[0];
            assert_eq!(met.outcome, Outcome::Failed, "{}", report.summary());
            assert!(met.words.contains(words), "{}", report.summary());
        });
    }
    while let Some(done) = judging.join_next().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_step_could_be_judged_nothing_has_passed() {
    let steps = [Step::RenewedLeaf, Step::HalfRenewed, Step::KeyInOutput];
    let given = ["{address}", "{roots}"];
    let report = judged(&options(stranger("asks_late.py", &given), BOUND, &steps)).await;
    let report = report.unwrap();
    assert_eq!(report.passed, None, "{}", report.summary());
    let verdict = "NO VERDICT  asks_late: no step could be judged.";
    assert!(
        report.summary().starts_with(verdict),
        "{}",
        report.summary()
    );
}

/// It has no server's protocol to speak, or no second request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_another_kind_is_told_what_to_change() {
    const ONCE: &str = "
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[2])
urllib.request.urlopen(sys.argv[1], context=context).read()
";
    const NO_TLS: &str = "
import socket, sys, time
socket.create_connection(('127.0.0.1', int(sys.argv[1]))).sendall(b'\\0\\0\\0\\x08\\x04\\xd2\\x16\\x2f')
time.sleep(600)
";
    let cases = [
        (
            vec!["python3", "-c", ONCE, "{url}", "{roots}"],
            "give `--once`",
        ),
        (
            vec!["python3", "-c", NO_TLS, "{port}"],
            "what it sent is not TLS",
        ),
    ];
    for (command, words) in cases {
        let command = command.into_iter().map(str::to_owned).collect();
        let steps = [Step::RenewedLeaf, Step::NewRoot];
        let mut options = options(command, BOUND, &steps);
        options.first = Duration::from_secs(5);
        let error = judged(&options).await.unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}

/// An agent or a daemon that it starts beside itself, say.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_something_running_is_started_again() {
    const SCRIPT: &str = "
import ssl, subprocess, sys, urllib.request
subprocess.Popen(['sleep', '600'])
context = ssl.create_default_context(cafile=sys.argv[2])
urllib.request.urlopen(sys.argv[1], context=context).read()
";
    let command = ["python3", "-c", SCRIPT, "{url}", "{roots}"];
    let command = command.map(str::to_owned).to_vec();
    let mut options = options(command, BOUND, &[Step::NewRoot]);
    options.once = true;
    let report = judged(&options).await.unwrap();
    assert_eq!(report.passed, Some(true), "{}", report.summary());
}

/// Only an answer can ask it to open a new connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_sends_nothing_more_is_not_told_that_it_was_asked_to() {
    const IDLE: &str = "
import ssl, sys, time, urllib.request
context = ssl.create_default_context(cafile=sys.argv[2])
urllib.request.urlopen(sys.argv[1], context=context).read()
time.sleep(600)
";
    let command = ["python3", "-c", IDLE, "{url}", "{roots}", "{certificate}"];
    let command = command.map(str::to_owned).to_vec();
    let options = options(command, Duration::from_secs(1), &[Step::RenewedLeaf]);
    let report = judged(&options).await.unwrap();
    let met = &report.steps[0];
    assert_eq!(met.outcome, Outcome::Failed, "{}", report.summary());
    assert!(
        met.words.contains("has to go on asking"),
        "{}",
        report.summary()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_interrupts_before_the_first_request_is_not_made_to_wait() {
    let command = ["sleep", "600", "{url}"].map(str::to_owned).to_vec();
    let mut options = options(command, BOUND, &[Step::NewRoot]);
    options.first = Duration::from_secs(600);
    let (_sender, interrupt) = channel::channel(Some("by a signal".to_owned()));
    let judged = tokio::time::timeout(BOUND, check_client(&options, interrupt, &|_| ())).await;
    let report = judged.expect("it is waited for").unwrap();
    assert_eq!(report.passed, None, "{}", report.summary());
}
