//! A server that follows its files gets through each tool's rotations, and past sabotage.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use ch02_hot_reload::arguments::Serve;
use ch09_simulating_rotation::{Sabotage, Site, Writer};
use lab::BOUND;
use lab::authority::{Authority, LeafRequest};
use lab::child::Child;
use lab::client::{Client, Options};
use lab::log::want;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch09-simulating-rotation");

/// A few rotations by a tool, each of them seen by a client, with one kind of sabotage between.
async fn follow(writer: Writer, extra: &[&str], bound: Duration) {
    let directory = lab::directory().unwrap();
    let mut authority = Authority::new().unwrap();
    let mut site = Site::new(directory.path(), writer);
    site.write_roots(authority.root_pem()).unwrap();
    let mut good = authority.issue(&LeafRequest::new("localhost")).unwrap();
    site.write(&good).unwrap();
    let arguments = Serve::command_line_with(&site.files(), extra);
    let server = Child::spawn(Path::new(PROGRAM), arguments, |_| ()).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], server.port(BOUND).await));
    let client = Client::new(authority.root_pem(), "localhost", Options::default()).unwrap();
    let mut keys = Vec::new();
    for rotation in 0..10 {
        if rotation % 3 == 2 {
            let before = server.log().all(&want("identity_rejected")).len();
            Sabotage::Expired
                .apply(&mut site, &mut authority, "localhost")
                .unwrap();
            let refused = want("identity_rejected");
            server.log().wait_for_nth(&refused, before + 1, bound).await;
            let seen = client.probe(address).await.unwrap();
            assert_eq!(seen.chain, good.facts, "{writer:?}");
        }
        good = authority.issue(&LeafRequest::new("localhost")).unwrap();
        site.write(&good).unwrap();
        let loaded = want("identity_loaded").with("serial", good.facts.serial.as_str());
        server.log().wait_for(&loaded, bound).await;
        let seen = client.probe(address).await.unwrap();
        assert_eq!(seen.chain, good.facts, "{writer:?}");
        keys.push(good.key.clone());
    }
    server.log().assert_none(&want("handshake_failed"));
    server.log().assert_none(&want("stray_line"));
    server.log().assert_no_key_bytes(&keys);
}

macro_rules! tools {
    ($($name:ident: $writer:ident),* $(,)?) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            follow(Writer::$writer, &[], BOUND).await;
        }
    )* };
}

tools! {
    vault_agent: VaultAgent,
    consul_template: ConsulTemplate,
    write_to_file: WriteToFile,
    kubelet: Kubelet,
    pod_certificate: PodCertificate,
    cert_manager_csi: CertManagerCsi,
    certbot: Certbot,
    careless: Careless,
}

/// The suite must fail where reloading does not happen, or it proves nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "for `identity_loaded serial=\"1002\"`, and it did not come")]
async fn a_server_that_does_not_reload_fails() {
    follow(Writer::Kubelet, &["--frozen"], Duration::from_secs(1)).await;
}
