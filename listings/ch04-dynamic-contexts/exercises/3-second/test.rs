//! What is wanted of `Contexts`. Each function is a check, and its comment says what has to hold.

use std::cell::{Cell, RefCell};
use std::fs::{self, File};
use std::io::Write;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::Arc;

use ch02_hot_reload::BuildError;
use exercise_bench::a_day_later;
use exercise_bench::openssl_ends::call;
use lab::agent::{Agent, Files, Strategy};
use lab::authority::Issued;
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
    /// What is written while the next context is made.
    meanwhile: Rc<RefCell<Option<Issued>>>,
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
    let meanwhile = Rc::new(RefCell::new(None::<Issued>));
    let build: Build = {
        let (files, made, fails) = (files.clone(), made.clone(), fails.clone());
        let meanwhile = meanwhile.clone();
        Box::new(move || {
            made.set(made.get() + 1);
            if fails.get() {
                return Err(std::io::Error::other("too many open files").into());
            }
            let context = context(&files);
            if let Some(next) = meanwhile.take() {
                fs::write(&files.certificate, &next.chain_pem)?;
                fs::write(&files.key, next.key.expose())?;
            }
            context
        })
    };
    Bench {
        contexts: Contexts::new(files, build),
        made,
        fails,
        meanwhile,
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
    nor_does_time_make_one();
}

/// A context has no age at which it would be worse.
fn nor_does_time_make_one() {
    let this = (module_path!(), "nothing_is_made_while_nothing_changes");
    let made = a_day_later(this, |jump| {
        let mut bench = bench();
        bench.contexts.get();
        jump();
        bench.contexts.get();
        bench.made.get().to_string()
    });
    assert!(
        made.as_deref().is_none_or(|made| made == "1"),
        "`get` was called, a day passed in which the files stayed as they were, and it was called again: {} contexts were made. A context that is made anew loses the sessions of the one before. It is made once for each change, and time is no change.",
        made.unwrap_or_default()
    );
}

/// A change within one tick of the clock is seen.
pub fn a_change_within_one_tick_is_seen() {
    let mut bench = bench();
    let files = bench.agent.files();
    let files = [files.certificate, files.key];
    let of_one_length = |file| {
        let text = fs::read_to_string(file).unwrap();
        fs::write(file, format!("{text:\n<4096}")).unwrap();
    };
    files.iter().for_each(of_one_length);
    bench.shown();
    let dates = files
        .each_ref()
        .map(|file| fs::metadata(file).unwrap().modified().unwrap());
    bench.agent.rotate().unwrap();
    files.iter().for_each(of_one_length);
    for (file, date) in files.iter().zip(dates) {
        let file = File::options().write(true).open(file).unwrap();
        file.set_modified(date).unwrap();
    }
    let shown = bench.shown();
    assert!(
        shown == "1002",
        "The files hold 1002, and their dates and lengths are as they were with 1001: both were written within one tick of the clock. The server was shown {shown}. Compare \
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
    for _ in 0..20 {
        let shown = bench.shown();
        assert!(
            shown == "1001",
            "The files hold 1002, `build` failed for want of a file descriptor, and the server was shown {shown} in place of 1001, which is still good."
        );
    }
    bench.fails.set(false);
    let shown = bench.shown();
    assert!(
        shown == "1002",
        "The files hold 1002. At the twenty calls before, `build` had failed for want of a file descriptor, and now it would not. The server was shown {shown}: until \
         the files change, nothing is tried again. Remember what the files held when a context was made of them, and not when one was tried."
    );
}

/// What changes while a context is made is seen at the next call.
pub fn what_changes_while_a_context_is_made_is_seen() {
    let mut bench = bench();
    bench.shown();
    bench.agent.rotate().unwrap();
    *bench.meanwhile.borrow_mut() = Some(bench.agent.issue().unwrap());
    bench.shown();
    let shown = bench.shown();
    assert!(
        shown == "1003",
        "The files held 1002, and while a context was made of them, 1003 was written. At the next call the server was shown {shown}. Files that are looked at \
         after the context was made are not those of which it was made: look first, and remember that look."
    );
}

/// A file that is missing for a moment changes nothing.
pub fn a_file_that_is_missing_for_a_moment_changes_nothing() {
    let mut bench = bench();
    bench.shown();
    let files = bench.agent.files();
    for file in [files.certificate, files.key] {
        let aside = file.with_extension("aside");
        fs::rename(&file, &aside).unwrap();
        let shown = panic::catch_unwind(AssertUnwindSafe(|| bench.shown()));
        let shown = shown.unwrap_or_else(|_| "nothing, because `get` panicked".into());
        assert!(
            shown == "1001",
            "A writer has removed one of the two files, and is about to make it anew. The server was shown {shown} in place of 1001. A file that cannot be read is a \
             change of which no context can be made, and the one before is still good."
        );
        fs::rename(&aside, &file).unwrap();
    }
}

/// Before a context could be made, there is none.
pub fn before_a_context_could_be_made_there_is_none() {
    // A starter says so by its panic.
    self::bench().shown();
    let mut bench = bench();
    bench.fails.set(true);
    let first = panic::catch_unwind(AssertUnwindSafe(|| bench.contexts.get().is_none()));
    assert!(
        matches!(first, Ok(true)),
        "At the first call no context can be made, and there is none of before: the answer is `None`. `get` {}.",
        match first {
            Ok(_) => "returned a context, which is none of these files",
            Err(_) => "panicked",
        }
    );
    bench.fails.set(false);
    let shown = bench.shown();
    assert!(
        shown == "1001",
        "At the first call no context could be made, at the second one it could, and the server was shown {shown}."
    );
}

/// Each byte of the two files counts.
pub fn each_byte_of_the_files_counts() {
    let mut bench = bench();
    bench.shown();
    let chain = bench.agent.files().certificate;
    let longer = fs::read_to_string(&chain).unwrap() + bench.agent.root_pem();
    fs::write(chain, longer).unwrap();
    bench.shown();
    let made = bench.made.get();
    assert!(
        made == 2,
        "A certificate was added at the end of the chain's file, and {made} contexts were made where 2 are wanted. Leaf and key are as they were, \
         and the chain is another one: compare all of both files."
    );
    what_is_written_in_place_is_seen();
}

/// The file stays the same one, with its length and its date, and a line in the middle of it is another one.
fn what_is_written_in_place_is_seen() {
    let mut bench = bench();
    let chain = bench.agent.files().certificate;
    let blocks = fs::read_to_string(&chain).unwrap();
    let (leaf, rest) = blocks.split_at(blocks.rfind("-----BEGIN").unwrap());
    let filler = format!("# {}\n", "-".repeat(2000));
    let date = fs::metadata(&chain).unwrap().modified().unwrap();
    for (line, wanted) in [("# one", 1), ("# two", 2)] {
        let file = File::options().write(true).truncate(true).open(&chain);
        let text = format!("{leaf}{filler}{line}\n{filler}{rest}");
        let mut file = file.unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.set_modified(date).unwrap();
        bench.shown();
        let made = bench.made.get();
        assert!(
            made == wanted,
            "A line in the middle of the chain's file was replaced by one as long, in place: the file is the same one, and its length and its date are as they were. {made} contexts were made where {wanted} are \
             wanted: compare what the files hold, all of it."
        );
    }
}
