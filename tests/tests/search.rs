//! A line that is pasted into the search is found.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use symptoms::{Index, Symptom};

use crate::site::site;

/// So far below the best result may the line itself stand: among those that say the same.
const NEAR: usize = 5;

/// With anything in its variable pieces, and without them: its own entry is near the top. So it is by what the
/// page says to search for, where the line itself is no word that the search knows.
#[test]
fn a_pasted_line_finds_its_entry() {
    let Some(node) = lab_test::peer::find("node") else {
        return;
    };
    let root = scripts::root().unwrap();
    let list = fs::read_to_string(root.join("tests/symptoms.toml")).unwrap();
    let index = Index::parse(&list, usize::MAX).unwrap();
    let symptoms: Vec<_> = index.symptoms().collect();
    let texts = symptoms.iter().flat_map(|symptom| {
        let words = symptom.words().unwrap();
        match &symptom.find {
            Some(find) => [find.clone(), find.clone()],
            None => [words.filled("qx7y31z"), words.filled("")],
        }
    });
    let texts: Vec<_> = texts.collect();
    let found = search(&node, &texts);
    let mut wrong = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let symptom = symptoms[at / 2];
        let place = format!("symptoms.html#{}", symptom.id);
        let rank = found[at].iter().position(|url| *url == place);
        if rank.is_none_or(|rank| rank >= NEAR) {
            let first = found[at].first();
            wrong.push(format!(
                "{}: `{text}` is found at {rank:?}; first is {first:?}",
                symptom.id
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Lines of public reports, as a log or a traceback has them, and the entry that explains each.
const PASTED: &[(&str, &str)] = &[
    (
        r#"2016/09/21 09:12:14 [emerg] 1#1: SSL_CTX_use_PrivateKey_file("/etc/nginx/tls/key.pem") failed (SSL: error:0B080074:x509 certificate routines:X509_check_private_key:key values mismatch)"#,
        "nginx-mismatch",
    ),
    (
        r#"Internal error occurred: failed calling webhook "validate.kyverno.svc-fail": Post "https://kyverno-svc.kyverno.svc:443/validate?timeout=10s": x509: certificate signed by unknown authority"#,
        "kubernetes-webhook",
    ),
    (
        "io.netty.handler.codec.DecoderException: javax.net.ssl.SSLHandshakeException: PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed",
        "java-validation",
    ),
    (
        r#"Aug  9 12:57:26 k8s-master01 etcd: rejected connection from "192.168.0.12:34990" (error "remote error: tls: bad certificate", ServerName "")"#,
        "kubernetes-etcd",
    ),
    (
        r#"2023-05-24 02:17:33.760448 I | embed: rejected connection from "192.16.0.3:41464" (error "tls: "192.16.0.3" does not match any of DNSNames ["host1" "localhost"]", ServerName "", IPAddresses ["192.16.0.1" "127.0.0.1" "::1"], DNSNames ["host1" "localhost"])"#,
        "kubernetes-etcd-name",
    ),
    (
        r#"{"level":"warn","ts":"2023-04-18T07:10:00.276Z","caller":"embed/config_logging.go:169","msg":"rejected connection","remote-addr":"192.168.211.110:45886","server-name":"etcd.zragsai","error":"keys: failed to verify client certificate: x509: certificate has expired or is not yet valid: current time 2023-04-18T07:10:00Z is after 2023-04-18T07:04:06Z"}"#,
        "kubernetes-etcd-client-expired",
    ),
    (
        r#"{"level":"warn","ts":"2026-11-18T07:10:00.276Z","caller":"embed/config_logging.go:194","msg":"rejected connection","remote-addr":"192.168.211.110:45886","server-name":"etcd","error":"tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-18T07:10:00Z is after 2026-11-18T07:04:06Z"}"#,
        "kubernetes-etcd-client-expired",
    ),
    (
        r#"Jul 05 10:52:36 localhost.localdomain etcd[9740]: rejected connection from "127.0.0.1:37742" (error "tls: failed to verify client's certificate: x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: verification error\" while trying to verify candidate authority certificate \"ca\")", ServerName "")"#,
        "kubernetes-etcd-client-unknown",
    ),
    (
        r#"requests.exceptions.SSLError: ("bad handshake: Error([('SSL routines', 'tls_process_server_certificate', 'certificate verify failed')],)",)"#,
        "python-pyopenssl",
    ),
    (
        "requests.exceptions.SSLError: HTTPSConnectionPool(host='api.github.com', port=443): Max retries exceeded with url: / (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:1007)')))",
        "python-requests-unknown",
    ),
    (
        "Unable to connect to the server: x509: certificate has expired or is not yet valid: current time 2023-05-25T10:00:00Z is after 2023-05-24T01:45:00Z",
        "kubernetes-kubectl-expired",
    ),
    (
        "transport: authentication handshake failed: remote error: tls: bad certificate",
        "grpc-go-client",
    ),
    (
        "Error: certificate has expired at TLSSocket.onConnectSecure (_tls_wrap.js:1497:34) { code: 'CERT_HAS_EXPIRED' }",
        "node-expired",
    ),
    (
        r#"psql: error: connection to server at "db" (10.0.0.1), port 5432 failed: SSL error: certificate verify failed"#,
        "libpq-verify",
    ),
    (
        "[ALERT] 123/456 (1) : parsing [/etc/haproxy/haproxy.cfg:12] : 'bind *:443' : inconsistencies between private key and certificate loaded from PEM file '/etc/ssl/site.pem'.",
        "haproxy-mismatch",
    ),
    (
        r#"nginx: [emerg] SSL_CTX_use_certificate("/etc/letsencrypt/live/x.com/fullchain.pem") failed (SSL: error:140AB18F:SSL routines:SSL_CTX_use_certificate:ee key too small)"#,
        "nginx-small",
    ),
    (
        r#"2025-06-03T14:55:53.484325483Z Failed to renew certificate npm-21 with error: Some challenges have failed."#,
        "acme-failed",
    ),
    (
        r#"2026-01-11 18:18:12,426:ERROR:certbot._internal.renewal:All renewals failed. The following certificates could not be renewed:"#,
        "acme-all",
    ),
    (
        r#"Error creating new order :: too many certificates (5) already issued for this exact set of domains in the last 168 hours: staging.testrun.org,www.staging.testrun.org, retry after 2024-06-07T21:01:50Z"#,
        "acme-limit",
    ),
    (
        r#"2024-01-10T05:05:11.963273Z warn sds failed to warm certificate: failed to generate workload certificate: create certificate: rpc error: code = Unavailable desc = connection error"#,
        "istio-warm",
    ),
    (
        r#"---> System.Security.Authentication.AuthenticationException: The remote certificate is invalid because of errors in the certificate chain: NotTimeValid"#,
        "dotnet-expired",
    ),
    (
        r#"System.Security.Authentication.AuthenticationException: The remote certificate is invalid according to the validation procedure: RemoteCertificateNameMismatch"#,
        "dotnet-wrong-name",
    ),
    (
        r#"OpenSSL::SSL::SSLError (SSL_connect returned=1 errno=0 state=error: certificate verify failed (certificate has expired))"#,
        "ruby-expired",
    ),
    (
        r#"stream_socket_enable_crypto(): SSL operation failed with code 1. OpenSSL Error messages: error:1416F086:SSL routines:tls_process_server_certificate:certificate verify failed in /usr/home/x.php on line 175"#,
        "php-verify",
    ),
    (
        r#"fatal: unable to access 'https://git.okkur.org/syna/': server certificate verification failed. CAfile: none CRLfile: none"#,
        "git-gnutls",
    ),
    (
        r#"ERROR: cannot verify justine.lol's certificate, issued by '/C=US/O=Let's Encrypt/CN=R3': Issued certificate has expired."#,
        "wget-expired",
    ),
    (
        r#"schannel: next InitializeSecurityContext failed: SEC_E_CERT_EXPIRED (0x80090328)"#,
        "schannel-expired",
    ),
    (
        r#"[2023-08-02 18:05:02,745] ERROR [AdminClient clientId=adminclient-1] Connection to node -1 (localhost/127.0.0.1:9093) failed authentication due to: SSL handshake failed (org.apache.kafka.clients.NetworkClient)"#,
        "kafka-client",
    ),
    (
        r#"2022-01-26 notice TLS server: In state wait_finished received CLIENT ALERT: Fatal - Certificate Unknown"#,
        "rabbitmq-peer",
    ),
    (
        r#"2022-07-27T09:25:44.993+0000 E  NETWORK  [conn25854] SSL peer certificate validation failed: unsupported certificate purpose"#,
        "mongodb-client",
    ),
    (
        r#"org.elasticsearch.ElasticsearchException: failed to initialize SSL KeyManager - not permitted to read certificate file [/path/to/server.crt]"#,
        "elasticsearch-unreadable",
    ),
    (
        r#"sun.security.validator.ValidatorException: Extended key usage does not permit use for TLS server authentication"#,
        "java-purpose",
    ),
    (
        r#"W1104 16:56:04.503448       7 controller.go:1270] Error getting SSL certificate "prod/grafana-tls": local SSL certificate prod/grafana-tls was not found. Using default certificate"#,
        "ingress-nginx-default",
    ),
    (
        r#"Tue Dec 27 08:49:55 2022 VERIFY ERROR: depth=0, error=certificate has expired: CN=server_jl0uHOHQA5KVDK9v"#,
        "openvpn-expired",
    ),
    (
        r#"Aug 29 00:46:53 h31 openvpn[11357]: myclientip:45962 VERIFY ERROR: depth=0, error=CRL has expired: CN=client"#,
        "openvpn-list",
    ),
    (
        r#"Certificate verification failed: The certificate is NOT trusted. The certificate chain uses expired certificate.  Could not handshake: Error in the certificate verification. [IP: 138.68.65.229 443]"#,
        "gnutls-expired",
    ),
    (
        r#"fatal: unable to access 'https://git.netcom.corp/portal/': schannel: SNI or certificate check failed: SEC_E_WRONG_PRINCIPAL (0x80090322)"#,
        "schannel-wrong-name",
    ),
    (
        r#"Warning  FailedMount  98s (x1198 over 40h)  kubelet  MountVolume.SetUp failed for volume "certs" : secret "coturn" not found"#,
        "kubernetes-no-secret",
    ),
    (
        r#"error:   The remote certificate is invalid because of errors in the certificate chain: UntrustedRoot"#,
        "dotnet-unknown",
    ),
    (
        r#"2020/03/12 14:19:06 [info] 28762#28762: *54 SSL_do_handshake() failed (SSL: error:14094416:SSL routines:ssl3_read_bytes:sslv3 alert certificate unknown:SSL alert number 46) while SSL handshaking, client: 192.168.96.1, server: 0.0.0.0:443"#,
        "nginx-peer-unknown",
    ),
    (
        r#"Unable to connect to the server: x509: certificate signed by unknown authority (possibly because of "crypto/rsa: verification error" while trying to verify candidate authority certificate "kubernetes")"#,
        "go-same-name",
    ),
    (
        r#"E0227 11:29:32.796000000 22548 src/core/tsi/ssl_transport_security.cc:1501] Handshake failed with fatal error SSL_ERROR_SSL: error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED."#,
        "grpc-core",
    ),
    (
        r#"javax.net.ssl.SSLException: Connection has been shutdown: javax.net.ssl.SSLHandshakeException: Received fatal alert: certificate_unknown"#,
        "java-peer",
    ),
    (
        r#"{"level":"debug","ts":1689233379.6217337,"logger":"http.stdlib","msg":"http: TLS handshake error from 2.3.209.219:60067: remote error: tls: unknown certificate"}"#,
        "go-peer",
    ),
    (
        r#"2017/02/28 16:33:47 http: TLS handshake error from 192.168.67.23:43970: tls: first record does not look like a TLS handshake"#,
        "go-plain-client",
    ),
    (
        r#"%Mint.TransportError{reason: {:tls_alert, {:unknown_ca, 'TLS client: In state certify at ssl_handshake.erl:2015 generated CLIENT ALERT: Fatal - Unknown CA\n'}}}"#,
        "rabbitmq-server-unknown",
    ),
    (
        r#"[notice] TLS :client: In state :wait_cert_cr at ssl_handshake.erl:2098 generated CLIENT ALERT: Fatal - Unknown CA"#,
        "rabbitmq-server-unknown",
    ),
    (
        r#"1: invalid peer certificate: Expired"#,
        "rustls-expired-before",
    ),
    (
        r#"Custom { kind: InvalidData, error: InvalidCertificateData("invalid peer certificate: CertExpired") }"#,
        "rustls-expired-before",
    ),
    (
        r#"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: IP address mismatch, certificate is not valid for '127.0.0.1'. (_ssl.c:1006)"#,
        "python-address",
    ),
    (
        r#"urllib3.exceptions.SSLError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Missing Authority Key Identifier (_ssl.c:1032)"#,
        "python-no-key-identifier",
    ),
    (
        r#"1436806334: Error: Unable to load server certificate "/etc/mosquitto/conf.d//server.crt". Check certfile."#,
        "mosquitto-certificate",
    ),
    (
        r#"time="2020-02-12T11:45:05Z" level=error msg="could not process CSR because of CA cert validation failure: x509: certificate has expired or is not yet valid - Current Time : 2020-02-12 11:45:05.461157338 +0000 UTC m=+69.039740599 - Invalid before 2020-02-12 11:42:00 +0000 UTC - Invalid After 2020-02-12 11:45:00 +0000 UTC - CSR Identity : linkerd-identity.linkerd.serviceaccount.identity.linkerd.cluster.local""#,
        "linkerd-issuer-expired",
    ),
    (
        r#"2020-09-17 16:46:24.486 +00:00 [DBG] Failed to authenticate HTTPS connection. System.Security.Authentication.AuthenticationException: Authentication failed, see inner exception."#,
        "dotnet-kestrel",
    ),
    (
        r#"System.Security.Authentication.AuthenticationException: Authentication failed because the remote party sent a TLS alert: 'HandshakeFailure'."#,
        "dotnet-alert",
    ),
];

/// With whatever stands before and behind in a log, a line finds its entry in the first place.
#[test]
fn a_line_of_a_public_report_finds_its_entry_first() {
    let Some(node) = lab_test::peer::find("node") else {
        return;
    };
    let texts: Vec<_> = PASTED.iter().map(|(line, _)| (*line).to_owned()).collect();
    for ((line, id), found) in PASTED.iter().zip(search(&node, &texts)) {
        let place = format!("symptoms.html#{id}");
        assert_eq!(found.first(), Some(&place), "{line}: {found:?}");
    }
}

/// Behind a date and a program's name, the first place is on the page of symptoms: it is no log, no news and no question.
/// The entry of the line is near.
#[test]
fn a_line_with_its_date_finds_a_symptom_first() {
    let Some(node) = lab_test::peer::find("node") else {
        return;
    };
    let list = scripts::root().unwrap().join("tests/symptoms.toml");
    let index = Index::parse(&fs::read_to_string(list).unwrap(), usize::MAX).unwrap();
    let symptoms: Vec<_> = index.symptoms().collect();
    let line = |symptom: &&Symptom| {
        let line = symptom.find.clone();
        let line = line.unwrap_or_else(|| symptom.words().unwrap().filled("qx7y31z"));
        format!("2026-11-28 03:12:44.120 app[71]: {line}")
    };
    let texts: Vec<_> = symptoms.iter().map(line).collect();
    let mut wrong = Vec::new();
    for ((symptom, text), found) in symptoms.iter().zip(&texts).zip(search(&node, &texts)) {
        let own = format!("symptoms.html#{}", symptom.id);
        let near = &found[..found.len().min(NEAR)];
        let is_first = found
            .first()
            .is_some_and(|first| first.starts_with("symptoms.html"));
        if !is_first || !near.contains(&own) {
            wrong.push(format!("{}: `{text}` finds {near:?}", symptom.id));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The tests above would not see an index that finds everything first.
#[test]
fn another_line_finds_another_entry() {
    let Some(node) = lab_test::peer::find("node") else {
        return;
    };
    let texts = ["a download is severed".to_owned()];
    let found = search(&node, &texts);
    assert!(
        !found[0].is_empty() && !found[0][0].starts_with("symptoms.html"),
        "{found:?}"
    );
}

fn search(node: &std::path::Path, texts: &[String]) -> Vec<Vec<String>> {
    let script = scripts::root().unwrap().join("tests/browser/search.mjs");
    let mut child = Command::new(node)
        .arg(script)
        .arg(site())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let asked = serde_json::to_string(texts).unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(asked.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}
