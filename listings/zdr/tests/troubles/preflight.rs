//! What is asked before anything is rotated: a mistake in the description is not the server's.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;

use super::{BROKEN, Done, Folder, ONE_ROTATION};

fn short() -> Vec<&'static str> {
    [&ONE_ROTATION[..], &["--steady-ms", "300", "--quiet"]].concat()
}

/// A server that is sound in an unusual way, with these lines in its description.
fn unusual(kind: &str, lines: &str) -> String {
    format!(
        "command = [\"broken\", \"--certificate\", \"{{certificate}}\", \"--key\", \"{{key}}\", \"--roots\", \
         \"{{roots}}\", \"--port\", \"{{port}}\", \"--unusual={kind}\"]\n{lines}\n[ready]\nevent = \"listening\"\n"
    )
}

/// No verdict, and no report, for each of these descriptions. They wait side by side.
fn no_verdict(cases: &[(String, &[&str])]) {
    let start = |(toml, parts)| {
        let folder = Folder::idle();
        let patience = &["--patience-ms", "2000"];
        (
            folder.check(toml, &[&short()[..], patience].concat()),
            folder,
            parts,
        )
    };
    let cases = cases.iter().map(|(toml, parts)| start((toml, *parts)));
    for (running, folder, parts) in cases.collect::<Vec<_>>() {
        let done = running.end();
        done.says(3, &[&["before anything was rotated"], parts].concat());
        assert!(!folder.path("report.json").exists());
    }
}

/// With few clients, and patient ones: six classes at full rate are more than a busy machine has time for, and a client
/// that waits for it would be a failure of the server's.
fn checked(folder: &Folder, toml: &str) -> Done {
    checked_for(folder, toml, "20000")
}

/// What is never seen is waited for as long as clients have patience.
fn checked_for(folder: &Folder, toml: &str, patience: &str) -> Done {
    let few = ["--rate", "10", "--patience-ms", patience];
    folder.check(toml, &[&short()[..], &few].concat()).end()
}

#[test]
fn an_ordinary_server_is_not_asked_for_known_bytes_twice() {
    let parts = ["`GET /bytes/1` answered 404", "protocol = \"any_http\""];
    no_verdict(&[
        (unusual("ordinary", ""), &parts),
        (unusual("ordinary", "protocol = \"http\""), &parts),
    ]);
}

/// A server may keep what HTTP/1.1 has begun, and close the connections of HTTP/2.
#[test]
fn a_long_answer_is_asked_for_over_http2_as_well() {
    let folder = Folder::new();
    let lines = "protocol = \"any_http\"\ndownload = \"/big\"";
    let few = ["--rate", "10", "--patience-ms", "20000"];
    let cuts = unusual("ordinary", lines);
    let cuts = cuts.replace("--unusual=ordinary", "--defect=cuts-long-answers");
    let arguments = [&short()[..], &few, &["--classes", "http2"]].concat();
    let done = folder.check(&cuts, &arguments).end();
    done.says(1, &[]);
    assert!(
        done.out.contains("severed in rotation: http2"),
        "{}",
        done.out
    );
}

#[test]
fn a_long_answer_is_there_and_long() {
    let any = |path: &str| {
        unusual(
            "ordinary",
            &format!("protocol = \"any_http\"\ndownload = \"{path}\""),
        )
    };
    let parts = ["`GET /none` answered 404", "check `download`: it must be"];
    no_verdict(&[(any("/none"), &parts)]);
    let folder = Folder::new();
    // The second one does not say before how long it is.
    for path in ["/small", "/untold"] {
        let done = checked(&folder, &any(path));
        let has = format!("the answer at {path} has 12000 bytes");
        done.says(3, &[&has, "8000000"]);
    }
    let done = checked(&folder, &any("/big"));
    done.says(0, &[]);
    // It is told in lines of a terminal.
    let words: Vec<&str> = done.out.split_whitespace().collect();
    let said = words.join(" ");
    assert!(!said.contains("(class download)"), "{said}");
    assert!(
        said.contains("(class upload); conversations that cross a rotation (class held)"),
        "{said}"
    );
}

