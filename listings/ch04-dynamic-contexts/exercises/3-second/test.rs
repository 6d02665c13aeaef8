//! What is wanted of `Contexts`. Each function is a check, and its comment says what has to hold.

use std::cell::Cell;
use std::fs::{self, File};
use std::rc::Rc;
use std::sync::Arc;

use ch02_hot_reload::BuildError;
use exercise_bench::openssl_ends::call;
use lab::agent::{Agent, Files, Strategy};
use lab::mutual;
use openssl::ssl::{SslConnector, SslContext, SslFiletype, SslMethod, SslVerifyMode};
use rustls::ServerConfig;
use tempfile::TempDir;

use super::exercise::Contexts;

type Build = Box<dyn FnMut() -> Result<SslContext, BuildError>>;

/// A client whose files hold 1001, a server that lets in clients with a certificate alone, and how often a context was
/// made.
struct Bench {
    contexts: Contexts<Build>,
    made: Rc<Cell<usize>>,
    /// Whether the library fails, whatever the files hold.
    fails: Rc<Cell<bool>>,
    server: Arc<ServerConfig>,
    agent: Agent,
    _directory: TempDir,
}

fn bench() -> Bench {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::RenameEach).unwrap();
    let first = agent.rotate().unwrap();
    let server = mutual::config(&first, agent.root_pem()).unwrap();
    let (files, made) = (agent.files(), Rc::new(Cell::new(0)));
    let fails = Rc::new(Cell::new(false));
    let build: Build = {
        let (files, made, fails) = (files.clone(), made.clone(), fails.clone());
        Box::new(move || {
            made.set(made.get() + 1);
            if fails.get() {
                return Err(std::io::Error::other("too many open files").into());
            }
            context(&files)
        })
    };
    Bench {
        contexts: Contexts::new(files, build),
        made,
        fails,
        server,
        agent,
        _directory: directory,
    }
}

/// The context of a client that trusts the one authority, and shows the pair in the files.
fn context(files: &Files) -> Result<SslContext, BuildError> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    context.set_verify(SslVerifyMode::PEER);
    context.set_ca_file(&files.roots)?;
    context.set_certificate_chain_file(&files.certificate)?;
    context.set_private_key_file(&files.key, SslFiletype::PEM)?;
    context.check_private_key()?;
    Ok(context.build())
}

impl Bench {
    /// The serial that the server is shown at the next call, or why the call failed.
    fn shown(&mut self) -> String {
        let shown = |context| call(&context, &self.server);
        match self.contexts.get() {
            Some(context) => shown(context).unwrap_or_else(|error| format!("nothing ({error})")),
            None => {
                let defaults = SslConnector::builder(SslMethod::tls_client()).unwrap();
                let error = shown(defaults.build().into_context()).unwrap_err();
                format!(
                    "nothing: `get` returned `None`, so the client connected with the library's defaults. They know neither our \
                     authority nor our certificate, and the error, `{error}`, speaks of an issuer that is fine"
                )
            }
        }
    }
}

/// The first call and the second show the client's certificate.
pub fn the_second_call_is_like_the_first() {
    let mut bench = bench();
    let first = bench.shown();
    assert!(
        first == "1001",
        "The files hold 1001. At the first call the server was shown {first}."
    );
    let second = bench.shown();
    assert!(
        second == "1001",
        "The first call showed 1001, and the files have not changed since. At the second call the server was shown {second}."
    );
}

/// While nothing changes, no context is made.
pub fn nothing_is_made_while_nothing_changes() {
    let mut bench = bench();
    for _ in 0..10 {
        bench.contexts.get();
    }
    let made = bench.made.get();
    assert!(
        made == 1,
        "`get` was called ten times while the files stayed as they were, and {made} contexts were made. One with the system's trust anchors costs \
         as much as nineteen handshakes, so it is made once for each change."
    );
}

/// A change within one tick of the clock is seen.
pub fn a_change_within_one_tick_is_seen() {
    let mut bench = bench();
    bench.shown();
    let files = bench.agent.files();
    let files = [files.certificate, files.key];
    let dates = files
        .each_ref()
        .map(|file| fs::metadata(file).unwrap().modified().unwrap());
    bench.agent.rotate().unwrap();
    for (file, date) in files.iter().zip(dates) {
        let file = File::options().write(true).open(file).unwrap();
        file.set_modified(date).unwrap();
    }
    let shown = bench.shown();
    assert!(
        shown == "1002",
        "The files hold 1002, and their dates are as they were with 1001: both were written within one tick of the clock. The server was shown {shown}. Compare \
         what the files hold."
    );
}

/// A change of the files is shown at the next call.
pub fn a_change_is_shown_at_the_next_call() {
    let mut bench = bench();
    bench.shown();
    bench.agent.rotate().unwrap();
    let shown = bench.shown();
    assert!(
        shown == "1002",
        "The files hold 1002 now, and the server was shown {shown}."
    );
}

/// While the pair is torn, the one before is shown.
pub fn a_torn_pair_leaves_the_one_before() {
    let mut bench = bench();
    bench.shown();
    let next = bench.agent.issue().unwrap();
    fs::write(bench.agent.files().certificate, &next.chain_pem).unwrap();
    for call in ["the next call", "the call after it"] {
        let shown = bench.shown();
        assert!(
            shown == "1001",
            "The new certificate is there, its key is not yet, and at {call} the server was shown {shown}. The context of before is good for as long as no \
             other can be made. Each path through `get` has to end in it."
        );
    }
}

/// When the key has come as well, the new pair is shown.
pub fn a_pair_that_is_completed_is_shown() {
    let mut bench = bench();
    bench.shown();
    let next = bench.agent.issue().unwrap();
    fs::write(bench.agent.files().certificate, &next.chain_pem).unwrap();
    bench.shown();
    fs::write(bench.agent.files().key, next.key.expose()).unwrap();
    let shown = bench.shown();
    assert!(
        shown == "1002",
        "The certificate came first, and `get` was called in between. Now the key is there too, and the server was shown {shown} in place of 1002. A pair that \
         was torn at one call is asked again at the next, and the key's file counts as well."
    );
}

/// What could not be made is tried again, though the files have not changed since.
pub fn what_could_not_be_made_is_tried_again() {
    let mut bench = bench();
    bench.shown();
    bench.agent.rotate().unwrap();
    bench.fails.set(true);
    let shown = bench.shown();
    assert!(
        shown == "1001",
        "The files hold 1002, `build` failed for want of a file descriptor, and the server was shown {shown} in place of 1001, which is still good."
    );
    bench.fails.set(false);
    let shown = bench.shown();
    assert!(
        shown == "1002",
        "The files hold 1002. At the call before, `build` had failed for want of a file descriptor, and now it would not. The server was shown {shown}: until \
         the files change, nothing is tried again. Remember what the files held when a context was made of them, and not when one was tried."
    );
}
