//! Who passes the course, and where the others stop.

mod lost;

use std::path::{Path, PathBuf};

use ch09_simulating_rotation::Writer;
use tokio::sync::watch;
use tokio::task::JoinSet;
use zdr::attempt::{Class, FailureKind};
use zdr::check::RunControl;
use zdr::course::lesson::{HINTS, Lesson, ON};
use zdr::course::page::page;
use zdr::course::{Course, CourseOptions, StageReport, State, course, text};
use zdr::gate::scenario::Scenario;
use zdr::report::book::Book;
use zdr::report::{Code, Evidence, Finding, Severity, Status};
use zdr::server::spec::Spec;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Ours, where it has been built; a peer's program, where it is installed.
fn is_there(program: &str) -> bool {
    match program.starts_with("ch") || program == "broken" {
        true => lab_test::peer::built(program).is_some(),
        false => lab_test::peer::find(program).is_some(),
    }
}

/// A server that is shipped, if its program is there. `more` is added to its command.
fn shipped(name: &str, program: &str, more: &[&str]) -> Option<Spec> {
    let there = is_there(program);
    there.then(|| {
        let file = root().join(format!("listings/zdr/servers/{name}.toml"));
        let mut spec = Spec::read(&file).unwrap();
        spec.name = [name]
            .iter()
            .chain(more)
            .copied()
            .collect::<Vec<_>>()
            .join(" ");
        spec.command.extend(more.iter().map(ToString::to_string));
        spec
    })
}

fn broken(more: &[&str]) -> Spec {
    shipped("broken", "broken", more).unwrap()
}

/// The Go twin, built once and not for each of the servers of a stage.
fn go(more: &[&str]) -> Option<Spec> {
    let twin = lab_test::peer::go_twin(false)?;
    let mut spec = shipped("go", "go", more)?;
    spec.setup.clear();
    spec.command[0] = twin.display().to_string();
    Some(spec)
}

async fn taken(spec: &Spec, options: &CourseOptions) -> Course {
    // Clients of all classes call it, and its scenarios have servers of their own.
    let _turns = super::turns::of(super::turns::ALL_CLASSES).await;
    let (_nobody, interrupt) = watch::channel(None);
    let control = RunControl {
        progress: &|_| (),
        interrupt,
    };
    course(spec, options, &control, &|_, _| ()).await.unwrap()
}

fn whole(course: &Course) -> String {
    let stages = course.stages.iter().zip(1..);
    let stages: String = stages
        .map(|(stage, number)| text::stage(number, stage))
        .collect();
    format!("{}\n{stages}{}", course.server, text::end(course))
}

#[tokio::test(flavor = "multi_thread")]
async fn our_servers_pass() {
    // The twins' own tests try each kind of file.
    let some = short(&[
        Scenario::Torn,
        Scenario::Expired,
        Scenario::Missing,
        Scenario::Rollback,
        Scenario::ChangedAtStart,
        Scenario::Stalled,
    ]);
    let servers = [
        (
            shipped("ch05", "ch05-race-conditions", &[]),
            CourseOptions::quick(),
        ),
        (go(&[]), some.clone()),
        (shipped("python", "python3", &["--poll-ms=50"]), some),
    ];
    let mut taking = JoinSet::new();
    for (spec, options) in servers {
        let Some(spec) = spec else { continue };
        taking.spawn(async move { taken(&spec, &options).await });
    }
    for course in taking.join_all().await {
        assert!(course.passed, "{}", whole(&course));
        assert_eq!(course.stages.len(), 6);
        let figures = |stage: &StageReport| stage.attempts > 0 && stage.failed == 0;
        assert!(course.stages.iter().all(figures), "{}", whole(&course));
        assert!(text::end(&course).contains(ON[0].page));
        let log = &course.stages[5];
        assert!(log.skipped.is_empty(), "{}", whole(&course));
    }
}

/// Enough to get as far as is expected, and no more.
fn short(scenarios: &[Scenario]) -> CourseOptions {
    CourseOptions {
        writers: vec![Writer::VaultAgent, Writer::Kubelet],
        scenarios: [scenarios, &[Scenario::SlowWrite, Scenario::Mismatched]].concat(),
        ..CourseOptions::quick()
    }
}

