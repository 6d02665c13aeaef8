//! No verdict: exit code 3, and why.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;

use zdr::report::{Code, Report};

use super::{
    FOR_EVER, Folder, ONE_ROTATION, PATIENT, Running, SOUND, Theirs, at_hup, attach, behind,
    is_alive, no_process_is_left, number_in,
};

fn short() -> Vec<&'static str> {
    [&ONE_ROTATION[..], &["--steady-ms", "100", "--quiet"]].concat()
}

/// What `zdr` says of a server that is no such server. It never shows up in a report.
fn refused(toml: &str, more: &[&str], parts: &[&str]) -> Folder {
    let folder = Folder::idle();
    let running = folder.check(toml, &[&short()[..], more].concat());
    let zdr = running.pid();
    let done = running.end();
    done.says(3, parts);
    assert_eq!(done.out, "");
    assert!(!folder.path("report.json").exists());
    no_process_is_left(&folder, zdr);
    folder
}

/// The same of one to attach to, whose files must not be touched.
fn not_attached(address: &str, more: &[&str], parts: &[&str]) {
    let folder = Folder::new();
    folder.run(&["ca", "ca"]).says(0, &[]);
    fs::create_dir(folder.path("files")).unwrap();
    let done = folder
        .check(&attach(address, ""), &[&short()[..], more].concat())
        .end();
    done.says(3, &[&[address], parts].concat());
    let touched = fs::read_dir(folder.path("files")).unwrap().count();
    assert_eq!(
        touched, 0,
        "no client accepts that server, and yet its files were written"
    );
}

#[test]
fn a_port_without_a_server() {
    let port = lab::RefusingPort::hold().unwrap();
    let address = port.address().to_string();
    not_attached(&address, &[], &["no server answers", "refused"]);
}

#[test]
fn a_server_that_says_nothing() {
    // The system accepts for it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let patience = ["--patience-ms", "200"];
    not_attached(
        &address,
        &patience,
        &["no answer within 200ms", "Nothing was written"],
    );
    let observe = [
        "--patience-ms",
        "200",
        "--observe",
        "--quiet",
        "--steady-ms",
        "10",
    ];
    let folder = Folder::new();
    folder.run(&["ca", "ca"]).says(0, &[]);
    fs::create_dir(folder.path("files")).unwrap();
    let done = folder.check(&attach(&address, ""), &observe).end();
    done.says(3, &["no answer within 200ms"]);
}

#[test]
fn plain_http_is_spoken() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for tcp in listener.incoming().flatten() {
            thread::spawn(move || plain(tcp));
        }
    });
    let plain = "without TLS it says: HTTP/1.1 400 Bad Request";
    not_attached(
        &address,
        &[],
        &["do not accept", "InvalidContentType", plain],
    );
}

/// What it says may be what is in its files.
#[test]
fn a_key_that_a_server_says_in_the_clear_is_not_quoted() {
    let folder = Folder::new();
    folder.run(&["ca", "ca"]).says(0, &[]);
    let issue = ["issue", "--ca", "ca", "--to", "files"];
    folder.run(&issue).says(0, &[]);
    let key = fs::read_to_string(folder.path("files/tls.key")).unwrap();
    let lines = key.lines().filter(|line| !line.starts_with("--"));
    let said: String = lines.collect();
    let secret = said[48..64].to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut tcp in listener.incoming().flatten() {
            let _ = tcp.write_all(format!("{said}\r\n").as_bytes());
            // Until the client has said something, or is gone.
            let _ = tcp.read(&mut [0; 4096]);
        }
    });
    let observe = ["--observe", "--quiet", "--steady-ms", "10"];
    for arguments in [&short()[..], &observe] {
        let done = folder.check(&attach(&address, ""), arguments).end();
        done.says(
            3,
            &["do not accept", "(a line with bytes of a private key)"],
        );
        assert!(!done.err.contains(&secret), "{}", done.err);
    }
    let now = fs::read_to_string(folder.path("files/tls.key")).unwrap();
    assert!(now == key, "its files were written");
}

