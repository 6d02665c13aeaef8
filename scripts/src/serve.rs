//! Serving the book on this machine, and building it again when a file changes.
//!
//! The server does what the book teaches: a build that fails is reported, and the last good one
//! goes on being served.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, get};
use mdbook_driver::errors::Result;
use notify::{EventKind, RecursiveMode, Watcher};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tower_http::services::ServeDir;

use crate::site;

const RELOAD: &str = "__reload";

/// What is served: the folder of the last good build. Pages reload when it changes.
type Current = watch::Receiver<PathBuf>;

/// Builds, serves until Ctrl-C, and builds again whenever a source changes.
///
/// # Errors
/// When the first build fails, or no port can be had.
pub fn serve(root: &Path, port: u16, open: bool) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(run(root, port, open))
}

async fn run(root: &Path, port: u16, open: bool) -> Result<()> {
    let builds = tempfile::tempdir()?;
    let first = builds.path().join("1");
    site::build(root, Some(&first), Some(RELOAD))?;
    let (publish, current) = watch::channel(first);

    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
        Ok(listener) => listener,
        Err(why) => {
            eprintln!("port {port}: {why}; taking another");
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?
        }
    };
    let address = listener.local_addr()?;
    println!("the book is at http://{address}/ (Ctrl-C ends it)");
    if open {
        show(address);
    }

    let (hint, hints) = mpsc::channel(1);
    let _watching = follow(root, hint)?;
    let again = rebuild(root.to_owned(), builds.path().to_owned(), hints, publish);
    let site = Router::new()
        .route(&format!("/{RELOAD}"), get(reload))
        .fallback(any(page))
        .with_state(current);
    tokio::select! {
        served = async { axum::serve(listener, site).await } => served?,
        () = again => {}
        stop = tokio::signal::ctrl_c() => stop?,
    }
    Ok(())
}

/// Opens a browser where there can be one. Whoever has none reads the address.
fn show(address: SocketAddr) {
    let screen = ["DISPLAY", "WAYLAND_DISPLAY"];
    let headless =
        cfg!(target_os = "linux") && screen.iter().all(|name| std::env::var_os(name).is_none());
    if !headless && let Err(why) = opener::open_browser(format!("http://{address}/")) {
        eprintln!("no browser opened: {why}");
    }
}

/// Watches what the book is made of.
fn follow(root: &Path, hint: mpsc::Sender<()>) -> Result<notify::RecommendedWatcher> {
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
    watcher.watch(root, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

async fn rebuild(
    root: PathBuf,
    builds: PathBuf,
    mut hints: mpsc::Receiver<()>,
    publish: watch::Sender<PathBuf>,
) {
    let root = Arc::new(root);
    for number in 2.. {
        if hints.recv().await.is_none() {
            return;
        }
        // An editor writes several files. Time is the subject: until nothing came for a while.
        let quiet = Duration::from_millis(200);
        while let Ok(Some(())) = tokio::time::timeout(quiet, hints.recv()).await {}

        let next = builds.join(number.to_string());
        let (from, to) = (root.clone(), next.clone());
        let built =
            tokio::task::spawn_blocking(move || site::build(&from, Some(&to), Some(RELOAD)));
        match built.await {
            Ok(Ok(())) => {
                let before = publish.send_replace(next);
                // A page that is being read may still ask the old folder for a file; then it
                // reloads. A folder that cannot be removed goes with the rest at the end.
                let _ = tokio::fs::remove_dir_all(before).await;
                println!("built again");
            }
            Ok(Err(why)) => eprintln!("error: {why:#}\nthe last good build goes on being served"),
            Err(panic) => eprintln!("error: the build panicked: {panic}"),
        }
    }
}

async fn page(State(current): State<Current>, request: Request) -> Response {
    let folder = current.borrow().clone();
    let mut files = ServeDir::new(&folder);
    match files.try_call(request).await {
        Ok(response) => response.map(axum::body::Body::new),
        Err(why) => {
            let mut response = Response::new(why.to_string().into());
            *response.status_mut() = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

async fn reload(State(current): State<Current>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|socket| tell(socket, current))
}

async fn tell(mut socket: WebSocket, mut current: Current) {
    if current.changed().await.is_ok() {
        // A page that was closed meanwhile needs no telling.
        let _ = socket.send(Message::Text("reload".into())).await;
    }
}
