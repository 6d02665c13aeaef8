//! What a reader takes home, asked the same: the file to copy in Rust, Go and Python.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use ch02_hot_reload::identity::{Identity, Source};
use ch05_race_conditions::Reader;
use lab::agent::Files;
use lab_test::peer;
use openssl::x509::X509;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::SingleCertAndKey;
use rustls::{RootCertStore, ServerConfig};
use serde::Deserialize;
use tempfile::TempDir;

use super::chapters::{Server, hasty};
use super::clients::Clients;
use super::list::Entry;
use super::twins::{Peer, Twin};
use super::{FOUND, kinds, list};

#[allow(
    dead_code,
    reason = "Only its reader is asked here; the recipes' own tests have the rest."
)]
#[path = "../../../recipes/src/rotating.rs"]
mod rotating;

#[path = "../../../recipes/src/clients.rs"]
mod clients;

#[path = "../../../recipes/src/words.rs"]
mod words;

/// What is left, in a list.
const LEFT: &str = include_str!("recipes/left.toml");

/// One recipe: its language, and the processes that read. In Rust it is this one.
pub struct Recipe {
    pub name: &'static str,
    peers: Vec<Mutex<Peer>>,
    asked: AtomicUsize,
}

/// So many processes of a language read at once: with one, all kinds would wait for it.
const PEERS: usize = 4;

/// A server that shows what a recipe has loaded, until this is dropped.
pub struct Shown<'a> {
    pub port: u16,
    _server: Option<Server>,
    _peer: Option<MutexGuard<'a, Peer>>,
}

/// Why a recipe does not load the files: its word, and what it says.
pub struct Refused {
    pub reason: String,
    pub says: String,
}

impl Recipe {
    /// What it makes of the files.
    pub fn load(&self, files: &Files) -> Result<Shown<'_>, Refused> {
        if self.peers.is_empty() {
            return in_rust(files);
        }
        let turn = self.asked.fetch_add(1, Ordering::Relaxed) % self.peers.len();
        elsewhere(self.peers[turn].lock().unwrap(), files)
    }
}

fn in_rust<'a>(files: &Files) -> Result<Shown<'a>, Refused> {
    let paths = [&files.certificate, &files.key, &files.roots].map(Clone::clone);
    let asked: rotating::Asked = (vec!["localhost".try_into().unwrap()], clients::check);
    let pair = rotating::read(&paths).and_then(|found| rotating::judge(&found, &asked));
    let pair = pair.map_err(|why| {
        let words::Rejected(word, file, detail) = words::rejected(&why, &paths);
        Refused {
            reason: word.to_owned(),
            says: format!("{}: {detail}", file.display()),
        }
    })?;
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_cert_resolver(Arc::new(SingleCertAndKey::from(pair)));
    let server = Server::start(Arc::new(config));
    Ok(Shown {
        port: server.port,
        _server: Some(server),
        _peer: None,
    })
}

fn elsewhere<'a>(mut peer: MutexGuard<'a, Peer>, files: &Files) -> Result<Shown<'a>, Refused> {
    let said = peer.ask(files, 0);
    let text = |field: &str| said[field].as_str().unwrap_or_default().to_owned();
    if text("outcome") != "loaded" {
        return Err(Refused {
            reason: text("outcome"),
            says: format!("{}: {}", text("file"), text("detail")),
        });
    }
    let port = said["port"].as_u64().and_then(|port| port.try_into().ok());
    Ok(Shown {
        port: port.unwrap(),
        _server: None,
        _peer: Some(peer),
    })
}

/// All of them, as long as this lives.
pub struct Recipes(
    Vec<Recipe>,
    #[expect(dead_code, reason = "Programs lie there.")] TempDir,
);

impl Recipes {
    /// Those whose languages are there.
    pub fn started() -> Self {
        let (all, folder) = recipes();
        Self(all, folder)
    }

    /// Which of them differ from the chapters over these files, and how.
    pub fn differ(
        &self,
        entry: &Entry,
        source: &Source,
        at: &Path,
        (plain, twins): (&Identity, &[Twin]),
    ) -> Vec<(&'static str, Differs)> {
        let (_log, _capturing) = lab::emit::capture();
        let one = |recipe: &Recipe| {
            let at = at.join(format!("recipe-{}", recipe.name));
            let clients = || clients(source, plain, twins, &at);
            Some((recipe.name, differs(entry, recipe, source, &clients)?))
        };
        self.0.iter().filter_map(one).collect()
    }
}

