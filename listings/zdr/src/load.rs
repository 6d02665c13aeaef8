//! The load: clients of each class, who come when they are due and not when the server has time.

pub mod failure;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use ch06_in_flight_requests::client::{Download, Http, Version};
use http_body_util::BodyExt;
use lab::authority::Issued;
use lab::client::{self, Client, Options, Seen};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::load::failure::{Failed, Where};
use crate::server::origin::DOWNLOAD;
use crate::server::spec::Protocol;
use ch11_verification::attempt::{Attempt, Class, FailureKind, Recorder};
use ch11_verification::open_loop::{finished, open_loop};

/// The chains that were issued, by what a client can see of them.
#[derive(Debug, Default)]
pub struct Chains {
    issued: Mutex<Vec<(String, String)>>,
    open: bool,
}

impl Chains {
    /// For chains that somebody else issues: whatever clients accept is a new generation.
    pub fn of_others() -> Self {
        Self {
            open: true,
            ..Self::default()
        }
    }

    /// Adds one, and returns its generation: 0 for the first.
    pub fn add(&self, issued: &Issued) -> u32 {
        let mut chains = self.lock();
        let facts = &issued.facts;
        chains.push((facts.chain_sha256.clone(), facts.serial.clone()));
        (chains.len() - 1) as u32
    }

    /// The generation that was added last.
    pub fn latest(&self) -> u32 {
        self.lock().len().saturating_sub(1) as u32
    }

    /// The serial of a generation.
    pub fn serial(&self, generation: u32) -> Option<String> {
        let chains = self.lock();
        let (_, serial) = chains.get(generation as usize)?;
        Some(serial.clone())
    }

