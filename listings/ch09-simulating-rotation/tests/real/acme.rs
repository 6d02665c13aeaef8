//! ACME (RFC 8555): Debian's pebble issues, a maintained client asks, a site is written as certbot
//! writes it, and chapter 5's server follows.

use std::ffi::OsString;
use std::fs;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use ch09_simulating_rotation::{Site, Writer};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::header::HOST;
use hyper::{Request, Uri};
use instant_acme::{
    Account, AuthorizationStatus, BodyWrapper, BytesResponse, ChallengeType, Error, HttpClient,
    Identifier, NewAccount, NewOrder, OrderStatus, RetryPolicy,
};
use lab::BOUND;
use lab::agent::Strategy;
use lab::authority::{Authority, LeafRequest};
use lab::child::Child;
use lab::client::{Client, Options};

use super::http;
use super::served::{self, Served};

const NAME: &str = "service.example";
const ACME: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const MANAGEMENT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

struct Pebble {
    _server: Child,
    /// Trusts the certificate by which pebble itself is reached.
    client: Client,
    acme: SocketAddr,
    management: SocketAddr,
}

impl Pebble {
    async fn start(program: &Path, home: &Path) -> Self {
        let mut authority = Authority::new().unwrap();
        let mut site = Site::new(home, Writer::Bare(Strategy::KeyFirst));
        site.write(&authority.issue(&LeafRequest::new("localhost")).unwrap())
            .unwrap();
        let (config, files) = (home.join("pebble.json"), site.files());
        let text = serde_json::json!({"pebble": {
            "listenAddress": format!("{ACME}:0"),
            "managementListenAddress": format!("{MANAGEMENT}:0"),
            "certificate": files.certificate,
            "privateKey": files.key,
            "httpPort": 5002,
            "tlsPort": 5001,
        }});
        fs::write(&config, text.to_string()).unwrap();
        let arguments: Vec<OsString> = vec![
            "PEBBLE_VA_NOSLEEP=1".into(),
            "PEBBLE_VA_ALWAYS_VALID=1".into(),
            "PEBBLE_WFE_NONCEREJECT=0".into(),
            program.into(),
            "-config".into(),
            config.into(),
        ];
        let env = lab_test::peer::find("env").expect("every system has env");
        let server = Child::spawn(&env, arguments, |_| ()).unwrap();
        let process = server.id().unwrap();
        let both = async {
            loop {
                if let (Some(acme), Some(management)) =
                    (port(process, ACME), port(process, MANAGEMENT))
                {
                    return (acme, management);
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let ports = tokio::time::timeout(BOUND, both).await;
        let (acme, management) = ports.expect("pebble does not listen");
        Self {
            _server: server,
            client: Client::new(authority.root_pem(), "localhost", Options::default()).unwrap(),
            acme: (ACME, acme).into(),
            management: (MANAGEMENT, management).into(),
        }
    }

    /// The root of this run: pebble makes a new one each time.
    async fn root(&self) -> String {
        let (stream, _) = self.client.open(self.management).await.unwrap();
        let request = Request::get("/roots/0").header(HOST, "localhost");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        http::text(http::send(stream, request).await.unwrap()).await
    }

    async fn account(&self) -> Account {
        let https = Https(self.client.clone());
        let new = NewAccount {
            contact: &[],
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let directory = format!("https://{}/dir", self.acme);
        let builder = Account::builder_with_http(Box::new(https));
        builder.create(&new, directory, None).await.unwrap().0
    }
}

/// Pebble is told to listen on port 0, and does not say which one it got. Linux does.
fn port(process: u32, address: Ipv4Addr) -> Option<u16> {
    let sockets: Vec<PathBuf> = fs::read_dir(format!("/proc/{process}/fd"))
        .ok()?
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .collect();
    let table = fs::read_to_string(format!("/proc/{process}/net/tcp")).ok()?;
    // As the kernel writes it: the bytes of the address in the order of this machine.
    let local = format!("{:08X}:", u32::from_ne_bytes(address.octets()));
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let listening = fields[3] == "0A";
        let ours = sockets.contains(&PathBuf::from(format!("socket:[{}]", fields[9])));
        let port = fields[1]
            .strip_prefix(&local)
            .filter(|_| listening && ours)?;
        u16::from_str_radix(port, 16).ok()
    })
}

/// The lab's TLS client as the transport of the ACME client.
struct Https(Client);

impl HttpClient for Https {
    fn request(
        &self,
        mut request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let client = self.0.clone();
        Box::pin(async move {
            let other = |error: &dyn std::fmt::Display| Error::Other(error.to_string().into());
            let authority = request.uri().authority().cloned();
            let authority = authority.ok_or_else(|| other(&"no host in the address"))?;
            let address = authority.as_str().parse().map_err(|error| other(&error))?;
            let host = authority.as_str().parse().map_err(|error| other(&error))?;
            request.headers_mut().insert(HOST, host);
            let path = request.uri().path().to_owned();
            *request.uri_mut() = path.parse::<Uri>().map_err(|error| other(&error))?;
            let (stream, _) = client.open(address).await.map_err(|error| other(&error))?;
            let response = http::send(stream, request)
                .await
                .map_err(|error| other(&error))?;
            Ok(BytesResponse::from(response))
        })
    }
}

/// One order: chain and key. Pebble was told to believe every answer to a challenge.
async fn order(account: &Account) -> (String, String) {
    let names = [Identifier::Dns(NAME.into())];
    let mut order = account.new_order(&NewOrder::new(&names)).await.unwrap();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.unwrap();
        if authorization.status == AuthorizationStatus::Pending {
            let challenge = authorization.challenge(ChallengeType::Http01);
            challenge.unwrap().set_ready().await.unwrap();
        }
    }
    let patience = RetryPolicy::new()
        .initial_delay(Duration::from_millis(20))
        .backoff(1.2)
        .timeout(BOUND);
    let status = order.poll_ready(&patience).await.unwrap();
    assert_eq!(status, OrderStatus::Ready);
    let key = order.finalize().await.unwrap();
    let chain = order.poll_certificate(&patience).await.unwrap();
    (chain, key)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acme_server_rotates_our_server() {
    let Some(program) = lab_test::peer::find("pebble") else {
        return;
    };
    let directory = lab::directory().unwrap();
    let home = directory.path().join("pebble");
    let place = directory.path().join("site");
    fs::create_dir(&home).unwrap();
    fs::create_dir(&place).unwrap();
    let pebble = Pebble::start(&program, &home).await;
    let account = pebble.account().await;

    let mut site = Site::new(&place, Writer::Certbot);
    site.write_roots(&pebble.root().await).unwrap();
    let (chain, key) = order(&account).await;
    site.write_pem(&chain, &key).unwrap();
    let served = Served::start(served::ours(), &site.files(), NAME, &[]).await;
    let mut serials = vec![served.loaded(1).await];

    // Two renewals, by the same account.
    for generation in 2..=3 {
        let (chain, key) = order(&account).await;
        site.write_pem(&chain, &key).unwrap();
        serials.push(served.loaded(generation).await);
    }
    serials.dedup();
    assert_eq!(serials.len(), 3);
    served.nobody_else_was_let_down();
    served.server.log().assert_no_key_bytes([]);
}
