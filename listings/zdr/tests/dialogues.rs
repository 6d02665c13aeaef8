//! Dialogues with servers that say what is written here, in memory.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{sleep, timeout};
use zdr::load::dialogue::{Dialogue, Ended, Speech, Told, before_tls};
use zdr::server::spec::{Protocol, Spec};

/// The client's end of a connection whose other end says all of this, hears whatever comes, and leaves.
fn says(words: &[u8]) -> DuplexStream {
    let (near, mut far) = duplex(64 * 1024);
    let words = words.to_vec();
    tokio::spawn(async move {
        far.write_all(&words).await.unwrap();
        far.shutdown().await.unwrap();
        let mut heard = Vec::new();
        // The client may be gone first.
        let _ = far.read_to_end(&mut heard).await;
    });
    near
}

/// What becomes of asking for TLS: nothing where the server agrees.
async fn asked_for_tls(protocol: Protocol, words: &[u8]) -> String {
    let agreed = before_tls(protocol, &mut says(words)).await;
    agreed
        .err()
        .map_or_else(String::new, |error| error.to_string())
}

/// What becomes of a conversation of two steps: nothing where all is as it should be.
async fn conversed(protocol: Protocol, words: &[u8]) -> String {
    let conversing = async {
        let mut dialogue = Dialogue::over(protocol, says(words)).await?;
        dialogue.hold().await?;
        dialogue.go_on().await?;
        dialogue.go_on().await?;
        dialogue.let_go(2).await
    };
    let ended = conversing.await.err();
    ended.map_or_else(String::new, |ended| ended.to_string())
}

#[tokio::test]
async fn tls_begins_where_a_server_agrees_to_it() {
    use Protocol::{Imap, Postgresql, Redis, Smtp};
    let multi = b"220-one\r\n220 two\r\n250-me\r\n250-SIZE 1\r\n250 STARTTLS\r\n220 go\r\n";
    let agreed: [(Protocol, &[u8]); 5] = [
        (Postgresql, b"S"),
        (Redis, b""),
        (Smtp, multi),
        (Smtp, b"220 a\r\n250 STARTTLS\r\n220 go\r\n"),
        (Imap, b"* OK ready\r\n* CAPABILITY IMAP4rev1\r\nz OK go\r\n"),
    ];
    for (protocol, words) in agreed {
        assert_eq!(asked_for_tls(protocol, words).await, "", "{protocol:?}");
    }
    let refused: [(Protocol, &[u8], &str); 8] = [
        (Postgresql, b"N", "`ssl` is off"),
        (Postgresql, b"HTTP/1.1 400", "to an SSLRequest"),
        (
            Smtp,
            b"554 no\r\n",
            "`the connection` was answered `554 no`",
        ),
        (Smtp, b"220 a\r\n250 SIZE 1\r\n", "does not offer STARTTLS"),
        (
            Smtp,
            b"220 a\r\n250 STARTTLS\r\n454 later\r\n",
            "answered `454 later`",
        ),
        (Smtp, b"220 a\r\n", "unexpected end of file"),
        (Imap, b"* BYE full\r\n", "greets with `* BYE full`"),
        (
            Imap,
            b"* OK ready\r\nz BAD what\r\n",
            "`STARTTLS` was answered `z BAD what`",
        ),
    ];
    for (protocol, words, said) in refused {
        let error = asked_for_tls(protocol, words).await;
        assert!(error.contains(said), "{protocol:?}: {error}");
    }
}

/// What comes before the handshake and behind its beginning may be anybody's (CVE-2011-0411).
#[tokio::test]
async fn nothing_is_said_between_agreement_and_handshake() {
    let injected: [(Protocol, &[u8]); 3] = [
        (Protocol::Postgresql, b"SE"),
        (
            Protocol::Smtp,
            b"220 a\r\n250 STARTTLS\r\n220 go\r\n250 injected\r\n",
        ),
        (
            Protocol::Imap,
            b"* OK ready\r\nz OK go\r\nz OK injected\r\n",
        ),
    ];
    for (protocol, words) in injected {
        let error = asked_for_tls(protocol, words).await;
        assert!(error.contains("speaks on after"), "{protocol:?}: {error}");
    }
}

/// A message of PostgreSQL: its letter, and its body behind the length of both.
fn message(letter: u8, body: &[u8]) -> Vec<u8> {
    let length = 4 + body.len() as u32;
    [&[letter], &length.to_be_bytes()[..], body].concat()
}