    /// Which generation this is. `None` where it was never issued so.
    pub fn generation(&self, seen: &Seen) -> Option<u32> {
        let mut chains = self.lock();
        let sha256 = &seen.chain.chain_sha256;
        let mut at = chains.iter().rposition(|(known, _)| known == sha256);
        if at.is_none() && self.open {
            chains.push((sha256.clone(), seen.chain.serial.clone()));
            at = Some(chains.len() - 1);
        }
        at.map(|at| at as u32)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(String, String)>> {
        self.issued.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// Who is called, and as whom.
#[derive(Clone)]
pub struct Target {
    /// Where it listens now.
    pub address: watch::Receiver<SocketAddr>,
    /// The name that its certificate bears.
    pub name: String,
    /// By which its certificate is verified, in PEM.
    pub roots_pem: String,
    /// What is spoken.
    pub protocol: Protocol,
    /// What clients show, where they are asked for a certificate.
    pub identity: Option<Arc<Issued>>,
    /// How long a client waits for anything.
    pub patience: Duration,
    /// What it may show.
    pub chains: Arc<Chains>,
}

impl Target {
    /// A client of this server.
    ///
    /// # Errors
    /// When there is no usable trust anchor, or the name is none.
    pub fn client(
        &self,
        version: Option<Version>,
        resume: bool,
        identity: Option<&Issued>,
    ) -> io::Result<Client> {
        let options = Options {
            resume,
            ..Options::default()
        };
        self.client_with(version, options, identity)
    }

    /// The same, with other options than whether to resume.
    ///
    /// # Errors
    /// As [`Target::client`].
    pub fn client_with(
        &self,
        version: Option<Version>,
        options: Options,
        identity: Option<&Issued>,
    ) -> io::Result<Client> {
        let mut config = match identity {
            Some(identity) => lab::mutual::client_config(identity, &self.roots_pem, options)?,
            None => client::config(&self.roots_pem, options)?,
        };
        let alpn: &[u8] = match (self.protocol, version) {
            (Protocol::Lab, _) => b"",
            (_, Some(Version::Http2)) => b"h2",
            _ => b"http/1.1",
        };
        if !alpn.is_empty() {
            Arc::make_mut(&mut config).alpn_protocols = vec![alpn.to_vec()];
        }
        Client::with_config(config, &self.name)
    }

    /// A new connection and one request: what came of it, and what was shown.
    pub async fn probe(&self, client: &Client) -> (Option<Seen>, Result<(), Failed>) {
        let mut seen = None;
        let probe = async {
            let address = *self.address.borrow();
            match self.protocol {
                Protocol::Lab => {
                    let opened = client.connect(address).await;
                    let mut connection = opened.map_err(Failed::opening)?;
                    seen = Some(connection.seen().clone());
                    self.known(connection.seen())?;
                    connection
                        .pull(1)
                        .await
                        .map_err(|error| Failed::of(error, Where::New))?;
                    connection.close().await;
                }
                _ => {
                    let opened = Http::connect(client, address).await;
                    let mut http = opened.map_err(Failed::opening)?;
                    seen = Some(http.seen().clone());
                    self.known(http.seen())?;
                    self.request(&mut http, 1, Where::New).await?;
                    http.close().await;
                }
            }
            Ok(())
        };
        // Boxed: without optimisation, so much room is more than a worker thread has.
        let outcome = self.in_time(Box::pin(probe)).await;
        (seen, outcome)
    }

    /// Whether what was shown is something that was issued.
    fn known(&self, seen: &Seen) -> Result<(), Failed> {
        // A session that is resumed tells of the time when it began.
        if seen.resumed || self.chains.generation(seen).is_some() {
            return Ok(());
        }
        let error = format!(
            "serial {} with a chain that was not issued",
            seen.chain.serial
        );
        Err(Failed::new(FailureKind::WrongChain, error))
    }

    /// A request over an open connection. Says whether the server asked the client to leave.
    async fn request(&self, http: &mut Http, size: u64, at: Where) -> Result<bool, Failed> {
        let path = match self.protocol {
            Protocol::AnyHttp => "/".to_owned(),
            _ => format!("/bytes/{size}"),
        };
        let answer = http
            .ask(&path)
            .await
            .map_err(|error| Failed::of(error, at))?;
        let status = answer.status();
        let fine = match self.protocol {
            Protocol::AnyHttp => !status.is_server_error(),
            _ => status.is_success(),
        };
        if !fine {
            return Err(Failed::new(FailureKind::Status, status.to_string()));
        }
        if self.protocol == Protocol::AnyHttp {
            let close = answer.headers().get(hyper::header::CONNECTION);
            let close = close.is_some_and(|value| value == "close");
            let body = answer.into_body().collect().await;
            body.map_err(|error| Failed::new(FailureKind::Severed, error.to_string()))?;
            return Ok(close);
        }
        let mut body = Download::of(answer, size).map_err(|error| Failed::of(error, at))?;
        body.finish()
            .await
            .map_err(|error| Failed::of(error, Where::Answer))?;
        Ok(body.close())
    }

    /// As long as a client waits.
    async fn in_time<T>(
        &self,
        asking: impl Future<Output = Result<T, Failed>>,
    ) -> Result<T, Failed> {
        let outcome = timeout(self.patience, asking).await;
        outcome.unwrap_or_else(|_| Err(self.stalled()))
    }

    fn stalled(&self) -> Failed {
        Failed::new(
            FailureKind::Stalled,
            format!("nothing within {:?}", self.patience),
        )
    }
}

/// How much of what.
#[derive(Clone, Debug)]
pub struct Rates {
    /// Attempts a second of each class that opens connections or asks over them.
    pub per_second: HashMap<Class, f64>,
    /// Downloads at once, and long HTTP/2 streams at once.
    pub downloads: usize,
    /// Connections that are kept for HTTP/1.1.
    pub pool: usize,
}

/// Clients at work. They stop when told to, or when this is dropped.
pub struct Load {
    stop: watch::Sender<bool>,
    classes: JoinSet<()>,
}

/// How much of a download is asked for at a time, and how often: 0.8 MB a second.
const PIECE: u32 = 16 * 1024;
const PACE: Duration = Duration::from_millis(20);

/// What a client of a class needs.
#[derive(Clone)]
struct ProbeContext {
    class: Class,
    target: Target,
    recorder: Arc<Recorder>,
    stop: watch::Receiver<bool>,
}

impl Load {
    /// Sets the clients to work.
    ///
    /// # Errors
    /// When a client cannot be made: no usable trust anchor, say.
    pub fn start(
        target: &Target,
        recorder: &Arc<Recorder>,
        classes: &[Class],
        rates: &Rates,
    ) -> io::Result<Self> {
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let identity = target.identity.clone();
        let identity = identity.as_deref();
        for class in classes.iter().copied() {
            let context = ProbeContext {
                class,
                target: target.clone(),
                recorder: recorder.clone(),
                stop: stopping.clone(),
            };
            let rate = rates.per_second.get(&class).copied().unwrap_or(10.0);
            match class {
                Class::Full | Class::Resuming => {
                    let client = target.client(None, class == Class::Resuming, identity)?;
                    let (stop, recorder) = (context.stop.clone(), context.recorder.clone());
                    let attempt = move |due| probe(context.clone(), client.clone(), due);
                    tasks.spawn(open_loop(rate, stop, recorder, attempt));
                }
                Class::Mutual => {
                    let stranger = target.client(None, false, None)?;
                    let (stop, recorder) = (context.stop.clone(), context.recorder.clone());
                    let attempt =
                        move |due| probe_unauthenticated(context.clone(), stranger.clone(), due);
                    tasks.spawn(open_loop(rate, stop, recorder, attempt));
                }
                Class::Pooled => {
                    let client = target.client(Some(Version::Http1), false, identity)?;
                    let pool = Arc::new(Pool {
                        context: context.clone(),
                        client,
                        idle: Mutex::default(),
                    });
                    let size = rates.pool;
                    tasks.spawn(async move {
                        pool.fill(size).await;
                        let asking = pool.clone();
                        let attempt = move |due| asking.clone().ask(due);
                        open_loop(rate, context.stop, context.recorder, attempt).await;
                    });
                }
                Class::Http2 => {
                    let client = target.client(Some(Version::Http2), false, identity)?;
                    let slots: Vec<_> = (0..rates.downloads.max(1))
                        .map(|_| Arc::new(Slot::new(&context, &client)))
                        .collect();
                    tasks.spawn(async move {
                        for slot in &slots {
                            slot.clone().open().await;
                        }
                        let turn = std::sync::atomic::AtomicUsize::new(0);
                        let turns = slots.clone();
                        let attempt = move |due| {
                            let turn = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                            turns[turn % turns.len()].clone().ask(due)
                        };
                        open_loop(rate, context.stop, context.recorder, attempt).await;
                        for slot in &slots {
                            slot.streams_end().await;
                        }
                    });
                }
                Class::Download => {
                    for _ in 0..rates.downloads {
                        let client = target.client(Some(Version::Http1), false, identity)?;
                        tasks.spawn(downloads(context.clone(), client));
                    }
                }
            }
        }
        Ok(Self {
            stop,
            classes: tasks,
        })
    }

    /// Tells the clients to stop, and waits until they have: none is cut off.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while let Some(ended) = self.classes.join_next().await {
            finished(ended);
        }
    }
}

impl ProbeContext {
    /// Writes an attempt down.
    fn put(&self, due: Duration, probe: Probe, paced: bool, outcome: Result<(), Failed>) {
        let failed = outcome.err();
        let seen = probe.seen.as_ref();
        self.recorder.put(Attempt {
            class: self.class,
            due,
            began: probe.began,
            done: self.recorder.now(),
            failed: failed.as_ref().map(|failed| failed.kind),
            error: failed.map(|failed| failed.error),
            shown: seen.and_then(|seen| self.target.chains.generation(seen)),
            resumed: seen.is_some_and(|seen| seen.resumed),
            opened: probe.opened,
            paced,
        });
    }

