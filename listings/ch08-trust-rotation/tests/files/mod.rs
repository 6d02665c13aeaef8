//! What the world writes: every kind of file in `files.toml`, through the reader of each chapter and
//! of both twins.
//!
//! What is loaded, a rustls, an OpenSSL, a Go and a Python client can use, from each of these servers.
//! What is rejected has the reason and the words that stand in the list. A page of the book shows
//! the list.

mod asked;
mod certificates;
mod chapters;
mod clients;
mod crossed;
mod defined;
mod forms;
mod general;
mod handed;
mod idle;
mod kinds;
mod kit;
mod odd;
mod passed;
mod primes;
mod rare;
// The page is made by the same description.
#[path = "../../../../scripts/src/files/list.rs"]
mod list;
mod raw;
mod recipes;
mod rsa;
mod shapes;
mod sizes;
mod strict;
mod twins;
mod worn;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use ch02_hot_reload::identity::{Identity, Peers, Source};
use ch05_race_conditions::{Reader, names};
use ch08_trust_rotation::client;
use lab::agent::Files;
use lab::log::want;

use chapters::{CHAPTERS, Server, by, hasty};
use clients::Clients;
use list::{Entry, List};
use twins::{Twin, twins};

const LIST: &str = include_str!("../../files.toml");

impl Entry {
    /// The outcome and the words that a twin must have.
    fn of(&self, twin: &str) -> (&str, &str) {
        let differs = if twin == "go" { &self.go } else { &self.python };
        let outcome = differs.outcome.as_deref().unwrap_or(&self.outcome);
        (outcome, differs.says.as_deref().unwrap_or(&self.says))
    }
}

fn list() -> Vec<Entry> {
    toml::from_str::<List>(LIST).unwrap().file
}

/// Whether this came of the files: an outcome, and the words of a rejection.
fn agrees(found: (&str, &str), expected: (&str, &str)) -> Result<(), String> {
    let (outcome, detail) = found;
    if outcome != expected.0 {
        return Err(format!("{outcome} ({detail}), not {}", expected.0));
    }
    // The operating system's words begin with a capital in some languages.
    let says = detail.to_lowercase().contains(&expected.1.to_lowercase());
    match outcome == "loaded" || (says && !expected.1.is_empty()) {
        true => Ok(()),
        false => Err(format!("rejected in other words: {detail}")),
    }
}

/// What the chapters make of the files, and what clients say of what they loaded.
fn chapters<'a>(
    entry: &Entry,
    source: &Source,
    twins: &'a [Twin],
    at: &Path,
) -> Result<Option<Clients<'a>>, String> {
    let mut clients = None;
    for chapter in CHAPTERS {
        let in_chapter = |why: String| format!("{chapter}: {why}");
        let found = by(chapter, source);
        let outcome = match &found {
            Ok(_) => ("loaded", ""),
            Err(rejected) => (rejected.reason.name(), rejected.detail.as_str()),
        };
        agrees(outcome, (&entry.outcome, &entry.says)).map_err(in_chapter)?;
        let Ok((identity, config)) = found else {
            continue;
        };
        let clients = clients.get_or_insert_with(|| Clients::new(&identity, twins, &at.join("of")));
        let server = Server::start(config);
        clients
            .use_it(server.port, &entry.fails)
            .map_err(in_chapter)?;
    }
    Ok(clients)
}

/// What a twin makes of the files, and what clients say of what it loaded.
fn twin<'a>(
    entry: &Entry,
    twin: &Twin,
    files: &Files,
    clients: Option<&Clients<'_>>,
    others: &dyn Fn() -> Result<Clients<'a>, String>,
) -> Result<(), String> {
    let mut server = twin.server();
    let said = server.ask(files, 0);
    let text = |field: &str| said[field].as_str().unwrap_or_default();
    agrees((text("outcome"), text("detail")), entry.of(twin.name))?;
    if said["exposed"] != (entry.event == "key_exposed") {
        return Err(format!("a key that others can read: {}", said["exposed"]));
    }
    if text("outcome") != "loaded" {
        return Ok(());
    }
    let port = said["port"].as_u64().and_then(|port| port.try_into().ok());
    match clients {
        Some(clients) => clients.use_it(port.unwrap(), &entry.fails),
        // No chapter loads it: clients show what is plain where they are asked for a certificate.
        None => others()?.use_it(port.unwrap(), &entry.fails),
    }
}

/// What is wrong with this entry, if anything.
fn check(
    entry: &Entry,
    source: &Source,
    at: &Path,
    (plain, twins): (&Identity, &[Twin]),
) -> Result<(), String> {
    let (log, _capturing) = lab::emit::capture();
    let clients = chapters(entry, source, twins, at)?;
    let differ: Vec<_> = twins
        .iter()
        .filter_map(|peer| {
            let others = || recipes::clients(source, plain, twins, &at.join(peer.name));
            let said = twin(entry, peer, &source.files, clients.as_ref(), &others);
            said.err().map(|why| format!("{}: {why}", peer.name))
        })
        .collect();
    if !differ.is_empty() {
        return Err(differ.join("; "));
    }
    // A client's identity is read with the same care.
    let read = client::read(source).map(drop);
    let reason = read.map_or_else(|rejected| rejected.reason.name(), |()| "loaded");
    let expected = entry.client.as_ref().unwrap_or(&entry.outcome);
    if reason != expected {
        return Err(format!("ch08's client: {reason}, not {expected}"));
    }
    let warned: BTreeSet<_> = [
        "key_exposed",
        "trust_rejected",
        "trust_expired",
        "names_lost",
    ]
    .into_iter()
    .filter(|event| !log.all(&want(event)).is_empty())
    .collect();
    let expected: BTreeSet<_> = Some(entry.event.as_str())
        .filter(|e| !e.is_empty())
        .into_iter()
        .collect();
    match warned == expected {
        true => Ok(()),
        false => Err(format!("logged {warned:?}, not {expected:?}")),
    }
}