/// All that it says in a conversation of two steps, in which it has counted so many.
fn postgresql(counted: &[u8]) -> Vec<u8> {
    let (ready, done) = (message(b'Z', b"T"), message(b'C', b"DONE\0"));
    let row = [&[0, 1, 0, 0, 0, counted.len() as u8][..], counted].concat();
    let mut said = [
        message(b'R', &[0; 4]),
        message(b'S', b"a\0b\0"),
        ready.clone(),
    ]
    .concat();
    for _ in ["begin", "create", "insert", "insert"] {
        said.extend([&done[..], &ready].concat());
    }
    said.extend([message(b'D', &row), done.clone(), ready.clone()].concat());
    said.extend([done, ready].concat());
    said
}

#[tokio::test]
async fn a_conversation_that_is_whole_comes_to_its_end() {
    let smtp = "250 me\r\n".repeat(4) + "250 reset\r\n";
    let imap = "* FLAGS ()\r\nz OK done\r\n".repeat(5);
    let redis = "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+PONG\r\n+PONG\r\n";
    let whole = [
        (Protocol::Postgresql, postgresql(b"2")),
        (Protocol::Redis, redis.into()),
        (Protocol::Smtp, smtp.into()),
        (Protocol::Imap, imap.into()),
    ];
    for (protocol, words) in whole {
        assert_eq!(conversed(protocol, &words).await, "", "{protocol:?}");
    }
}

#[tokio::test]
async fn what_a_server_forgot_is_missed_in_every_protocol() {
    let lost: [(Protocol, Vec<u8>, &str); 7] = [
        (
            Protocol::Postgresql,
            postgresql(b"0"),
            "from zdr` is 0 and not 2",
        ),
        (
            Protocol::Postgresql,
            [
                message(b'R', &[0; 4]),
                message(b'E', b"SFATAL\0C57P01\0Mterminating\0\0"),
            ]
            .concat(),
            "57P01 terminating",
        ),
        (
            Protocol::Redis,
            b"+OK\r\n+QUEUED\r\n+PONG\r\n".into(),
            "`PING` was answered `+PONG` and not `+QUEUED`",
        ),
        (
            Protocol::Redis,
            b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*1\r\n+PONG\r\n".into(),
            "`EXEC` was answered `*1` and not `*2`",
        ),
        (
            Protocol::Smtp,
            b"250 me\r\n250 ok\r\n250 ok\r\n503 sender?\r\n".into(),
            "`RCPT TO:<zdr@localhost>` was answered `503 sender?`",
        ),
        (
            Protocol::Imap,
            b"z OK in\r\nz OK open\r\n* BYE restart\r\n".into(),
            "`SEARCH` was answered `* BYE restart`",
        ),
        (
            Protocol::Imap,
            b"z NO wrong\r\n".into(),
            "`LOGIN` was answered `z NO wrong`",
        ),
    ];
    for (protocol, words, said) in lost {
        let error = conversed(protocol, &words).await;
        assert!(error.contains(said), "{protocol:?}: {error}");
        assert!(
            !error.contains("LOGIN zdr"),
            "a password is no part of an error: {error}"
        );
    }
}

#[tokio::test]
async fn what_has_no_end_is_not_read_for_ever() {
    let long = vec![b'x'; 100_000];
    let error = conversed(Protocol::Redis, &long).await;
    assert!(error.contains("a line without an end"), "{error}");
    let huge = [b'R', 0x7f, 0xff, 0xff, 0xff];
    let error = conversed(Protocol::Postgresql, &huge).await;
    assert!(error.contains("a message of 2147483643 bytes"), "{error}");
    let short = [b'R', 0, 0, 0, 3];
    let error = conversed(Protocol::Postgresql, &short).await;
    assert!(error.contains("shorter than its length"), "{error}");
}

#[tokio::test]
async fn a_password_that_is_wanted_is_told() {
    let wants = message(b'R', &[0, 0, 0, 10]);
    let error = conversed(Protocol::Postgresql, &wants).await;
    assert!(error.contains("let it in by `trust`"), "{error}");
}

#[tokio::test]
async fn a_kept_connection_is_over_when_the_server_says_something_unasked() {
    let (near, mut far) = duplex(1024);
    let mut quiet = Dialogue::over(Protocol::Imap, near).await.unwrap();
    assert!(!quiet.is_closed(), "nothing was said");
    far.write_all(b"* BYE restart\r\n").await.unwrap();
    assert!(quiet.is_closed(), "it said goodbye");

    let (near, far) = duplex(1024);
    let mut left = Dialogue::over(Protocol::Redis, near).await.unwrap();
    drop(far);
    assert!(left.is_closed(), "it is gone");
}

#[tokio::test]
async fn an_answer_that_is_no_answer_is_a_status() {
    let mut dialogue = Dialogue::over(Protocol::Redis, says(b"-ERR what\r\n"))
        .await
        .unwrap();
    let ended = dialogue.ask().await.unwrap_err();
    assert!(matches!(ended, Ended::Said(_)), "{ended}");
}

