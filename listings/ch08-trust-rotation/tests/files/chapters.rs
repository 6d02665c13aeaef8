//! What the reader of each chapter from 5 on makes of files, and a server that shows it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::identity::{Identity, Rejected, Source};
use ch03_handshake_hook::watch::Events;
use ch05_race_conditions::{Options, Reader};
use ch06_in_flight_requests::tickets::{Sessions, Tickets};
use ch07_graceful_degradation::budget::Renewal;
use ch07_graceful_degradation::{Keeper, Settings};
use ch08_trust_rotation::roots::Roots;
use lab::BOUND;
use rustls::time_provider::DefaultTimeProvider;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub const CHAPTERS: [&str; 4] = ["ch05", "ch06", "ch07", "ch08"];

/// A reader without patience for files that are not valid.
pub fn hasty() -> Options {
    Options {
        rest: Duration::ZERO,
        ..Options::default()
    }
}

fn sessions() -> Sessions {
    Sessions::new(Tickets::KeepUnlessTrustChanged, 8)
}

/// A server's configuration, or why there is none.
type Configured = Result<(Identity, Arc<ServerConfig>), Rejected>;

/// What the reader of this chapter makes of the files.
pub fn by(chapter: &str, source: &Source) -> Configured {
    let source = source.clone();
    let start = |loader| IdentityStore::start_by(loader, source.clone());
    let reader = Reader::new(hasty());
    let store = match chapter {
        "ch05" => start(reader.loader())?,
        "ch06" => start(sessions().loader(reader))?,
        "ch07" => {
            let settings = Settings {
                events: Events::PollOnly,
                poll: Duration::from_secs(1),
                look_bound: Duration::from_secs(10),
                renewal: Renewal::UNKNOWN,
            };
            let keeper = Keeper::start(source, Arc::new(DefaultTimeProvider), settings)?;
            keeper.store().clone()
        }
        _ => {
            let roots = Roots::new(source.clone(), sessions(), Duration::from_secs(60));
            start(roots.loader(reader.read_fn()))?
        }
    };
    let current = store.current();
    Ok((current.identity.clone(), current.config.clone()))
}

/// A server on a port of its own, until it is dropped. It answers one request of each connection.
pub struct Server {
    pub port: u16,
    over: Arc<AtomicBool>,
    serving: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let over = Arc::new(AtomicBool::new(false));
        let until = over.clone();
        let serving = thread::spawn(move || {
            for tcp in listener.incoming() {
                if until.load(Ordering::Relaxed) {
                    break;
                }
                // What went wrong is the client's to tell.
                let _ = serve(tcp.unwrap(), config.clone());
            }
        });
        Self {
            port,
            over,
            serving: Some(serving),
        }
    }
}

fn serve(tcp: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
    tcp.set_read_timeout(Some(BOUND))?;
    tcp.set_nodelay(true)?;
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, tcp);
    stream.read_exact(&mut [0; 4])?;
    stream.write_all(b"!")?;
    // Until the client has left: a reset could overtake the answer.
    stream.read(&mut [0]).map(drop)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // It waits in `accept`.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = self.serving.take().map(JoinHandle::join);
    }
}
