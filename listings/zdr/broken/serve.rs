//! Connections: chapter 6's server, and what it becomes when a reload is not their affair.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ch01_restart_baseline::{accept, listen};
use ch02_hot_reload::IdentityStore;
use ch06_in_flight_requests as in_flight;
use ch06_in_flight_requests::Retirement;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::answer;
use crate::arguments::{Arguments, retirement};
use crate::defect::Defect;
use crate::grpc;
use crate::left_open::left_open;
use crate::open::open;
use crate::ordinary;
use crate::redis::{self, Fate};
use crate::sever::severed;
use crate::state::State;
use crate::unusual::Unusual;

/// For how long no socket listens, where a reload is a restart.
const GAP: Duration = Duration::from_millis(400);

/// How old a connection becomes where it has a maximum age.
const MAX_AGE: Duration = Duration::from_millis(700);

/// How many commands it takes over a connection where there is a limit.
const MAX_COMMANDS: u32 = 20;

/// How long a connection has after a reload, where it does not have all the time that it needs.
const DRAIN: Duration = Duration::from_millis(300);

/// How long after its client it closes a connection, where it does not do so at once.
const LATE: Duration = Duration::from_secs(2);

/// Serves by turns what its workers have.
pub struct Server {
    defect: Option<Defect>,
    /// It has pages of its own.
    is_ordinary: bool,
    /// It speaks Redis instead of HTTP.
    speaks_redis: bool,
    /// What becomes of its transactions.
    fate: Fate,
    /// It has gRPC's health service.
    has_grpc: bool,
    /// It closes a connection some time after its client has.
    closes_late: bool,
    /// Another server takes over its socket.
    hands_over: bool,
    /// How long it is occupied with other things before it takes a connection.
    overload: Duration,
    retirement: Retirement,
    state: Arc<State>,
}

impl Server {
    pub fn new(arguments: &Arguments, state: Arc<State>) -> Self {
        Self {
            defect: arguments.defect,
            is_ordinary: arguments.unusual == Some(Unusual::Ordinary),
            speaks_redis: matches!(
                arguments.unusual,
                Some(Unusual::Redis | Unusual::MaximumAge | Unusual::MaximumCommands)
            ),
            fate: match arguments.unusual {
                Some(Unusual::MaximumAge) => Fate::Aged(MAX_AGE),
                Some(Unusual::MaximumCommands) => Fate::Counted(MAX_COMMANDS),
                _ => Fate::Kept,
            },
            has_grpc: arguments.unusual == Some(Unusual::Grpc),
            closes_late: arguments.unusual == Some(Unusual::ClosesLate),
            hands_over: arguments.inherited,
            overload: Duration::from_millis(arguments.overload_ms),
            retirement: retirement(arguments.defect),
            state,
        }
    }

    pub async fn serve(
        self,
        mut listener: TcpListener,
        workers: Vec<Arc<IdentityStore>>,
    ) -> io::Result<()> {
        let address = listener.local_addr()?;
        // The first worker's: only servers of one worker cut anything.
        let mut published = workers[0].published();
        let servers: Vec<_> = workers
            .iter()
            .map(|live| in_flight::Server::new(live.clone(), self.retirement))
            .collect();
        let mut turns = (0..servers.len()).cycle();
        let mut open = JoinSet::new();
        let mut leaves = match self.hands_over {
            true => Some(signal(SignalKind::terminate())?),
            false => None,
        };
        loop {
            tokio::select! {
                () = told(&mut leaves) => break,
                tcp = accept(&listener) => {
                    sleep(self.overload).await;
                    let turn = turns.next().unwrap_or(0);
                    self.take(&mut open, &workers[turn], &servers[turn], tcp);
                }
                Some(_) = open.join_next() => {}
                Ok(()) = published.changed() => {
                    if self.defect == Some(Defect::Restart) {
                        open.abort_all();
                    }
                    if matches!(self.defect, Some(Defect::Restart | Defect::Gap)) {
                        drop(listener);
                        sleep(GAP).await;
                        listener = listen(address).await?;
                    }
                }
            }
        }
        drop(listener);
        while open.join_next().await.is_some() {}
        Ok(())
    }

