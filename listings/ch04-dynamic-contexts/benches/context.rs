//! What building a context costs, against one handshake: why not for each request.
//!
//! Both ends of a handshake run in memory, on one thread. The things measured take turns, block by
//! block, and what is compared are the ratios of each turn. The Python twin measures itself.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::Instant;

use ch02_hot_reload::identity::{self, Source};
use ch04_dynamic_contexts::{client_context, hooked_context, server_context, start_server};
use lab::agent::{Agent, Strategy};
use openssl::ssl::{HandshakeError, Ssl, SslConnector, SslContext, SslMethod};

const TURNS: usize = 51;
const REPEATS: u32 = 20;
/// Where Debian keeps the trust anchors of its package ca-certificates.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What is measured: its name, and how it is done once.
type Thing<'a> = (&'a str, Box<dyn Fn() + 'a>);

fn main() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let files = agent.files();
    let source = Source::localhost(files.clone());
    let read = identity::read(&source).unwrap();
    let front = hooked_context(start_server(source.clone()).unwrap()).unwrap();
    let client = client_context(&read).unwrap();

    println!("OpenSSL from Rust");
    let mut things: Vec<Thing> = vec![
        (
            "full handshake, both ends",
            Box::new(|| handshake(&front, &client)),
        ),
        (
            "build the server's context",
            Box::new(|| drop(black_box(server_context(&read)))),
        ),
        (
            "build the client's context, one root",
            Box::new(|| drop(black_box(client_context(&read)))),
        ),
        (
            "read the files and validate them",
            Box::new(|| drop(black_box(identity::read(&source)))),
        ),
    ];
    let roots = Path::new(SYSTEM_ROOTS);
    if roots.is_file() {
        things.push((
            "build a client's context, system roots",
            Box::new(|| system_context(roots)),
        ));
    }
    compare(&things);

    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    println!("Python");
    let run = Command::new(python)
        .arg("-B")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/bench.py"))
        .args([&files.certificate, &files.key, &files.roots])
        .arg(SYSTEM_ROOTS)
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    print!("{}", String::from_utf8_lossy(&run.stdout));
}

/// Prints the first as a time, and the others as multiples of it.
fn compare(things: &[Thing]) {
    let mut turns: Vec<Vec<f64>> = vec![Vec::new(); things.len()];
    for turn in 0..=TURNS {
        for step in 0..things.len() {
            // Who goes first changes, too.
            let who = (turn + step) % things.len();
            let started = Instant::now();
            for _ in 0..REPEATS {
                things[who].1();
            }
            // The first turn warms up.
            if turn > 0 {
                turns[who].push(started.elapsed().as_secs_f64() / f64::from(REPEATS));
            }
        }
    }
    let base = turns[0].clone();
    for ((name, _), times) in things.iter().zip(&mut turns) {
        let mut ratios: Vec<_> = times
            .iter()
            .zip(&base)
            .map(|(time, base)| time / base)
            .collect();
        let (time, ratio) = (median(times), median(&mut ratios));
        println!("  {name}: {:.0} µs, {ratio:.2} handshakes", time * 1e6);
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn system_context(roots: &Path) {
    let mut context = SslConnector::builder(SslMethod::tls_client()).unwrap();
    context.set_ca_file(roots).unwrap();
    black_box(context.build());
}

/// One end of a connection in memory. An empty one would block.
struct End {
    incoming: Rc<RefCell<VecDeque<u8>>>,
    outgoing: Rc<RefCell<VecDeque<u8>>>,
}

impl Read for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.incoming.borrow_mut().read(buffer)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            got => Ok(got),
        }
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn handshake(server: &SslContext, client: &SslConnector) {
    let (a, b) = (Rc::default(), Rc::default());
    let near = End {
        incoming: Rc::clone(&a),
        outgoing: Rc::clone(&b),
    };
    let far = End {
        incoming: b,
        outgoing: a,
    };
    let ssl = client.configure().unwrap().into_ssl("localhost").unwrap();
    let mut connecting = ssl.connect(near);
    let mut accepting = Ssl::new(server).unwrap().accept(far);
    loop {
        connecting = match connecting {
            Err(HandshakeError::WouldBlock(waiting)) => waiting.handshake(),
            done => done,
        };
        accepting = match accepting {
            Err(HandshakeError::WouldBlock(waiting)) => waiting.handshake(),
            done => done,
        };
        if let (Ok(_), Ok(_)) = (&connecting, &accepting) {
            break;
        }
        let failed = [
            matches!(&connecting, Err(HandshakeError::Failure(_))),
            matches!(&accepting, Err(HandshakeError::Failure(_))),
        ];
        assert_eq!(failed, [false; 2], "the handshake failed");
    }
}