/// Those that are there, and where their programs lie.
fn recipes() -> (Vec<Recipe>, TempDir) {
    let folder = lab::directory().unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checks = here.join("tests/files/recipes");
    let sources = here.join("../recipes");
    let recipe = |name, peers| Recipe {
        name,
        peers,
        asked: AtomicUsize::new(0),
    };
    let started = |name, mut command: Command| {
        let peers = (0..PEERS).map(|_| Mutex::new(Peer::start(&mut command, "check")));
        recipe(name, peers.collect())
    };
    let mut all = vec![recipe("rust", Vec::new())];
    if let Some(program) = in_go(&sources.join("go"), &checks.join("check.go"), folder.path()) {
        all.push(started("go", Command::new(program)));
    }
    if let Some(python) = peer::find("python3") {
        let mut command = Command::new(python);
        command
            .args(["-B", "-W", "error"])
            .arg(checks.join("check.py"));
        command.env("PYTHONPATH", sources.join("python"));
        all.push(started("python", command));
    }
    (all, folder)
}

/// The recipe's file, with a program around it that answers.
fn in_go(recipe: &Path, check: &Path, folder: &Path) -> Option<PathBuf> {
    let go = peer::find("go")?;
    for (from, to) in [
        (recipe.join("rotating.go"), "rotating.go"),
        (recipe.join("go.mod"), "go.mod"),
        (check.to_owned(), "check.go"),
    ] {
        fs::copy(from, folder.join(to)).unwrap();
    }
    let program = folder.join("check");
    let mut command = Command::new(go);
    command.args(["build", "-o"]).arg(&program).arg(".");
    let built = command.envs(peer::GO).current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "go build: {said}");
    Some(program)
}

pub fn plain() -> Identity {
    let directory = lab::directory().unwrap();
    let files = kinds::make("plain", directory.path()).unwrap();
    let source = Source::localhost(files);
    Reader::new(hasty()).read(&source, None).unwrap()
}

/// What a recipe keeps to itself on purpose: it is one file, and the chapters' readers are many.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Left {
    /// The kinds that each recipe serves, though some client cannot use them.
    serves: BTreeMap<String, Vec<String>>,
    /// Those that it refuses, though clients could use them.
    refuses: BTreeMap<String, Vec<String>>,
}

/// How what a recipe makes of files differs from what the chapters make of them.
pub enum Differs {
    /// It serves what a client cannot use.
    Serves(String),
    /// It refuses what each client can use.
    Refuses(String),
    /// It refuses, and does not say what is wrong with which file.
    Says(String),
}

/// The clients that trust what is in the file of roots.
pub fn clients<'a>(
    source: &Source,
    shown: &Identity,
    twins: &'a [Twin],
    at: &Path,
) -> Result<Clients<'a>, String> {
    let unknown = |why: &dyn Display| format!("no client knows the roots: {why}");
    let path = &source.files.roots;
    let text = fs::read(path).map_err(|why| unknown(&why))?;
    let text = String::from_utf8_lossy(&text);
    let mut anchors = Vec::new();
    let text = text.replace('\u{feff}', "");
    for anchor in CertificateDer::pem_slice_iter(text.as_bytes()) {
        let anchor = anchor.map_err(|why| unknown(&why))?;
        // One of OpenSSL loads none of a file of which it does not parse one.
        X509::from_der(&anchor).map_err(|why| unknown(&why))?;
        // A client passes over a root that it does not take.
        if RootCertStore::empty().add(anchor.clone()).is_ok() {
            anchors.push(anchor);
        }
    }
    let shown = Identity {
        anchors,
        ..shown.clone()
    };
    Ok(Clients::new(&shown, twins, at))
}

/// What is wrong with these is their key, of which the certificate tells as well.
const OF_KEY: [&str; 6] = [
    "leaf-ed448",
    "leaf-p224",
    "ml-dsa-44",
    "ml-dsa-87",
    "rsa-2047",
    "rsa-exponent-33-bits",
];