fn plain(mut tcp: TcpStream) {
    let _ = tcp.read(&mut [0; 1024]);
    let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    // Until the client is gone, so that its last words do not make this a reset.
    let _ = tcp.read(&mut [0; 1024]);
}

#[test]
fn a_ca_that_did_not_sign_it() {
    let folder = Folder::new();
    let theirs = Theirs::start(&folder, &[]);
    folder
        .run(&["ca", "other", "--name", "Other Root"])
        .says(0, &[]);
    let before = fs::read(folder.path("files/tls.crt")).unwrap();
    let toml = theirs.toml("").replace("\"ca\"", "\"other\"");
    let done = folder.check(&toml, &short()).end();
    done.says(3, &["UnknownIssuer", "other", "Nothing was written to"]);
    assert_eq!(fs::read(folder.path("files/tls.crt")).unwrap(), before);
}

#[test]
fn files_that_cannot_be_written_or_are_not_there() {
    let folder = Folder::new();
    let theirs = Theirs::start(&folder, &[]);
    // Not even root writes here.
    let toml = theirs.toml("").replace("\"files\"", "\"/proc/1\"");
    folder.check(&toml, &short()).end().says(3, &["/proc/1"]);
    let toml = theirs.toml("").replace("\"files\"", "\"nowhere\"");
    folder.check(&toml, &short()).end().says(3, &["nowhere"]);
    let toml = theirs.toml("").replace("\"ca\"", "\"no-ca\"");
    folder.check(&toml, &short()).end().says(3, &["no-ca"]);
    let toml = theirs.toml("log = \"no-log\"");
    folder.check(&toml, &short()).end().says(3, &["no-log"]);
    // Above what Linux gives away.
    let toml = theirs.toml("pid = 4194999");
    folder.check(&toml, &short()).end().says(3, &["4194999"]);
}

#[test]
fn a_program_that_cannot_be_run() {
    let no = "command = [\"no-such-server\"]\n";
    refused(
        no,
        &[],
        &[
            "`no-such-server` cannot be started",
            "No such file",
            "change: name a program",
        ],
    );
    // It is no program for root either, as long as its mode lets no user execute it.
    let plain = "command = [\"./server.toml\"]\n";
    refused(
        plain,
        &[],
        &[
            "`./server.toml` cannot be started",
            "Permission denied",
            "chmod +x",
        ],
    );
    for (folder, why) in [
        ("no-such-folder", "No such file"),
        ("server.toml", "Not a directory"),
    ] {
        let toml = format!("cwd = \"{folder}\"\n{SOUND}");
        refused(&toml, &[], &["`cwd` names ", &format!("{folder}: {why}")]);
    }
}

/// A server that is never told cannot fail: that nobody tells it is the description's mistake.
#[test]
fn a_way_to_reload_that_is_no_program() {
    for (program, why, change) in [
        ("no-such-reload", "No such file", "change: name a program"),
        ("./server.toml", "Permission denied", "chmod +x"),
    ] {
        let toml = format!("{SOUND}[reload]\ncommand = [\"{program}\", \"now\"]\n");
        let starts = format!("`{program}` cannot be started");
        let parts = [
            "before anything was rotated",
            "`[reload]`",
            &starts,
            why,
            change,
        ];
        refused(&toml, &[], &parts);
    }
}

