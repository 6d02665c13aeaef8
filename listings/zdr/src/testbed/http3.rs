//! Whether a server speaks HTTP/3, for who writes its description: a handshake of QUIC that agrees on `h3`, and
//! what the server says of it by itself (Alt-Svc, RFC 7838).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quinn::Endpoint;
use quinn::crypto::rustls::QuicClientConfig;
use tokio::time::timeout;

use crate::load::quic::any_port;
use crate::testbed::look::accepting;

/// How long a server may take that does not say that it speaks HTTP/3. Where no socket is, nothing answers.
const UNANNOUNCED: Duration = Duration::from_secs(1);

/// Asks the UDP port that has the number of the TCP port. `offered` is what `Alt-Svc` said, where it said
/// something. Returns whether HTTP/3 is spoken, and how that was found; nothing where there is nothing to say.
pub async fn look_for_http3(
    address: SocketAddr,
    name: &str,
    offered: Option<&str>,
    patience: Duration,
) -> (bool, String) {
    let port = offered.and_then(offered_port);
    let patience = match port {
        Some(_) => patience,
        None => patience.min(UNANNOUNCED),
    };
    let agrees = timeout(patience, Box::pin(handshake(address, name))).await;
    let here = address.port();
    match (agrees.ok().flatten(), port) {
        (Some(()), _) => (
            true,
            format!(
                "On UDP port {here}, it completed a handshake of QUIC and agreed on `h3` (ALPN)."
            ),
        ),
        (None, Some(port)) if port != here => (
            false,
            format!(
                "It offers HTTP/3 on UDP port {port} (Alt-Svc). `http3` is for the port that TCP has, too."
            ),
        ),
        (None, Some(_)) => (
            false,
            format!(
                "It offers HTTP/3 on UDP port {here} (Alt-Svc), and no handshake of QUIC was completed there."
            ),
        ),
        (None, None) => (false, String::new()),
    }
}

/// A handshake that verifies nothing. `None` where it is not completed.
async fn handshake(address: SocketAddr, name: &str) -> Option<()> {
    let tls = QuicClientConfig::try_from(accepting(&["h3"]).ok()?).ok()?;
    let config = quinn::ClientConfig::new(Arc::new(tls));
    let endpoint = Endpoint::client(any_port(address)).ok()?;
    let connecting = endpoint.connect_with(config, address, name).ok()?;
    let connection = connecting.await.ok()?;
    connection.close(0u8.into(), b"");
    // The other end is told, or learns it by its own timer.
    let _ = timeout(UNANNOUNCED, endpoint.wait_idle()).await;
    Some(())
}

/// The port of the first offer of `h3`, on the same host: `h3=":443"; ma=86400`.
fn offered_port(offers: &str) -> Option<u16> {
    let mut offers = offers.split(',').map(str::trim);
    offers.find_map(|offer| {
        let authority = offer.strip_prefix("h3=\"")?.split('"').next()?;
        authority.strip_prefix(':')?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::offered_port;

    #[test]
    fn what_is_offered_is_read_as_it_is_written() {
        let of = offered_port;
        assert_eq!(of("h3=\":443\"; ma=86400"), Some(443));
        assert_eq!(of("h2=\":1\", h3=\":8443\"; ma=1"), Some(8443));
        assert_eq!(of("h3-29=\":443\""), None, "a draft");
        assert_eq!(of("h3=\"elsewhere.test:443\""), None, "another host");
        assert_eq!(of("clear"), None);
        assert_eq!(of("h3=\":\""), None);
    }
}