/// Whether it says of the right file what is wrong. What is wrong with a path may be told of either of its
/// two files, and what is wrong with a key also of the certificate that has it.
fn is_told(entry: &Entry, refused: &Refused, source: &Source, at_fault: &Path) -> bool {
    let Files {
        certificate,
        key,
        roots,
    } = &source.files;
    let all = [certificate, key, roots];
    let told = all.into_iter().find_map(|file| {
        let said = refused
            .says
            .strip_prefix(&format!("{}: ", file.display()))?;
        Some((file, said))
    });
    told.is_some_and(|(file, said)| {
        let of_key = OF_KEY.contains(&entry.kind.as_str());
        let other = refused.reason == "pair_mismatch" && said.contains("the leaf comes first");
        let same = (file == key) == (at_fault == key) || key == certificate;
        said.len() > 12 && !said.contains("None") && (same || of_key || other)
    })
}

/// What this recipe makes of such files, where that differs.
fn differs<'a>(
    entry: &Entry,
    recipe: &Recipe,
    source: &Source,
    clients: &dyn Fn() -> Result<Clients<'a>, String>,
) -> Option<Differs> {
    match recipe.load(&source.files) {
        Ok(shown) => {
            let used = clients().and_then(|clients| clients.use_it(shown.port, &entry.fails));
            used.err().map(Differs::Serves)
        }
        Err(refused) => {
            let said = format!("{}: {}", refused.reason, refused.says);
            if entry.outcome == "loaded" {
                return Some(Differs::Refuses(said));
            }
            let chapter = Reader::new(hasty()).read(source, None).err()?;
            let right = is_told(entry, &refused, source, &chapter.file);
            (!right).then(|| Differs::Says(format!("{said}, not {chapter}")))
        }
    }
}

#[test]
fn what_a_reader_takes_home_serves_what_clients_can_use_and_says_what_is_wrong_with_which_file() {
    let left: Left = toml::from_str(LEFT).unwrap();
    let (mut serves, mut refuses, mut wrong) = (left.serves, left.refuses, Vec::new());
    let found = FOUND.iter();
    let found = found.flat_map(|of| {
        of.recipes
            .iter()
            .map(move |(name, how)| (*name, &of.kind, how))
    });
    for (recipe, kind, how) in found {
        let (listed, how) = match how {
            Differs::Serves(why) => (serves.get_mut(recipe), format!("serves it: {why}")),
            Differs::Refuses(said) => (refuses.get_mut(recipe), format!("refuses it: {said}")),
            Differs::Says(said) => (None, format!("says {said}")),
        };
        let at = listed
            .as_ref()
            .and_then(|it| it.iter().position(|it| it == kind));
        match (listed, at) {
            (Some(listed), Some(at)) => drop(listed.remove(at)),
            _ => wrong.push(format!("{kind}: the recipe in {recipe} {how}")),
        }
    }
    // What is listed is left, and nothing else.
    for (name, rest) in serves.iter().chain(&refuses) {
        let program = if name == "python" { "python3" } else { name };
        let there = name == "rust" || peer::find(program).is_some();
        if there && !rest.is_empty() {
            wrong.push(format!("{name}: listed, and not so: {rest:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The pages count what is left.
#[test]
fn the_pages_say_how_many_kinds_each_recipe_leaves() {
    let left: Left = toml::from_str(LEFT).unwrap();
    let rust = include_str!("../../../../src/recipes-rust.md");
    let others = include_str!("../../../../src/recipes-go-python.md");
    for (language, page) in [("rust", rust), ("go", others), ("python", others)] {
        let serves = left.serves[language].len();
        let said = [
            "leaves N kinds that they serve",
            "leaves N kinds that the file",
            "and N kinds are left that",
        ];
        let said = said.map(|said| said.replace('N', &serves.to_string()));
        assert!(
            said.iter().any(|said| page.contains(said)),
            "{language}: {serves}"
        );
        let refuses = left.refuses[language].len();
        assert!(
            refuses == 0 || (refuses == 3 && page.contains("refuses three kinds")),
            "{language}"
        );
    }
    let kinds = list().len();
    for page in [rust, others] {
        assert!(
            page.contains(&format!("[{kinds} kinds of files](files.md)")),
            "{kinds}"
        );
    }
}
