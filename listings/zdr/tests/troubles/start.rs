//! A server without a TOML file: a command, what a look at it finds, the file that `zdr init` writes, and the plan.

use std::fs;

use zdr::server::spec::{Protocol, Spec};

use super::{BROKEN, Done, Folder, Running, SOUND, Theirs, until};

const SHORT: [&str; 7] = [
    "--rotations",
    "1",
    "--interval-ms",
    "50",
    "--steady-ms",
    "100",
    "--no-scenarios",
];

/// The command of the sound server, with more arguments.
fn broken(more: &str) -> String {
    format!(
        "{BROKEN} --certificate {{certificate}} --key {{key}} --roots {{roots}} --port {{port}} {more}"
    )
}

/// A shell that copies the files at SIGHUP to where the server reads them.
const AT_HUP: &str = r#"sh -c 'own={dir}/own; mkdir $own
take() { cp {certificate} {key} {roots} $own; }
take; trap take HUP
"$0" --certificate $own/tls.crt --key $own/tls.key --roots $own/ca.crt --port {port} --poll-ms 20 &
while kill -0 $! 2>/dev/null; do wait $!; done'"#;

fn checked(folder: &Folder, arguments: &[&str]) -> Done {
    folder.run(&[&["check", "--rate", "20"], arguments, &SHORT].concat())
}

#[test]
fn a_command_alone_gets_a_verdict() {
    let folder = Folder::new();
    let done = checked(&folder, &["--command", &broken("")]);
    done.says(
        0,
        &[
            "\n  protocol  http. Answered: `GET /bytes/1`, with the byte that is known.\n",
            "\n  reload    it follows its files. It showed a new certificate ",
            "ready, and nothing was rotated yet",
        ],
    );
    assert!(
        done.out.starts_with("PASSED  Level `all`: broken "),
        "{}",
        done.out
    );
}

#[test]
fn a_server_with_pages_of_its_own_and_a_signal_is_found_out() {
    let folder = Folder::new();
    let command = AT_HUP.replace("\"$0\"", &format!("{BROKEN} --unusual ordinary"));
    let done = checked(&folder, &["--command", &command]);
    done.says(
        0,
        &[
            "\n  protocol  any_http. Not answered: `GET /bytes/1`, with the byte that is known\n            (404 Not Found). Answered: `GET /`.\n",
            "\n  reload    by the signal HUP. It showed no new certificate within 3 s of its\n            files. It showed one ",
            " after SIGHUP, and none ",
        ],
    );
}

/// One that has no pages, and is answered in its own words.
#[test]
fn a_server_without_pages_is_found_out() {
    let folder = Folder::new();
    let done = checked(&folder, &["--command", &broken("--unusual redis")]);
    done.says(
        0,
        &[
            "\n  protocol  redis. Not answered: `GET /bytes/1`, ",
            "Answered: `PING`,",
            "\n  answers   `PING`\n",
        ],
    );
}

