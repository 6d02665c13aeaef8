//! What is asked before anything is rotated: a mistake in the description is not the server's.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::{BROKEN, Done, Folder};

const SHORT: [&str; 8] = [
    "--rotations",
    "1",
    "--interval-ms",
    "50",
    "--steady-ms",
    "300",
    "--no-scenarios",
    "--quiet",
];

/// A server that is sound in an unusual way, with these lines in its description.
fn unusual(kind: &str, lines: &str) -> String {
    format!(
        "command = [\"broken\", \"--certificate\", \"{{certificate}}\", \"--key\", \"{{key}}\", \"--roots\", \
         \"{{roots}}\", \"--port\", \"{{port}}\", \"--unusual={kind}\"]\n{lines}\n[ready]\nevent = \"listening\"\n"
    )
}

/// No verdict, and no report.
fn no_verdict(toml: &str, parts: &[&str]) {
    let folder = Folder::new();
    let done = folder
        .check(toml, &[&SHORT[..], &["--patience-ms", "2000"]].concat())
        .end();
    done.says(3, &[&["before anything was rotated"], parts].concat());
    assert!(!folder.path("report.json").exists());
}

fn checked(folder: &Folder, toml: &str) -> Done {
    folder.check(toml, &SHORT).end()
}

#[test]
fn an_ordinary_server_is_not_asked_for_known_bytes_twice() {
    let parts = ["`GET /bytes/1` answered 404", "protocol = \"any_http\""];
    no_verdict(&unusual("ordinary", ""), &parts);
    no_verdict(&unusual("ordinary", "protocol = \"http\""), &parts);
}

#[test]
fn a_long_answer_is_there_and_long() {
    let any = |path: &str| {
        unusual(
            "ordinary",
            &format!("protocol = \"any_http\"\ndownload = \"{path}\""),
        )
    };
    no_verdict(
        &any("/none"),
        &["`GET /none` answered 404", "is `download` right?"],
    );
    let folder = Folder::new();
    let done = checked(&folder, &any("/small"));
    done.says(3, &["the answer at /small has 12000 bytes", "8388608"]);
    let done = checked(&folder, &any("/big"));
    done.says(0, &[]);
    assert!(!done.out.contains("Not covered"), "{}", done.out);
}

#[test]
fn a_server_of_other_keys_is_told_from_one_that_does_not_rotate() {
    let parts = ["no cipher or signature in common", "`keys` may be"];
    no_verdict(&unusual("rsa-only", ""), &parts);
    no_verdict(&unusual("rsa-only", "keys = \"ed25519\""), &parts);
    let folder = Folder::new();
    checked(&folder, &unusual("rsa-only", "keys = \"rsa\"")).says(0, &[]);
}

/// It follows files of its own, and not those that it is given.
#[test]
fn a_server_that_reads_other_files_is_told_so() {
    let folder = Folder::new();
    folder.run(&["ca", "ca"]).says(0, &[]);
    let issued = folder.run(&[
        "rotate",
        "--ca",
        "ca",
        "--to",
        "files",
        "--name",
        "localhost",
        "--times",
        "1",
    ]);
    issued.says(0, &[]);
    let files = folder.path("files");
    let own = fs::read_dir(&files).unwrap().count();
    assert!(own >= 3, "{}", issued.out);
    let toml = format!(
        "command = [\"broken\", \"--certificate\", \"{0}/tls.crt\", \"--key\", \"{0}/tls.key\", \"--roots\", \
         \"{0}/ca.crt\", \"--port\", \"{{port}}\"]\n[ready]\nevent = \"listening\"\n",
        files.display()
    );
    let done = checked(&folder, &toml);
    done.says(
        3,
        &[
            "before anything was rotated",
            "Does it read the files that it is given",
        ],
    );
}

/// The lines of `zdr check --help`, with a server that is there. It does not care for the signal: it follows
/// its files.
#[test]
fn the_example_of_the_help_works_on_an_ordinary_server() {
    let folder = Folder::new();
    let help = folder.run(&["check", "--help"]).out;
    let begin =
        help.find("in my-server.toml:\n").expect("the example") + "in my-server.toml:\n".len();
    let example = help[begin..].split("\n\n").next().unwrap_or_default();
    let lines: Vec<&str> = example.lines().map(str::trim_start).collect();
    let (command, rest) = lines.split_first().expect("lines");
    assert!(command.starts_with("command = [\"my-server\""), "{command}");
    let toml = format!(
        "command = [\"sh\", \"-c\", '''trap '' HUP; exec \"$0\" \"$@\"''', {BROKEN:?}, \"--unusual=ordinary\", \
         \"--certificate\", \"{{certificate}}\", \"--key\", \"{{key}}\", \"--roots\", \"{{roots}}\", \"--port\", \
         \"{{port}}\"]\n{}\n",
        rest.join("\n")
    );
    let done = checked(&folder, &toml);
    done.says(0, &[]);
    // It is told in lines of a terminal.
    let words: Vec<&str> = done.out.split_whitespace().collect();
    let said = words.join(" ");
    assert!(
        said.contains("Not covered: whether a long answer is cut"),
        "{said}"
    );
}

#[test]
fn another_name_has_a_certificate_of_its_own() {
    let parts = [
        "asked for `mail.rotation.test`, which is `other_name`",
        "{other_certificate}",
    ];
    no_verdict(
        &unusual("two-names", "other_name = \"mail.rotation.test\""),
        &parts,
    );
}

#[test]
fn a_server_that_speaks_something_else_is_told_so() {
    let parts = [
        "no client is served",
        "`PING` was answered `HTTP/1.1 400 Bad Request`",
    ];
    no_verdict(&unusual("ordinary", "protocol = \"redis\""), &parts);
    let parts = ["no client is served", "no answer in time"];
    no_verdict(&unusual("redis", "protocol = \"smtp\""), &parts);
}

/// Only root can start a server as somebody else, and only as somebody whom the system knows.
#[test]
fn a_user_who_is_nobody_is_named() {
    let folder = Folder::new();
    let toml = unusual(
        "ordinary",
        "protocol = \"any_http\"\nuser = \"no-such-user\"",
    );
    let said = match std::fs::metadata("/proc/self").unwrap().uid() {
        0 => "/etc/passwd has no such user",
        _ => "only root can start a server as another user",
    };
    checked(&folder, &toml).says(3, &["`user = \"no-such-user\"`", said]);
}