#[test]
fn a_server_that_does_not_come_up() {
    let dies = "command = [\"sh\", \"-c\", \"echo port 80 is taken >&2; exit 7\"]\n";
    refused(
        dies,
        &[],
        &[
            "ended before it was ready (exit status: 7)",
            "tried:  running sh -c",
            "seen:   It said: port 80 is taken",
            "change: ",
        ],
    );

    let leaves = "command = [\"true\"]\n";
    let parts = ["exit status: 0", "It said nothing", "let the command stay"];
    refused(leaves, &[], &parts);

    let sleeps = r#"command = ["sh", "-c", "echo $$ > {here}/pid; echo one moment; exec sleep 999"]
[ready]
within_ms = 300
"#;
    let folder = refused(
        sleeps,
        &[],
        &[
            "not ready within 300ms",
            "seen:   it runs",
            "one moment",
            "raise `within_ms`",
        ],
    );
    assert!(!is_alive(number_in(&folder.path("pid"))));
}

#[test]
fn a_setup_that_fails() {
    // What it has started in the background holds its output open.
    let setup = r#"setup = [["sh", "-c", "sleep 999 & echo $! > {here}/pid; echo no ticket key >&2; exit 4"]]"#;
    let parts = ["of `setup`, failed: exit status: 4", "no ticket key"];
    let folder = refused(&format!("{setup}\n{SOUND}"), &[], &parts);
    assert!(!is_alive(number_in(&folder.path("pid"))));
}

