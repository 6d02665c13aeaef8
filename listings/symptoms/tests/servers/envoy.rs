//! Envoy: secrets that it rejects, clients, and servers behind it.

use serde_json::{Value, json};

use crate::bench::{Bench, Port};
use crate::capture::{Daemon, Scenes};
use crate::doors::Doors;
use crate::visits;

/// Servers behind it, each wrong in one way, with its door. A name is compared with a list, or with the host of the request.
const BEHIND: [[&str; 2]; 6] = [
    ["expired", "expired"],
    ["foreign", "foreign"],
    ["not-listed", "other-name"],
    ["not-asked", "other-name"],
    ["closing", "closing"],
    ["unheard", "unheard"],
];

const REJECTED: [&str; 6] = ["mixed", "gone", "cut", "empty", "cut-key", "unreadable"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn envoy() {
    let Some(envoy) = lab_test::peer::find("envoy") else {
        return;
    };
    let bench = Bench::new();
    let doors = Doors::open(&bench).await;
    let (mutual, proxy) = (Port::new(), Port::new());
    let rejected = REJECTED.map(|_| Port::new());
    for name in REJECTED {
        bench.write(&format!("{name}.json"), &secret(&bench, name).to_string());
    }
    let mut listeners = vec![
        listener(&mutual, Some(clients_asked(&bench)), &[]),
        listener(&proxy, None, &BEHIND.map(|[name, _]| name)),
    ];
    for (name, port) in REJECTED.iter().zip(&rejected) {
        listeners.push(listener(port, Some(of_secret(&bench, name)), &[]));
    }
    let clusters = BEHIND.map(|[name, door]| cluster(&bench, name, doors.port(door)));
    // JSON is YAML.
    let configuration = json!({
        "node": {"id": "node", "cluster": "cluster"},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    });
    bench.write("envoy.yaml", &configuration.to_string());
    let mut command = bench.bound(&envoy);
    command
        // Its access log is written so often, and every ten seconds by default.
        .args(["--file-flush-interval-msec", "10"])
        .args([
            "--concurrency",
            "1",
            "--use-dynamic-base-id",
            "--log-level",
            "info",
            "--config-path",
        ])
        .arg(bench.path("envoy.yaml"));
    let mut daemon = Daemon::start(&bench, &mut command, "envoy.log");
    daemon.listens(mutual.number()).await;
    daemon.listens(proxy.number()).await;
    let mut scenes = Scenes::of("envoy");
    scenes.add("answer", visits::http(proxy.number(), "/unheard").await);
    for path in [
        "/expired",
        "/foreign",
        "/not-listed",
        "/not-asked",
        "/closing",
    ] {
        visits::http(proxy.number(), path).await;
    }
    visits::wrong(&bench, mutual.number()).await;
    scenes.log("log", daemon.log());
    scenes.check().await;
}

fn secret(bench: &Bench, name: &str) -> Value {
    json!({"resources": [{
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
        "name": name,
        "tls_certificate": {
            "certificate_chain": {"filename": bench.at(&format!("{name}.crt"))},
            "private_key": {"filename": bench.at(&format!("{name}.key"))},
        },
    }]})
}

fn of_secret(bench: &Bench, name: &str) -> Value {
    json!({"common_tls_context": {"tls_certificate_sds_secret_configs": [{
        "name": name,
        "sds_config": {
            "resource_api_version": "V3",
            // It waits so long for a secret that it can use, before it listens anywhere.
            "initial_fetch_timeout": "0.1s",
            "path_config_source": {"path": bench.at(&format!("{name}.json"))},
        },
    }]}})
}

fn clients_asked(bench: &Bench) -> Value {
    json!({
        "common_tls_context": {
            "tls_certificates": [{
                "certificate_chain": {"filename": bench.at("good.crt")},
                "private_key": {"filename": bench.at("good.key")},
            }],
            "validation_context": {"trusted_ca": {"filename": bench.at("roots.pem")}},
        },
        "require_client_certificate": true,
    })
}

/// A listener, with TLS where there is a context for it, that asks the clusters of these names.
fn listener(port: &Port, tls: Option<Value>, behind: &[&str]) -> Value {
    let routes = behind
        .iter()
        .map(|name| json!({"match": {"prefix": format!("/{name}")}, "route": {"cluster": name}}));
    let routes: Vec<_> = routes.collect();
    let mut chain = json!({"filters": [{
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "http",
            "access_log": [log("behind: %UPSTREAM_TRANSPORT_FAILURE_REASON%")],
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
            "http_filters": [{
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
                },
            }],
        },
    }]});
    if let Some(mut tls) = tls {
        tls["@type"] =
            "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
                .into();
        chain["transport_socket"] =
            json!({"name": "envoy.transport_sockets.tls", "typed_config": tls});
    }
    json!({
        "name": format!("port-{}", port.number()),
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port.number()}},
        "filter_chains": [chain],
        "access_log": [log("client: %DOWNSTREAM_TRANSPORT_FAILURE_REASON%")],
    })
}

/// Why a handshake failed is in no other log than this.
fn log(line: &str) -> Value {
    json!({
        "name": "envoy.access_loggers.stdout",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
            "log_format": {"text_format_source": {"inline_string": format!("{line}\n")}},
        },
    })
}

fn cluster(bench: &Bench, name: &str, port: u16) -> Value {
    const OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    // Without this and without a list, it takes a certificate for any name.
    let asked = name == "not-asked";
    let names = match name {
        "not-listed" => json!([{"san_type": "DNS", "matcher": {"exact": "localhost"}}]),
        _ => json!([]),
    };
    json!({
        "name": name,
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        }}]}]},
        "typed_extension_protocol_options": {OPTIONS: {
            "@type": format!("type.googleapis.com/{OPTIONS}"),
            "upstream_http_protocol_options": {"auto_sni": asked, "auto_san_validation": asked},
            "explicit_http_config": {"http_protocol_options": {}},
        }},
        "transport_socket": {
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                "sni": "localhost",
                "common_tls_context": {"validation_context": {
                    "trusted_ca": {"filename": bench.at("roots.pem")},
                    "match_typed_subject_alt_names": names,
                }},
            },
        },
    })
}