    /// Opens a connection for HTTP, and compares what it is shown with what was issued.
    async fn connect(&self, client: &Client, probe: &mut Probe) -> Result<Http, Failed> {
        probe.opens(self.recorder.now());
        let address = *self.target.address.borrow();
        let opened = Http::connect(client, address).await;
        let http = opened.map_err(Failed::opening)?;
        probe.seen = Some(http.seen().clone());
        self.target.known(http.seen())?;
        Ok(http)
    }

    fn stopped(&self) -> bool {
        *self.stop.borrow()
    }
}

/// What is known of an attempt, even when its time runs out.
struct Probe {
    began: Duration,
    seen: Option<Seen>,
    opened: bool,
}

impl Probe {
    /// Over a connection that is kept, until it has to open one.
    fn at(began: Duration) -> Self {
        Self {
            began,
            seen: None,
            opened: false,
        }
    }

    fn opens(&mut self, now: Duration) {
        self.began = now;
        self.opened = true;
    }

    /// Over a connection of its own.
    fn of(began: Duration, seen: Option<Seen>) -> Self {
        Self {
            began,
            seen,
            opened: true,
        }
    }
}

async fn probe(context: ProbeContext, client: Client, due: Duration) {
    let began = context.recorder.now();
    let (seen, outcome) = context.target.probe(&client).await;
    context.put(due, Probe::of(began, seen), true, outcome);
}

/// A client without a certificate. It is well when it is turned away.
async fn probe_unauthenticated(context: ProbeContext, stranger: Client, due: Duration) {
    let began = context.recorder.now();
    let (seen, outcome) = context.target.probe(&stranger).await;
    let outcome = match outcome {
        Ok(()) => Err(Failed::new(
            FailureKind::StrangerLetIn,
            "it was answered".into(),
        )),
        // Turned away: with an alert, or, where that was lost on the way, by the end of it all.
        Err(failed) if failed.turned_away() => Ok(()),
        Err(failed) => Err(failed),
    };
    context.put(due, Probe::of(began, seen), true, outcome);
}

/// Connections that are kept for HTTP/1.1.
struct Pool {
    context: ProbeContext,
    client: Client,
    idle: Mutex<VecDeque<Http>>,
}

impl Pool {
    /// Opens the first connections. Each is an attempt. Where one fails, requests open the others.
    async fn fill(&self, size: usize) {
        let (context, target) = (&self.context, &self.context.target);
        for _ in 0..size {
            let began = context.recorder.now();
            let mut probe = Probe::at(began);
            let opened = target
                .in_time(context.connect(&self.client, &mut probe))
                .await;
            let fine = opened.is_ok();
            let outcome = opened.map(|http| self.idle().push_back(http));
            context.put(began, probe, false, outcome);
            if !fine || context.stopped() {
                return;
            }
        }
    }

