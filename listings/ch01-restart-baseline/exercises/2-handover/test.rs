//! What is wanted of `restart`. Each function is a check, and its comment says what has to hold.

use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;
use std::time::{Duration, Instant};

use exercise_bench::{Port, each_process, patience};
use lab::BOUND;
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::exercise::{Process, restart};

/// A process that has accepted one connection, the other end of that, and the port.
fn old_process() -> (Process, TcpStream, Port) {
    let port = Port::reserve();
    let listener = port.listen();
    let client = connect(port.address());
    let (held, _) = listener.accept().unwrap();
    let accepted = vec![held];
    (Process { listener, accepted }, client, port)
}

fn connect(address: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(BOUND)).unwrap();
    client
}

/// The new process: it answers so many clients with one byte.
fn answer(process: Process, clients: usize) {
    thread::spawn(move || {
        for _ in 0..clients {
            if let Ok((mut client, _)) = process.listener.accept() {
                // A client that has left again needs no answer.
                let _ = client.write_all(b"!");
            }
        }
    });
}

/// The new process.
fn started(new: io::Result<Process>) -> Process {
    new.unwrap_or_else(|error| {
        panic!(
            "`restart` returned an error: {error}. The system gives a descriptor here, and the socket is there already: to bind its port once more is \
             an error as long as a descriptor of it is open, and refuses clients when none is."
        )
    })
}

/// A client that comes while the new program starts waits, and is served by it.
pub fn no_client_is_refused_while_the_new_program_starts() {
    let (old, _client, port) = old_process();
    let mut came = Vec::new();
    let new = restart(old, || {
        came.extend((0..3).map(|_| TcpStream::connect(port.address())));
    });
    let new = started(new);
    assert!(
        came.len() == 3,
        "`boot` was not called: the new program takes its time to start."
    );
    let refused = came.iter().filter(|client| client.is_err()).count();
    assert!(
        refused == 0,
        "{refused} of 3 clients were refused while the new program started: no process held the listening socket. \
         The queue belongs to the socket, and lives as long as one process holds a descriptor of it."
    );
    answer(new, came.len());
    for mut client in came.into_iter().flatten() {
        client.set_read_timeout(Some(BOUND)).unwrap();
        let answered = client.read(&mut [0]);
        assert!(
            matches!(answered, Ok(1)),
            "A client that came while the new program started was not served by it: its read returned {answered:?}. Such a client is in the queue, and the new process accepts it from there: \
             nothing takes it out before."
        );
    }
}

/// A client in the queue of the old process, not yet accepted, is served by the new one.
pub fn a_client_in_the_queue_is_served() {
    let (old, _client, port) = old_process();
    let mut queued = connect(port.address());
    let new = restart(old, || ());
    let new = started(new);
    answer(new, 1);
    let answered = queued.read(&mut [0]);
    assert!(
        matches!(answered, Ok(1)),
        "A client that was in the queue, and not yet accepted, was not served: {answered:?}. The kernel resets \
         the queue when the last descriptor of its socket is closed."
    );
}

