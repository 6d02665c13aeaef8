//! One report in every form, and what happens where one of them cannot be written.

use std::fs;

use super::Folder;

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
    let done = super::Running::start(command.env("GITHUB_STEP_SUMMARY", &earlier)).end();
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

#[test]
fn where_one_cannot_be_written_the_others_are() {
    let folder = Folder::new();
    folder.write("old.json", OLD);
    fs::create_dir(folder.path("junit.xml")).unwrap();
    let mut command = folder.zdr(&ALL);
    let done = super::Running::start(command.env_remove("GITHUB_STEP_SUMMARY")).end();
    done.says(3, &["junit.xml"]);
    assert!(folder.path("zdr.prom").is_file() && folder.path("badge.json").is_file());
    // A summary that has no room is told, and is no verdict either.
    let mut command = folder.zdr(&["report", "old.json", "--github"]);
    let none = folder.path("no-folder/summary.md");
    let done = super::Running::start(command.env("GITHUB_STEP_SUMMARY", none)).end();
    done.says(3, &["no-folder/summary.md"]);
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