/// Whom a server of mail lets in is seen behind the greeting: `NOOP` is answered for everybody.
#[tokio::test]
async fn a_client_is_let_in_where_its_recipient_or_its_login_is_taken() {
    let entered = async |protocol, words: &'static [u8]| {
        let dialogue = Dialogue::over(protocol, says(words)).await;
        dialogue
            .unwrap()
            .enter()
            .await
            .map_err(|ended| ended.to_string())
    };
    let smtp = b"250 me\r\n250 ok\r\n250 ok\r\n250 reset\r\n";
    assert_eq!(entered(Protocol::Smtp, smtp).await, Ok(()));
    let imap = b"z OK in\r\nz OK open\r\nz OK closed\r\n";
    assert_eq!(entered(Protocol::Imap, imap).await, Ok(()));
    let refused = b"250 me\r\n250 ok\r\n550 no certificate\r\n";
    let refused = entered(Protocol::Smtp, refused).await.unwrap_err();
    assert!(
        refused.contains("was answered `550 no certificate`"),
        "{refused}"
    );
    let refused = entered(Protocol::Imap, b"z NO no certificate\r\n")
        .await
        .unwrap_err();
    assert!(refused.contains("`LOGIN` was answered `z NO"), "{refused}");
}

/// A dialogue in a protocol of which only a description tells.
fn told(toml: &str) -> Speech {
    let toml = format!("command = [\"a\"]\nprotocol = \"tls\"\n[exchange]\n{toml}\n");
    let spec = Spec::parse(&toml).unwrap();
    Speech {
        protocol: Protocol::Tls,
        told: Arc::new(Told::new(spec.exchange.unwrap())),
    }
}

#[tokio::test]
async fn what_is_told_is_said_and_other_lines_are_passed_over() {
    const FTP: &str =
        r#"before_tls = [{ expect = "220 " }, { send = "AUTH TLS\r\n", expect = "234 " }]"#;
    let words = b"220-Welcome\r\n220 ready\r\n234 go\r\n";
    before_tls(told(FTP), &mut says(words)).await.unwrap();
    let more = before_tls(told(FTP), &mut says(b"220 a\r\n234 go\r\n220 b\r\n")).await;
    let more = more.unwrap_err().to_string();
    assert_eq!(more, "it speaks on after it has agreed to TLS");

    const NATS: &str =
        "begin = [{ expect = 'INFO ' }]\nask = { send = \"PING\\r\\n\", expect = 'PONG' }";
    let words = b"INFO {}\r\nPONG\r\nMSG a 1\r\nPONG\r\n-ERR slow\r\n";
    let mut nats = Dialogue::over(told(NATS), says(words)).await.unwrap();
    nats.ask().await.unwrap();
    nats.ask().await.unwrap();
    let ended = nats.ask().await.unwrap_err().to_string();
    assert_eq!(
        ended,
        "`PING` was answered `-ERR slow`, and then: unexpected end of file"
    );

    const MQTT: &str = "begin = [{ send_hex = '10 00', expect_hex = '20 02 00 00' }]\n\
                        ask = { send_hex = 'c0 00', expect_hex = 'd0 00' }";
    // A message that is published comes between.
    let words = [
        0x20, 0x02, 0x00, 0x00, 0x30, 0x03, 0x00, 0x01, 0x61, 0xd0, 0x00,
    ];
    let mut mqtt = Dialogue::over(told(MQTT), says(&words)).await.unwrap();
    mqtt.hold().await.unwrap();
    mqtt.go_on().await.unwrap();
    mqtt.let_go(1).await.unwrap();
    let refused = Dialogue::over(told(MQTT), says(&[0x20, 0x02, 0x00, 0x05])).await;
    let refused = refused.err().unwrap().to_string();
    assert!(
        refused.starts_with("`10 00` (in hex) was answered `20 02 00 05`, and then: "),
        "{refused}"
    );
}

/// Connections of one server share what is told of it, and not what came over them.
#[tokio::test]
async fn what_came_instead_came_over_the_same_connection() {
    let speech = told("ask = { expect = 'PONG' }");
    let mut first = Dialogue::over(speech.clone(), says(b"-ERR slow\r\n"))
        .await
        .unwrap();
    let ended = first.ask().await.unwrap_err().to_string();
    assert!(ended.contains("-ERR slow"), "{ended}");
    let mut second = Dialogue::over(speech, says(b"")).await.unwrap();
    let ended = second.ask().await.unwrap_err().to_string();
    assert_eq!(ended, "unexpected end of file");

    // One that gives up tells what came, though another is answered meanwhile.
    let speech = told("ask = { expect = 'PONG' }");
    let (near, mut far) = duplex(1024);
    far.write_all(b"433 in use\r\n").await.unwrap();
    let mut waits = Dialogue::over(speech.clone(), near).await.unwrap();
    let mut other = Dialogue::over(speech.clone(), says(b"PONG\r\n"))
        .await
        .unwrap();
    let soon = Duration::from_millis(100);
    let (waited, answered) = tokio::join!(timeout(soon, waits.ask()), other.ask());
    assert!(waited.is_err());
    answered.unwrap();
    assert_eq!(speech.told.instead().as_deref(), Some("`433 in use`"));
    assert_eq!(speech.told.instead(), None);
}

