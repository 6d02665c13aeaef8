//! One report in every form, and what happens where one of them cannot be written.

use std::fs;
use std::process::Command;

use zdr::attempt::{Class, FailureKind};
use zdr::gate::code::Code;
use zdr::report::news::causes;
use zdr::report::reach::Reach;
use zdr::report::reproduce::reproduction;
use zdr::report::{Evidence, Report};

use super::{Folder, Running, Theirs, ZDR};

/// A report of format 1, as an old pipeline has kept it, of a server that cut downloads.
const OLD: &str = r#"{
  "format": 1, "zdr": "0.1.0", "began": "2026-11-01T12:00:00Z", "seconds": 12.5, "generators": 1,
  "server": {"name": "my-server", "command": ["my-server"], "reload": "signal HUP"},
  "machine": {"cores": 2, "processor": "any", "system": "linux"},
  "plan": {"rotations": 10, "interval_ms": 1000, "writer": "vault-agent", "rates": {"full": 50.0},
    "reload_within_ms": 10000, "overlap_ms": 1000},
  "verdict": {"passed": false, "words": "::warning::my-server does not rotate with zero downtime."},
  "findings": [{"severity": "failure", "code": "severed", "scenario": "rotation",
    "words": "download: 9 of 12 failed.", "catalogue": [17]}],
  "rotations": [], "scenarios": [], "timeline": [],
  "classes": [{"class": "download", "phases": {}, "attempts": 12, "failed": 9,
    "failed_below": 0.93, "failures": [], "goodbyes": 0}],
  "resources": null, "interrupted": null
}"#;

const ALL: [&str; 9] = [
    "report",
    "old.json",
    "--junit",
    "junit.xml",
    "--prometheus",
    "zdr.prom",
    "--badge",
    "badge.json",
    "--github",
];

#[test]
fn an_old_report_in_each_form() {
    let folder = Folder::new();
    folder.write("old.json", OLD);
    let earlier = folder.write("summary.md", "An earlier step.\n");
    let mut command = folder.zdr(&ALL);
    let done = Running::start(command.env("GITHUB_STEP_SUMMARY", &earlier)).end();
    done.says(1, &[]);
    // What the report says is between marks, and obeyed by nobody.
    let lines: Vec<_> = done.out.lines().collect();
    let token = lines[0].strip_prefix("::stop-commands::").unwrap();
    let end = lines
        .iter()
        .position(|line| *line == format!("::{token}::"));
    let (quoted, commands) = lines.split_at(end.unwrap() + 1);
    assert!(
        quoted
            .join(" ")
            .contains("::warning::my-server does not rotate")
    );
    assert_eq!(commands.len(), 1, "{commands:?}");
    let begins = "::error title=It cuts connections when it reloads.::severed in rotation: ";
    assert!(commands[0].starts_with(begins), "{commands:?}");
    assert!(
        commands[0].contains("failure catalogue, entry 17"),
        "{commands:?}"
    );
    let read = |name: &str| fs::read_to_string(folder.path(name)).unwrap();
    assert!(read("junit.xml").contains("<failure message=\"It cuts connections"));
    assert!(read("zdr.prom").contains("zdr_check_passed{server=\"my-server\",level=\"all\"} 0\n"));
    assert!(read("badge.json").contains("\"message\":\"all failed\""));
    let summary = read("summary.md");
    assert!(
        summary.starts_with("An earlier step.\n## ❌ my-server"),
        "{summary}"
    );
}

/// A gate must not take a run that was cut short for one in which nothing failed.
#[test]
fn a_saved_report_without_a_verdict_ends_as_its_check_did() {
    let folder = Folder::new();
    folder.write("old.json", OLD);
    let (head, rest) = OLD.split_once("\"findings\": [").unwrap();
    let (_, rest) = rest.split_once("]}],").unwrap();
    let nothing_found = format!("{head}\"findings\": [],{rest}");
    for (why, code) in [
        ("the server, or this machine, is overloaded", 3),
        ("it was interrupted (Ctrl-C)", 130),
        ("it was told to end (SIGTERM)", 130),
    ] {
        let why = format!("\"interrupted\": {why:?}");
        let cut_short = nothing_found.replace("\"interrupted\": null", &why);
        folder.write("cut-short.json", &cut_short);
        folder.run(&["report", "cut-short.json"]).says(code, &[]);
        let done = folder.run(&["compare", "old.json", "cut-short.json"]);
        done.says(3, &[]);
        assert!(done.out.contains("Not decided"), "{}", done.out);
    }
}