#[test]
fn a_server_of_other_keys_is_told_from_one_that_does_not_rotate() {
    let parts = [
        "no cipher or signature algorithm in common",
        "set `keys` to",
        "give `--keys`",
    ];
    no_verdict(&[
        (unusual("rsa-only", ""), &parts),
        (unusual("rsa-only", "keys = \"ed25519\""), &parts),
    ]);
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
    let done = checked_for(&folder, &toml, "5000");
    done.says(
        3,
        &[
            "before anything was rotated: the certificate that it shows is not",
            "tried:  a handshake with 127.0.0.1:",
            "a certificate of no subject, for localhost, issued by CN=",
            "let the server read only the files that zdr gives it",
        ],
    );
}

/// It serves, and each time not where clients come.
#[test]
fn a_server_that_listens_elsewhere_is_told_where() {
    let elsewhere = |told: &str| {
        format!(
            "command = [\"broken\", \"--certificate\", \"{{certificate}}\", \"--key\", \"{{key}}\", \
             \"--roots\", \"{{roots}}\", \"--port\", \"0\"]\n{told}"
        )
    };
    let told = "setup = [[\"true\", \"{port}\"]]\n[ready]\nwithin_ms = 700\n";
    let event = "[ready]\nevent = \"up\"\nwithin_ms = 700\n";
    no_verdict(&[
        // There is no need to wait for a port that it is never told.
        (
            elsewhere(""),
            &[
                "the server listens on a port of its own: its description has no `{port}`",
                "seen:   it listens on 127.0.0.1:",
                "change: put `{port}` where its command or its configuration has the port ",
            ],
        ),
        (
            elsewhere(told),
            &[
                "not ready within 700ms: it listens elsewhere",
                "it listens on 127.0.0.1:",
            ],
        ),
        (
            elsewhere(event),
            &[
                "it did not log `up`",
                "it listens on 127.0.0.1:",
                "leave `event` out of `[ready]`",
            ],
        ),
    ]);
}

