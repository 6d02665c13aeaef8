//! Writers, taken apart into the steps that a reader can see between.
//!
//! A step is one system call, and a write may be cut anywhere. `tests/model.rs` runs the real
//! agent beside each model, and finds every state of the one in the other.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

use lab::agent::{Files, Strategy};

/// What a writer is to write: the text of each file. No `Debug`: a key is in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Set {
    /// The chain, leaf first, in PEM.
    pub chain: String,
    /// The key, in PEM.
    pub key: String,
    /// The trust anchors, in PEM.
    pub roots: String,
}

// ANCHOR: step
/// One system call of a writer. Paths are relative to the directory.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    /// `open` with `O_CREAT | O_EXCL` and this mode.
    Create(String, u32),
    /// `open` with `O_TRUNC`.
    Truncate(String),
    /// `write`, at the end of the file.
    Append(String, Vec<u8>),
    /// `fsync`. No reader on the same machine sees a difference.
    Sync(String),
    /// `chmod`, to this mode.
    Chmod(String, u32),
    /// `rename`, from and to.
    Rename(String, String),
    /// `symlink`, what it says and where it lies.
    Symlink(String, String),
    /// `mkdir`.
    Mkdir(String),
    /// `unlink`.
    Unlink(String),
    /// `rmdir`.
    Rmdir(String),
}
// ANCHOR_END: step

impl Step {
    /// Does it, in `directory`.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn apply(&self, directory: &Path) -> io::Result<()> {
        let at = |path: &String| directory.join(path);
        match self {
            Self::Create(path, mode) => {
                let mut options = OpenOptions::new();
                options.write(true).create_new(true).mode(*mode);
                options.open(at(path)).map(drop)
            }
            Self::Truncate(path) => {
                let mut options = OpenOptions::new();
                options.write(true).truncate(true).open(at(path)).map(drop)
            }
            Self::Append(path, bytes) => {
                let mut options = OpenOptions::new();
                options.append(true).open(at(path))?.write_all(bytes)
            }
            Self::Sync(path) => File::open(at(path))?.sync_all(),
            Self::Chmod(path, mode) => {
                fs::set_permissions(at(path), fs::Permissions::from_mode(*mode))
            }
            Self::Rename(from, to) => fs::rename(at(from), at(to)),
            Self::Symlink(target, path) => symlink(target, at(path)),
            Self::Mkdir(path) => fs::create_dir(at(path)),
            Self::Unlink(path) => fs::remove_file(at(path)),
            Self::Rmdir(path) => fs::remove_dir(at(path)),
        }
    }

    /// What the step does, in words for a log: `rename to tls.crt`.
    pub fn words(&self) -> String {
        match self {
            Self::Create(path, _) => format!("create {path}"),
            Self::Truncate(path) => format!("truncate {path}"),
            Self::Append(path, _) => format!("write {path}"),
            Self::Sync(path) => format!("sync {path}"),
            Self::Chmod(path, _) => format!("chmod {path}"),
            Self::Rename(_, to) => format!("rename to {to}"),
            Self::Symlink(_, path) => format!("link {path}"),
            Self::Mkdir(path) => format!("make {path}"),
            Self::Unlink(path) => format!("remove {path}"),
            Self::Rmdir(path) => format!("remove {path}"),
        }
    }
}

/// The program that writes, and how it replaces the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// The lab's agent: a new leaf with a new key.
    Agent(Strategy),
    /// A script: the certificate in place, then the key created for all to read, synced, and
    /// only then `chmod 0600`.
    Script,
    /// The chain in place, with another certificate of the issuer. Leaf and key stay.
    ChainInPlace,
    /// The trust anchors in place: the first stays, the second is replaced.
    TrustInPlace,
}

impl Writer {
    /// Every writer, the agent with each of its strategies first.
    pub fn all() -> Vec<Self> {
        let agents = Strategy::ALL.map(Self::Agent);
        let others = [Self::Script, Self::ChainInPlace, Self::TrustInPlace];
        agents.into_iter().chain(others).collect()
    }