#[test]
fn mistakes_in_the_file() {
    let mistakes: &[(&str, &[&str])] = &[
        (
            "command = [\"a\"]\ndownload = \"/big\"\n",
            &["`download` is for `protocol = \"any_http\"`"],
        ),
        (
            "command = [\"a\"]\nprotocol = \"any_http\"\ndownload = \"big\"\n",
            &["line 3", "`big` is no path of a URL"],
        ),
        (
            "command = [\"a\"]\nkeys = \"dsa\"\n",
            &["line 2", "dsa", "`ecdsa`"],
        ),
        (
            "command = [\"a\"]\ncmd = []\n",
            &[
                "line 2",
                "unknown key `cmd`",
                "\n2 | cmd = []\n  | ^^^\n",
                "`command`",
            ],
        ),
        (
            "command = [\"a\"]\nprotocol = \"gopher\"\n",
            &["line 2", "gopher", "`http`", "`any_http`"],
        ),
        (
            "command = \"a b\"\n",
            &[
                "line 1, column 11",
                "expected an array",
                "\n  |           ^^^^^\n",
                "array of strings",
            ],
        ),
        (
            "command = [\"a\"]\n[ready]\nwithin_ms = \"x\"\n",
            &["line 3, column 13", "`within_ms` is of the type integer"],
        ),
        (
            "command = [\"a\"]\nlayout = 0\n",
            &[
                "line 2, column 10",
                "`layout` is one of \"pair\", \"bundle\"",
            ],
        ),
        (
            "command = [\"a\"]\n[require]\n",
            &[
                "line 2",
                "`require` is one of \"rotation\", \"faults\", \"all\"",
            ],
        ),
        (
            "command = [\"a\"]\n[allow.expired]\nbecause = \"a\"\nuntil = 2027-01-01\nfindings = 1\n",
            &["line 5, column 12", "`findings` is of the type array"],
        ),
        (
            "command = [\"a\"]\n[reload]\nsignal = \"HUP\"\nprotocol = \"lab\"\n",
            &[
                "line 4",
                "unknown key `protocol` in `[reload]`",
                "above the first `[table]`",
            ],
        ),
        (
            "command = [\"a\"]\nsignal = \"HUP\"\n",
            &["line 2", "unknown key `signal`", "a key of `[reload]`"],
        ),
        (
            "command = [\"a\"]\nprotocol = \"any_htp\"\n",
            &["line 2", "did you mean `any_http`?"],
        ),
        (
            "[attach]\naddress = \"a:1\"\n",
            &[
                "line 1",
                "missing key `directory` in `[attach]`",
                "missing key `ca`",
                "\n1 | [attach]\n",
            ],
        ),
        (
            "command = [\"a\", \"{cert}\"]\n[[file]]\npath = \"{dirs}/a\"\ntext = \"\"\"\nlisten {prot}\n\"\"\"\n",
            &[
                "line 1, column 18",
                "`{cert}`",
                "`{certificate}`",
                "\n  |                  ^^^^^^\n",
                "line 3",
                "`{dirs}`",
                "`{dir}`",
                "line 5, column 8",
                "`{prot}`",
                "`{port}`",
            ],
        ),
        (
            "command = [\"a\", \"{pid}\"]\n",
            &["line 1", "`{pid}` is known in `reload.command` only"],
        ),
        (
            "command = [\"a\", \"{key}\", \"{second_key}\"]\nsetup = [[\"b\", \"c={other_certificate}\"]]\n",
            &[
                "line 1, column 27: `{second_key}` without the key `second_keys`",
                "second_keys = \"rsa\"",
                "line 2, column 19: `{other_certificate}` without the key `other_name`",
            ],
        ),
        (
            "command = [\"a\", \"{ key }\", \"--port={port\"]\n",
            &[
                "line 1, column 18: unknown word `{ key }`",
                "did you mean `{key}`",
                "`{port`",
                "did you mean `{port}`",
            ],
        ),
        ("command = [\n", &["line"]),
        (
            "command = [\"a\"]\n\n[reload]\nsignal = \"HUP\"\nrestart = true\n",
            &["line 3", "more than one way to reload"],
        ),
        (
            "command = [\"a\"]\n[reload]\nsignal = \"KILL\"\n",
            &["line 3", "unknown signal `KILL`"],
        ),
        (
            "command = [\"a\"]\n[reload]\ncommand = []\n",
            &["line 2", "empty"],
        ),
        (
            "[attach]\naddress = \"a:1\"\ndirectory = \"d\"\nca = \"c\"\nserver_name = \"bad name\"\n",
            &["line 5", "`bad name` is neither a DNS name nor"],
        ),
        (
            "[attach]\naddress = \"a:1\"\ndirectory = \"d\"\nca = \"c\"\nserver_name = \"*.a\"\n",
            &["line 5", "is a wildcard"],
        ),
        ("name = \"a\"\n", &["neither `command` nor `attach`"]),
        (
            "command = [\"a\"]\n[[reload]]\nsignal = \"HUP\"\n[[reload]]\nsignal = 1\n",
            &["line 2", "`reload` is one table: begin it with `[reload]`"],
        ),
        (
            "command = [\"a\"]\nready = [\"listening\"]\nlimits = []\n[[allow.expired]]\nbecause = \"a\"\n",
            &[
                "line 2, column 1: `ready` is one table",
                "line 3, column 1: `limits` is one table",
                "line 4, column 9: `allow.expired` is one table: begin it with `[allow.expired]`",
            ],
        ),
        (
            "command = [\"a\"]\nallow = 2027-01-01\n",
            &[
                "line 2, column 1: `allow` is one table",
                "allow = { expired",
            ],
        ),
        (
            "command = [\"a\"]\nname = 2027-01-01\n[limits]\noverlap_ms = 2027-01-01\n",
            &[
                "line 2, column 8: invalid type: date, expected a string",
                "line 4, column 14: invalid type: date, expected an integer",
            ],
        ),
        (
            "command = [\"a\"]\n[[file]]\npath = \"my.conf\"\ntext = \"\"\n",
            &[
                "line 3, column 8",
                "`my.conf` does not say in which folder",
                "`{dir}/`",
            ],
        ),
        (
            "[attach]\naddress = \"localhost:https\"\ndirectory = \"d\"\nca = \"c\"\n",
            &[
                "line 2, column 11: `localhost:https` is not HOST:PORT",
                "a port is a number from 1 to 65535",
            ],
        ),
        (
            "[attach]\naddress = \"https://a:443\"\ndirectory = \"d\"\nca = \"c\"\n",
            &["line 2, column 11", "give no scheme"],
        ),
        (
            "c\0o\0m\0m\0a\0n\0d\0 \0=\0",
            &["server.toml: line 1 holds a byte 0, as UTF-16 does: save the file as UTF-8"],
        ),
        (
            "command = [\"a\"]\nprotocol = \"smtp\"\nupload = \"/up\"\n",
            &["line 3", "`upload` is only for HTTP servers"],
        ),
        (
            "command = [\"a\"]\nother_name = \"localhost\"\n",
            &["`other_name` is the name whose certificate is renewed"],
        ),
        (
            "command = [\"a\"]\nprotocol = \"redis\"\nwebsocket = \"/echo\"\n",
            &["line 3", "`websocket` is only for HTTP servers"],
        ),
        (
            "user = \"a\"\n[attach]\naddress = \"a:1\"\ndirectory = \"d\"\nca = \"c\"\n",
            &["line 1", "`user` does not go with `[attach]`"],
        ),
        (
            "other_name = \"a\"\n[attach]\naddress = \"a:1\"\ndirectory = \"d\"\nca = \"c\"\n",
            &["line 1", "`other_name` does not go with `[attach]`"],
        ),
        (
            "[attach]\naddress = \"a:1\"\ndirectory = \"d\"\nca = \"c\"\n[reload]\nsignal = \"HUP\"\n",
            &["line 6", "`signal` needs `pid` in `[attach]`"],
        ),
        (
            "command = [\"a\"]\n[attach]\naddress = \"a:1\"\ndirectory = \"d\"\nca = \"c\"\n",
            &["both `command` and `attach`"],
        ),
        (
            "name = \"a\\u202eb\"\ncommand = [\"a\"]\n",
            &["line 1", "a character that breaks or turns a line"],
        ),
        (
            "command = [\"a\"]\n[limits]\nreload_within_ms = 0\n",
            &["line 3", "within 0 ms"],
        ),
        (
            "command = [\"a\"]\n[limits]\noverlap_ms = 99999999999999999999\n",
            &[
                "line 3",
                "integer `99999999999999999999`, expected a smaller one",
            ],
        ),
    ];
    for (toml, parts) in mistakes {
        refused(toml, &[], &[&["server.toml"], *parts].concat());
    }
    let folder = Folder::new();
    folder
        .run(&["check", "absent.toml"])
        .says(3, &["absent.toml", "No such file"]);
    folder
        .run(&["check", "."])
        .says(3, &["it is a folder: name"]);
}

