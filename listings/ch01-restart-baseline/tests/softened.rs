//! The ways to soften a restart, and what each still costs.
//!
//! A queue belongs to its socket, and not to a process. So one process plays both here: what it drops
//! is what the kernel closes when the old process ends.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use lab::BOUND;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

fn listener_beside(address: SocketAddr) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket.listen(64).unwrap()
}

// ANCHOR: reuseport
/// Two listeners share a port with `SO_REUSEPORT`, as two processes would. Nobody is refused while
/// they overlap. But the kernel has dealt callers to both queues, and those in the old one's, not yet
/// accepted, are reset when it closes.
#[tokio::test]
async fn reuseport_resets_who_was_in_the_old_queue() {
    let migrates = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_migrate_req");
    let migrates = migrates.is_ok_and(|setting| setting.trim() == "1");
    let old = listener_beside(lab::any_port());
    let address = old.local_addr().unwrap();
    let new = listener_beside(address);

    // The kernel deals by a hash of the addresses: of so many callers, some go to each.
    let mut callers = Vec::new();
    for _ in 0..40 {
        callers.push(TcpStream::connect(address).await.unwrap());
    }
    drop(old);
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = new.accept().await {
            // A caller who has left again needs no answer.
            let _ = caller.write_all(b"!").await;
        }
    });
    let (mut served, mut reset) = (0, 0);
    for caller in &mut callers {
        match timeout(BOUND, caller.read_u8())
            .await
            .expect("an answer or a reset")
        {
            Ok(b'!') => served += 1,
            Err(e) if e.kind() == io::ErrorKind::ConnectionReset => reset += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(reset == 0, migrates, "{reset} of 40 were reset");
    assert!(served > 0, "no caller was dealt to the new listener");
}
// ANCHOR_END: reuseport

// ANCHOR: graceful
/// A graceful shutdown stops accepting, and gives those who are connected a grace period. Whoever
/// needs longer is cut all the same. The clock is virtual.
#[tokio::test(start_paused = true)]
async fn graceful_shutdown_cuts_who_is_slower_than_the_grace_period() {
    let grace = Duration::from_secs(30);
    let (quick, slow) = (Duration::from_secs(29), Duration::from_secs(31));
    assert!(shut_down_gracefully(grace, quick).await);
    assert!(!shut_down_gracefully(grace, slow).await);
}

/// Whether a download that needs `rest` more got to its end.
async fn shut_down_gracefully(grace: Duration, rest: Duration) -> bool {
    let (mut client, mut server) = tokio::io::duplex(64);
    let serving = tokio::spawn(async move {
        tokio::time::sleep(rest).await;
        server.write_all(b"the end").await
    });
    let stopper = serving.abort_handle();
    tokio::spawn(async move {
        tokio::time::sleep(grace).await;
        stopper.abort();
    });
    let mut got = Vec::new();
    client.read_to_end(&mut got).await.unwrap();
    got == b"the end"
}
// ANCHOR_END: graceful

// ANCHOR: handover
/// The descriptor of the listening socket is handed on, as systemd hands it to the next process.
/// Nobody is refused: the queue outlives the old holder. A connection that was accepted does not.
#[tokio::test]
async fn handover_keeps_the_queue_and_cuts_the_accepted() {
    let listener = TcpListener::bind(lab::any_port()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let inherited = listener.into_std().unwrap();

    let old = TcpListener::from_std(inherited.try_clone().unwrap()).unwrap();
    let mut accepted = TcpStream::connect(address).await.unwrap();
    let (held, _) = timeout(BOUND, old.accept())
        .await
        .expect("a caller")
        .unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let process = tokio::spawn(async move {
        let _sockets_of_the_old_process = (old, held);
        let _ = stopped.await;
    });
    let mut queued = TcpStream::connect(address).await.unwrap();
    stop.send(()).unwrap();
    process.await.unwrap();

    let end = timeout(BOUND, accepted.read(&mut [0]))
        .await
        .expect("an end");
    assert_eq!(
        end.unwrap(),
        0,
        "the accepted connection died with its process"
    );

    let new = TcpListener::from_std(inherited).unwrap();
    let (mut served, _) = timeout(BOUND, new.accept())
        .await
        .expect("the queued caller")
        .unwrap();
    served.write_all(b"!").await.unwrap();
    let got = timeout(BOUND, queued.read_u8()).await.expect("an answer");
    assert_eq!(got.unwrap(), b'!');
}
// ANCHOR_END: handover