/// XMPP has no lines: what is expected comes, and no end of line after it.
#[tokio::test]
async fn what_is_expected_without_an_end_of_line_is_told() {
    let ask = |expect: &str| told(&format!("ask = {{ send = '<stream>', {expect} }}"));
    let speech = ask("expect = '</features>'");
    let (near, mut far) = duplex(1024);
    let mut waits = Dialogue::over(speech.clone(), near).await.unwrap();
    far.write_all(b"<features></features>").await.unwrap();
    let soon = Duration::from_millis(100);
    assert!(timeout(soon, waits.ask()).await.is_err());
    let said = speech.told.instead().unwrap();
    assert!(
        said.starts_with("`<features></features>`, and no end of line"),
        "{said}"
    );
    assert!(said.contains("`expect_hex` does not"), "{said}");
    // It may come in parts, and end.
    far.write_all(b"<features>\n</fea").await.unwrap();
    let (answered, ()) = tokio::join!(waits.ask(), async {
        sleep(Duration::from_millis(10)).await;
        far.write_all(b"tures>\r\n").await.unwrap();
    });
    answered.unwrap();
    let hex = ask("expect_hex = '3c 2f 66 3e'");
    let mut hex = Dialogue::over(hex, says(b"<f></f>")).await.unwrap();
    hex.ask().await.unwrap();
    let other = Dialogue::over(ask("expect_hex = '00 00'"), says(b"<error>full</error>"));
    let ended = other.await.unwrap().ask().await.unwrap_err().to_string();
    assert!(
        ended.contains("was answered `<error>full</error>`"),
        "{ended}"
    );
}

/// Where nobody asks for anything, what a server says is no end of the connection.
#[tokio::test]
async fn a_connection_without_requests_is_open_until_the_server_ends_it() {
    let (near, mut far) = duplex(1024);
    let mut silent = Dialogue::over(Protocol::Tls, near).await.unwrap();
    silent.ask().await.unwrap();
    far.write_all(b"by the way").await.unwrap();
    silent.go_on().await.unwrap();
    assert!(!silent.is_closed());
    drop(far);
    assert!(silent.is_closed());
    let ended = silent.go_on().await.unwrap_err();
    assert!(matches!(ended, Ended::Io(_)), "{ended}");
}

#[test]
fn what_an_exchange_cannot_be_is_told() {
    let cases = [
        ("ask = {}", "a turn needs something to send or to expect"),
        (
            "ask = { send = 'a', send_hex = '00' }",
            "both `send` and `send_hex`",
        ),
        (
            "ask = { expect = 'a', expect_hex = '00' }",
            "both `expect` and `expect_hex`",
        ),
        ("ask = { send = 'a', expect = '' }", "nothing is expected"),
        (
            "ask = { send = 'a', expect = \"b\\r\\n\" }",
            "has an end of line in it",
        ),
        ("begin = [{ send_hex = 'c' }]", "`c` is no bytes"),
        ("begin = [{ send_hex = 'cö' }]", "is no bytes"),
        ("begin = [{ send_hex = '+1' }]", "is no bytes"),
        ("alpn = ['']", "has 1 to 255 bytes"),
        ("asks = { send = 'a' }", "did you mean `ask`?"),
        ("ask = { sent = 'a' }", "did you mean `send`?"),
    ];
    for (toml, said) in cases {
        let toml = format!("command = ['a']\nprotocol = 'tls'\n[exchange]\n{toml}\n");
        let error = Spec::parse(&toml).unwrap_err().to_string();
        assert!(
            error.contains(said) && error.contains("line 4"),
            "{toml}: {error}"
        );
    }
    for (toml, said) in [
        (
            "[exchange]\nask = { send = 'a' }",
            "`[exchange]` is for `protocol",
        ),
        (
            "protocol = 'tls'\nclient_auth = true",
            "needs `ask` in `[exchange]`",
        ),
        (
            "protocol = 'tls'\ngrpc = true",
            "`alpn` in `[exchange]` has",
        ),
    ] {
        let toml = format!("command = ['a']\n{toml}\n");
        let error = Spec::parse(&toml).unwrap_err().to_string();
        assert!(error.contains(said), "{toml}: {error}");
    }
    let grpc = "command = ['a']\nprotocol = 'tls'\ngrpc = true\nexchange = { alpn = ['h2'] }\n";
    Spec::parse(grpc).unwrap();
}
