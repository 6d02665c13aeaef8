//! What is wanted of `Resolver`. Each function is a check, and its comment says what has to hold.
//!
//! The handshakes run in memory, both ends on one thread.

use std::fs::{self, File};
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};

use ch01_restart_baseline::server_config;
use ch02_hot_reload::identity::Source;
use exercise_bench::{a_day_later, patience};
use lab::agent::{Agent, Strategy};
use lab::authority::LeafRequest;
use lab::client::{Options, config};
use rustls::pki_types::ServerName;
use rustls::server::{Accepted, Acceptor, ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, ServerConfig};
use tempfile::TempDir;

use super::exercise::Resolver;

/// A resolver over files that hold 1001, and a client that trusts their authority.
struct Bench {
    resolver: Arc<Resolver>,
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    agent: Agent,
    _directory: TempDir,
}

fn bench() -> Bench {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let resolver = Resolver::new(Source::localhost(agent.files()));
    let resolver = Arc::new(resolver.unwrap_or_else(|rejected| {
        panic!("The first pair is valid, and `new` returned: {rejected}.")
    }));
    Bench {
        server: Arc::new(server_config().with_cert_resolver(resolver.clone())),
        client: config(agent.root_pem(), Options::default()).unwrap(),
        resolver,
        agent,
        _directory: directory,
    }
}

impl Bench {
    /// The serial that a new client is shown, or why its handshake failed.
    fn shown(&self) -> String {
        match lab::memory::handshake(&self.server, &self.client) {
            Ok((_, client)) => {
                let chain = client.peer_certificates().unwrap_or_default();
                lab::chain::facts(chain).unwrap().serial
            }
            Err(error) => format!("no certificate ({error})"),
        }
    }
}

impl Bench {
    /// What the resolver has for a client that sends this name.
    fn asked(&self, name: &'static str) -> Option<Arc<CertifiedKey>> {
        self.resolver
            .resolve(hello(&self.client, name).client_hello())
    }
}

/// What a client says that sends this name.
fn hello(client: &Arc<ClientConfig>, name: &'static str) -> Accepted {
    let of_client = ServerName::try_from(name).unwrap();
    let mut client = ClientConnection::new(client.clone(), of_client).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    let mut acceptor = Acceptor::default();
    acceptor.read_tls(&mut hello.as_slice()).unwrap();
    let Ok(Some(accepted)) = acceptor.accept() else {
        panic!("the bench itself: a hello was not accepted")
    };
    accepted
}

/// After a reload, a new client is shown the new certificate.
pub fn a_reload_is_seen_by_the_next_handshake() {
    let mut bench = bench();
    assert!(
        bench.shown() == "1001",
        "The files hold 1001, and a client was shown {}.",
        bench.shown()
    );
    nothing_is_left_for_later();
    bench.agent.rotate().unwrap();
    let reloaded = bench.resolver.reload();
    assert!(
        reloaded.is_ok(),
        "The new files are valid, and `reload` returned {reloaded:?}."
    );
    assert!(
        bench.shown() == "1002",
        "`reload` was called when the files held 1002, and a new client was shown {}.",
        bench.shown()
    );
    each_reload_counts(&mut bench);
}

/// A second renewal, and a rollback. The files hold 1002.
fn each_reload_counts(bench: &mut Bench) {
    let files = bench.agent.files();
    let files = [files.certificate, files.key];
    let of_1002 = files.each_ref().map(|file| fs::read(file).unwrap());
    bench.agent.rotate().unwrap();
    let dated = SystemTime::now() - Duration::from_secs(3600);
    for serial in ["1003", "1002"] {
        if serial == "1002" {
            for (file, text) in files.iter().zip(&of_1002) {
                fs::write(file, text).unwrap();
            }
        }
        // As a writer leaves it that keeps the date of what it copies.
        for file in &files {
            let file = File::options().append(true).open(file).unwrap();
            file.set_modified(dated).unwrap();
        }
        let reloaded = bench.resolver.reload();
        assert!(
            reloaded.is_ok() && bench.shown() == serial,
            "The files held 1002, then 1003, and then 1002 again, as in a rollback, and `reload` was called each time. Now they hold {serial}; `reload` returned {reloaded:?}, and a new client was shown {}. Each \
             `reload` counts, and what it reads is shown, whether it is newer or older, and whatever date the file bears.",
            bench.shown()
        );
    }
    a_shorter_leaf_is_shown_as_well(bench);
    a_pair_in_use_stays_as_it_is();
    a_serial_is_no_sign_of_what_was_read(bench);
    what_was_replaced_is_let_go();
}