/// Its description has a port of its own, on which somebody else listens: this process.
#[test]
fn another_server_on_the_port_is_named_and_not_judged() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let broken = format!(
        "command = [\"broken\", \"--certificate\", \"{{certificate}}\", \"--key\", \"{{key}}\", \"--roots\", \
         \"{{roots}}\", \"--port\", \"{port}\"]\n"
    );
    let silent = format!(
        "command = [\"sh\", \"-c\", \"exec sleep 999\", \"{{port}}\", \"{port}\"]\n[ready]\nwithin_ms = 700\n"
    );
    let claims = format!(
        "command = [\"sh\", \"-c\", '''echo '{{\"event\":\"up\",\"port\":{port}}}' >&2
exec sleep 999''']\n[ready]\nevent = \"up\"\n"
    );
    let seen = format!("process {} (", std::process::id());
    let place = format!(") listens on 127.0.0.1:{port}");
    let change = "change: put `{port}` where its command";
    let others = format!("clients of port {port} would come to another server");
    no_verdict(&[
        (
            broken,
            &["(exit status: 1): its port is taken", &seen, &place, change],
        ),
        (
            silent,
            &[
                "not ready within 700ms: its port is taken",
                &seen,
                &place,
                change,
            ],
        ),
        (claims, &[&others, &seen, &place, change]),
    ]);
}

#[test]
fn a_server_that_asks_clients_for_certificates_is_told_so() {
    let asks = |lines: &str| {
        format!(
            "command = [\"broken\", \"--certificate\", \"{{certificate}}\", \"--key\", \"{{key}}\", \
             \"--roots\", \"{{roots}}\", \"--port\", \"{{port}}\", \
             \"--client-roots={{roots}}\"]\n{lines}\n[ready]\nevent = \"listening\"\n"
        )
    };
    let parts = [
        "it rejects clients without a certificate",
        "change: set `client_auth = true`",
    ];
    no_verdict(&[(asks(""), &parts)]);
    let folder = Folder::new();
    checked(&folder, &asks("client_auth = true")).says(0, &[]);
}

/// Says its last argument to each client, in the clear, and nothing more until that is gone.
const IN_THE_CLEAR: &str = r"
import socket, sys, threading
port, says = sys.argv[1:]
def answer(tcp):
    if says.startswith('HTTP/'):
        tcp.recv(1024)
    tcp.sendall(says.encode().decode('unicode_escape').encode())
    # Until the client is gone, so that its last words do not make this a reset.
    try:
        while tcp.recv(1024):
            pass
    except OSError:
        pass
listener = socket.create_server(('127.0.0.1', int(port)))
while True:
    tcp, _ = listener.accept()
    threading.Thread(target=answer, args=(tcp,), daemon=True).start()
";

fn in_the_clear(says: &str) -> String {
    format!(
        "command = [\"python3\", \"-c\", \"\"\"{IN_THE_CLEAR}\"\"\", \"{{port}}\", '{says}']\n\
         protocol = \"any_http\"\n"
    )
}

#[test]
fn what_is_not_tls_is_told_from_what_is() {
    if lab_test::peer::find("python3").is_none() {
        return;
    }
    no_verdict(&[
        (
            in_the_clear(r"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
            &[
                "before anything was rotated: it speaks plain HTTP, without TLS",
                "without TLS it says: HTTP/1.1 200 OK",
                "change: switch TLS on for this port",
            ],
        ),
        (
            in_the_clear(r"220 mail.example ESMTP\r\n"),
            &[
                "it does not speak TLS from the first byte",
                "220 mail.example ESMTP",
                "set `protocol = \"smtp\"`",
            ],
        ),
        (
            in_the_clear(r"220 (vsFTPd 3.0.3)\r\n"),
            &[
                "it does not speak TLS from the first byte",
                "Where TLS begins after some words in the clear",
            ],
        ),
        (
            in_the_clear(r"\x4a\x00\x00\x00\x0a8.0.36\x00"),
            &[
                "what came is not TLS (received corrupt message",
                "it began with the bytes `4a 00 00 00 0a 38",
                "as MySQL and MariaDB greet",
            ],
        ),
    ]);
}

/// OpenSSL's server, which answers each line with the same backwards, first also one that asks clients for a certificate
/// that they need not have, and then one that sends no intermediate.
#[test]
fn what_is_not_http_over_tls_is_told() {
    if lab_test::peer::find("openssl").is_none() {
        return;
    }
    let server = |chain: &str| {
        format!(
            "protocol = \"any_http\"\ncommand = [\"sh\", \"-c\", '''
exec openssl s_server -accept 127.0.0.1:{{port}} -cert {{certificate}} -key {{key}} {chain} -rev -quiet''']\n"
        )
    };
    no_verdict(&[
        (
            server("-cert_chain {certificate}"),
            &[
                "it speaks TLS, but no HTTP/1.1 over it",
                "a handshake of TLSv1_3",
            ],
        ),
        (
            server("-verify 1 -cert_chain {certificate}"),
            &[
                "it speaks TLS, but no HTTP/1.1 over it",
                "a request for the client's certificate",
            ],
        ),
        (
            server(""),
            &[
                "it shows the leaf that was written, without the intermediate",
                "the whole chain",
            ],
        ),
        // In any other protocol as well: ProFTPD reads the chain from a file of its own.
        (
            server("").replace("any_http", "tls"),
            &[
                "it shows the leaf that was written, without the intermediate",
                "the whole chain",
            ],
        ),
        // It asks for a certificate that clients need not have, and the client objects before that matters.
        (
            server("-verify 1").replace("any_http", "tls"),
            &[
                "it shows the leaf that was written, without the intermediate",
                "the whole chain",
            ],
        ),
    ]);
}

/// Whoever answers has let its client in, whatever it asked for.
#[test]
fn an_answer_without_an_end_is_told() {
    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    let server = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/strangers/no_end.py");
    let toml = format!(
        "command = [{python:?}, {server:?}, \"{{certificate}}\", \"{{key}}\", \"{{port}}\"]\nprotocol = \"any_http\"\n"
    );
    no_verdict(&[(
        toml,
        &[
            "has no end that a client can trust",
            "Content-Length",
            "`--classes full`",
        ],
    )]);
}

/// As gRPC's own servers do: to a client of HTTP/1.1 they say nothing.
const HTTP2_ALONE: &str = r"
import socket, ssl, sys
certificate, key, port = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
context.set_alpn_protocols(['h2'])
listener = socket.create_server(('127.0.0.1', int(port)), backlog=64)
while True:
    tcp, _ = listener.accept()
    try:
        with context.wrap_socket(tcp, server_side=True) as tls:
            tls.recv(4096)
    except OSError:
        pass
";

#[test]
fn a_server_of_http_2_alone_is_told_so() {
    if lab_test::peer::find("python3").is_none() {
        return;
    }
    let toml = format!(
        "protocol = \"any_http\"\ncommand = [\"python3\", \"-c\", \"\"\"{HTTP2_ALONE}\"\"\", \
         \"{{certificate}}\", \"{{key}}\", \"{{port}}\"]\n"
    );
    let parts = [
        "it speaks HTTP/2 alone",
        "`http/1.1` as well",
        "alpn = [\"h2\"]",
    ];
    no_verdict(&[(toml, &parts)]);
}

/// What cannot be judged is said before anything is rotated, with the key that changes it.
#[test]
fn classes_that_cannot_be_had_are_told_with_their_key() {
    let folder = Folder::new();
    let toml = unusual("ordinary", "protocol = \"any_http\"");
    // Few clients, and patient ones: how busy this machine is does not matter here.
    let few = [
        "--steady-ms",
        "300",
        "--rate",
        "2",
        "--patience-ms",
        "20000",
    ];
    let talkative = [&ONE_ROTATION[..], &few].concat();
    let done = folder.check(&toml, &talkative).end();
    done.says(
        0,
        &[
            "ready, and nothing was rotated yet\n  listens   on 127.0.0.1:",
            "\n  shows     the certificate that was issued: serial ",
            "\n  answers   `GET /`\n",
            "\n  reload    it follows its files\n",
            "\n  clients   full, resuming, tls12, pooled, http2\n",
            "\n  without   download: ",
            "`download = \"/path\"`\n  without",
            "\n  without   mutual: it asks clients for no certificate: set `client_auth = true`",
        ],
    );
    let told = done.err.find("ready, and").unwrap();
    assert!(
        told < done.err.find("rotation 1 of 1").unwrap(),
        "{}",
        done.err
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
fn another_name_and_another_protocol_are_tried() {
    let name: &[&str] = &[
        "clients that ask for the other name are not served",
        "asks for `mail.rotation.test`, which is `other_name`",
        "{other_certificate}",
    ];
    let redis: &[&str] = &[
        "no client is served",
        "`PING` was answered `HTTP/1.1 400 Bad Request`",
    ];
    let smtp: &[&str] = &[
        "no client is served: no answer in time",
        "STARTTLS, and `NOOP`",
    ];
    no_verdict(&[
        (
            unusual("two-names", "other_name = \"mail.rotation.test\""),
            name,
        ),
        (unusual("ordinary", "protocol = \"redis\""), redis),
        (unusual("redis", "protocol = \"smtp\""), smtp),
    ]);
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

/// A server that wants one thing alone, in Python: the last argument says which.
const WANTS: &str = r"
import socket, ssl, sys
certificate, key, port, how = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
exec(how)
listener = socket.create_server(('127.0.0.1', int(port)))
while True:
    tcp, _ = listener.accept()
    try:
        context.wrap_socket(tcp, server_side=True).recv(4096)
    except OSError:
        pass
    tcp.close()
";

/// A group, a cipher suite and a version that no client here has.
#[test]
fn what_clients_here_lack_is_named() {
    if lab_test::peer::find("python3").is_none() {
        return;
    }
    let wants = |how: &str| {
        format!(
            "command = [\"python3\", \"-c\", \"\"\"{WANTS}\"\"\", \"{{certificate}}\", \"{{key}}\", \
             \"{{port}}\", \"{how}\"]\nprotocol = \"any_http\"\n"
        )
    };
    let old = "context.minimum_version = ssl.TLSVersion.TLSv1; \
               context.maximum_version = ssl.TLSVersion.TLSv1_1; \
               context.set_ciphers('ALL:@SECLEVEL=0')";
    let cbc = "context.maximum_version = ssl.TLSVersion.TLSv1_2; \
               context.set_ciphers('ECDHE-ECDSA-AES128-SHA')";
    no_verdict(&[
        (
            wants("context.set_ecdh_curve('secp521r1')"),
            &[
                "it agrees on a key by the group secp521r1 alone",
                "let it take one of X25519",
            ],
        ),
        (
            wants(cbc),
            &["it takes the cipher suite TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, and none that"],
        ),
        (wants(old), &["it speaks no version of TLS above TLSv1_1"]),
    ]);
}

/// What reads no more of a hello than one packet holds does not know the hellos of today. By hand, with an older OpenSSL,
/// it looks sound.
#[test]
fn a_server_that_takes_no_long_hello_is_told_so() {
    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    let server = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/strangers/long_hello.py");
    let toml = |how: &str| {
        format!(
            "command = [{python:?}, {server:?}, \"{how}\", \"{{certificate}}\", \"{{key}}\", \"{{port}}\"]\n\
             protocol = \"any_http\"\n"
        )
    };
    let told: &[&str] = &[
        "it does not take a hello of 14",
        "that offers X25519MLKEM768, as browsers do",
        "without X25519MLKEM768, an answer",
        "read on until the whole record is there",
    ];
    no_verdict(&[(toml("closes"), told), (toml("waits"), told)]);
}

/// What keeps a server of one client at a time busy is a client that keeps its connection: a class of its own is not
/// told to stay away for that.
#[test]
fn a_server_that_serves_one_client_at_a_time_is_told_so() {
    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    let server = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/strangers/one_at_a_time.py"
    );
    let toml = format!(
        "command = [{python:?}, {server:?}, \"{{certificate}}\", \"{{key}}\", \"{{port}}\"]\nprotocol = \"any_http\"\n[reload]\nsignal = \"HUP\"\n"
    );
    no_verdict(&[(
        toml.clone(),
        &[
            "it serves one client at a time",
            "a second client, while a first one kept its connection",
            "--classes full",
        ],
    )]);
    let folder = Folder::new();
    let few = [
        "--rate",
        "10",
        "--patience-ms",
        "20000",
        "--classes",
        "full",
    ];
    folder
        .check(&toml, &[&short()[..], &few].concat())
        .end()
        .says(0, &[]);
}

/// Clients that keep their connections are as many as `--pool` says. Where each takes a worker, and they are more than
/// the workers, all others wait, whatever is rotated: no verdict says anything then.
#[test]
fn a_server_of_fewer_workers_than_kept_connections_is_told_so() {
    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    let server = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/strangers/few_at_a_time.py"
    );
    let toml = format!(
        "command = [{python:?}, {server:?}, \"{{certificate}}\", \"{{key}}\", \"{{port}}\"]\nprotocol = \"any_http\"\n[reload]\nsignal = \"HUP\"\n"
    );
    no_verdict(&[(
        toml.clone(),
        &["it serves 3 clients at a time", "more workers", "--pool 1"],
    )]);
    let folder = Folder::new();
    let few = ["--rate", "5", "--patience-ms", "20000", "--pool", "1"];
    let classes = ["--classes", "full,pooled"];
    folder
        .check(&toml, &[&short()[..], &few, &classes].concat())
        .end()
        .says(0, &[]);
}
