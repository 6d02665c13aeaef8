//! What the server's log says of a connection.

use ch04_dynamic_contexts::{hooked_context, serve, start_server};
use lab::BOUND;
use lab::client::{Client, Options};
use lab::log::want;
use tokio::net::TcpListener;

use crate::bench::bench;

/// In both versions: which one it was, and whether the client said goodbye.
#[tokio::test]
async fn the_log_has_the_version_and_the_end() {
    let (log, _capturing) = lab::emit::capture();
    let bench = bench();
    let store = start_server(bench.source()).unwrap();
    let listener = TcpListener::bind(lab::any_port()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(serve(listener, hooked_context(store).unwrap()));
    for (nth, (tls12_only, tls)) in [(true, "1.2"), (false, "1.3")].into_iter().enumerate() {
        let options = Options {
            tls12_only,
            ..Options::default()
        };
        let client = Client::new(bench.agent.root_pem(), "localhost", options).unwrap();
        for why in ["cut", "client_closed"] {
            let mut connection = client.connect(address).await.unwrap();
            connection.pull(3).await.unwrap();
            if why == "client_closed" {
                connection.close().await;
            } else {
                // No goodbye: the client is gone, or somebody between the two has cut it off.
                drop(connection);
            }
            let closed = want("connection_closed").with("why", why).with("bytes", 3);
            log.wait_for_nth(&closed, nth + 1, BOUND).await;
        }
        let opened = want("connection_opened").with("tls", tls);
        assert_eq!(log.all(&opened).len(), 2, "TLS {tls}");
    }
    serving.abort();
}