/// What one kind came to.
struct Found {
    kind: String,
    /// In the chapters or their twins.
    wrong: Option<String>,
    /// In which recipe, and how.
    recipes: Vec<(&'static str, recipes::Differs)>,
}

/// All kinds, for two tests: to make the files takes as long as to read them.
static FOUND: LazyLock<Vec<Found>> = LazyLock::new(|| {
    let (entries, twins) = (list(), twins());
    let (recipes, plain) = (recipes::Recipes::started(), recipes::plain());
    let next = AtomicUsize::new(0);
    let one = |entry: &Entry| {
        let directory = lab::directory().unwrap();
        let at = directory.path();
        let files = kinds::make(&entry.kind, at);
        let source = Source::localhost(files.expect("there is no such kind"));
        let wrong = check(entry, &source, at, (&plain, &twins)).err();
        Found {
            kind: entry.kind.clone(),
            wrong: wrong.map(|why| format!("{}: {why}", entry.kind)),
            recipes: recipes.differ(entry, &source, at, (&plain, &twins)),
        }
    };
    let work = || {
        let mut found = Vec::new();
        while let Some(entry) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
            found.push(one(entry));
        }
        found
    };
    // Most of the time goes by while chapter 7 waits for the files to rest.
    thread::scope(|scope| {
        let workers: Vec<_> = (0..16).map(|_| scope.spawn(work)).collect();
        let found = workers.into_iter().map(|worker| worker.join().unwrap());
        found.flatten().collect()
    })
});

#[test]
fn every_server_reads_as_the_list_says_and_every_client_can_use_what_is_loaded() {
    let wrong: Vec<_> = FOUND.iter().flat_map(|kind| &kind.wrong).collect();
    assert!(FOUND.len() >= 60, "{}", FOUND.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_kind_stands_in_the_list_once() {
    let entries = list();
    let kinds: BTreeSet<_> = entries.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds.len(), entries.len());
    let rows = entries.iter().map(|entry| (&entry.group, &entry.what));
    assert_eq!(rows.collect::<BTreeSet<_>>().len(), entries.len());
    // The arms of the functions that make them, so that none is left out of the list.
    let sources = [
        include_str!("kinds.rs"),
        include_str!("certificates.rs"),
        include_str!("strict.rs"),
        include_str!("crossed.rs"),
        include_str!("rsa.rs"),
        include_str!("odd.rs"),
        include_str!("rare.rs"),
        include_str!("shapes.rs"),
        include_str!("worn.rs"),
        include_str!("sizes.rs"),
        include_str!("idle.rs"),
        include_str!("handed.rs"),
        include_str!("asked.rs"),
        include_str!("forms.rs"),
        include_str!("general.rs"),
        include_str!("defined.rs"),
        include_str!("passed.rs"),
    ];
    let lines = sources.iter().flat_map(|source| source.lines());
    let arms = lines.filter_map(|line| {
        let line = line.trim_start();
        let arm = line
            .split_once(" =>")
            .map(|(arm, _)| arm)
            .filter(|_| line.starts_with('"'))?;
        Some(arm.split(" | ").map(|kind| kind.trim_matches('"')))
    });
    let made: BTreeSet<_> = arms.flatten().collect();
    assert_eq!(made, kinds);
}

/// The list is described once, and what is not described is no part of it: it would be in force nowhere.
#[test]
fn a_word_that_is_misspelt_is_no_part_of_the_list() {
    let row = "[[file]]\nkind = \"a\"\ngroup = \"b\"\nwhat = \"c\"\noutcome = \"loaded\"\n";
    assert_eq!(toml::from_str::<List>(row).unwrap().file.len(), 1);
    for word in ["says_ = \"d\"", "go = { say = \"d\" }"] {
        let misspelt = toml::from_str::<List>(&format!("{row}{word}\n"));
        assert!(misspelt.is_err(), "{word}");
    }
}

/// What servers with mTLS let a workload in by is a URI. A renewal that has the host's name alone loses it.
#[test]
fn an_identity_of_spiffe_that_a_renewal_lacks_is_lost() {
    let leaf = |kind: &str| {
        let directory = lab::directory().unwrap();
        let files = kinds::make(kind, directory.path()).unwrap();
        let identity = Reader::new(hasty()).read(&Source::localhost(files), None);
        identity.unwrap().certified.cert[0].clone()
    };
    let (workload, host) = (leaf("spiffe"), leaf("plain"));
    let identity = "spiffe://example.org/ns/shop/sa/cart";
    assert_eq!(names::lost(&workload, &host), [identity]);
    assert_eq!(names::lost(&workload, &leaf("spiffe")), [""; 0]);
    assert_eq!(names::lost(&host, &workload), [""; 0]);
}

/// For peers that are servers, a chain is validated as a client's.
#[test]
fn a_reader_for_servers_asks_for_no_name() {
    let directory = lab::directory().unwrap();
    let files = kinds::make("plain", directory.path()).unwrap();
    let mut source = Source::localhost(files);
    source.names = vec!["elsewhere.example".try_into().unwrap()];
    Reader::new(hasty()).read(&source, None).unwrap_err();
    Reader::new(hasty())
        .for_peers(Peers::Servers)
        .read(&source, None)
        .unwrap();
}