    /// Takes a connection, in the way of its defect.
    fn take(
        &self,
        open: &mut JoinSet<()>,
        live: &Arc<IdentityStore>,
        server: &Arc<in_flight::Server>,
        tcp: TcpStream,
    ) {
        let (live, server, state) = (live.clone(), server.clone(), self.state.clone());
        match self.defect {
            Some(Defect::Corrupt) => open.spawn(corrupt(live, tcp)),
            Some(Defect::HangsAfterReload) if live.current().number > 1 => open.spawn(hang(tcp)),
            Some(Defect::LeavesConnections) => open.spawn(left_open(live, tcp, None)),
            Some(Defect::SeverOnReload) => open.spawn(severed(live, tcp)),
            Some(Defect::ForgetsTransactions) => open.spawn(redis(live, tcp, Fate::Forgotten)),
            Some(Defect::DrainsTransactions) => open.spawn(redis(live, tcp, Fate::Drained(DRAIN))),
            Some(Defect::EndsGrpcStreams) => open.spawn(with_grpc(live, tcp, true)),
            _ if self.closes_late => open.spawn(left_open(live, tcp, Some(LATE))),
            _ if self.has_grpc => open.spawn(with_grpc(live, tcp, false)),
            _ if self.speaks_redis => open.spawn(redis(live, tcp, self.fate)),
            cuts if self.is_ordinary || cuts.is_some_and(ordinary::has_pages) => {
                open.spawn(ordinary(live, tcp, cuts))
            }
            Some(Defect::WaitsForHandshakes) => open.spawn(async move {
                hello(&state, &tcp).await;
                server.connection(tcp).await;
            }),
            _ => open.spawn(server.connection(tcp)),
        };
    }
}

/// Waits until it is told to take no more connections, where anybody may tell it.
async fn told(leaves: &mut Option<Signal>) {
    match leaves {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Waits for the client's hello: all of its first record. As long as it waits, a handshake is in
/// progress.
async fn hello(state: &State, tcp: &TcpStream) {
    const HEAD: usize = 5;
    struct InProgress<'a>(&'a State);
    impl Drop for InProgress<'_> {
        fn drop(&mut self) {
            self.0.handshakes.fetch_sub(1, Ordering::SeqCst);
        }
    }
    state.handshakes.fetch_add(1, Ordering::SeqCst);
    let _in_progress = InProgress(state);
    let mut record = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = tcp.peek(&mut record).await {
        let whole = HEAD + usize::from(u16::from_be_bytes([record[3], record[4]]));
        if read >= HEAD && read >= whole {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// One connection to a server that has pages of its own.
async fn ordinary(live: Arc<IdentityStore>, tcp: TcpStream, cuts: Option<Defect>) {
    let Some((stream, opened)) = open(&live, tcp).await else {
        return;
    };
    ordinary::serve(stream, live, cuts).await;
    opened.closed(0, "client_closed");
}

/// One connection to a server that has gRPC's health service. It may end its streams at a reload.
async fn with_grpc(live: Arc<IdentityStore>, tcp: TcpStream, ends_streams: bool) {
    let Some((stream, opened)) = open(&live, tcp).await else {
        return;
    };
    grpc::serve(stream, live, ends_streams).await;
    opened.closed(0, "client_closed");
}

/// One connection over which Redis is spoken. What was begun may not come to its end.
async fn redis(live: Arc<IdentityStore>, tcp: TcpStream, fate: Fate) {
    let Some((stream, opened)) = open(&live, tcp).await else {
        return;
    };
    // How it ended is the client's to tell.
    let _ = redis::serve(stream, &live, fate).await;
    opened.closed(0, "client_closed");
}

/// Keeps a connection, and says nothing.
async fn hang(tcp: TcpStream) {
    std::future::pending::<()>().await;
    drop(tcp);
}

/// One connection, whose answers are wrong from the second generation on.
async fn corrupt(live: Arc<IdentityStore>, tcp: TcpStream) {
    let Some((stream, opened)) = open(&live, tcp).await else {
        return;
    };
    answer::serve(stream, || live.current().number > 1).await;
    opened.closed(0, "client_closed");
}
