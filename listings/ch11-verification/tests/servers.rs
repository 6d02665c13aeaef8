//! Servers that are sound, that do not reload, that drop connections, and that stall: each is judged so.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ch01_restart_baseline::{connection, load_once};
use ch11_verification::attempt::{Attempt, Class};
use ch11_verification::check::{Clients, Server, check};
use ch11_verification::judge::Judgement;
use ch11_verification::open_loop::open_loop;
use ch11_verification::rotation::Watched;
use lab::BOUND;
use lab::agent::{Agent, Files, Strategy};
use lab::client::{Client, Options};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// What a server does when it is notified of new files.
#[derive(Clone, Copy, PartialEq)]
enum Reload {
    Serve,
    Ignore,
    ServeAndDrop,
}

struct Reloading {
    files: Files,
    reload: Reload,
    generation: u64,
    config: watch::Sender<Arc<ServerConfig>>,
    drop: Arc<Notify>,
    address: SocketAddr,
}

impl Reloading {
    async fn start(files: Files, reload: Reload) -> io::Result<Self> {
        let listener = TcpListener::bind(lab::any_port()).await?;
        let config = load_once(&files.certificate, &files.key, 1)?;
        let server = Self {
            reload,
            generation: 1,
            config: watch::Sender::new(config),
            drop: Arc::default(),
            address: listener.local_addr()?,
            files,
        };
        let (configs, dropping) = (server.config.subscribe(), server.drop.clone());
        tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    () = dropping.notified() => connections.shutdown().await,
                    accepted = listener.accept() => {
                        let Ok((tcp, _)) = accepted else { return };
                        let acceptor = TlsAcceptor::from(configs.borrow().clone());
                        connections.spawn(connection(tcp, acceptor, 1));
                    }
                }
            }
        });
        Ok(server)
    }
}

impl Server for Reloading {
    fn address(&self) -> SocketAddr {
        self.address
    }

    async fn notify(&mut self, clients: &Clients) -> io::Result<()> {
        if self.reload == Reload::Ignore {
            return Ok(());
        }
        self.generation += 1;
        let config = load_once(&self.files.certificate, &self.files.key, self.generation)?;
        self.config.send_replace(config);
        if self.reload == Reload::ServeAndDrop {
            let mut downloading = clients.downloading.subscribe();
            self.drop.notify_one();
            let cut = downloading.wait_for(|many| *many == 0);
            let waited = timeout(BOUND, cut).await;
            waited.expect("waited for the downloads to be cut").unwrap();
        }
        Ok(())
    }
}

