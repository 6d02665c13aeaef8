//! Serving the book on this machine, and building it again when a file changes.
//!
//! The server does what the book teaches: a build that fails is reported, and the last good one
//! goes on being served.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path as UrlPath, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::{any, get};
use mdbook_driver::errors::Result;
use notify::{EventKind, RecursiveMode, Watcher};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tower_http::compression::CompressionLayer;
use tower_http::services::{ServeDir, ServeFile};

use crate::site;
use events::{eprintln, println};

/// The last good build: what is served. Each build has a folder of its own, named by its number.
#[derive(Clone)]
struct Current {
    builds: PathBuf,
    number: watch::Receiver<u64>,
}

/// Builds the book as number so much. Its pages ask for news with that number, so that one which
/// was fetched just before the next build is told as well.
fn build(root: &Path, builds: &Path, number: u64) -> Result<()> {
    let to = builds.join(number.to_string());
    site::build(root, Some(&to), Some(&format!("__reload/{number}")))
}

/// Builds, serves until Ctrl-C, and builds again whenever a source changes.
///
/// # Errors
/// When the first build fails, or no port can be had.
pub fn serve(root: &Path, port: u16, open: bool) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let server = Server::start(root, port).await?;
        println!("the book is at http://{}/ (Ctrl-C ends it)", server.address);
        if open {
            show(server.address);
        }
        tokio::select! {
            served = server.run() => served,
            stop = tokio::signal::ctrl_c() => Ok(stop?),
        }
    })
}

/// The book, built once, and a port to serve it on.
pub struct Server {
    /// Where it can be reached as soon as it [runs](Self::run).
    pub address: SocketAddr,
    root: PathBuf,
    builds: TempDir,
    listener: TcpListener,
    publish: watch::Sender<u64>,
    // The watch is in place before the first build, so that no change is missed in between.
    hints: mpsc::Receiver<()>,
    _watching: Option<notify::RecommendedWatcher>,
}

impl Server {
    /// Builds the book below `root`, and takes the loopback port; another one where it is taken.
    ///
    /// # Errors
    /// When the build fails, or no port can be had.
    pub async fn start(root: &Path, port: u16) -> Result<Self> {
        let (hint, hints) = mpsc::channel(1);
        let watching = follow(root, hint).inspect_err(|why| {
            eprintln!("changes are not noticed, since the files cannot be watched: {why}");
        });
        let builds = tempfile::tempdir()?;
        build(root, builds.path(), 1)?;
        let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => listener,
            Err(error) => {
                eprintln!("port {port}: {error}; taking another");
                TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?
            }
        };
        Ok(Self {
            address: listener.local_addr()?,
            root: root.to_owned(),
            builds,
            listener,
            publish: watch::Sender::new(1),
            hints,
            _watching: watching.ok(),
        })
    }

    /// The folder of the first build: gone as soon as a source has changed.
    pub fn folder(&self) -> PathBuf {
        self.builds.path().join("1")
    }

    /// Serves forever, and builds again whenever a source changes.
    ///
    /// # Errors
    /// When connections can no longer be accepted.
    pub async fn run(self) -> Result<()> {
        let builds = self.builds.path().to_owned();
        let site = Router::new()
            .route("/__reload/{number}", get(reload))
            .fallback(any(page))
            .layer(CompressionLayer::new())
            .with_state(Current {
                builds: builds.clone(),
                number: self.publish.subscribe(),
            });
        tokio::select! {
            served = async { axum::serve(self.listener, site).await } => served?,
            () = rebuild(self.root, builds, self.hints, self.publish) => {}
        }
        Ok(())
    }
}

/// Opens a browser where there can be one. Whoever has none reads the address.
fn show(address: SocketAddr) {
    let screen = ["DISPLAY", "WAYLAND_DISPLAY"];
    let headless =
        cfg!(target_os = "linux") && screen.iter().all(|name| std::env::var_os(name).is_none());
    if !headless && let Err(error) = opener::open_browser(format!("http://{address}/")) {
        eprintln!("no browser opened: {error}");
    }
}

