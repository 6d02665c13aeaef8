//! The server's end of a WebSocket that echoes (RFC 6455).

use futures_util::StreamExt;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// Answers the request for a WebSocket, and echoes over it until the client takes leave, or `until` is over.
pub fn echo(
    request: Request<Incoming>,
    until: impl Future<Output = ()> + Send + 'static,
) -> Response<()> {
    let mut response = Response::new(());
    let accept = request.headers().get(SEC_WEBSOCKET_KEY);
    let accept = accept.map(|key| derive_accept_key(key.as_bytes()));
    let accept = accept.and_then(|accept| HeaderValue::from_str(&accept).ok());
    let Some(accept) = accept else {
        *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
        return response;
    };
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    tokio::spawn(async move {
        tokio::select! {
            () = echoing(request) => {}
            () = until => {}
        }
    });
    response
}

/// How it ended is the client's to tell.
async fn echoing(request: Request<Incoming>) {
    let Ok(upgraded) = hyper::upgrade::on(request).await else {
        return;
    };
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None);
    let (to, from) = socket.await.split();
    let said = from.filter(|message| {
        let is_text = message.as_ref().is_ok_and(|message| message.is_text());
        std::future::ready(is_text || message.is_err())
    });
    let _ = said.forward(to).await;
}
