//! `cargo book`, as a reader has it: a program that serves, rebuilds, and keeps the last good build.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use scripts::copy::use_preprocessor;
use tempfile::TempDir;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// How long one thing may take. Nothing waits so long when all is well.
const BOUND: Duration = Duration::from_secs(120);

/// A book of one page, under the real preprocessor.
fn book() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let config = "[book]\ntitle = \"A book\"\n\
         [preprocessor.executable]\ncommand = \"cargo run \"\nbefore = [\"links\"]\n";
    fs::write(root.path().join("book.toml"), config).unwrap();
    use_preprocessor(root.path(), &[env!("CARGO_BIN_EXE_preprocess")]).unwrap();
    fs::create_dir(root.path().join("src")).unwrap();
    fs::create_dir(root.path().join("listings")).unwrap();
    fs::write(root.path().join("src/SUMMARY.md"), "- [One](one.md)\n").unwrap();
    write(root.path(), "The first text.");
    root
}

fn write(root: &Path, text: &str) {
    fs::write(root.join("src/one.md"), format!("# One\n\n{text}\n")).unwrap();
}

/// A running `cargo book`. It is killed when this is dropped.
struct Server {
    _process: Child,
    out: Lines<BufReader<ChildStdout>>,
    err: Lines<BufReader<ChildStderr>>,
    address: SocketAddr,
}

async fn serve(root: &Path, port: u16) -> Server {
    let mut process = Command::new(env!("CARGO_BIN_EXE_book"))
        .args(["--no-open", "--port", &port.to_string(), "--root"])
        .arg(root)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut out = BufReader::new(process.stdout.take().unwrap()).lines();
    let err = BufReader::new(process.stderr.take().unwrap()).lines();
    let said = line(&mut out, "the book is at http://").await;
    let address = said.trim_start_matches("the book is at http://");
    let address = address.split('/').next().unwrap().parse().unwrap();
    Server {
        _process: process,
        out,
        err,
        address,
    }
}

/// Reads on until a line begins so.
async fn line(lines: &mut Lines<impl AsyncBufRead + Unpin>, begin: &str) -> String {
    let mut passed = Vec::new();
    loop {
        let next = tokio::time::timeout(BOUND, lines.next_line()).await;
        match next {
            Ok(Ok(Some(line))) if line.starts_with(begin) => return line,
            Ok(Ok(Some(line))) => passed.push(line),
            end => panic!("no line begins with {begin:?}: {end:?} after {passed:#?}"),
        }
    }
}

impl Server {
    /// Sends a request, and returns what is answered until the connection ends or `enough` came.
    async fn ask(&self, path: &str, headers: &str, enough: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: book\r\n{headers}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = async {
            let mut part = [0; 4096];
            while !String::from_utf8_lossy(&answer).contains(enough) {
                match stream.read(&mut part).await.unwrap() {
                    0 => break,
                    length => answer.extend_from_slice(&part[..length]),
                }
            }
        };
        let read = tokio::time::timeout(BOUND, read).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let whole = read.is_ok() && answer.contains(enough);
        assert!(whole, "{path}: waited for {enough:?} after {answer:?}");
        answer
    }

    async fn page(&self) -> String {
        self.ask("/one.html", "Connection: close", "</html>").await
    }

    /// Listens as a page of that build does, until it is told to reload.
    async fn is_told_to_reload(&self, build: u64) {
        let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
        let path = format!("/__reload/{build}");
        let answer = self.ask(&path, upgrade, "\x06reload").await;
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    }
}

/// What a browser is told of a page and of the files that it names.
#[tokio::test]
async fn pages_are_compressed_and_files_are_kept_as_long_as_they_are_the_same() {
    let book = book();
    let server = serve(book.path(), 0).await;
    let head = async |path: &str, headers: &str| {
        let headers = format!("{headers}Connection: close");
        let answer = server.ask(path, &headers, "\r\n\r\n").await;
        let end = answer.find("\r\n\r\n").unwrap();
        answer[..end].to_lowercase()
    };
    let page = server.page().await;
    let script = page.split("src=\"").nth(1).unwrap();
    let script = format!("/{}", script.split('"').next().unwrap());
    assert!(script.contains("-") && script.ends_with(".js"), "{script}");

    let gzip = "Accept-Encoding: br, gzip\r\n";
    let compressed = head("/one.html", gzip).await;
    assert!(
        compressed.contains("content-encoding: gzip"),
        "{compressed}"
    );
    assert!(
        compressed.contains("content-type: text/html"),
        "{compressed}"
    );
    assert!(compressed.contains("vary: accept-encoding"), "{compressed}");
    assert!(
        compressed.contains("cache-control: no-cache"),
        "{compressed}"
    );
    let plain = head("/one.html", "").await;
    assert!(!plain.contains("content-encoding"), "{plain}");
    let file = head(&script, gzip).await;
    assert!(file.contains("content-encoding: gzip"), "{file}");
    assert!(file.contains("content-type: text/javascript"), "{file}");
    assert!(file.contains("max-age=31536000, immutable"), "{file}");
    // What is not there today may be there tomorrow.
    let missing = head("/two-0123abcd.js", gzip).await;
    assert!(
        missing.starts_with("http/1.1 404") && !missing.contains("immutable"),
        "{missing}"
    );
}

