//! What a client does whose server fails, step by step: each test is such a server.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use ch02_hot_reload::arguments::Serve;
use ch04_dynamic_contexts::call::{Calls, call};
use ch04_dynamic_contexts::{Caller, start_client};
use lab::BOUND;
use lab::child::Child;
use lab::log::want;
use lab::mutual;
use openssl::ssl::{ErrorCode, Ssl, SslContext, SslVerifyMode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, pause, resume, timeout};
use tokio_openssl::SslStream;

use crate::bench::{Bench, bench, server_that_asks};

/// A server that does what a test tells it, one connection after the other.
struct Scripted {
    listener: TcpListener,
    context: SslContext,
}

impl Scripted {
    async fn start(bench: &Bench) -> Self {
        Self {
            listener: TcpListener::bind(lab::any_port()).await.unwrap(),
            context: server_that_asks(&bench.agent.files(), SslVerifyMode::PEER),
        }
    }

    fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    async fn tcp(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }

    async fn take(&self) -> SslStream<TcpStream> {
        let ssl = Ssl::new(&self.context).unwrap();
        let mut stream = SslStream::new(ssl, self.tcp().await).unwrap();
        Pin::new(&mut stream).accept().await.unwrap();
        stream
    }
}

fn caller(bench: &Bench) -> Caller {
    Caller {
        store: start_client(bench.source()).unwrap(),
        name: "localhost".into(),
    }
}

fn calls(server: &Scripted, until: u64) -> Calls {
    Calls {
        server: server.address(),
        server_roots: None,
        every_ms: 0,
        until,
    }
}

/// Takes one request, and answers with this byte.
async fn answer(stream: &mut SslStream<TcpStream>, byte: u8) {
    stream.read_exact(&mut [0; 4]).await.unwrap();
    stream.write_all(&[byte]).await.unwrap();
    stream.flush().await.unwrap();
}

/// Reads to the end, which must be a goodbye: a read of nothing may be a cut as well.
async fn said_goodbye(stream: &mut SslStream<TcpStream>) {
    let peeked = Pin::new(&mut *stream).peek(&mut [0]).await;
    assert_eq!(peeked.unwrap_err().code(), ErrorCode::ZERO_RETURN);
}

/// Runs the client and its server side by side, until both are done.
async fn both<T>(
    calling: impl Future<Output = io::Result<()>>,
    script: impl Future<Output = T>,
) -> (io::Result<()>, T) {
    let both = async { tokio::join!(calling, script) };
    timeout(BOUND, both).await.expect("one of them waits")
}

#[tokio::test]
async fn a_call_that_fails_is_logged_and_the_next_one_is_made() {
    let (log, _capturing) = lab::emit::capture();
    let bench = bench();
    let server = Scripted::start(&bench).await;
    let (caller, calls) = (caller(&bench), calls(&server, 1));
    let script = async {
        let mut held = server.take().await;
        let held = async move { lab::wire::serve(&mut held).await };
        let others = async {
            drop(server.tcp().await);
            lab::wire::serve(&mut server.take().await).await
        };
        tokio::join!(held, others)
    };
    let (ended, (held, other)) = both(call(&caller, &calls), script).await;
    ended.unwrap();
    // The one that was held has been asked before each call.
    assert_eq!(held.unwrap(), 2);
    assert_eq!(other.unwrap(), 1);
    let closed = |connection: u64| {
        let closed = want("connection_closed").with("connection", connection);
        closed.with("why", "client_closed")
    };
    log.assert_order(&[
        want("connection_opened").with("connection", 1),
        want("probe_failed"),
        want("connection_opened").with("connection", 3),
        closed(3).with("bytes", 1),
        closed(1).with("bytes", 2),
    ]);
}

/// From one call to the next it waits as told. The clock is virtual while it does.
#[tokio::test]
async fn the_next_call_waits_for_its_time() {
    let bench = bench();
    let server = Scripted::start(&bench).await;
    let mut calls = calls(&server, 0);
    calls.every_ms = BOUND.as_millis() as u64 / 2;
    let script = async {
        let mut held = server.take().await;
        answer(&mut held, 0).await;
        let mut other = server.take().await;
        answer(&mut other, 0).await;
        said_goodbye(&mut other).await;
        pause();
        let started = Instant::now();
        held.read_exact(&mut [0; 4]).await.unwrap();
        let waited = started.elapsed();
        resume();
        waited
    };
    let (_, waited) = both(call(&caller(&bench), &calls), script).await;
    assert!(waited > BOUND / 4, "it called after {waited:?}");
}