    /// The name that stands in logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent(strategy) => strategy.name(),
            Self::Script => "script",
            Self::ChainInPlace => "chain_in_place",
            Self::TrustInPlace => "trust_in_place",
        }
    }

    /// Where a server looks in `directory`.
    pub fn files(self, directory: &Path) -> Files {
        let (certificate, key) = match self {
            Self::Agent(Strategy::Bundle) => ("tls.pem", "tls.pem"),
            _ => ("tls.crt", "tls.key"),
        };
        Files {
            certificate: directory.join(certificate),
            key: directory.join(key),
            roots: directory.join("ca.crt"),
        }
    }

    /// The steps by which an empty directory comes to hold `set`.
    pub fn lay(self, set: &Set) -> Vec<Step> {
        let mut plan = Plan::new(Grain::Whole);
        plan.create("ca.crt", 0o644, &set.roots);
        match self {
            Self::Agent(Strategy::Bundle) => {
                plan.create("tls.pem", 0o600, &format!("{}{}", set.chain, set.key));
            }
            Self::Agent(Strategy::Symlink) => {
                plan.generation("..generation_1", set);
                plan.step(Step::Symlink("..generation_1".into(), "..data".into()));
                for file in ["tls.crt", "tls.key"] {
                    plan.step(Step::Symlink(format!("..data/{file}"), file.into()));
                }
            }
            _ => {
                plan.create("tls.crt", 0o644, &set.chain);
                plan.create("tls.key", 0o600, &set.key);
            }
        }
        plan.steps
    }

    // ANCHOR: plan
    /// The steps by which `set` takes the place of what [`Writer::lay`] laid.
    pub fn plan(self, set: &Set, grain: Grain) -> Vec<Step> {
        let mut plan = Plan::new(grain);
        let (chain, key) = (set.chain.as_str(), set.key.as_str());
        match self {
            Self::Agent(Strategy::RenameEach) => {
                plan.create("tls.crt.new", 0o644, chain);
                plan.create("tls.key.new", 0o600, key);
                plan.rename("tls.crt.new", "tls.crt");
                plan.rename("tls.key.new", "tls.key");
            }
            Self::Agent(Strategy::InPlace) => {
                plan.rewrite("tls.crt", chain);
                plan.rewrite("tls.key", key);
            }
            // ANCHOR_END: plan
            // ANCHOR: others
            Self::Agent(Strategy::Bundle) => {
                plan.create("tls.pem.new", 0o600, &format!("{chain}{key}"));
                plan.rename("tls.pem.new", "tls.pem");
            }
            Self::Agent(Strategy::Symlink) => {
                plan.generation("..generation_2", set);
                plan.step(Step::Symlink("..generation_2".into(), "..data_tmp".into()));
                plan.rename("..data_tmp", "..data");
                plan.step(Step::Unlink("..generation_1/tls.crt".into()));
                plan.step(Step::Unlink("..generation_1/tls.key".into()));
                plan.step(Step::Rmdir("..generation_1".into()));
            }
            Self::Agent(Strategy::RemoveCreate) => {
                plan.step(Step::Unlink("tls.crt".into()));
                plan.create("tls.crt", 0o644, chain);
                plan.step(Step::Unlink("tls.key".into()));
                plan.create("tls.key", 0o600, key);
            }
            Self::Agent(Strategy::KeyFirst) => {
                plan.create("tls.key.new", 0o600, key);
                plan.rename("tls.key.new", "tls.key");
                plan.create("tls.crt.new", 0o644, chain);
                plan.rename("tls.crt.new", "tls.crt");
            }
            Self::Agent(Strategy::CertificateFirst) => {
                plan.create("tls.crt.new", 0o644, chain);
                plan.rename("tls.crt.new", "tls.crt");
                plan.create("tls.key.new", 0o600, key);
                plan.rename("tls.key.new", "tls.key");
            }
            Self::Script => {
                plan.rewrite("tls.crt", chain);
                plan.step(Step::Unlink("tls.key".into()));
                plan.create("tls.key", 0o644, key);
                plan.step(Step::Sync("tls.key".into()));
                plan.step(Step::Chmod("tls.key".into(), 0o600));
            }
            Self::ChainInPlace => plan.rewrite("tls.crt", chain),
            Self::TrustInPlace => plan.rewrite("ca.crt", &set.roots),
        }
        plan.steps
    }
    // ANCHOR_END: others
}

/// Into which parts a write is cut, so that a reader can come between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// Nowhere: each file is written by one step.
    Whole,
    /// After each byte of a file that the server reads; after each line of one that it does not
    /// know of yet.
    Bytes,
    /// In a file that the server reads: within each block, within each line that begins one, and
    /// after each block. Elsewhere nowhere.
    Blocks,
}

struct Plan {
    grain: Grain,
    steps: Vec<Step>,
}

impl Plan {
    fn new(grain: Grain) -> Self {
        let steps = Vec::new();
        Self { grain, steps }
    }

    fn step(&mut self, step: Step) {
        self.steps.push(step);
    }

    fn rename(&mut self, from: &str, to: &str) {
        self.step(Step::Rename(from.into(), to.into()));
    }

    fn create(&mut self, path: &str, mode: u32, text: &str) {
        self.step(Step::Create(path.into(), mode));
        self.write(path, text);
    }

    fn rewrite(&mut self, path: &str, text: &str) {
        self.step(Step::Truncate(path.into()));
        self.write(path, text);
    }

    fn generation(&mut self, directory: &str, set: &Set) {
        self.step(Step::Mkdir(directory.into()));
        self.create(&format!("{directory}/tls.crt"), 0o644, &set.chain);
        self.create(&format!("{directory}/tls.key"), 0o600, &set.key);
    }

    fn write(&mut self, path: &str, text: &str) {
        let known = ["tls.crt", "tls.key", "tls.pem", "ca.crt"].contains(&path);
        let mut from = 0;
        for to in cuts(text, self.grain, known) {
            let part = text.as_bytes()[from..to].to_vec();
            self.step(Step::Append(path.into(), part));
            from = to;
        }
    }
}

/// Where the parts of a text end, the last one included.
fn cuts(text: &str, grain: Grain, known: bool) -> Vec<usize> {
    let mut cuts: Vec<usize> = match (grain, known) {
        (Grain::Whole, _) | (Grain::Blocks, false) => Vec::new(),
        (Grain::Bytes, true) => (1..text.len()).collect(),
        (Grain::Bytes, false) => text.match_indices('\n').map(|(at, _)| at + 1).collect(),
        (Grain::Blocks, true) => {
            let begins = text.match_indices("-----BEGIN ").flat_map(|(at, begin)| {
                let within_marker = at + begin.len() / 2;
                let within_block = at + text[at..].find("-----END").unwrap_or(0) / 2;
                [at, within_marker, within_block]
            });
            begins.collect()
        }
    };
    cuts.push(text.len());
    cuts.retain(|at| *at > 0);
    cuts.dedup();
    cuts
}