/// TOML's own words tell neither where the other key is nor what is wrong with a quote.
#[test]
fn what_is_no_toml_is_told_with_what_to_do() {
    let known = "command = [\"a\"]\n[reload]\nsignal = \"HUP\"\n";
    let cases = [
        ("signal = \"USR1\"\n", "line 3 has `signal` already"),
        ("[ready]\n[reload]\n", "line 2 has `reload` already"),
        ("force = “USR1”\n", "straight quotes alone"),
    ];
    for (more, help) in cases {
        refused(&format!("{known}{more}"), &[], &["server.toml, line", help]);
    }
}

/// The first that somebody tries may be an address.
#[test]
fn who_gives_an_address_or_nothing_is_told_what_to_give() {
    let folder = Folder::idle();
    for address in ["example.com:443", "https://example.com"] {
        let parts = ["is no file", "zdr watch HOST:PORT", "zdr init --running"];
        folder.run(&["check", address]).says(3, &parts);
    }
    let parts = ["SERVER", "--command <COMMAND>"];
    folder.run(&["check"]).says(2, &parts);
    // With as many as the largest number says, the room for them would end the process.
    let parts = ["--jobs", "expected a whole number from 1 to 1000"];
    for jobs in ["0", "18446744073709551615"] {
        folder
            .run(&["check", "s.toml", "--plan", "--jobs", jobs])
            .says(2, &parts);
    }
}