#[tokio::test]
async fn a_change_is_built_and_the_page_is_told() {
    let book = book();
    let mut server = serve(book.path(), 0).await;
    let page = server.page().await;
    assert!(page.contains("The first text.") && page.contains("__reload/1"));
    let missing = server
        .ask("/two.html", "Connection: close", "</html>")
        .await;
    assert!(missing.starts_with("HTTP/1.1 404 "), "{missing}");

    let told = server.is_told_to_reload(1);
    let change = async { write(book.path(), "The second text.") };
    tokio::join!(told, change);
    line(&mut server.out, "built again").await;
    let page = server.page().await;
    assert!(page.contains("The second text."), "{page}");

    // A page of the first build that asks only now is told at once.
    server.is_told_to_reload(1).await;
    // One of the last build is not, or it would reload forever. On a slow machine one change can
    // be built twice.
    let mut last = 1;
    loop {
        let page = server.page().await;
        let number = page.split("__reload/").nth(1).unwrap();
        let number = number.split('"').next().unwrap().parse().unwrap();
        assert!(number > last, "build {number} is told to reload");
        last = number;
        let told = server.is_told_to_reload(number);
        if tokio::time::timeout(Duration::from_millis(200), told)
            .await
            .is_err()
        {
            break;
        }
    }
}

/// A build reads each file. If that counted as a change, each build would begin the next.
#[tokio::test]
async fn what_a_build_reads_begins_no_build() {
    let book = book();
    let mut server = serve(book.path(), 0).await;
    write(book.path(), "The second text.");
    line(&mut server.out, "built again").await;
    // On a slow machine one change can be built twice.
    let quiet = Duration::from_secs(2);
    let mut builds = 1;
    while let Ok(next) = tokio::time::timeout(quiet, server.out.next_line()).await {
        next.unwrap().expect("it goes on");
        builds += 1;
        assert!(builds < 5, "each build begins the next");
    }
}

/// The lists from which the catalogue and the index of symptoms are made lie beside the tests that read them.
#[tokio::test]
async fn a_change_of_a_list_is_built() {
    let book = book();
    fs::create_dir(book.path().join("tests")).unwrap();
    let mut server = serve(book.path(), 0).await;
    fs::write(book.path().join("tests/symptoms.toml"), "").unwrap();
    line(&mut server.out, "built again").await;
}

#[tokio::test]
async fn a_broken_chapter_leaves_the_last_good_build() {
    let book = book();
    let mut server = serve(book.path(), 0).await;
    write(book.path(), "The text, and a lie: {{#include gone.rs}}");
    line(&mut server.err, "src/one.md:3: cannot read").await;
    line(&mut server.err, "the last good build goes on being served").await;
    assert!(server.page().await.contains("The first text."));

    write(book.path(), "The mended text.");
    line(&mut server.out, "built again").await;
    assert!(server.page().await.contains("The mended text."));
}

#[tokio::test]
async fn a_broken_book_is_not_served_at_all() {
    let book = book();
    write(book.path(), "{{#include gone.rs}}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_book"));
    let command = command
        .args(["--no-open", "--port", "0", "--root"])
        .arg(book.path());
    let output = tokio::time::timeout(BOUND, command.kill_on_drop(true).output());
    let output = output.await.expect("it ends").unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("src/one.md:3: cannot read"), "{said}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_no_obstacle() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let book = book();
    let mut server = serve(book.path(), port).await;
    assert_ne!(server.address.port(), port);
    let begin = format!("port {port}: Address already in use");
    line(&mut server.err, &begin).await;
    assert!(server.page().await.contains("The first text."));
}