/// The authority issues leaves of half an hour from now on.
fn a_shorter_leaf_is_shown_as_well(bench: &mut Bench) {
    let request = LeafRequest {
        lifetime: Duration::from_secs(1800),
        ..LeafRequest::new("localhost")
    };
    let shorter = bench.agent.authority().issue(&request).unwrap();
    bench.agent.write(&shorter).unwrap();
    let reloaded = bench.resolver.reload();
    let shown = bench.shown();
    assert!(
        reloaded.is_ok() && shown == "1004",
        "The authority has begun to issue leaves of half an hour, so that 1004 ends before the leaf that it replaces. `reload` returned {reloaded:?}, and a new client was shown {shown}. Which leaf is the newer one its \
         end does not say: what was read and is valid is shown."
    );
}

/// Shows one pair, as a handshake does that has got it and is slow.
#[derive(Debug)]
struct Held(Arc<CertifiedKey>);

impl ResolvesServerCert for Held {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// A handshake has asked for the pair, and signs when the next one is there.
fn a_pair_in_use_stays_as_it_is() {
    let mut bench = bench();
    let Some(held) = bench.asked("localhost") else {
        return;
    };
    bench.agent.rotate().unwrap();
    let reloaded = bench.resolver.reload();
    assert!(
        reloaded.is_ok() && bench.shown() == "1002",
        "A handshake was under way with 1001 in its hands, the files held 1002, and `reload` was called. It returned {reloaded:?}, and a new client was shown {}. What is current is replaced, also while a handshake holds what was there before: some client is always slow. \
         Put another `Arc` in its place, rather than write into the one that is there.",
        bench.shown()
    );
    bench.server = Arc::new(server_config().with_cert_resolver(Arc::new(Held(held))));
    assert!(
        bench.shown() == "1001",
        "A handshake was under way with 1001 in its hands when `reload` was called, and went on. Its client was shown {}: something of that pair is that of the next one now. A certificate and its key belong together until the handshake ends. Give each \
         handshake an `Arc` of the whole pair, in which nothing changes any more.",
        bench.shown()
    );
}

/// When `reload` has returned, what it read is in its place.
fn nothing_is_left_for_later() {
    let mut bench = bench();
    for _ in 0..5 {
        let chain = |pair: Option<Arc<CertifiedKey>>| pair.map(|pair| pair.cert.clone());
        let before = chain(bench.asked("localhost"));
        bench.agent.rotate().unwrap();
        let hello = hello(&bench.client, "localhost");
        let _ = bench.resolver.reload();
        if chain(bench.resolver.resolve(hello.client_hello())) != before {
            continue;
        }
        // What never comes is not late, and other checks say so.
        thread::sleep(Duration::from_millis(200));
        assert!(
            chain(bench.asked("localhost")) == before,
            "`reload` had returned, and the client that came next was shown the certificate of before. Something puts the pair in its place some time later, and the caller of `reload` believes that it is there. To replace a pointer takes no time: do it before you return."
        );
    }
}

/// A private key is in each pair.
fn what_was_replaced_is_let_go() {
    let mut bench = bench();
    let first = bench.asked("localhost").map(|pair| Arc::downgrade(&pair));
    // A resolver may keep the one before, too.
    for _ in 0..5 {
        bench.agent.rotate().unwrap();
        let _ = bench.resolver.reload();
    }
    assert!(
        first.is_some_and(|first| first.upgrade().is_none()),
        "Five pairs were loaded, one after the other. No handshake is under way, and the resolver still holds the pair of before the first of them, with its private key: it grows with each renewal. Keep what is current, and let go of what it replaces."
    );
}

/// Another authority counts its serials as well: a pair of it has the serial of the one before.
fn a_serial_is_no_sign_of_what_was_read(bench: &mut Bench) {
    let directory = lab::directory().unwrap();
    let mut other = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    for _ in 0..3 {
        other.rotate().unwrap();
    }
    let (from, to) = (other.files(), bench.agent.files());
    for (from, to) in [
        (from.certificate, to.certificate),
        (from.key, to.key),
        (from.roots, to.roots),
    ] {
        fs::write(to, fs::read(from).unwrap()).unwrap();
    }
    let reloaded = bench.resolver.reload();
    bench.client = config(other.root_pem(), Options::default()).unwrap();
    let shown = bench.shown();
    assert!(
        reloaded.is_ok() && shown == "1004",
        "The pair was replaced by one of another authority, which has the serial 1004 as well. `reload` returned {reloaded:?}, and a client that trusts that authority was shown {shown}. A serial counts within one \
         authority: show what was read, whatever its serial is."
    );
}

/// A handshake looks at no file: what it shows changes when `reload` is called, and not before.
pub fn a_handshake_looks_at_no_file() {
    let mut bench = bench();
    let certificate = bench.agent.files().certificate;
    let before = fs::metadata(&certificate).unwrap().modified().unwrap();
    bench.agent.rotate().unwrap();
    let later = before + Duration::from_secs(60);
    let file = File::options().append(true).open(&certificate).unwrap();
    file.set_modified(later).unwrap();
    let shown = (0..100).map(|_| bench.shown());
    let mut shown = shown;
    let shown = shown.find(|shown| shown != "1001");
    let shown = shown.unwrap_or("1001".into());
    assert!(
        shown == "1001",
        "The files were replaced, `reload` had not been called, and a client was shown {shown} in place of 1001: the handshake \
         has looked at the files. It runs on a thread that serves other clients too. When the mount hangs, so do they."
    );
    nor_does_it_a_day_later();
}

/// A look that comes once a minute, or once an hour, is a look as well.
fn nor_does_it_a_day_later() {
    let this = (module_path!(), "a_handshake_looks_at_no_file");
    let shown = a_day_later(this, |jump| {
        let mut bench = bench();
        bench.shown();
        bench.agent.rotate().unwrap();
        jump();
        let shown = [bench.shown(), bench.shown()];
        shown.join(", and then ")
    });
    let right = "1001, and then 1001";
    assert!(
        shown.as_deref().is_none_or(|shown| shown == right),
        "The files were replaced, `reload` had not been called, and by its clock the server had run for a day. Clients were shown {}, in place of {right}: a handshake has looked at the files, since the last look was long ago. Seldom is as bad as \
         always: the mount hangs for the one client that comes when a look is due, and for all that wait behind it.",
        shown.unwrap_or_default()
    );
}

/// A client that sends no name is shown the certificate as well.
pub fn a_client_that_sends_no_name_is_shown_it_as_well() {
    let mut bench = bench();
    Arc::make_mut(&mut bench.client).enable_sni = false;
    let shown = bench.shown();
    assert!(
        shown == "1001",
        "A client sent no name, as one does that calls an address or is old, and was shown {shown} in place of 1001. There is one certificate, and no \
         name to choose it by."
    );
    whatever_name_a_client_sends_it_is_shown_it();
}

/// The resolver is asked as rustls asks it. Whether the name is in the certificate is for the client to say.
fn whatever_name_a_client_sends_it_is_shown_it() {
    let bench = bench();
    for name in ["localhost", "www.example.com"] {
        let pair = bench.asked(name);
        assert!(
            pair.is_some(),
            "A client sent the name `{name}`, and `resolve` had nothing for it. A server is known by other names than the one of the checks, and one that is renamed sooner than its certificate still has to be reached. There is one certificate: \
             show it, and the client judges whether that is the one that it wants."
        );
    }
}

/// When the files are gone, handshakes go on.
pub fn missing_files_fail_no_handshake() {
    let bench = bench();
    let files = bench.agent.files();
    for file in [files.certificate, files.key] {
        fs::remove_file(file).unwrap();
    }
    let shown = bench.shown();
    assert!(
        shown == "1001",
        "The files are gone, a good pair is in memory, and a client was shown {shown} in place of 1001."
    );
}

/// Invalid files change nothing: the last good pair is shown, and `reload` says what is wrong.
pub fn invalid_files_leave_the_last_good_pair() {
    let mut bench = bench();
    fs::write(bench.agent.files().certificate, "not a certificate\n").unwrap();
    let reloaded = bench.resolver.reload();
    let shown = bench.shown();
    assert!(
        shown == "1001",
        "The file was overwritten with something that is no certificate, and a client was not shown 1001, but {shown}. \
         What cannot be read now is no reason to forget what was good."
    );
    assert!(
        reloaded.is_err(),
        "The file holds no certificate, and `reload` returned {reloaded:?}. The watcher that called it has to log the reason."
    );
    let first = Resolver::new(Source::localhost(bench.agent.files()));
    assert!(
        first.is_err(),
        "The files are not valid, and `new` returned a resolver. It has nothing to answer with, so every handshake fails, and a server that starts with it looks well."
    );
    bench.agent.rotate().unwrap();
    let mended = bench.resolver.reload();
    assert!(
        mended.is_ok() && bench.shown() == "1002",
        "The files were not valid at one look, and hold 1002 at the next. `reload` returned {mended:?}, and a new client was shown {}. One rejected pair ends nothing: the next `reload` is as good as the first.",
        bench.shown()
    );
    files_that_are_missing_are_invalid_as_well();
}

/// As between the two steps of a writer that removes and makes anew, or after the last step of one that has died.
fn files_that_are_missing_are_invalid_as_well() {
    let bench = bench();
    let files = bench.agent.files();
    for file in [files.certificate, files.key] {
        fs::remove_file(file).unwrap();
    }
    let reloaded = bench.resolver.reload();
    let shown = bench.shown();
    assert!(
        shown == "1001",
        "The files are gone, `reload` was called, and a client was shown {shown} in place of 1001. Files that are missing are not valid, as those that hold something else: whatever is wrong with them is no reason to forget \
         what was good."
    );
    assert!(
        reloaded.is_err(),
        "The files are gone, and `reload` returned {reloaded:?}. A writer may make them anew in a moment, or never: the watcher that called it has to log the reason, whichever it is."
    );
}

/// While a reload waits for a file, handshakes go on.
pub fn a_reload_that_waits_fails_no_handshake() {
    let bench = bench();
    let certificate = bench.agent.files().certificate;
    fs::remove_file(&certificate).unwrap();
    // It is opened as soon as a writer comes, as a file on a mount that hangs.
    let made = Command::new("mkfifo").arg(&certificate).status();
    assert!(made.unwrap().success(), "`mkfifo` made no pipe.");
    let resolver = bench.resolver.clone();
    let reload = thread::spawn(move || resolver.reload().is_err());
    let (opened, open) = mpsc::channel();
    let path = certificate.clone();
    // Opened when the reload has come to it.
    thread::spawn(move || opened.send(File::options().write(true).open(path)));
    let writer = open.recv_timeout(patience());
    assert!(
        writer.is_ok(),
        "`reload` was called, and has not opened the certificate."
    );
    let (shown, seen) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| shown.send(bench.shown()));
        let shown = seen.recv_timeout(patience());
        // The reload, and who waits for it, go on.
        drop(writer);
        let shown = shown.unwrap_or_else(|_| "nothing, and waited".into());
        assert!(
            shown == "1001",
            "`reload` was called, and the mount with the files hangs. Meanwhile a client came, and was shown {shown}. Between two loads what is in memory is good: read the files first, and \
             then take the lock, for as long as it takes to put the new pair in its place."
        );
    });
    let told = reload.join().unwrap_or(false);
    assert!(
        told,
        "The certificate was empty when it came at last, and `reload` returned `Ok`."
    );
}