#[test]
fn a_class_that_it_cannot_be_judged_by() {
    let parts = ["cannot be judged by the class `mutual`", "full, resuming"];
    refused(SOUND, &["--classes", "full,mutual"], &parts);
    let folder = Folder::new();
    let done = folder.check(SOUND, &["--mutual"]).end();
    done.says(3, &["no `mutual`"]);
}

#[test]
fn a_way_to_reload_that_fails_is_told() {
    let folder = Folder::new();
    let toml = SOUND.replace("\"broken\"", "\"broken\", \"--frozen\"");
    let toml = format!(
        "{toml}[reload]\ncommand = [\"sh\", \"-c\", \"head -n 3 {{key}} >&2; echo reload is off >&2; exit 3\"]\n\
         [limits]\nreload_within_ms = 200\n"
    );
    let done = folder.check(&toml, &short()).end();
    done.says(1, &[]);
    let said = done.out.split_whitespace().collect::<Vec<_>>().join(" ");
    // What it prints of the key is left out.
    let whole = "the command `sh -c 'head -n 3 {key} >&2; echo reload is off >&2; exit 3'` failed: exit status: 3. It \
                 said: -----BEGIN PRIVATE KEY----- (a line with bytes of a private key) reload is off";
    assert!(said.contains(whole), "{said}");
    assert!(done.out.contains("A reload complained"), "{}", done.out);
    let report = folder.report();
    let complaint = report.rotations[0].complaint.as_deref().unwrap_or_default();
    assert!(complaint.contains("exit status: 3"), "{complaint}");
}

#[test]
fn what_a_server_says_of_a_reload_that_fails_is_told() {
    let Some(toml) = at_hup("complains") else {
        return;
    };
    let folder = Folder::new();
    let toml = toml + "[limits]\nreload_within_ms = 1000\n";
    let done = folder.check(&toml, &short()).end();
    done.says(1, &[]);
    let report = folder.report();
    let not_picked_up = report
        .findings
        .iter()
        .find(|of| of.code == Code::NotPickedUp);
    let words = &not_picked_up.expect("it shows none").words;
    assert!(
        words.contains("it said: reload failed: [Errno 13] Permission denied"),
        "{words}"
    );
}

#[test]
fn what_a_server_says_in_the_clear_after_a_reload_is_told() {
    let Some(toml) = at_hup("speaks-clear") else {
        return;
    };
    let folder = Folder::new();
    let toml = toml + "[limits]\nreload_within_ms = 1000\n";
    folder.check(&toml, &short()).end().says(1, &[]);
    let report = folder.report();
    let mut evidence = report.findings.iter().flat_map(|of| &of.evidence);
    let told = evidence.any(|of| of.said.contains("it began with `HTTP/1.1 400 Bad Request`"));
    assert!(told, "{:#?}", report.findings);
}

/// It may say what is in its files.
#[test]
fn a_key_that_a_server_says_in_the_clear_is_not_told() {
    let Some(toml) = at_hup("speaks-key") else {
        return;
    };
    let folder = Folder::new();
    let toml = toml + "[limits]\nreload_within_ms = 1000\n";
    folder.check(&toml, &short()).end().says(1, &[]);
    let report = folder.report();
    let evidence = report.findings.iter().flat_map(|of| &of.evidence);
    let said: Vec<_> = evidence.map(|of| of.said.as_str()).collect();
    assert!(
        said.iter().any(|said| said.contains("is not TLS")),
        "{said:#?}"
    );
    // What the key of a P-256 pair begins with in PKCS #8.
    assert!(!said.iter().any(|said| said.contains("MIG")), "{said:#?}");
}

#[test]
fn a_key_that_a_server_says_in_the_clear_at_once_is_not_told() {
    let Some(toml) = at_hup("speaks-key-at-once") else {
        return;
    };
    let folder = Folder::new();
    let done = folder.check(&toml, &short()).end();
    done.says(3, &["(a line with bytes of a private key)"]);
    assert!(!done.err.contains("MIG"), "{}", done.err);
}

