//! A server that is sound, or has one defect: what the verifier has to tell apart.
//!
//! Without `--defect` it is what the chapters make of a server: chapter 3 follows the files,
//! chapter 5 reads them, chapter 6 keeps sessions and lets go of connections. With one, it is a
//! server as it is found in the field.

mod answer;
mod anyone;
mod arguments;
mod aside;
mod defect;
mod follow;
mod grpc;
mod leaks;
mod left_open;
mod open;
mod ordinary;
mod quic;
mod read;
mod redis;
mod seamless;
mod serve;
mod sever;
mod show;
mod staple;
mod state;
mod unusual;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use ch01_restart_baseline::{accept, exit, listen};
use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::identity::Rejected;
use ch06_in_flight_requests::descriptors::make_room;
use clap::Parser;
use tokio::net::TcpListener;
use tokio::time::{interval, sleep};
use tracing::Level;

use arguments::Arguments;
use defect::Defect;
use read::Reading;
use state::State;
use unusual::Unusual;

/// How many loops that accept connections follow the files, where one does not.
const LOOPS: usize = 15;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(unusual) = arguments.unusual {
        unusual.begins();
    }
    exit(server(arguments).await)
}

async fn server(arguments: Arguments) -> io::Result<()> {
    lab::emit::to_stderr(Level::DEBUG)?;
    make_room(arguments.open_files)?;
    let address = arguments.serve.address();
    if arguments.unusual == Some(Unusual::SeamlessRestart) && !arguments.inherited {
        let listener = TcpListener::bind(address).await?;
        let source = arguments.serve.source()?;
        return seamless::hold(listener, &source.files).await;
    }
    let first = match (start(&arguments), arguments.defect) {
        (Ok(worker), _) => worker,
        (Err(error), Some(Defect::AbsentAtStart)) => {
            awaited(&error);
            refuse_all(&listen(address).await?).await
        }
        // As many servers do. One that is looked for would be waited for.
        (Err(error), _) if arguments.unusual == Some(Unusual::EcdsaOrRsa) => {
            return Err(io::Error::other(error.detail));
        }
        (Err(_), _) => started(&arguments).await?,
    };
    let mut workers = vec![first.live.clone()];
    if arguments.defect == Some(Defect::StaleWorker) {
        workers.resize(LOOPS, first.live.clone());
        workers.push(started(&arguments).await?.live);
    }
    let second = match (arguments.defect, arguments.unusual) {
        (Some(Defect::WorkersDisagree), _) | (_, Some(Unusual::TwoWorkers)) => {
            Some(started(&arguments).await?)
        }
        _ => None,
    };
    let state = first.state.clone();
    let server = serve::Server::new(&arguments, state);
    let listener = match arguments.inherited {
        true => seamless::inherited()?,
        false => listen(address).await?,
    };
    if let Some(udp) = quic::socket(&arguments, listener.local_addr()?)? {
        tokio::spawn(quic::serve(udp, first.live.clone(), arguments.defect));
    }
    if arguments.inherited {
        seamless::serves()?;
    }
    if !arguments.frozen {
        if let Some(second) = second {
            workers.push(second.live.clone());
            match arguments.defect {
                Some(_) => follow::follow_late(second.live, &first.live, arguments.lag_ms),
                None => second.follow(&arguments),
            }
        }
        first.follow(&arguments);
    }
    if arguments.defect == Some(Defect::OtherAddressKeepsOld) {
        keep_old_elsewhere(&arguments, &listener).await?;
    }
    sleep(Duration::from_millis(arguments.deaf_ms)).await;
    server.serve(listener, workers).await
}

/// Accepts, and answers nobody.
async fn refuse_all(listener: &TcpListener) -> ! {
    loop {
        drop(accept(listener).await);
    }
}

/// Serves what is on disk now at another address, and follows nothing there.
async fn keep_old_elsewhere(arguments: &Arguments, listener: &TcpListener) -> io::Result<()> {
    let other = other_address(listener).await?;
    let kept = started(arguments).await?;
    let server = serve::Server::new(arguments, kept.state.clone());
    tokio::spawn(server.serve(other, vec![kept.live]));
    Ok(())
}

/// The same port of another address of this machine, of which not each has all.
async fn other_address(listener: &TcpListener) -> io::Result<TcpListener> {
    let port = listener.local_addr()?.port();
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
        Ok(other) => Ok(other),
        Err(_) => TcpListener::bind((Ipv4Addr::new(127, 0, 0, 2), port)).await,
    }
}

/// What follows the files, and what it publishes.
struct Worker {
    live: Arc<IdentityStore>,
    reading: Arc<Reading>,
    state: Arc<State>,
}

impl Worker {
    fn follow(self, arguments: &Arguments) {
        let (told, defect) = (arguments.follow, arguments.defect);
        tokio::spawn(follow::follow(self.live, told, defect, self.reading));
    }
}

fn start(arguments: &Arguments) -> Result<Worker, Rejected> {
    let rejected = |error: io::Error| Rejected {
        reason: ch02_hot_reload::identity::Reason::NameLost,
        file: arguments.serve.certificate.clone(),
        detail: error.to_string(),
        valid_from: None,
        leaf: None,
    };
    let source = arguments.serve.source().map_err(rejected)?;
    let state = Arc::new(State {
        sibling: state::sibling(arguments).map_err(rejected)?,
        second: arguments
            .second_certificate
            .clone()
            .zip(arguments.second_key.clone()),
        ..State::default()
    });
    let client_roots = match arguments.defect {
        Some(Defect::OneTrust) => Some(source.files.roots.clone()),
        _ => arguments.client_roots.clone(),
    };
    let reading = Arc::new(Reading::new(
        arguments.defect,
        Duration::from_millis(arguments.settle_ms),
        client_roots,
        state.clone(),
    ));
    let loader = show::loader(
        reading.clone(),
        arguments.defect,
        arguments.client_roots.is_some(),
        (state.clone(), arguments.unusual),
        &source,
    );
    let live = IdentityStore::start_by(loader, source)?;
    Ok(Worker {
        live,
        reading,
        state,
    })
}

/// Looks until the files are valid.
async fn started(arguments: &Arguments) -> io::Result<Worker> {
    let mut ticks = interval(Duration::from_millis(arguments.follow.poll_ms));
    let mut told: Option<Rejected> = None;
    loop {
        ticks.tick().await;
        let rejected = match start(arguments) {
            Ok(worker) => return Ok(worker),
            Err(rejected) => rejected,
        };
        if !told.is_some_and(|told| told.repeats(&rejected)) {
            awaited(&rejected);
        }
        told = Some(rejected);
    }
}

fn awaited(error: &Rejected) {
    tracing::warn!(
        event = "identity_awaited",
        reason = error.reason.name(),
        file = %error.file.display(),
        detail = error.detail,
    );
}