/// It has no end of its own, and the cut is the end.
#[tokio::test]
async fn a_held_connection_that_is_cut_ends_it() {
    let (log, _capturing) = lab::emit::capture();
    let bench = bench();
    let server = Scripted::start(&bench).await;
    let (caller, calls) = (caller(&bench), calls(&server, 0));
    let script = async {
        let mut held = server.take().await;
        answer(&mut held, 0).await;
        let mut other = server.take().await;
        answer(&mut other, 0).await;
        // Cut while the other one is being closed: before the next request.
        drop(held);
        said_goodbye(&mut other).await;
    };
    let (ended, ()) = both(call(&caller, &calls), script).await;
    ended.expect_err("it goes on without the connection that it held");
    log.assert_order(&[
        want("connection_closed").with("connection", 2),
        want("connection_closed")
            .with("connection", 1)
            .with("bytes", 1)
            .with("why", "cut"),
    ]);
    log.assert_none(&want("probe_failed"));
}

#[tokio::test]
async fn an_answer_of_another_byte_is_no_answer() {
    let (log, _capturing) = lab::emit::capture();
    let bench = bench();
    let server = Scripted::start(&bench).await;
    let (caller, calls) = (caller(&bench), calls(&server, 1));
    let script = async {
        let mut held = server.take().await;
        answer(&mut held, 7).await;
        held
    };
    let (ended, _held) = both(call(&caller, &calls), script).await;
    assert_eq!(ended.unwrap_err().to_string(), "byte 0 is wrong");
    log.assert_order(&[want("connection_closed").with("why", "cut")]);
}

/// The rotation that was waited for may be followed by another before the next call.
#[tokio::test]
async fn a_later_generation_than_the_one_waited_for_ends_it_too() {
    let mut bench = bench();
    let server = Scripted::start(&bench).await;
    let (caller, calls) = (caller(&bench), calls(&server, 1));
    bench.agent.rotate().unwrap();
    caller.store.reload();
    let script = async {
        let mut held = server.take().await;
        let held = async move { lab::wire::serve(&mut held).await };
        let other = async { lab::wire::serve(&mut server.take().await).await };
        tokio::join!(held, other)
    };
    let (ended, _) = both(call(&caller, &calls), script).await;
    ended.unwrap();
}

/// The clock is virtual from the moment at which the server falls silent.
async fn given_up(bench: &Bench, server: &Scripted, script: impl Future<Output = impl Sized>) {
    let (caller, calls) = (caller(bench), calls(server, 1));
    let silent = async {
        let _held = script.await;
        pause();
        pending::<()>().await;
    };
    tokio::select! {
        ended = timeout(BOUND, call(&caller, &calls)) => {
            let said = ended.expect("it waits for the server").unwrap_err();
            assert_eq!(said.to_string(), "the server took too long");
        }
        () = silent => {}
    }
}

#[tokio::test]
async fn a_server_that_shakes_no_hand_is_given_up() {
    let bench = bench();
    let server = Scripted::start(&bench).await;
    given_up(&bench, &server, server.tcp()).await;
}

#[tokio::test]
async fn a_server_that_gives_no_answer_is_given_up() {
    let bench = bench();
    let server = Scripted::start(&bench).await;
    given_up(&bench, &server, server.take()).await;
}

/// A certificate of the right authority for another name is another server's.
#[tokio::test]
async fn the_server_must_have_the_name_that_was_given() {
    let mut bench = bench();
    let of_server = bench.agent.issue().unwrap();
    let server = mutual::Server::start(&of_server, bench.agent.root_pem())
        .await
        .unwrap();
    let mut caller = caller(&bench);
    let (stream, _) = caller.connect(server.address()).await.unwrap();
    // Each request is small, and must not wait for an acknowledgement.
    assert!(stream.get_ref().nodelay().unwrap());
    caller.name = "other.example".into();
    let refused = caller.connect(server.address()).await.map(drop);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("certificate verify failed"), "{refused}");

    // So it is with the program, which is given it by `--name`.
    for (name, code) in [("localhost", 0), ("other.example", 1)] {
        let mut arguments = Serve::command_line_with(&bench.agent.files(), &["--name", name]);
        arguments[0] = "call".into();
        let address = server.address().to_string();
        arguments.extend(["--server", &address, "--until", "1"].map(Into::into));
        let program = env!("CARGO_BIN_EXE_ch04-dynamic-contexts");
        let child = Child::spawn(program.as_ref(), arguments, |_| ()).unwrap();
        let status = child.wait(BOUND).await.unwrap();
        assert_eq!(status.code(), Some(code), "{name}");
    }
}