#[test]
fn a_reload_that_leaves_something_running_is_over_when_it_ends() {
    let folder = Folder::new();
    let script = "sleep 999 & echo $! > {here}/pid";
    let toml = format!("{SOUND}[reload]\ncommand = [\"sh\", \"-c\", \"{script}\"]\n");
    folder.check(&toml, &PATIENT).end().says(0, &[]);
    assert!(!is_alive(number_in(&folder.path("pid"))));
}

/// It is told before anything is started.
#[test]
fn a_report_without_a_place() {
    let folder = Folder::new();
    let touch = SOUND.replacen(
        "command = [",
        "setup = [[\"touch\", \"{here}/started\"]]\ncommand = [",
        1,
    );
    folder.write("server.toml", &touch);
    fs::create_dir(folder.path("reports")).unwrap();
    for (form, file, why) in [
        ("--junit", "reports", "it is a folder"),
        ("--json", "reports/", "it is a folder"),
        ("--page", "nowhere/page.html", "its folder does not exist"),
        ("--badge", "/", "it is a folder"),
        // Not even root makes files there.
        #[cfg(target_os = "linux")]
        (
            "--junit",
            "/proc/report.xml",
            "nothing can be written there",
        ),
    ] {
        let done = folder.run(&[&["check", "server.toml"], &short()[..], &[form, file]].concat());
        done.says(3, &[file, why]);
        assert_eq!(done.out, "", "{form} {file}");
    }
    assert!(!folder.path("started").exists());
}

#[test]
fn a_full_disk() {
    let folder = Folder::new();
    folder.write("server.toml", SOUND);
    let full = ["--json", "/dev/full", "--page", "page.html"];
    let done = folder.run(&[&["check", "server.toml"], &PATIENT[..], &full].concat());
    done.says(3, &["/dev/full", "No space left"]);
    assert!(done.out.starts_with("PASSED"), "{}", done.out);
    assert!(
        folder.path("page.html").exists(),
        "one that can be written is"
    );

    let done = folder.check(SOUND, &PATIENT).end();
    done.says(0, &[]);
    let again = ["report", "report.json", "--json", "again.json"];
    let mut command = folder.zdr(&again);
    let status = command
        .stdout(fs::File::create("/dev/full").unwrap())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&status.stderr);
    assert_eq!(status.status.code(), Some(3), "{err}");
    assert!(err.contains("stdout: No space left"), "{err}");
    let again = Report::read(&folder.path("again.json")).unwrap();
    assert_eq!(again, folder.report());
    // A course takes minutes as well.
    folder.write("ends.toml", "command = [\"sh\", \"-c\", \"exit 7\"]\n");
    let course = ["check", "ends.toml", "--course", "--json", "course.json"];
    let mut command = folder.zdr(&[&course[..], &["--page", "course.html"]].concat());
    let full = fs::File::create("/dev/full").unwrap();
    assert_eq!(command.stdout(full).status().unwrap().code(), Some(3));
    for written in ["course.json", "course.html"] {
        assert!(folder.path(written).is_file(), "{written}");
    }
    let client = [
        "check-client",
        "--once",
        "--steps",
        "new_root",
        "--json",
        "client.json",
    ];
    let asks = ["--", "sh", "-c", "exec curl -s --cacert {roots} {url}"];
    if lab_test::peer::find("curl").is_some() {
        let mut command = folder.zdr(&[&client[..], &asks].concat());
        let full = fs::File::create("/dev/full").unwrap();
        assert_eq!(command.stdout(full).status().unwrap().code(), Some(3));
        assert!(folder.path("client.json").is_file());
    }
    // Not even a place for a sentence is left.
    let mut command = folder.zdr(&["report", "absent.json"]);
    let full = fs::File::create("/dev/full").unwrap();
    assert_eq!(command.stderr(full).status().unwrap().code(), Some(3));
}

