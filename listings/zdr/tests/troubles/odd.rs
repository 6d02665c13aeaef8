//! Descriptions, places and servers that are odd: what is wrong is told in a few lines, and what is right passes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use zdr::gate::code::Code;

use super::{BROKEN, Folder, PATIENT, Running, SOUND, ZDR};

/// More than anybody reads, and less than a description may have.
const MANY: usize = 200_000;
const SHORT: usize = 8_000;

/// As in `redis-server --save ""`.
#[test]
fn an_empty_argument_is_one() {
    let folder = Folder::new();
    let script = r#"["sh", "-c", '''test -z "$1" && shift && exec "$0" "$@"''', "#;
    let toml = SOUND.replace("[\"broken\", ", &format!("{script}{BROKEN:?}, \"\", "));
    let done = folder.check(&toml, &[&PATIENT[..], &["--no-scenarios"]].concat());
    done.end().says(0, &[]);
}

const SERVER: &str = "command = [\"a\", \"{certificate}\", \"{key}\", \"{port}\"]\n";

#[test]
fn what_is_quoted_is_short_and_nothing_to_the_terminal() {
    let folder = Folder::idle();
    let long = "x".repeat(MANY);
    for (toml, told) in [
        (format!("banner = \"{long}\"\n"), "unknown key `banner`"),
        (format!("{long} = 1\n"), "unknown key `xxx"),
        (format!("name = \"{long}\" \u{1b}[31m\n"), "line 2"),
        (format!("name = {}\n", "[".repeat(MANY)), "recurse"),
        (
            format!("[[file]]\npath = \"{long}\"\ntext = \"\"\n"),
            "in which folder",
        ),
        (
            "server_name = \"a\\u007f\\u001b[31mb\"\n".into(),
            "neither a DNS name",
        ),
        ("banner = \"\u{85}\"\rname = 1".into(), "line 2"),
    ] {
        folder.write("odd.toml", &format!("{SERVER}{toml}"));
        let done = folder.run(&["check", "odd.toml"]);
        done.says(3, &[told, "odd.toml, line "]);
        assert!(done.err.len() < SHORT, "{} bytes of {told}", done.err.len());
        let controls = |letter: char| letter.is_control() && letter != '\n';
        assert!(!done.err.contains(controls), "{:?}", done.err);
    }
    // The mistake is below what is quoted, also in the middle of a long line.
    let toml = format!(
        "{SERVER}name = \"{}\"; wrong # {}\n",
        "y".repeat(300),
        "z".repeat(300)
    );
    folder.write("odd.toml", &toml);
    let done = folder.run(&["check", "odd.toml"]);
    done.says(3, &["line 2, column 310"]);
    let lines: Vec<&str> = done.err.lines().collect();
    let quoted = lines
        .iter()
        .position(|line| line.starts_with("2 | …"))
        .unwrap();
    let caret = lines[quoted + 1].find('^').unwrap();
    assert_eq!(lines[quoted].chars().nth(caret), Some(';'), "{}", done.err);
}

#[test]
fn a_description_of_nothing_has_one_mistake() {
    let folder = Folder::idle();
    for toml in ["", "  \n\n", "protocol = \"any_http\"\n", "command = []\n"] {
        folder.write("odd.toml", toml);
        let done = folder.run(&["check", "odd.toml"]);
        done.says(3, &["neither `command` nor `attach`"]);
        assert_eq!(done.err.matches("odd.toml").count(), 1, "{}", done.err);
    }
}

#[test]
fn what_is_odd_and_right_is_a_description() {
    let folder = Folder::idle();
    let windows = format!("{SERVER}name = \"ü\"\n").replace('\n', "\r\n");
    let attach = |address: &str| {
        format!("[attach]\naddress = \"{address}\"\ndirectory = \".\"\nca = \"ca\"\n")
    };
    for toml in [
        format!("\u{feff}{SERVER}"),
        windows,
        SERVER.replace(' ', "\t"),
        format!("{SERVER}ready = {{ event = \"listening\" }}\nlimits = {{}}\n"),
        format!(
            "{SERVER}ready.event = \"listening\"\nallow.expired.because = \"a\"\nallow.expired.until = 2027-01-01\n"
        ),
        format!(
            "{SERVER}[[file]]\npath = \"{{dir}}/a\"\ntext = \"\"\n[[file]]\npath = \"/run/a\"\ntext = \"\"\n"
        ),
        format!("{SERVER}file = []\nsetup = []\n"),
        attach("[::1]:8443"),
        attach("::1:8443"),
        attach("host_of-mine.example.:1"),
    ] {
        folder.write("odd.toml", &toml);
        let done = folder.run(&["check", "odd.toml", "--plan"]);
        assert_eq!(done.code(), 0, "{toml}: {}", done.err);
    }
}

/// Most terminals cannot show it, and nobody reads it.
#[test]
fn what_a_server_says_at_length_is_told_in_short() {
    let folder = Folder::new();
    let script = "printf '\\033[31mred\\033[0m \\000 end\\n' >&2; head -c 400000 /dev/zero | tr '\\000' z >&2; \
                  echo >&2; echo the last word >&2; exit 7";
    let toml = format!("command = [\"sh\", \"-c\", {script:?}]\n");
    let done = folder.check(&toml, &[]).end();
    done.says(3, &["exit status: 7", "zzz…", "the last word"]);
    assert!(
        done.err.len() < SHORT + 20 * 400,
        "{} bytes",
        done.err.len()
    );
    assert!(!done.err.contains('\u{1b}'), "{:?}", done.err);
}