/// What answers `PING` as Redis does, and knows nothing else of it, would fail by its first transaction.
#[test]
fn a_server_of_lines_is_not_taken_for_redis() {
    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    let folder = Folder::new();
    let server = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/strangers/pong.py");
    let command = format!(
        "{} {server} {{certificate}} {{key}} {{port}}",
        python.display()
    );
    folder
        .run(&["init", "its.toml", "--command", &command])
        .says(0, &[]);
    let path = folder.path("its.toml");
    let text = fs::read_to_string(&path).unwrap().replace("\n# ", " ");
    assert_eq!(Spec::read(&path).unwrap().protocol, Protocol::Tls, "{text}");
    let not_answered = "Not answered: `PING`, and a transaction (`MULTI`, `PING`, `EXEC`) (";
    for part in [not_answered, "Say in [exchange] what clients ask"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// What is said is not tried.
#[test]
fn what_the_command_line_says_is_taken_for_granted() {
    let folder = Folder::new();
    let command = broken("--unusual ordinary");
    let download = ["--reload", "files", "--download", "/big"];
    let done = checked(&folder, &[&["--command", &command], &download[..]].concat());
    done.says(
        0,
        &["\n  clients   full, resuming, tls12, pooled, http2, download\n"],
    );
    assert!(!done.err.contains("trying"), "{}", done.err);
    let told = [
        "--command",
        &broken(""),
        "--protocol",
        "http",
        "--reload",
        "command:true",
    ];
    checked(&folder, &told).says(0, &["\n  reload    by `true`\n"]);
}

#[test]
fn mistakes_in_a_command() {
    let folder = Folder::new();
    let mistakes: &[(&str, &[&str])] = &[
        (
            "my-server --cert {cert} --key {key} --port {prot}",
            &[
                "column 18: unknown word `{cert}`",
                "did you mean `{certificate}`?",
                "\n  |                  ^^^^^^\n",
                "unknown word `{prot}`",
                "`{port}`",
            ],
        ),
        ("my-server --cert {certificate}", &["it has no `{port}`"]),
        ("my-server --port {port}", &["it has no `{certificate}`"]),
        (
            "my-server {certificate} {port} > log",
            &["`>` is for a shell", "sh -c"],
        ),
        ("my-server '{certificate} {port}", &["not closed"]),
        ("", &["names no program"]),
    ];
    for (command, parts) in mistakes {
        folder.run(&["check", "--command", command]).says(2, parts);
    }
    let command = broken("");
    for (reload, part) in [
        ("signal:KILL", "unknown signal `KILL`"),
        ("HUP", "did you mean `signal:HUP`?"),
        ("command:", "is followed by a command"),
        ("command:kill {pdi}", "did you mean `{pid}`?"),
        ("often", "expected `files`"),
    ] {
        let arguments = ["check", "--command", &command, "--reload", reload];
        folder.run(&arguments).says(2, &[part]);
    }
    for arguments in [
        &["check", "my.toml", "--command", &command][..],
        &["check", "my.toml", "--reload", "files"],
        &["init", "my.toml"],
    ] {
        folder.run(arguments).says(2, &["--help"]);
    }
    // There are two ways, and each is named.
    let either = &["--command", "--running"];
    folder.run(&["init", "my.toml"]).says(2, either);
}

/// A script, a format and a variable have braces of their own.
#[test]
fn braces_that_are_not_ours_are_left_alone() {
    let text = r#"
command = ["sh", "-c", "echo ${port} | awk '{print}'; exec my-server %{hostname} {port}", "{{name}}"]
[[file]]
path = "{dir}/my.conf"
text = "{ host } {host} {uri} {path} {http.request.port} {port}"
"#;
    let spec = Spec::parse(text).unwrap();
    assert_eq!(spec.files.len(), 1);
    assert!(spec.mentions("{port}"));
    let of_others = "command = [\"sh\", \"-c\", \"echo ${port} %{port} \"]\n";
    assert!(!Spec::parse(of_others).unwrap().mentions("{port}"));
    // An argument that is one of our words has one pair of braces.
    let error = Spec::parse("command = [\"a\", \"--port={{port}}\"]\n").unwrap_err();
    let error = error.to_string();
    for part in [
        "line 1, column 25: unknown word `{{port}}`",
        "did you mean `{port}`?",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

/// A script has variables that are called as our words are.
#[test]
fn what_has_braces_of_its_own_reaches_the_program_as_it_is() {
    let folder = Folder::new();
    let script = "port=variable; echo got ${port} %{port} {{port}} {a:{port}} >&2; exit 5";
    let toml = format!("command = [\"sh\", \"-c\", \"{script}\"]\n");
    let done = folder.check(&toml, &[]).end();
    done.says(3, &["It said: got variable %{port} {{port}} {a:"]);
    assert!(!done.err.contains("{a:{"), "{}", done.err);
}

#[test]
fn init_writes_what_check_takes_and_never_overwrites() {
    let folder = Folder::new();
    let command = broken("--unusual ordinary");
    let init = ["init", "mine.toml", "--command", &command];
    folder.run(&init).says(0, &["  protocol  any_http"]);
    let text = fs::read_to_string(folder.path("mine.toml")).unwrap();
    assert!(text.contains("\n# download = "), "{text}");
    assert!(text.contains("# It showed a new certificate "), "{text}");
    checked(&folder, &["mine.toml"]).says(0, &[]);
    // Nothing is started for a file that cannot be written.
    let done = folder.run(&init);
    done.says(3, &["mine.toml is there already, and stays as it is"]);
    assert!(!done.err.contains("trying"), "{}", done.err);
    assert_eq!(fs::read_to_string(folder.path("mine.toml")).unwrap(), text);
    let nowhere = ["init", "absent/mine.toml", "--command", &command];
    let done = folder.run(&nowhere);
    done.says(3, &["absent/mine.toml: its folder does not exist"]);
    assert!(!done.err.contains("trying"), "{}", done.err);
    // The command is relative to where it was tried, wherever the file is.
    fs::create_dir(folder.path("below")).unwrap();
    fs::hard_link(BROKEN, folder.path("here"))
        .unwrap_or_else(|_| drop(fs::copy(BROKEN, folder.path("here"))));
    let relative = command.replace(BROKEN, "./here");
    let done = folder.run(&["init", "below/it is mine.toml", "--command", &relative]);
    done.says(0, &[]);
    assert!(
        done.out.contains("zdr check 'below/it is mine.toml'\n"),
        "{}",
        done.out
    );
    checked(&folder, &["below/it is mine.toml"]).says(0, &[]);
}

#[test]
fn init_of_a_server_that_runs_touches_nothing_and_names_what_it_shows() {
    let folder = Folder::new();
    let theirs = Theirs::start(&folder, &[]);
    let before = fs::read(folder.path("files/tls.crt")).unwrap();
    folder
        .run(&["init", "theirs.toml", "--running", &theirs.address])
        .says(0, &[]);
    assert_eq!(fs::read(folder.path("files/tls.crt")).unwrap(), before);
    let text = fs::read_to_string(folder.path("theirs.toml")).unwrap();
    for part in [
        "agreed on h2",
        "`GET /` was answered: HTTP/1.1 404",
        "for localhost",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let spec = Spec::read(&folder.path("theirs.toml")).unwrap();
    let attach = spec.attach.unwrap();
    assert_eq!(
        (spec.protocol, attach.server_name.as_str()),
        (Protocol::AnyHttp, "localhost")
    );
    // What has to be filled in is filled in.
    let filled = text.replace("directory = \"tls\"", "directory = \"files\"");
    fs::write(folder.path("theirs.toml"), filled).unwrap();
    checked(&folder, &["theirs.toml"]).says(0, &[]);
    folder
        .run(&[
            "init",
            "none.toml",
            "--running",
            "127.0.0.1:1",
            "--patience-ms",
            "500",
        ])
        .says(3, &["no server answers at 127.0.0.1:1", "refused"]);
    assert!(!folder.path("none.toml").exists());
}

#[test]
fn the_plan_says_what_would_be_done_and_starts_nothing() {
    let folder = Folder::new();
    let command = "sh -c 'touch started; exec my-server {certificate} {key} {port}'";
    let reload = ["--reload", "signal:USR2", "--protocol", "any_http"];
    let done = folder.run(&[&["check", "--plan", "--command", command], &reload[..]].concat());
    done.says(0, &[]);
    for part in [
        "Nothing was started.",
        "\nserver     sh -c ",
        "\nfiles      {certificate} and {key} are rotated in a temporary folder",
        "\nsignals    SIGUSR2 to the process of the command\n",
        "SIGSTOP and SIGCONT to all its processes, in rollback, same-date, in-place\n",
        "\nclients    full      50 new connections a second\n",
        "           half as many, or fewer, where this machine or the server cannot keep up\nrotations ",
        "\nrotations  10, 1 s from one to the next at least; 2 s without one before and after\n",
        "\nscenarios  29 of 32\n",
        "  torn               The key of one generation",
        "not trust-added, trust-removed, trust-half-written: for a server with `client_auth`",
        "\ntakes      about ",
    ] {
        assert!(done.out.contains(part), "{part}: {}", done.out);
    }
    // What is left open is found out first, and that is said.
    let done = folder.run(&["check", "--plan", "--command", command]);
    assert!(
        done.out
            .starts_with("First, a server is started to find out"),
        "{}",
        done.out
    );
    assert!(!folder.path("started").exists() && folder.left().is_empty());

    let attach = "[attach]\naddress = \"localhost:8443\"\ndirectory = \"files\"\nca = \"ca\"\n";
    folder.write("attach.toml", attach);
    let done = folder.run(&["check", "--plan", "attach.toml"]);
    let files = format!(
        "tls.crt, tls.key and ca.crt in {} are REPLACED",
        folder.path("files").display()
    );
    for part in [
        files.as_str(),
        "the one at localhost:8443",
        "scenarios  21 of 32",
    ] {
        assert!(done.out.contains(part), "{part}: {}", done.out);
    }
}

/// By a wide factor: machines differ, and so do servers.
#[test]
fn the_plan_estimates_how_long_a_run_takes() {
    let folder = Folder::new();
    folder.write("server.toml", super::SOUND);
    let run = [
        "check",
        "server.toml",
        "--rotations",
        "2",
        "--interval-ms",
        "300",
        "--steady-ms",
        "500",
        "--scenarios",
        "torn,burst,unchanged,same-key",
        "--rate",
        "10",
        "--json",
        "report.json",
    ];
    let planned = folder.run(&[&run[..], &["--plan"]].concat());
    let takes = planned
        .out
        .split("takes      about ")
        .nth(1)
        .expect("takes");
    let planned: f64 = takes.split(' ').next().unwrap().parse().unwrap();
    folder.run(&run).says(0, &[]);
    let took = folder.report().seconds;
    // No run is over before the times that it waits for. How much longer it takes is a matter of the machine.
    let waits = 2.0 * 0.3 + 0.5;
    assert!(
        (waits..took * 4.0).contains(&planned),
        "planned {planned} s, and it took {took} s"
    );
}

/// Servers of this book and of others, described by a look at them, and then judged.
#[test]
fn what_init_writes_of_known_servers_passes() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = "--certificate {certificate} --key {key} --roots {roots} --port {port}";
    let mut servers = Vec::new();
    if let Some(ch03) = lab_test::peer::built("ch03-handshake-hook") {
        servers.push(("ch03", format!("{} serve {files}", ch03.display())));
    }
    if let Some(go) = lab_test::peer::go_twin(false) {
        servers.push(("go", format!("{} serve {files}", go.display())));
    }
    if lab_test::peer::find("python3").is_some() {
        let twin = root.join("ch04-dynamic-contexts/python");
        servers.push((
            "python",
            format!("python3 {} serve {files}", twin.display()),
        ));
    }
    let folder = Folder::new();
    if lab_test::peer::find("nginx").is_some() {
        folder.write("nginx.sh", NGINX);
        servers.push((
            "nginx",
            "sh nginx.sh {certificate} {key} {port} {dir}".into(),
        ));
    }
    // They wait side by side.
    let start = |arguments: &[&str]| Running::start(&mut folder.zdr(arguments));
    let looks = servers.iter().map(|(name, command)| {
        let file = format!("{name}.toml");
        start(&["init", &file, "--command", command])
    });
    for look in looks.collect::<Vec<_>>() {
        look.end().says(0, &["  reload    "]);
    }
    let checks = servers.iter().map(|(name, _)| {
        let file = format!("{name}.toml");
        start(&[&["check", &file, "--rate", "10"], &SHORT[..]].concat())
    });
    for check in checks.collect::<Vec<_>>() {
        check.end().says(0, &[]);
    }
}

/// nginx as a stranger would start it for a try.
const NGINX: &str = r#"cat > $4/nginx.conf <<END
daemon off; user root; pid $4/nginx.pid; events { worker_connections 512; }
http {
    access_log off; client_body_temp_path $4/body; proxy_temp_path $4/proxy; fastcgi_temp_path $4/fastcgi;
    uwsgi_temp_path $4/uwsgi; scgi_temp_path $4/scgi;
    server { listen 127.0.0.1:$3 ssl; ssl_certificate $1; ssl_certificate_key $2; return 200 hello; }
}
END
exec nginx -p $4 -c $4/nginx.conf -e stderr
"#;

/// The reference has every key of the types, and each example in it is one that the parser takes.
#[test]
fn the_reference_is_complete_and_its_examples_hold() {
    let tables = zdr::server::reference::tables();
    let paths: Vec<_> = tables.iter().map(|table| table.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "",
            "attach",
            "file",
            "exchange",
            "exchange.before_tls",
            "exchange.begin",
            "exchange.ask",
            "exchange.leave",
            "ready",
            "reload",
            "reload.socket",
            "limits",
            "allow.SCENARIO"
        ]
    );
    let text = zdr::server::reference::as_text();
    for table in tables {
        let required = table.keys.iter().filter(|key| key.is_required);
        let required: Vec<_> = required.map(|key| (&key.name, &key.example)).collect();
        for key in &table.keys {
            assert!(
                !key.about.is_empty() && key.about.ends_with('.'),
                "{} {key:?}",
                table.path
            );
            assert!(
                key.example.starts_with(&format!("{} = ", key.name)),
                "{key:?}"
            );
            assert!(
                table.like.is_some() || text.contains(&key.example),
                "{key:?}"
            );
            let others = required.iter().filter(|(name, _)| **name != key.name);
            let others: String = others.map(|(_, example)| format!("{example}\n")).collect();
            let server = match (table.path.as_str(), key.name.as_str()) {
                ("attach", _) | ("", "attach" | "command") => "",
                ("", "download") => "protocol = \"any_http\"\ncommand = [\"a\"]\n",
                ("", "exchange") => "protocol = \"tls\"\ncommand = [\"a\"]\n",
                (path, _) if path.starts_with("exchange") => {
                    "protocol = \"tls\"\ncommand = [\"a\"]\n"
                }
                _ => "command = [\"a\"]\n",
            };
            let header = table.header().replace("SCENARIO", "expired");
            let toml = format!("{server}{header}\n{}\n{others}", key.example);
            if let Err(error) = Spec::parse(&toml) {
                panic!("{toml}{error}");
            }
        }
    }
}

#[test]
fn the_page_of_the_book_is_the_reference() {
    let folder = Folder::new();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/reference.md");
    let committed = fs::read_to_string(file).unwrap();
    assert_eq!(
        folder.run(&["toml", "--markdown"]).out,
        committed,
        "{file}: zdr toml --markdown"
    );
    for arguments in [&["help", "toml"][..], &["toml"]] {
        let done = folder.run(arguments);
        done.says(0, &[]);
        for part in [
            "\n[reload.socket]\n",
            "\n  signal = \"HUP\"\n",
            "{client_roots}: ",
        ] {
            assert!(done.out.contains(part), "{part}: {}", done.out);
        }
    }
}

/// The file with mistakes is shown on the same page.
#[test]
fn the_mistakes_of_the_book_are_told_as_it_says() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/mistakes.toml");
    let folder = Folder::idle();
    fs::copy(file, folder.path("mistakes.toml")).unwrap();
    let done = folder.run(&["check", "mistakes.toml"]);
    done.says(3, &[]);
    let committed = fs::read_to_string(file.replace(".toml", ".console")).unwrap();
    assert_eq!(
        format!("$ zdr check mistakes.toml\n{}", done.err),
        committed
    );
}

/// Ctrl-C while it is being found out what a server does.
#[test]
fn an_interrupted_look_leaves_nothing_behind() {
    let folder = Folder::new();
    let command = broken("--frozen");
    let arguments = ["check", "--command", &command];
    let mut running = Running::start(&mut folder.zdr(&arguments));
    let zdr = running.pid();
    running.until("trying what it speaks");
    until("the server", || {
        (!super::children_of(zdr).is_empty()).then_some(())
    });
    running.signal(rustix::process::Signal::INT);
    running
        .end()
        .says(130, &["no verdict: it was interrupted (Ctrl-C)"]);
    super::no_process_is_left(&folder, zdr);
}

/// A script that starts the server, and does not become it: a signal ends the script.
#[test]
fn a_script_before_the_server_is_told_from_a_server_that_cannot_reload() {
    let folder = Folder::new();
    let script =
        format!("{BROKEN} --certificate $1 --key $2 --roots $3 --port $4 --frozen &\nwait\n");
    fs::write(folder.path("start.sh"), script).unwrap();
    let words = "sh start.sh {certificate} {key} {roots} {port}";
    let done = folder.run(&["check", "--command", words]);
    done.says(
        3,
        &[
            "SIGHUP ended the process that starts the server",
            " (broken) listens on 127.0.0.1:",
            "change: let a script become the server (`exec` before its last command)",
        ],
    );
}

/// Ctrl-C in the middle of a run is no failure of the server's, whatever shows it.
#[test]
fn an_interrupted_run_is_no_verdict_in_each_form() {
    let folder = Folder::new();
    let command = broken("");
    let outputs = "--page p.html --badge b.json --junit j.xml --prometheus p.prom --json r.json";
    let mut arguments = vec!["check", "--command", &command, "--reload", "files"];
    arguments.extend([
        "--protocol",
        "http",
        "--steady-ms",
        "300000",
        "--classes",
        "full",
    ]);
    arguments.extend(outputs.split(' '));
    let mut running = Running::start(&mut folder.zdr(&arguments));
    let zdr = running.pid();
    running.until("ready, and nothing was rotated yet");
    running.signal(rustix::process::Signal::INT);
    let done = running.end();
    done.says(130, &[]);
    super::no_process_is_left(&folder, zdr);
    assert!(
        done.out
            .starts_with("NO VERDICT  Level `all`: no verdict on "),
        "{}",
        done.out
    );
    assert!(done.out.contains("interrupted (Ctrl-C)"), "{}", done.out);
    assert!(!done.out.contains("FAILED"), "{}", done.out);
    let read = |name: &str| fs::read_to_string(folder.path(name)).unwrap();
    let page = read("p.html");
    assert!(
        page.contains(": No verdict – zdr</title>"),
        "the page's title"
    );
    assert!(
        !page.contains("class=\"failed\""),
        "the page's headline is no failure"
    );
    assert!(read("b.json").contains("\"no verdict\""));
    assert!(read("j.xml").contains("failures=\"0\" errors=\"1\""));
    assert!(read("p.prom").contains("zdr_check_interrupted{server=\"broken\"} 1"));
}

/// Neither a command nor an address says whether there is a port of UDP.
#[test]
fn http3_is_found_of_a_command_and_of_a_server_that_runs() {
    let folder = Folder::new();
    let written = |file: &str| {
        let spec = Spec::read(&folder.path(file)).unwrap();
        (spec.http3, fs::read_to_string(folder.path(file)).unwrap())
    };
    for (unusual, speaks) in [("http3", true), ("chatty-log", false)] {
        let file = format!("{unusual}.toml");
        let command = broken(&format!("--unusual={unusual}"));
        let init = ["init", &file, "--command", &command, "--reload", "files"];
        let done = folder.run(&init);
        done.says(0, &["  protocol  http"]);
        let (http3, text) = written(&file);
        assert_eq!(http3, speaks, "{text}");
        assert_eq!(
            done.err.contains("\n  http3     true. On UDP port "),
            speaks,
            "{}",
            done.err
        );
        assert_eq!(text.contains("agreed on `h3`"), speaks, "{text}");
    }
    for (file, speaks) in [("runs.toml", true), ("alone.toml", false)] {
        let here = Folder::idle();
        let theirs = Theirs::start(&here, if speaks { &["--unusual=http3"] } else { &[] });
        let init = ["init", file, "--running", &theirs.address];
        folder.run(&init).says(0, &[]);
        let (http3, text) = written(file);
        assert_eq!(http3, speaks, "{text}");
    }
}

/// Numbers that no run comes to the end of.
#[test]
fn a_plan_of_endless_rotations_is_a_plan() {
    let folder = Folder::idle();
    folder.write("server.toml", SOUND);
    let plan = [
        "check",
        "server.toml",
        "--plan",
        "--rotations",
        "4294967295",
    ];
    let long = ["--interval-ms", "18446744073709551615"];
    let done = folder.run(&[&plan[..], &long].concat());
    done.says(0, &[]);
    assert!(done.out.contains("4294967295"), "{}", done.out);
}
