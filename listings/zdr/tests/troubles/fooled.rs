//! Servers that answer in a way that could be counted wrongly, or not at all.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use ch01_restart_baseline::server_config;
use lab::authority::{Authority, LeafRequest};
use lab::wire;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use zdr::attempt::{Attempt, Class, FailureKind, Recorder};
use zdr::load::usual::Usual;
use zdr::load::{Chains, Load, Rates, Target};
use zdr::server::spec::Protocol;

type Tls = TlsStream<TcpStream>;

/// What a talk ends with, when the client or a library does not go along.
type Error = Box<dyn std::error::Error + Send + Sync>;
type Outcome = Result<(), Error>;

const PATIENCE: Duration = Duration::from_secs(1);

/// A server that speaks TLS as it should, and then does `talk` with each connection: its number,
/// from 0 on, and the connection.
async fn server<F>(talk: impl Fn(usize, Tls) -> F + Send + Sync + 'static) -> Target
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let mut authority = Authority::new().unwrap();
    let issued = authority.issue(&LeafRequest::new("localhost")).unwrap();
    let chain = CertificateDer::pem_slice_iter(issued.chain_pem.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(issued.key.expose().as_bytes()).unwrap();
    let mut config = server_config()
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(lab::any_port()).await.unwrap();
    let (_, address) = watch::channel(listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (number, talk) = (AtomicUsize::new(0), Arc::new(talk));
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let number = number.fetch_add(1, Ordering::Relaxed);
            let (acceptor, talk) = (acceptor.clone(), talk.clone());
            tokio::spawn(async move { talk(number, acceptor.accept(tcp).await?).await });
        }
    });
    let chains = Arc::new(Chains::default());
    chains.add(&issued);
    let usual = Arc::new(Usual::default());
    // As if rotations had begun: no request that is lost is put down to a time-out that may yet show.
    usual.close();
    Target {
        address,
        name: "localhost".into(),
        roots_pem: authority.root_pem().to_owned(),
        protocol: Protocol::Http,
        told: Arc::default(),
        download: None,
        upload: None,
        websocket: None,
        grpc: false,
        http3: false,
        kinds: None,
        sibling: None,
        identity: None,
        key_log: None,
        patience: PATIENCE,
        chains,
        read_ahead: Arc::default(),
        usual,
    }
}

/// Loads it with one class until `enough` of its records are there, or for a minute; and lets every
/// attempt come to its end, within a bound that does not grow with their number.
async fn loaded(target: &Target, class: Class, enough: usize) -> (Vec<Attempt>, usize) {
    let recorder = recorded(target, class, enough).await;
    (recorder.records(), recorder.graceful_closes(class))
}