/// Where a server stops, and what it is told to read.
struct Stops {
    spec: Spec,
    options: CourseOptions,
    lesson: Lesson,
    heading: &'static str,
    says: &'static str,
}

/// Whichever heading the stage's hint names.
const ANY: &str = "";

fn stops(
    spec: Spec,
    scenarios: &[Scenario],
    lesson: Lesson,
    heading: &'static str,
    says: &'static str,
) -> Stops {
    Stops {
        spec,
        options: short(scenarios),
        lesson,
        heading,
        says,
    }
}

/// A server in front of which stands a script.
fn behind(script: &str, mut spec: Spec) -> Spec {
    spec.command[0] = env!("CARGO_BIN_EXE_broken").into();
    let script = script.replace("SERVER", "\"$0\" \"$@\"");
    spec.command
        .splice(0..0, ["sh".into(), "-c".into(), script]);
    spec
}

fn stopping() -> Vec<Stops> {
    let mutual = |more: &[&str]| broken(more).asking_clients().unwrap();
    let links =
        r#"exec "$0" "$1" "$(readlink -f "$2")" "$3" "$(readlink -f "$4")" "$5" "$6" "$7" "$8""#;
    let mut all = vec![
        stops(
            broken(&["--no-such-flag"]),
            &[],
            Lesson::Serves,
            "What it has to do",
            "no-such-flag",
        ),
        stops(
            broken(&["--defect=sever-on-reload"]),
            &[],
            Lesson::Rotates,
            "How it works",
            "during rotations",
        ),
        // Where the machine is busy, it meets even a rename between two files.
        stops(
            broken(&["--defect=mid-write"]),
            &[],
            Lesson::Rotates,
            ANY,
            "",
        ),
        stops(
            mutual(&["--defect=client-auth-dropped"]),
            &[],
            Lesson::Rotates,
            "Symptom: client authentication is gone after a reload",
            "let in",
        ),
        stops(
            behind(links, broken(&[])),
            &[],
            Lesson::ByAnyWriter,
            "Who wakes the reader",
            "kubelet",
        ),
        stops(
            broken(&["--defect=expired"]),
            &[Scenario::Expired],
            Lesson::Refuses,
            "Reload",
            "expired certificate shown",
        ),
        stops(
            broken(&["--defect=exits-on-bad-file"]),
            &[],
            Lesson::Rotates,
            "Two looks that agree",
            "slow-write",
        ),
        stops(
            broken(&["--defect=newer-only"]),
            &[Scenario::Rollback],
            Lesson::CannotBeRaced,
            "The watch is a hint, the poll is the truth",
            "rollback",
        ),
        stops(
            broken(&["--defect=file-io-in-handshake"]),
            &[Scenario::Stalled],
            Lesson::CannotBeRaced,
            "The way it naturally goes wrong",
            "stalled",
        ),
        stops(
            broken(&["--defect=key-in-log"]),
            &[],
            Lesson::SaysWhatItDoes,
            "Reasons",
            "bytes of a private key",
        ),
        stops(
            behind(
                "SERVER 2>&1 | grep -v --line-buffered identity_rejected >&2",
                broken(&[]),
            ),
            &[],
            Lesson::SaysWhatItDoes,
            "Reasons",
            "no `identity_rejected`",
        ),
        stops(
            mutual(&["--defect=trust-never-reloaded"]),
            &[Scenario::TrustAdded],
            Lesson::KnowsItsClients,
            "Files ask, the server answers",
            "none of its clients was let in",
        ),
    ];
    // The naive ones.
    let naive = [
        shipped("ch01", "ch01-restart-baseline", &[]).map(|spec| (spec, "How it works")),
        shipped("ch03", "ch03-handshake-hook", &["--hook=stat"])
            .map(|spec| (spec, "Two looks that agree")),
        go(&["--hook=stat"]).map(|spec| (spec, "Two looks that agree")),
        shipped("python", "python3", &["--hook=frozen"]).map(|spec| (spec, "How it works")),
    ];
    for (spec, heading) in naive.into_iter().flatten() {
        all.push(stops(spec, &[], Lesson::Rotates, heading, ""));
    }
    for stops in &mut all {
        // Whoever never shows a new certificate is waited for as long.
        let hangs = stops.options.scenarios.contains(&Scenario::Stalled);
        // One whose handshakes hung has all of them to end first.
        stops.spec.limits.reload_within_ms = if hangs { 30_000 } else { 2500 };
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_the_others_stops_where_the_book_says() {
    let mut taking = JoinSet::new();
    for stops in stopping() {
        taking.spawn(async move {
            let course = taken(&stops.spec, &stops.options).await;
            surprise(&stops, &course)
        });
    }
    let surprises: Vec<_> = taking.join_all().await.into_iter().flatten().collect();
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

fn surprise(stops: &Stops, course: &Course) -> Option<String> {
    let at = course
        .stages
        .iter()
        .position(|stage| stage.state != State::Passed);
    let as_known = at.is_some_and(|at| {
        let (stage, later) = (&course.stages[at], &course.stages[at + 1..]);
        let told = text::stage(at + 1, stage);
        let words = stage.findings.iter();
        let mut words = words.map(|found| format!("{} {}", found.scenario, found.words));
        stage.lesson == stops.lesson
            && stage.state == State::Failed
            && stage
                .heading
                .is_some_and(|heading| [heading, ANY].contains(&stops.heading))
            && told.contains("Hint: ")
            && words.any(|words| words.contains(stops.says))
            && later.iter().all(|stage| stage.state == State::Closed)
    });
    (!as_known).then(|| format!("not at {:?}: {}", stops.lesson, whole(course)))
}

/// It logs nothing: of what it says nothing is known, good or bad, and the next stage is open.
#[tokio::test(flavor = "multi_thread")]
async fn a_sound_server_that_asks_its_clients_has_seven_stages_and_one_that_is_not_judged() {
    let mut spec = behind(
        "exec SERVER 2>/dev/null",
        broken(&[]).asking_clients().unwrap(),
    );
    spec.ready.event = None;
    let scenarios = [Scenario::TrustAdded, Scenario::TrustHalfWritten];
    let course = taken(&spec, &short(&scenarios)).await;
    assert!(course.passed, "{}", whole(&course));
    assert_eq!(course.stages.len(), 7);
    for (stage, number) in course.stages.iter().zip(1..) {
        let is_log = stage.lesson == Lesson::SaysWhatItDoes;
        assert_eq!(
            stage.state == State::NotJudged,
            is_log,
            "{}",
            whole(&course)
        );
        let told = text::stage(number, stage);
        assert_eq!(told.contains(": not judged\n"), is_log, "{told}");
        assert_eq!(told.contains("it logs none of them"), is_log, "{told}");
    }
    let end = text::end(&course);
    let words: Vec<_> = end.split_whitespace().collect();
    assert!(words.join(" ").contains("all but 1 stage. 6 of 7"), "{end}");
}

/// A server that closes its connections at each reload fails many attempts, in one way.
fn cutting() -> Course {
    let failure = |scenario: &str, code, kind| Finding {
        severity: Severity::Failure,
        status: Status::Counted,
        code,
        scenario: scenario.into(),
        words: format!("{scenario}: attempts failed: {kind}."),
        catalogue: Vec::new(),
        evidence: vec![Evidence {
            class: Class::Download,
            kind,
            phase: None,
            at_ms: Some(81.25),
            said: "<b>connection reset</b>".into(),
        }],
        class: None,
        differs: None,
    };
    let mut stages: Vec<_> = Lesson::of(&broken(&[]))
        .into_iter()
        .map(StageReport::closed)
        .collect();
    stages[0].state = State::NotTaken;
    stages[1].state = State::Failed;
    stages[1].attempts = 12;
    stages[1].failed = 10;
    stages[1].findings = vec![
        failure("rotation", Code::Severed, FailureKind::Severed),
        failure("rotation", Code::RequestsFailed, FailureKind::Lost),
        failure("slow-write", Code::Severed, FailureKind::Severed),
        failure("slow-write", Code::NotPickedUp, FailureKind::Expired),
    ];
    Course {
        server: "<i>mine</i>".into(),
        passed: false,
        stages,
        seconds: 3.5,
        interrupted: None,
    }
}

#[test]
fn all_that_was_found_is_told_each_cause_once() {
    let course = cutting();
    let told = text::stage(2, &course.stages[1]);
    for said in [
        "Found: It cuts connections when it reloads.",
        "- rotation: rotation: attempts failed: severed in the middle",
        "- rotation: rotation: attempts failed: request lost",
        "- The same again: slow-write.",
        "Found: It reads files that are still being written",
        "- slow-write: slow-write: attempts failed: expired",
    ] {
        assert_eq!(told.matches(said).count(), 1, "{said}: {told}");
    }
    assert_eq!(
        text::stage(1, &course.stages[0]),
        "1  It serves: not taken this time\n"
    );
    let end = text::end(&course).replace('\n', " ");
    assert!(
        end.contains("Go on here with `--course --from 2`."),
        "{end}"
    );
}

#[test]
fn the_page_of_the_course_says_the_same_and_nothing_of_it_is_markup() {
    let page = page(&cutting(), &Book::default());
    for said in [
        "It cuts connections when it reloads.",
        "2. It rotates: not passed",
        "--from 2",
        "3. By any writer: closed",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    for markup in ["<i>", "<b>", "http"] {
        assert!(!page.contains(markup), "{markup}");
    }
    let book = "https://book.example".parse().unwrap();
    let passed = Course {
        passed: true,
        ..cutting()
    };
    let linked = zdr::course::page::page(&passed, &book);
    assert!(linked.contains("href=\"https://book.example/ch06-in-flight-requests.html\""));
}

/// A stage that was passed before is not taken, and what it would have told is made up for: a server that
/// never shows a new certificate passes no later stage.
#[tokio::test(flavor = "multi_thread")]
async fn a_course_goes_on_where_it_ended() {
    let options = CourseOptions {
        from: 4,
        ..short(&[Scenario::Expired])
    };
    let mut frozen = broken(&["--defect=lying-log"]);
    frozen.limits.reload_within_ms = 500;
    let (sound, frozen) = (broken(&[]), frozen);
    let (sound, frozen) = tokio::join!(taken(&sound, &options), taken(&frozen, &options));
    assert!(sound.passed, "{}", whole(&sound));
    let states: Vec<_> = sound.stages.iter().map(|stage| stage.state).collect();
    assert_eq!(states[..3], [State::NotTaken; 3]);
    assert_eq!(states[3..], [State::Passed; 3]);
    assert!(
        text::end(&sound).contains("from stage 4 on"),
        "{}",
        whole(&sound)
    );
    assert_eq!(frozen.stages[3].state, State::Failed, "{}", whole(&frozen));
}

#[tokio::test]
async fn a_stage_that_there_is_not() {
    let options = CourseOptions {
        from: 7,
        ..CourseOptions::quick()
    };
    let (_nobody, interrupt) = watch::channel(None);
    let control = RunControl {
        progress: &|_| (),
        interrupt,
    };
    let error = course(&broken(&[]), &options, &control, &|_, _| ()).await;
    let error = error.unwrap_err().to_string();
    assert_eq!(error, "the course of this server has 6 stages");
}

#[test]
fn each_hint_names_a_page_that_is_there() {
    for hint in HINTS.iter().copied().chain(ON) {
        let page = std::fs::read_to_string(root().join(hint.page)).unwrap();
        let mut headings = page.lines().filter_map(|line| line.split_once("# "));
        let there = headings.any(|(level, heading)| {
            level.chars().all(|c| c == '#') && heading.trim() == hint.heading
        });
        assert!(there, "{} has no heading `{}`", hint.page, hint.heading);
    }
}

#[test]
fn the_chapter_s_file_is_one_of_a_server() {
    let spec = Spec::read(&root().join("listings/zdr/my-server.toml")).unwrap();
    assert_eq!(spec.reload.signal.as_deref(), Some("HUP"));
}

/// Every scenario belongs to a stage, and to one only.
#[test]
fn the_stages_leave_nothing_out() {
    let lessons = Lesson::of(&broken(&[]).asking_clients().unwrap());
    let mut asked: Vec<_> = lessons
        .iter()
        .flat_map(|lesson| lesson.scenarios())
        .collect();
    for &scenario in Scenario::all() {
        let at = asked.iter().position(|asked| **asked == scenario);
        asked.remove(at.unwrap_or_else(|| panic!("{scenario:?}")));
    }
    assert!(asked.is_empty());
}