async fn judged(reload: Reload, within: Duration) -> Judgement {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::Bundle).unwrap();
    let served = agent.rotate().unwrap();
    let mut server = Reloading::start(agent.files(), reload).await.unwrap();
    let judgement = check(&mut agent, &served, &mut server, 2, within).await;
    judgement.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_serves_the_new_and_keeps_what_is_open_has_no_downtime() {
    let judgement = judged(Reload::Serve, BOUND).await;
    assert_eq!(judgement.zero_downtime(), Some(true), "{judgement}");
    assert_eq!(judgement.new_after.len(), 2);
    // Four downloads each cross two rotations.
    let downloads = &judgement.by_class[&Class::Download];
    assert_eq!((downloads.all.of, downloads.during.of), (4, 8));
    let full = &judgement.by_class[&Class::Full];
    // The watch alone makes twelve of them in each rotation. On a slow machine others last into one.
    assert!(full.during.of >= 24);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_does_not_reload_is_judged_so_though_no_attempt_fails() {
    let judgement = judged(Reload::Ignore, Duration::from_millis(300)).await;
    assert_eq!(judgement.zero_downtime(), Some(false), "{judgement}");
    assert_eq!(judgement.risk.all.failed, 0);
    let never = BTreeMap::from([(2, "was never shown"), (3, "was never shown")]);
    assert_eq!(judgement.faults, never);
    assert!(judgement.new_after.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_drops_what_is_open_is_judged_so_though_each_rotation_is_picked_up() {
    let judgement = judged(Reload::ServeAndDrop, BOUND).await;
    assert_eq!(judgement.zero_downtime(), Some(false), "{judgement}");
    assert!(judgement.faults.is_empty(), "{judgement}");
    assert_eq!(judgement.by_class[&Class::Download].during.failed, 8);
    assert_eq!(judgement.risk.rotations.failed, 2);
}

/// Accepts connections, and does not answer before it may.
#[tokio::test]
async fn the_open_loop_does_not_wait_for_a_server_that_stalls() {
    const RATE: f64 = 100.0;
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::Bundle).unwrap();
    let served = agent.rotate().unwrap();
    let files = agent.files();
    let config = load_once(&files.certificate, &files.key, 1).unwrap();
    let listener = TcpListener::bind(lab::any_port()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (waiting, mut came) = watch::channel(0);
    let (answer, answering) = watch::channel(false);
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            waiting.send_modify(|many| *many += 1);
            let (acceptor, mut answering) = (TlsAcceptor::from(config.clone()), answering.clone());
            tokio::spawn(async move {
                answering.wait_for(|answer| *answer).await.unwrap();
                connection(tcp, acceptor, 1).await;
            });
        }
    });

    let (stop, stopping) = watch::channel(false);
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    let clients = Clients::new(client, address, &served);
    let (each, now) = (clients.clone(), clients.recorder.now());
    let looping = open_loop(RATE, stopping, now, move |due| Some(each.clone().full(due)));
    let looping = tokio::spawn(looping);
    let ten = timeout(BOUND, came.wait_for(|many| *many >= 10)).await;
    ten.expect("waited for ten connections, none of them answered")
        .unwrap();
    assert!(clients.recorder.records().is_empty());
    answer.send_replace(true);
    stop.send_replace(true);
    timeout(BOUND, looping)
        .await
        .expect("waited for the end")
        .unwrap();

    let mut attempts = clients.recorder.records();
    attempts.sort_by_key(|attempt| attempt.due);
    assert!(attempts.iter().all(|attempt| attempt.failed.is_none()));
    // The end of the handshake is told apart from the answer's: a new certificate counts from there.
    let in_order = |of: &Attempt| of.handshake_done.is_some_and(|done| done < of.done);
    assert!(attempts.iter().all(in_order));
    // The stall is in the latency of each attempt that was due in it, as long as it had to wait.
    let (first, tenth) = (&attempts[0], &attempts[9]);
    let nine_periods = Duration::from_millis(90);
    assert_eq!(tenth.due - first.due, nine_periods);
    assert!(first.done - first.due >= nine_periods);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_panics_ends_the_open_loop() {
    let (_stop, stopping) = watch::channel(false);
    let panics = |due: Duration| Some(async move { assert!(due.is_zero(), "on purpose") });
    let looping = tokio::spawn(open_loop(1.0, stopping, Duration::ZERO, panics));
    let ended = timeout(BOUND, looping).await;
    let ended = ended.expect("waited for the loop to end: an attempt is missing from its count");
    assert!(ended.unwrap_err().is_panic());
}

/// More would only measure this side.
#[test]
fn no_more_than_512_attempts_are_in_progress() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::Bundle).unwrap();
    let served = agent.rotate().unwrap();
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    let clients = Clients::new(client, lab::any_port(), &served);
    let begun = (0..1000).map_while(|_| clients.full_if_room(Duration::ZERO));
    let mut begun: Vec<_> = begun.collect();
    // These clients have the recorder as well.
    assert_eq!(begun.len(), 511);
    begun.pop();
    assert!(clients.full_if_room(Duration::ZERO).is_some());
}

#[tokio::test]
async fn a_chain_that_was_never_issued_is_a_failure_though_it_validates() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::Bundle).unwrap();
    agent.rotate().unwrap();
    let server = Reloading::start(agent.files(), Reload::Ignore).await;
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    // Of the same authority, and another one than is served.
    let issued = agent.issue().unwrap();
    let mut clients = Clients::new(client, server.unwrap().address, &issued);
    let attempt = clients.handshake().await;
    assert_eq!(attempt.failed, Some("a chain never issued so"));
    assert_eq!((attempt.shown, attempt.error), (None, None));
}