async fn recorded(target: &Target, class: Class, enough: usize) -> Arc<Recorder> {
    let recorder = Arc::new(Recorder::default());
    let rates = Rates {
        per_second: HashMap::from([(class, 100.0)]),
        downloads: 1,
        pool: 1,
    };
    let load = Load::start(target, &recorder, &[class], &rates).unwrap();
    let _ = timeout(Duration::from_secs(60), async {
        while recorder.records().len() < enough {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    // Many times as long as anybody waits; a busy machine is slow.
    let stopped = timeout(Duration::from_secs(60), load.stop()).await;
    stopped.expect("the end of all attempts");
    recorder
}

fn failed(records: &[Attempt]) -> Vec<(FailureKind, &str)> {
    let failed = records.iter();
    failed
        .filter_map(|record| Some((record.failed?, record.error.as_deref().unwrap_or_default())))
        .collect()
}

fn body(size: u64) -> Vec<u8> {
    let mut body = vec![0; size as usize];
    wire::body(0, &mut body);
    body
}

/// Reads the head of a request, and returns how many bytes it asks for.
async fn request(tls: &mut Tls) -> Result<u64, Error> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(tls.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let size = path.strip_prefix("/bytes/").unwrap_or_default();
    Ok(size.parse()?)
}

async fn answer(tls: &mut Tls, size: u64) -> Outcome {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n");
    tls.write_all(head.as_bytes()).await?;
    tls.write_all(&body(size)).await?;
    Ok(tls.flush().await?)
}

#[tokio::test]
async fn one_that_says_nothing_over_http2_does_not_hold_up_the_end() {
    let target = server(|_, tls| async move {
        let _tls = tls;
        pending().await
    })
    .await;
    let (records, _) = loaded(&target, Class::Http2, 50).await;
    let failed = failed(&records);
    assert_eq!(failed.len(), records.len(), "each attempt is a failure");
    assert!(
        failed.iter().all(|(kind, _)| *kind == FailureKind::Stalled),
        "{failed:?}"
    );
}

/// What to do with an HTTP/2 connection that was just accepted.
type Http2 = h2::server::Connection<Tls, hyper::body::Bytes>;

async fn respond(respond: &mut h2::server::SendResponse<hyper::body::Bytes>, size: u64) -> Outcome {
    let answered = respond.send_response(hyper::Response::new(()), false);
    let mut stream = answered?;
    let sent = stream.send_data(body(size).into(), true);
    Ok(sent?)
}

fn size_of(request: &hyper::Request<h2::RecvStream>) -> u64 {
    let size = request.uri().path().strip_prefix("/bytes/");
    size.and_then(|size| size.parse().ok()).unwrap_or(0)
}

/// Short answers are right. The long one never comes: found when all is over, not before.
#[tokio::test]
async fn a_long_stream_that_never_comes_is_found() {
    let target = server(|_, tls| async move {
        let mut http: Http2 = h2::server::handshake(tls).await?;
        let mut held = Vec::new();
        while let Some(Ok((request, mut reply))) = http.accept().await {
            match size_of(&request) {
                short if short <= 1024 => respond(&mut reply, short).await?,
                _ => {
                    let headers = reply.send_response(hyper::Response::new(()), false);
                    held.push(headers?);
                }
            }
        }
        Ok(())
    })
    .await;
    let (records, _) = loaded(&target, Class::Http2, 3).await;
    let failed = failed(&records);
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0].0, FailureKind::Stalled);
}

/// Goodbye, and the requests that it covers are dropped: they were accepted, so they are lost.
#[tokio::test]
async fn a_goodbye_does_not_excuse_what_was_accepted() {
    let target = server(|number, tls| async move {
        let mut http: Http2 = h2::server::handshake(tls).await?;
        let mut answered = 0;
        while let Some(Ok((request, mut reply))) = http.accept().await {
            match size_of(&request) {
                // The stream that was opened last is within what the goodbye names.
                1024 if answered == 3 && number == 0 => {
                    http.graceful_shutdown();
                    let _ = timeout(
                        Duration::from_millis(50),
                        std::future::poll_fn(|context| http.poll_closed(context)),
                    )
                    .await;
                    return Ok(());
                }
                size => {
                    answered += 1;
                    respond(&mut reply, size.min(1024)).await?;
                }
            }
        }
        Ok(())
    })
    .await;
    let (records, _) = loaded(&target, Class::Http2, 30).await;
    let lost = |record: &&Attempt| record.failed == Some(FailureKind::Lost);
    assert_eq!(
        records.iter().filter(lost).count(),
        1,
        "{:?}",
        failed(&records)
    );
}

#[tokio::test]
async fn a_request_that_was_sent_is_never_excused() {
    for polite in [false, true] {
        // On a busy machine attempts overlap, and the pool grows. Whichever connection is asked again
        // first ends without an answer.
        let lost = Arc::new(AtomicBool::new(false));
        let target = server(move |_, mut tls| {
            let lost = lost.clone();
            async move {
                let size = request(&mut tls).await?;
                answer(&mut tls, size).await?;
                loop {
                    let size = request(&mut tls).await?;
                    if !lost.swap(true, Ordering::SeqCst) {
                        break;
                    }
                    answer(&mut tls, size).await?;
                }
                if polite {
                    tls.shutdown().await?;
                } else {
                    // Reset, and not FIN.
                    tls.get_ref().0.set_zero_linger()?;
                }
                Ok(())
            }
        })
        .await;
        let (records, graceful_closes) = loaded(&target, Class::Pooled, 30).await;
        let lost = |record: &&Attempt| record.failed == Some(FailureKind::Lost);
        let failed = failed(&records);
        assert_eq!(records.iter().filter(lost).count(), 1, "{failed:?}");
        assert_eq!(graceful_closes, 0);
    }
}

/// A connection that the server has closed crosses no rotation, even if nobody has noticed yet: it is at risk
/// until its last answer at the most. One that says it will be closed is not kept at all.
#[tokio::test]
async fn a_closed_connection_is_not_kept() {
    for (says, kept) in [
        ("HTTP/1.1 200 OK\r\n", true),
        ("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n", true),
        ("HTTP/1.0 200 OK\r\n", false),
        ("HTTP/1.1 200 OK\r\nConnection: Close\r\n", false),
        ("HTTP/1.1 200 OK\r\nconnection: TE, close\r\n", false),
    ] {
        let target = server(move |_, mut tls| async move {
            let size = request(&mut tls).await?;
            let head = format!("{says}content-length: {size}\r\n\r\n");
            tls.write_all(&[head.into_bytes(), body(size)].concat())
                .await?;
            Ok(tls.shutdown().await?)
        })
        .await;
        let all = recorded(&target, Class::Pooled, 8).await.kept();
        let found: Vec<_> = all.iter().filter(|kept| !kept.lost).collect();
        // The first one is opened before it is asked, and the last may be closed after the end of the load.
        // Each of the others is asked once, and not kept any longer.
        let later = found.iter().filter(|kept| kept.from == kept.until).count();
        assert!(found.len() - later <= 2, "{says}: {all:?}");
        assert_eq!(later > 0, kept, "{says}: {all:?}");
    }
}

/// A pool whose first connection cannot be opened has not failed at nothing.
#[tokio::test]
async fn a_pool_that_cannot_be_filled_is_a_failure() {
    let target = server(|_, tls| async move {
        let _tls = tls;
        pending().await
    })
    .await;
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (_, address) = watch::channel(unused.local_addr().unwrap());
    let target = Target { address, ..target };
    let (records, _) = loaded(&target, Class::Pooled, 1).await;
    assert!(!records[0].paced && records[0].opened);
    assert_eq!(records[0].failed, Some(FailureKind::Stalled));
}

/// A download that never begins is a failure as soon as a client's patience is over.
#[tokio::test]
async fn a_download_that_never_begins_is_found() {
    let target = server(|_, tls| async move {
        let _tls = tls;
        pending().await
    })
    .await;
    let (records, _) = loaded(&target, Class::Download, 1).await;
    assert_eq!(records[0].failed, Some(FailureKind::Stalled));
    assert!(records[0].done - records[0].began < Duration::from_secs(10));
}

/// Answers that are right in an unusual way are right.
#[tokio::test]
async fn unusual_is_not_wrong() {
    type Talk = fn(u64) -> Vec<u8>;
    let ways: [(&str, Talk); 3] = [
        ("HTTP/1.0 to the end of the connection", |size| {
            [b"HTTP/1.0 200 OK\r\n\r\n".to_vec(), body(size)].concat()
        }),
        ("chunks", |size| {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
            let mut text = head.as_bytes().to_vec();
            for byte in body(size) {
                text.extend([b"1\r\n", &[byte][..], b"\r\n"].concat());
            }
            text.extend(b"0\r\n\r\n");
            text
        }),
        ("early hints", |size| {
            let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
            let head = format!(
                "{hints}HTTP/1.1 200 OK\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n"
            );
            [head.into_bytes(), body(size)].concat()
        }),
    ];
    for (name, way) in ways {
        let target = server(move |_, mut tls| async move {
            let size = request(&mut tls).await?;
            tls.write_all(&way(size)).await?;
            Ok(tls.shutdown().await?)
        })
        .await;
        let (records, _) = loaded(&target, Class::Full, 3).await;
        assert!(
            failed(&records).is_empty(),
            "{name}: {:?}",
            failed(&records)
        );
    }
}

/// Answers that end politely, and too early, or lead elsewhere, are none.
#[tokio::test]
async fn polite_is_not_right() {
    type Talk = fn(u64) -> Vec<u8>;
    let ways: [(Talk, FailureKind); 5] = [
        (
            |size| [b"HTTP/1.0 200 OK\r\n\r\n".to_vec(), body(size / 2)].concat(),
            FailureKind::Severed,
        ),
        (
            |size| {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n");
                [head.into_bytes(), body(size / 2)].concat()
            },
            FailureKind::Severed,
        ),
        (
            |size| {
                let size = size / 2;
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n");
                [head.into_bytes(), body(size)].concat()
            },
            FailureKind::Severed,
        ),
        (
            |_| b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n".to_vec(),
            FailureKind::Status,
        ),
        (
            |_| b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".to_vec(),
            FailureKind::Lost,
        ),
    ];
    for (way, kind) in ways {
        // The first request fills the pool; what comes after it is what is looked at.
        let target = server(move |_, mut tls| async move {
            let size = request(&mut tls).await?;
            tls.write_all(&way(size)).await?;
            Ok(tls.shutdown().await?)
        })
        .await;
        let (records, _) = loaded(&target, Class::Pooled, 2).await;
        let failed = failed(&records);
        assert!(
            failed.iter().any(|(of, _)| *of == kind),
            "{kind:?}: {failed:?}"
        );
    }
}