#[test]
fn a_temporary_folder_that_is_none_is_named() {
    let folder = Folder::idle();
    folder.write("a-file", "");
    folder.write("server.toml", SERVER);
    for (name, why) in [("absent", "No such file"), ("a-file", "Not a directory")] {
        let place = folder.path(name);
        for command in [
            &["check", "server.toml"][..],
            &["check-client", "--", "true"],
        ] {
            let done = Running::start(folder.zdr(command).env("TMPDIR", &place)).end();
            done.says(3, &[place.to_str().unwrap(), why, "TMPDIR"]);
        }
    }
}

#[test]
fn too_few_files_for_itself_are_no_panic() {
    let folder = Folder::idle();
    folder.write("server.toml", SERVER);
    for files in 4..14 {
        let script = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command
            .args(["-c", &script, ZDR, "check", "server.toml"])
            .current_dir(folder.path(""))
            .env("TMPDIR", folder.temporary());
        Running::start(&mut command)
            .end()
            .says(3, &["ulimit -n 1024"]);
    }
}

#[test]
fn a_dash_is_no_file() {
    let folder = Folder::idle();
    folder.write("server.toml", SERVER);
    for command in [
        &["check", "server.toml", "--json", "-"][..],
        &["check", "server.toml", "--page", "-"],
        &["report", "server.toml", "--junit", "-"],
        &["check-client", "--json", "-", "--", "true"],
        &["watch", "localhost:1", "--json", "-"],
    ] {
        folder.run(command).says(3, &["-: ", "/dev/stdout"]);
    }
    assert!(!folder.path("-").exists());
    assert!(fs::exists(folder.path("server.toml")).unwrap());
}

#[test]
fn a_program_that_the_system_does_not_start_is_looked_at() {
    let folder = Folder::new();
    let file = |name: &str, text: &str, mode: u32| {
        let path = folder.write(name, text);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    file("no line.sh", "exec true\n", 0o755);
    file("other ü.sh", "#!/absent/sh\nexec true\n", 0o755);
    file("windows.sh", "#!/bin/sh\r\nexec true\r\n", 0o755);
    file("mode.sh", "#!/bin/sh\nexec true\n", 0o644);
    file("elf", "\x7fELF", 0o755);
    fs::create_dir(folder.path("folder")).unwrap();
    for (program, told) in [
        ("./no line.sh", "begins with a line such as `#!/bin/sh`"),
        (
            "./other ü.sh",
            "the interpreter of its first line is not: `#!/absent/sh`",
        ),
        ("./windows.sh", "the carriage return after `#!/bin/sh`"),
        ("./mode.sh", "chmod +x"),
        ("./elf", "no program of this system"),
        ("./folder", "it is a folder"),
        ("./absent", "name a program on the search path"),
        ("ulimit", "What only a shell knows is run by `sh -c`"),
    ] {
        let toml = format!("command = [{program:?}, \"{{port}}\"]\n");
        folder
            .check(&toml, &[])
            .end()
            .says(3, &["cannot be started", told]);
    }
    let long = "a".repeat(200_000);
    let toml = format!("command = [\"true\", \"{long}\"]\n");
    folder
        .check(&toml, &[])
        .end()
        .says(3, &["shorten its arguments"]);
    // What is odd and right is started.
    file(
        "and ü.sh",
        "#!/bin/sh\necho it was started >&2; exit 6\n",
        0o755,
    );
    let toml = "command = [\"./and ü.sh\"]\n";
    folder
        .check(toml, &[])
        .end()
        .says(3, &["It said: it was started"]);
}

/// It listens, and each handshake ends at once: what it prints is the only cause that anybody sees.
#[test]
fn what_a_server_says_is_told_where_no_client_is_served() {
    let folder = Folder::new();
    let script = "import socket, sys\ns = socket.create_server((\"127.0.0.1\", int(sys.argv[1])))\n\
                  while True:\n  s.accept()[0].close()\n  print(\"no key for anybody\", file=sys.stderr, flush=True)";
    folder.write("server.py", script);
    let toml = "command = [\"python3\", \"server.py\", \"{port}\"]\nprotocol = \"any_http\"\n";
    let done = folder.check(toml, &["--patience-ms", "300"]).end();
    done.says(
        3,
        &[
            "no client is served",
            "It said: no key for anybody",
            "change: ",
        ],
    );
}

/// As Knot Resolver does, which listens before it has read all of its configuration.
#[test]
fn a_server_that_listens_and_ends_is_not_told_to_say_something_else() {
    let folder = Folder::idle();
    let script = "import socket, sys, time\ns = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n\
                  s.accept()[0].close()\ns.close()\nprint(\"no such module\", file=sys.stderr, flush=True)\ntime.sleep(60)";
    folder.write("server.py", script);
    let toml = "command = [\"python3\", \"server.py\", \"{port}\"]\nprotocol = \"tls\"\n";
    let done = folder.check(toml, &["--patience-ms", "300"]).end();
    done.says(
        3,
        &[
            "connection refused",
            "It said: no such module",
            "see whether it ended",
        ],
    );
}

/// What `setup` makes of the files of the test cannot be made while they are absent. That is no fault of the server's.
#[test]
fn a_setup_that_needs_the_files_is_no_server_that_misses_its_start() {
    let folder = Folder::new();
    let toml =
        format!("setup = [[\"sh\", \"-c\", \"cat {{certificate}} > {{dir}}/copy.pem\"]]{SOUND}");
    let scenario = ["--scenarios", "absent-at-start"];
    let done = folder.check(&toml, &[&PATIENT[..], &scenario].concat());
    done.end().says(0, &[]);
    let report = folder.report();
    let found = report
        .findings
        .iter()
        .find(|of| of.code == Code::DidNotStart);
    let words = found.map_or("", |of| &of.words);
    assert!(
        words.starts_with("Without its files it cannot be started"),
        "{words}"
    );
}
