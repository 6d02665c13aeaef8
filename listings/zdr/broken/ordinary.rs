//! An ordinary server: it has a page and a large file, and nothing else is known of it. It may cut what is
//! long at a reload, while what is short comes to its end.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use ch02_hot_reload::IdentityStore;
use ch06_in_flight_requests::http::Known;
use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use zdr::server::origin::websocket;

use crate::defect::Defect;

/// An answer of more bytes is a long one.
const LONG: u64 = 1 << 20;

/// Whether this defect is one of a server that has pages of its own.
pub fn has_pages(defect: Defect) -> bool {
    matches!(
        defect,
        Defect::CutsLongAnswers
            | Defect::CutsUploads
            | Defect::ClosesWebsockets
            | Defect::EndsLongAnswers
            | Defect::PagesEmpty
            | Defect::PagesGone
    )
}

/// Answers `/` and `/big`, takes uploads, and has a WebSocket. What its defect cuts does not outlive the
/// generation under which it began.
pub async fn serve(stream: TlsStream<TcpStream>, live: Arc<IdentityStore>, defect: Option<Defect>) {
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let service = service_fn(|request| answer(request, live.clone(), defect));
    let io = TokioIo::new(stream);
    // How it ended is the client's to tell.
    let _ = match is_http2 {
        true => {
            let builder = http2::Builder::new(TokioExecutor::new());
            builder.serve_connection(io, service).await
        }
        false => {
            let builder = http1::Builder::new();
            let serving = builder.serve_connection(io, service);
            serving.with_upgrades().await
        }
    };
}

async fn answer(
    request: Request<Incoming>,
    live: Arc<IdentityStore>,
    defect: Option<Defect>,
) -> io::Result<Response<Cut>> {
    let began = live.current().number;
    let is_untold = request.uri().path() == "/untold";
    let is_over = |live: &IdentityStore| live.current().number != began;
    let size = match request.uri().path() {
        _ if defect == Some(Defect::PagesGone) && is_gone(began) => None,
        "/" if defect == Some(Defect::PagesEmpty) && began > 1 => Some(0),
        "/" => Some(12),
        "/big" => Some(64 << 20),
        "/small" | "/untold" => Some(12_000),
        "/upload" => {
            let mut body = request.into_body();
            while let Some(frame) = body.frame().await {
                frame.map_err(io::Error::other)?;
                if defect == Some(Defect::CutsUploads) && is_over(&live) {
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
            }
            Some(0)
        }
        "/echo" => {
            let mut published = live.published();
            let closes = defect == Some(Defect::ClosesWebsockets);
            let until = async move {
                match closes {
                    true => drop(published.changed().await),
                    false => std::future::pending().await,
                }
            };
            let response = websocket::echo(request, until);
            return Ok(response.map(|()| body(0, &live, None)));
        }
        _ => None,
    };
    let ends = [Defect::CutsLongAnswers, Defect::EndsLongAnswers];
    let cut = defect.filter(|defect| ends.contains(defect) && size > Some(LONG));
    let told = !is_untold && cut != Some(Defect::EndsLongAnswers);
    let mut body = body(size.unwrap_or(0), &live, cut);
    body.told = told;
    let mut response = Response::new(body);
    if size.is_none() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(response)
}

/// Whether a page is not there yet: it is asked for by one of the first after a reload.
fn is_gone(generation: u64) -> bool {
    const FIRST: u32 = 10;
    static ASKED: Mutex<(u64, u32)> = Mutex::new((1, FIRST));
    let mut asked = ASKED.lock().unwrap_or_else(|e| e.into_inner());
    if asked.0 != generation {
        *asked = (generation, 0);
    }
    asked.1 += 1;
    asked.1 <= FIRST
}

fn body(size: u64, live: &Arc<IdentityStore>, cut: Option<Defect>) -> Cut {
    Cut {
        body: Known::first(size),
        told: true,
        cut,
        began: live.current().number,
        live: live.clone(),
    }
}

/// A body that may end with its generation.
struct Cut {
    body: Known,
    /// Whether it is said before how long it is.
    told: bool,
    /// The defect by which it does.
    cut: Option<Defect>,
    began: u64,
    live: Arc<IdentityStore>,
}

impl Body for Cut {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(defect) = self.cut
            && self.live.current().number != self.began
        {
            let cut = || Err(io::ErrorKind::ConnectionAborted.into());
            return Poll::Ready((defect == Defect::CutsLongAnswers).then(cut));
        }
        let frame = Pin::new(&mut self.body).poll_frame(context);
        frame.map(|frame| frame.map(|frame| frame.map_err(|never| match never {})))
    }

    fn size_hint(&self) -> SizeHint {
        match self.told {
            true => self.body.size_hint(),
            false => SizeHint::default(),
        }
    }
}