    async fn ask(self: Arc<Self>, due: Duration) {
        let mut probe = Probe::at(due);
        let asked = self.asked(&mut probe);
        let outcome = self.context.target.in_time(asked).await;
        self.context.put(due, probe, true, outcome);
    }

    async fn asked(&self, probe: &mut Probe) -> Result<(), Failed> {
        let (context, target) = (&self.context, &self.context.target);
        while let Some(mut http) = self.next() {
            match target.request(&mut http, 1024, Where::Kept).await {
                Ok(true) => {
                    context.recorder.graceful_close(Class::Pooled);
                    return Ok(());
                }
                Ok(false) => {
                    self.idle().push_back(http);
                    return Ok(());
                }
                // It was not sent: each client asks again over another connection.
                Err(failed) if failed.unsent => context.recorder.graceful_close(Class::Pooled),
                Err(failed) => return Err(failed),
            }
        }
        let mut http = context.connect(&self.client, probe).await?;
        if !target.request(&mut http, 1024, Where::New).await? {
            self.idle().push_back(http);
        }
        Ok(())
    }

    /// The connection that has been idle for longest and is still open.
    fn next(&self) -> Option<Http> {
        loop {
            let http = self.idle().pop_front()?;
            if !http.is_closed() {
                return Some(http);
            }
            self.context.recorder.graceful_close(Class::Pooled);
        }
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Http>> {
        self.idle.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// An HTTP/2 connection with a long stream on it, and its successor once it is asked to leave.
struct Slot {
    context: ProbeContext,
    client: Client,
    http: tokio::sync::Mutex<Option<Http>>,
    streams: Mutex<JoinSet<()>>,
}

impl Slot {
    fn new(context: &ProbeContext, client: &Client) -> Self {
        Self {
            context: context.clone(),
            client: client.clone(),
            http: tokio::sync::Mutex::new(None),
            streams: Mutex::default(),
        }
    }

    async fn open(self: Arc<Self>) {
        let due = self.context.recorder.now();
        self.ask(due).await;
    }

    /// Waits for its long streams. One that has stalled is a failure, and found as late as this.
    async fn streams_end(&self) {
        let mut streams = std::mem::take(&mut *self.streams());
        while let Some(ended) = streams.join_next().await {
            finished(ended);
        }
    }

    fn streams(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.streams.lock().unwrap_or_else(|e| e.into_inner())
    }

    async fn ask(self: Arc<Self>, due: Duration) {
        let mut probe = Probe::at(due);
        let asked = self.asked(&mut probe);
        // Waiting for the request before is waiting, too.
        let outcome = self.context.target.in_time(asked).await;
        self.context.put(due, probe, true, outcome);
    }

    async fn asked(&self, probe: &mut Probe) -> Result<(), Failed> {
        let (context, target) = (&self.context, &self.context.target);
        let mut held = self.http.lock().await;
        if let Some(mut http) = held.take() {
            let asked = match http.is_closed() {
                true => Err(Failed::unsent()),
                false => target.request(&mut http, 1024, Where::Kept).await,
            };
            match asked {
                Ok(_) => {
                    *held = Some(http);
                    return Ok(());
                }
                Err(failed) if failed.unsent => context.recorder.graceful_close(Class::Http2),
                Err(failed) => return Err(failed),
            }
        }
        let mut http = context.connect(&self.client, probe).await?;
        target.request(&mut http, 1024, Where::New).await?;
        if target.protocol == Protocol::Http {
            let stream = http.start(DOWNLOAD).await;
            let stream = stream.map_err(|error| Failed::of(error, Where::New))?;
            let mut streams = self.streams();
            while let Some(ended) = streams.try_join_next() {
                finished(ended);
            }
            streams.spawn(long_stream(context.clone(), stream));
        }
        *held = Some(http);
        Ok(())
    }
}

/// Takes a long answer in small pieces, until it is whole, cut, or the load stops.
async fn long_stream(context: ProbeContext, stream: Download) {
    let began = context.recorder.now();
    let failed = pieces(&context, Answer::Body(stream)).await.err();
    context.recorder.put(Attempt {
        class: context.class,
        due: began,
        began,
        done: context.recorder.now(),
        failed: failed.as_ref().map(|failed| failed.kind),
        error: failed.map(|failed| failed.error),
        shown: None,
        resumed: false,
        opened: false,
        // It takes as long as it is meant to.
        paced: false,
    });
}

/// A long answer.
enum Answer {
    /// Of the lab's protocol, without an end.
    Bare(Box<client::Connection>),
    /// Of HTTP.
    Body(Download),
}

impl Answer {
    /// Takes a piece. Says how many bytes it has so far, and whether there is more.
    async fn piece(&mut self) -> Result<(u64, bool), client::Failure> {
        match self {
            Self::Bare(connection) => {
                connection.pull(PIECE).await?;
                Ok((connection.received(), true))
            }
            Self::Body(body) => {
                body.pull(PIECE.into()).await?;
                Ok((body.received(), body.received() < DOWNLOAD))
            }
        }
    }
}

impl Answer {
    /// How many bytes may lie in buffers although the connection was cut long ago: as much is taken
    /// at the end, without a pace, to learn of it.
    fn buffered(&self) -> u64 {
        match self {
            // What was asked for is here.
            Self::Bare(_) => 1,
            // More than the kernel keeps for a connection (tcp_rmem), and the library.
            Self::Body(_) => 16 << 20,
        }
    }
}

/// Takes pieces at their pace until there are no more.
async fn pieces(context: &ProbeContext, mut answer: Answer) -> Result<(), Failed> {
    let (began, mut stop) = (Instant::now(), context.stop.clone());
    let mut last = None;
    loop {
        match timeout(context.target.patience, answer.piece()).await {
            Ok(Ok((bytes, true))) => {
                if last.is_some_and(|last| bytes >= last) {
                    return Ok(());
                }
                // What is read may be more than was asked for: it is the pace that counts.
                let pieces = (bytes / u64::from(PIECE)) as u32;
                tokio::select! {
                    biased;
                    _ = stop.wait_for(|stop| *stop) => {
                        last.get_or_insert(bytes + answer.buffered());
                    }
                    () = sleep_until(began + PACE * pieces.max(1)) => {}
                }
            }
            Ok(Ok((_, false))) => return Ok(()),
            Ok(Err(error)) => return Err(Failed::of(error, Where::Answer)),
            Err(_) => return Err(context.target.stalled()),
        }
    }
}

/// One long download after the other.
async fn downloads(context: ProbeContext, client: Client) {
    while !context.stopped() {
        let began = context.recorder.now();
        let mut probe = Probe::at(began);
        let begun = begin_download(&context, &client, &mut probe);
        let outcome = match context.target.in_time(begun).await {
            Ok((answer, _open)) => pieces(&context, answer).await,
            Err(failed) => Err(failed),
        };
        let cut = outcome.is_err();
        context.put(began, probe, true, outcome);
        if cut {
            // A server that is away refuses at once. A client that came back at once would only
            // count how fast it is.
            sleep(PACE).await;
        }
    }
}

/// Asks for a long answer over a new connection. HTTP's lives no longer than its connection, which
/// is returned with it.
async fn begin_download(
    context: &ProbeContext,
    client: &Client,
    probe: &mut Probe,
) -> Result<(Answer, Option<Http>), Failed> {
    let target = &context.target;
    if target.protocol == Protocol::Lab {
        probe.opens(context.recorder.now());
        let address = *target.address.borrow();
        let connection = client.connect(address).await.map_err(Failed::opening)?;
        probe.seen = Some(connection.seen().clone());
        target.known(connection.seen())?;
        return Ok((Answer::Bare(Box::new(connection)), None));
    }
    let mut http = context.connect(client, probe).await?;
    let answer = http.ask(&format!("/bytes/{DOWNLOAD}")).await;
    let answer = answer.map_err(|error| Failed::of(error, Where::New))?;
    if !answer.status().is_success() {
        return Err(Failed::new(
            FailureKind::Status,
            answer.status().to_string(),
        ));
    }
    let body = Download::of(answer, DOWNLOAD).map_err(|error| Failed::of(error, Where::New))?;
    Ok((Answer::Body(body), Some(http)))
}