/// Whether the kernel refuses what this client sends, as it does when the other end is closed.
fn is_refused(client: &mut TcpStream) -> bool {
    // It takes the first bytes, and answers them with a reset.
    let end = Instant::now() + patience();
    while client.write(b"?").is_ok() {
        if Instant::now() > end {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
    true
}

/// Whether the kernel refuses clients there, as it does once no descriptor of the socket is open. A program that something
/// else starts meanwhile has each of them until it begins.
fn refuses(address: SocketAddr) -> bool {
    let end = Instant::now() + patience();
    loop {
        // Where the queue is full, a client waits.
        let error = TcpStream::connect_timeout(&address, patience()).err();
        if error.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
            return true;
        }
        if Instant::now() > end {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// What the old process had accepted ends with it.
pub fn what_was_accepted_ends_with_its_process() {
    let (old, mut client, port) = old_process();
    let mut at_boot = None;
    let new = restart(old, || {
        client.set_read_timeout(Some(patience())).unwrap();
        at_boot = Some(client.read(&mut [0]));
        client.set_read_timeout(Some(BOUND)).unwrap();
    });
    let new = started(new);
    assert!(
        new.accepted.is_empty(),
        "The new process has a connection that the old one had accepted. It cannot serve it: keys, sequence \
         numbers and half a record are in the memory of the old process."
    );
    let is_over = |end: &io::Result<usize>| match end {
        Ok(bytes) => *bytes == 0,
        Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
    };
    assert!(
        at_boot.as_ref().is_none_or(is_over),
        "`boot` was called, and a connection of the old process was still open: something holds it, so the old process is not gone. The new program starts when it is."
    );
    let end = client.read(&mut [0]);
    assert!(
        is_over(&end),
        "The connection of the old process did not end ({end:?}): something still holds it, so the old process \
         has not ended."
    );
    assert!(
        is_refused(&mut client),
        "A client of the old process sent something when that had ended, and the kernel took it: a descriptor of the connection is still open in the server. To shut a connection down says goodbye on it, \
         and closes no descriptor: drop the connection as well."
    );
    drop(new);
    assert!(
        refuses(port.address()),
        "The new process has ended as well, and a client that came then was not refused: another descriptor of the socket is still open, and a client that comes waits for a process that is not there. \
         What the old process held goes with it, its own descriptor of the socket as well."
    );
}

/// The new process waits for clients on its socket as the old one did.
pub fn the_socket_is_handed_over_as_it_was() {
    let (old, _client, _port) = old_process();
    let new = restart(old, || ());
    let new = started(new);
    let flags = fcntl_getfl(&new.listener).unwrap();
    assert!(
        !flags.contains(OFlags::NONBLOCK),
        "The old process waited in `accept` for its next client. On the socket of the new one, `accept` returns at once with an error when no client is there: something has made it \
         non-blocking. Both descriptors are of one socket, so what is set at one holds at the other as well."
    );
    no_descriptor_is_an_error();
}

/// A process that may open no file more. An answer that takes the listener out of the old process needs none, and serves the queue.
fn no_descriptor_is_an_error() {
    let this = (module_path!(), "the_socket_is_handed_over_as_it_was");
    let said = each_process(this, ["at-its-limit"], |machine| {
        let (old, _client, port) = old_process();
        let mut queued = connect(port.address());
        let is_of_its_own = env::var("HOSTNAME").is_ok_and(|name| name == machine);
        if is_of_its_own {
            let next = File::open("/dev/null").unwrap().as_raw_fd();
            let limit = Rlimit {
                current: Some(next as u64),
                maximum: getrlimit(Resource::Nofile).maximum,
            };
            setrlimit(Resource::Nofile, limit).unwrap();
        }
        let restarted = catch_unwind(AssertUnwindSafe(|| restart(old, || ())));
        match restarted {
            Ok(Ok(new)) => {
                answer(new, 1);
                let answered = queued.read(&mut [0]);
                if matches!(answered, Ok(1)) {
                    "served"
                } else {
                    "lost"
                }
                .to_owned()
            }
            Ok(Err(error)) => error.to_string(),
            Err(panicked) if is_of_its_own => {
                drop(panicked);
                "panicked".to_owned()
            }
            Err(panicked) => resume_unwind(panicked),
        }
    });
    assert!(
        said[0] != "panicked",
        "The process had as many files open as it may have, so that the system gave no descriptor, and `restart` panicked. It is a server with clients: return the error, with `?`, and the caller decides what becomes of the old process."
    );
    assert!(
        said[0] != "lost",
        "The process had as many files open as it may have, so that the system gave no descriptor. `restart` returned a new process all the same, and a client in the queue of the old one was not served: the socket \
         was closed, and the port bound once more. The queue belongs to the socket: return the error instead, with `?`, before anything is closed."
    );
}