/// Both streams of a job are read for commands, also behind blanks: a server's last words are no commands.
#[test]
fn what_a_server_said_is_no_command_on_stderr_either() {
    let folder = Folder::new();
    let script = "echo hello; echo ::stop-commands::x; exit 1 # {certificate} {key} {port}";
    folder.write(
        "server.toml",
        &format!("command = [\"sh\", \"-c\", \"{script}\"]\n"),
    );
    for (job, between_marks) in [("true", true), ("", false)] {
        let mut command = folder.zdr(&["check", "server.toml", "--quiet"]);
        let done = Running::start(command.env("GITHUB_ACTIONS", job)).end();
        done.says(3, &["          ::stop-commands::x"]);
        let begins = match between_marks {
            true => "::stop-commands::zdr-",
            false => "error: ",
        };
        assert!(done.err.starts_with(begins), "{}", done.err);
    }
}

#[test]
fn where_one_cannot_be_written_the_others_are() {
    let folder = Folder::new();
    folder.write("old.json", OLD);
    fs::create_dir(folder.path("junit.xml")).unwrap();
    let mut command = folder.zdr(&ALL);
    let done = Running::start(command.env_remove("GITHUB_STEP_SUMMARY")).end();
    done.says(3, &["junit.xml"]);
    assert!(folder.path("zdr.prom").is_file() && folder.path("badge.json").is_file());
    // A summary that has no room is told, and is no verdict either.
    let mut command = folder.zdr(&["report", "old.json", "--github"]);
    let none = folder.path("no-folder/summary.md");
    let done = Running::start(command.env("GITHUB_STEP_SUMMARY", none)).end();
    done.says(3, &["no-folder/summary.md"]);
}

/// What a report tells a person to run, run against a server that is sound: a handshake that is verified, the
/// certificate that is shown, and requests that are answered.
#[test]
fn the_commands_of_a_report_can_be_run() {
    let folder = Folder::new();
    let theirs = Theirs::start(&folder, &[]);
    fs::copy(folder.path("files/ca.crt"), folder.path("roots.pem")).unwrap();
    let mut report: Report = serde_json::from_str(OLD).unwrap();
    report.server.reach = Some(Reach {
        address: theirs.address.clone(),
        name: "localhost".into(),
        request: Some("/bytes/1".into()),
        download: Some("/bytes/1024".into()),
        starttls: None,
        begins_in_clear: false,
        asks_nothing: false,
        client_auth: false,
    });
    let mut shown = |code: Code, class: Class| {
        report.findings[0].code = code;
        report.findings[0].evidence = vec![Evidence {
            class,
            kind: FailureKind::Severed,
            phase: None,
            at_ms: None,
            said: String::new(),
        }];
        let cause = causes(&report).remove(0);
        let command = reproduction(&report, &cause).unwrap().command;
        let command = command.replace("[1-1000]", "[1-3]");
        let mut shell = Command::new("sh");
        shell.args(["-c", &command]).current_dir(folder.path(""));
        let done = Running::start(&mut shell).end();
        assert!(
            done.status.success(),
            "{command}: {} {}",
            done.out,
            done.err
        );
        done.out
    };
    if lab_test::peer::find("openssl").is_some() {
        let serial = shown(Code::NotPickedUp, Class::Full);
        assert!(
            serial.contains("serial=") && serial.contains("notAfter="),
            "{serial}"
        );
        let verified = shown(Code::UnfitShown, Class::Full);
        assert!(
            verified.contains("Verify return code: 0 (ok)"),
            "{verified}"
        );
    }
    if lab_test::peer::find("curl").is_some() {
        for (code, class) in [
            (Code::Severed, Class::Download),
            (Code::RequestsFailed, Class::Pooled),
            (Code::LetIn, Class::Mutual),
        ] {
            shown(code, class);
        }
    }
}

#[test]
fn the_address_of_the_book_makes_links() {
    let folder = Folder::new();
    folder.write("old.json", OLD);
    let linked = ["report", "old.json", "--book", "https://book.example/"];
    let done = folder.run(&linked);
    let words = done.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("https://book.example/failure-catalogue.html#entry-17"),
        "{words}"
    );
    let done = folder.run(&["report", "old.json", "--book", "book.example"]);
    done.says(2, &["begins with http:// or https://"]);
}

/// A shell's `>>` is behind `/dev/stdout`: what its file holds stays, before and after.
#[test]
fn what_a_shell_appends_to_is_not_replaced() {
    let folder = Folder::idle();
    folder.write("old.json", OLD);
    for open in ["/dev/stdout", "/proc/self/fd/1", "/dev/fd/7"] {
        let log = folder.write("log", "before\n");
        let script =
            format!("exec 7>> log >> log; \"$0\" report old.json --badge {open}; echo after");
        let mut command = Command::new("sh");
        command
            .args(["-c", &script, ZDR])
            .current_dir(folder.path(""))
            .env("TMPDIR", folder.temporary());
        Running::start(&mut command).end();
        let log = fs::read_to_string(log).unwrap();
        assert!(log.starts_with("before\n"), "{open}: {log}");
        assert!(log.contains("\"schemaVersion\""), "{open}: {log}");
        assert!(log.ends_with("after\n"), "{open}: {log}");
    }
}