/// Watches what the book is made of.
fn follow(root: &Path, hint: mpsc::Sender<()>) -> notify::Result<notify::RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
            // Full: a build is due already. Closed: we are ending.
            let _ = hint.try_send(());
        }
    })?;
    for part in ["src", "theme", "listings"] {
        let folder = root.join(part);
        if folder.is_dir() {
            watcher.watch(&folder, RecursiveMode::Recursive)?;
        }
    }
    // The lists of the catalogue, the symptoms, the errata and the versions lie in `tests` itself; what is
    // below is no part of the book.
    for folder in [root.join("tests"), root.to_owned()] {
        if folder.is_dir() {
            watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        }
    }
    Ok(watcher)
}

async fn rebuild(
    root: PathBuf,
    builds: PathBuf,
    mut hints: mpsc::Receiver<()>,
    publish: watch::Sender<u64>,
) {
    for number in 2.. {
        if hints.recv().await.is_none() {
            // Nothing is watched: what was built is served forever.
            return std::future::pending().await;
        }
        settle(&mut hints).await;
        let (from, to) = (root.clone(), builds.clone());
        let built = tokio::task::spawn_blocking(move || build(&from, &to, number));
        match built.await {
            Ok(Ok(())) => {
                let before = builds.join(publish.send_replace(number).to_string());
                // A page that is being read may still ask the old folder for a file; then it
                // reloads. A folder that cannot be removed goes with the rest at the end.
                let _ = tokio::fs::remove_dir_all(before).await;
                println!("built again");
            }
            Ok(Err(error)) => {
                eprintln!("error: {error:#}\nthe last good build goes on being served")
            }
            Err(panic) => eprintln!("error: the build panicked: {panic}"),
        }
    }
}

/// An editor writes several files. Time is the subject: until nothing came for a while, and two seconds at most,
/// since a program may write its log into the folder all the time.
async fn settle(hints: &mut mpsc::Receiver<()>) {
    let quiet = Duration::from_millis(200);
    let until_quiet =
        async { while let Ok(Some(())) = tokio::time::timeout(quiet, hints.recv()).await {} };
    // Either end is a good one.
    let _ = tokio::time::timeout(Duration::from_secs(2), until_quiet).await;
}

async fn page(State(current): State<Current>, request: Request) -> Response {
    let folder = current.builds.join(current.number.borrow().to_string());
    let caching = caching(request.uri().path());
    let missing = ServeFile::new(folder.join("404.html"));
    let mut files = ServeDir::new(&folder).not_found_service(missing);
    match files.try_call(request).await {
        Ok(response) => {
            let mut response = response.map(axum::body::Body::new);
            if response.status().is_success() {
                let headers = response.headers_mut();
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
            }
            response
        }
        Err(error) => {
            let mut response = Response::new(error.to_string().into());
            *response.status_mut() = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

/// How long a browser may keep a file. A file that is named by its content never changes; of every other
/// one the browser asks each time whether it did.
fn caching(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let hashed = name.rsplit_once('-').is_some_and(|(_, end)| {
        let hash = end.split('.').next().unwrap_or(end);
        end.contains('.') && hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit())
    });
    match hashed {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    }
}

async fn reload(
    State(current): State<Current>,
    UrlPath(built): UrlPath<u64>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.on_upgrade(move |socket| tell(socket, current, built))
}

async fn tell(mut socket: WebSocket, mut current: Current, built: u64) {
    let news = async {
        current
            .number
            .wait_for(|number| *number != built)
            .await
            .is_ok()
    };
    let news = tokio::select! {
        // A page says nothing: this is its end.
        _ = socket.recv() => false,
        news = news => news,
    };
    if news {
        // A page that was closed meanwhile needs no telling.
        let _ = socket.send(Message::Text("reload".into())).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_written_all_the_time_does_not_hold_up_a_build() {
        let (hint, mut hints) = mpsc::channel(1);
        tokio::spawn(async move {
            while hint.send(()).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let began = Instant::now();
        let settled = tokio::time::timeout(Duration::from_secs(60), settle(&mut hints)).await;
        settled.expect("it settled within two seconds");
        assert!(began.elapsed() <= Duration::from_millis(2050));
    }

    #[tokio::test(start_paused = true)]
    async fn files_that_are_written_together_are_one_change() {
        let (hint, mut hints) = mpsc::channel(1);
        let writes = async {
            for _ in 0..5 {
                hint.send(()).await.expect("it is waited for");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::join!(settle(&mut hints), writes);
        assert!(hints.try_recv().is_err(), "a second change");
    }
}