#[test]
fn a_reader_who_has_read_enough() {
    let folder = Folder::new();
    let mut running = folder.check(SOUND, &short());
    // The reader of its stdout is gone before the first byte.
    running.stdout.take();
    let mut command = folder.zdr(&["schema"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    running.wait();
}

#[test]
fn one_that_dies_in_the_middle() {
    let folder = Folder::new();
    let mut running = folder.check(&behind(""), &[&FOR_EVER[..], &["--no-scenarios"]].concat());
    let zdr = running.pid();
    running.until("rotation 1 of");
    super::kill(
        number_in(&folder.path("pid")),
        rustix::process::Signal::KILL,
    );
    let done = running.end();
    done.says(1, &[]);
    let report = folder.report();
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.code == Code::Stopped)
    );
    assert!(!report.rotations.is_empty());
    assert!(report.classes.iter().any(|class| class.attempts > 0));
    assert!(report.interrupted.unwrap().contains("signal: 9"));
    no_process_is_left(&folder, zdr);
}

#[test]
fn one_that_hangs() {
    let folder = Folder::new();
    let toml = behind("") + "[limits]\nreload_within_ms = 300\n";
    let arguments = [
        // A busy machine is not to be what hangs.
        "--rate",
        "5",
        "--patience-ms",
        "4000",
        "--rotations",
        "2",
        "--interval-ms",
        "50",
        "--steady-ms",
        "50",
        "--no-scenarios",
    ];
    let mut running = folder.check(&toml, &arguments);
    let zdr = running.pid();
    running.until("rotation 1 of");
    super::kill(
        number_in(&folder.path("pid")),
        rustix::process::Signal::STOP,
    );
    running.end().says(1, &[]);
    let report = folder.report();
    let stalled = |class: &zdr::report::ClassReport| {
        let mut kinds = class.failures.iter().map(|failures| failures.kind);
        kinds.any(|kind| kind == zdr::attempt::FailureKind::Stalled)
    };
    for class in &report.classes {
        // What a download waits for was on its way, and takes longer to read than this test.
        let expected = class.class != ch11_verification::attempt::Class::Download;
        assert!(stalled(class) || !expected, "{class:#?}");
    }
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.code == Code::NotPickedUp)
    );
    no_process_is_left(&folder, zdr);
}

/// Before anything is built or started.
#[test]
fn a_benchmark_of_nothing_and_one_without_an_end() {
    let folder = Folder::idle();
    for arguments in [
        ["--rounds", "0"],
        ["--rotations", "0"],
        ["--interval-ms", "18446744073709551615"],
        ["--rate", "NaN"],
        ["--speed-ms", "0"],
        ["--held-each", "4294967295"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_benchmark"));
        command.args(arguments).current_dir(folder.path(""));
        let done = Running::start(command.stdin(Stdio::null())).end();
        done.says(2, &[arguments[0], "--help"]);
    }
}

#[test]
fn a_command_line_that_is_wrong() {
    let folder = Folder::new();
    for arguments in [
        &["check"][..],
        &["check", "a.toml", "--rate", "0"],
        &["check", "a.toml", "--rate", "1e-300"],
        &["check", "a.toml", "--patience-ms", "0"],
        &["check", "a.toml", "--pool", "18446744073709551615"],
        &["check", "a.toml", "--downloads", "100001"],
        &["watch", "[::1]:443", "--patience-ms", "0"],
        &["watch", "localhost"],
        &["watch", "https://localhost:443"],
        &["init", "--running", "localhost"],
        &["check", "a.toml", "--writer", "nobody"],
        &["check", "a.toml", "--no-scenarios", "--scenarios", "torn"],
        &["judge"],
    ] {
        let done = Running::start(&mut folder.zdr(arguments)).end();
        done.says(2, &["--help"]);
    }
}
