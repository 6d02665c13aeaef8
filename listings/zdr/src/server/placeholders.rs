//! The words of a server's description, and what stands for them in one run.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lab::agent::Files;

use crate::server::free_ports::FreePort;
use crate::server::mistake::nearest;
use crate::server::spec::{Layout, Spec};
use crate::server::values::{is_of_others, places};

/// Each word that may stand in braces, and what replaces it.
pub const WORDS: &[(&str, &str)] = &[
    (
        "certificate",
        "the file with the chain that is rotated, leaf first",
    ),
    ("key", "the file with its private key"),
    (
        "roots",
        "the file with the trust anchor by which clients verify the chain",
    ),
    (
        "folder",
        "the folder of the certificate's file, for a server that watches a folder",
    ),
    (
        "other_certificate",
        "the file with the chain of `other_name`, which is not rotated",
    ),
    ("other_key", "the file with its private key"),
    (
        "second_certificate",
        "the file with the chain of `second_keys`, which is rotated with the first",
    ),
    ("second_key", "the file with its private key"),
    (
        "client_roots",
        "the file with the trust anchors for clients' certificates",
    ),
    (
        "mutual",
        "the text of `mutual` if clients are asked for certificates, and nothing otherwise",
    ),
    (
        "port",
        "a free port of the loopback address, on which the server has to listen",
    ),
    (
        "admin_port",
        "another free port, for a server with an interface for its operator",
    ),
    (
        "origin",
        "the port of an HTTP server without TLS, for a proxy that needs a server behind it",
    ),
    (
        "www",
        "a folder with a file of each size that clients ask for, for a server that serves files",
    ),
    ("dir", "a temporary folder of this run"),
    ("here", "the folder of the TOML file"),
    ("pid", "the server's process number, in `[reload]` only"),
    (
        "pem",
        "chain and key as text, in `send` of `[reload.socket]` only",
    ),
];

/// Words that stand for a file only where the description has this key.
pub(crate) const WITH_KEY: [(&str, &str); 4] = [
    ("second_certificate", "second_keys"),
    ("second_key", "second_keys"),
    ("other_certificate", "other_name"),
    ("other_key", "other_name"),
];

/// Words of other tools, and ours for the same.
const SYNONYMS: &[(&str, &[&str])] = &[
    (
        "certificate",
        &[
            "cert",
            "certs",
            "crt",
            "chain",
            "fullchain",
            "tls_cert",
            "certificates",
            "cert_file",
        ],
    ),
    (
        "key",
        &[
            "private_key",
            "privkey",
            "tls_key",
            "key_file",
            "keyfile",
            "pkey",
        ],
    ),
    (
        "roots",
        &["ca", "root", "ca_cert", "cacert", "ca_file", "trust"],
    ),
    ("client_roots", &["client_ca", "clients", "client_cas"]),
    (
        "port",
        &["listen", "tls_port", "https_port", "addr", "address"],
    ),
    ("dir", &["tmp", "tmpdir", "temp", "workdir"]),
];

/// A word in braces that nothing stands for, or one of ours that is not in braces as it has to be.
pub(crate) struct Unknown {
    /// Where it is, with its braces.
    pub(crate) span: Range<usize>,
    /// The word that is probably meant.
    pub(crate) nearest: Option<&'static str>,
}

impl Unknown {
    /// What may be meant, as a question.
    pub(crate) fn help(&self) -> String {
        let meant = self
            .nearest
            .map(|word| format!("did you mean `{{{word}}}`? "));
        format!(
            "{}`zdr help toml` lists all words",
            meant.unwrap_or_default()
        )
    }
}

/// Whether a text is a script, or a configuration, which has braces of its own.
pub(crate) fn is_script(text: &str) -> bool {
    text.contains(char::is_whitespace)
}

/// The unknown words of a text. In a `script`, which may have braces of its own, only those that are
/// nearly one of ours.
pub(crate) fn unknown(text: &str, script: bool) -> Vec<Unknown> {
    let mut found: Vec<_> = ill_braced(text).into_iter().collect();
    for (open, _) in text.match_indices('{') {
        let rest = &text[open + 1..];
        let end =
            rest.find(|letter: char| !letter.is_ascii_alphanumeric() && !"_-".contains(letter));
        let is_word = |end: &usize| *end > 0 && rest[*end..].starts_with('}');
        let Some(end) = end
            .filter(is_word)
            .filter(|_| !rest.starts_with(|c: char| c.is_numeric()))
        else {
            continue;
        };
        // A variable of a shell, a format of httpd, a template of Go.
        let theirs = text[..open].ends_with(['$', '%', '{']) || rest[end..].starts_with("}}");
        let word = &rest[..end];
        let known = WORDS.iter().any(|(name, _)| *name == word);
        let span = open..open + end + 2;
        // An argument is no template: with two braces it would stay as it is.
        let is_doubled = text[..open].ends_with('{') && is_of_others(text, &span);
        if known && is_doubled && !script {
            found.push(Unknown {
                span: open - 1..span.end + 1,
                nearest: meant(word),
            });
        }
        if theirs || known || (script && !misspelt(word)) {
            continue;
        }
        found.push(Unknown {
            span,
            nearest: meant(word),
        });
    }
    found
}

/// Where a text is one of our words alone, with blanks in its braces, or ends within the braces.
fn ill_braced(text: &str) -> Option<Unknown> {
    let whole = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    let blank = whole
        .filter(|inner| inner.trim() != *inner)
        .map(|inner| (0, inner));
    let open = || {
        let open = text.rfind('{')?;
        let theirs = text[..open].ends_with(['$', '%', '{']);
        Some((open, &text[open + 1..])).filter(|_| !theirs)
    };
    let (open, word) = blank.or_else(open)?;
    let nearest = names().find(|name| *name == word.trim())?;
    Some(Unknown {
        span: open..text.len(),
        nearest: Some(nearest),
    })
}

/// Whether a word is one of ours but for a slip. A short one is too near to words of others.
fn misspelt(word: &str) -> bool {
    let word = plain(word);
    WORDS.iter().any(|(name, _)| match name.len() {
        ..=4 => sorted(&word) == sorted(name),
        _ => strsim::osa_distance(&word, name) <= 2,
    })
}

/// As ours are written.
fn plain(word: &str) -> String {
    word.to_ascii_lowercase().replace('-', "_")
}

fn sorted(word: &str) -> Vec<u8> {
    let mut letters = word.as_bytes().to_vec();
    letters.sort_unstable();
    letters
}

fn names() -> impl Iterator<Item = &'static str> {
    WORDS.iter().map(|(name, _)| *name)
}

fn meant(word: &str) -> Option<&'static str> {
    let word = plain(word);
    let synonym = SYNONYMS
        .iter()
        .find(|(_, words)| words.contains(&word.as_str()));
    synonym
        .map(|(name, _)| *name)
        .or_else(|| nearest(&word, names()))
        // Letters that changed places make a short word look unlike itself.
        .or_else(|| names().find(|name| sorted(&word) == sorted(name)))
}

/// The words of a [`Spec`], such as `{port}`, and what replaces each of them.
#[derive(Clone, Debug)]
pub struct Placeholders {
    all: Vec<(&'static str, String)>,
    /// The server comes back to its ports, and finds them free.
    _ports: Arc<[FreePort]>,
}

impl Placeholders {
    /// For one run: its folder, the folder with the files to be served, the files that are rotated and
    /// those of the second kind of key, and the port of the server behind a proxy.
    ///
    /// # Errors
    /// When there is no free port, or a path is not UTF-8.
    pub fn new(
        spec: &Spec,
        dir: &Path,
        www: &Path,
        [files, second]: [&Files; 2],
        origin: u16,
    ) -> io::Result<Self> {
        let here = spec.mentions("{here}").then_some(spec.here.as_path());
        let mut folders = [dir, www].into_iter().chain(here);
        if let Some(folder) = folders.find(|folder| folder.to_str().is_none()) {
            let folder = folder.display();
            return Err(io::Error::other(format!(
                "{folder}: a path that is not UTF-8 cannot be put into a command: choose another folder (temporary ones \
                 are made in TMPDIR)"
            )));
        }
        let path = |path: &Path| path.display().to_string();
        let mutual = spec.mutual.clone().filter(|_| spec.client_auth);
        let [port, admin] = [FreePort::choose()?, FreePort::choose()?];
        let all = vec![
            // First: the others may stand in it.
            ("mutual", mutual.unwrap_or_default()),
            ("certificate", path(&files.certificate)),
            ("key", path(&files.key)),
            ("roots", path(&files.roots)),
            ("other_certificate", path(&other_files(spec, dir)[0])),
            ("other_key", path(&other_files(spec, dir)[1])),
            ("second_certificate", path(&second.certificate)),
            ("second_key", path(&second.key)),
            ("client_roots", path(&dir.join("client-roots.pem"))),
            ("port", port.number().to_string()),
            ("admin_port", admin.number().to_string()),
            ("origin", origin.to_string()),
            ("www", path(www)),
            ("folder", path(files.certificate.parent().unwrap_or(dir))),
            ("dir", path(dir)),
            ("here", path(&spec.here)),
        ];
        let _ports = [port, admin].into();
        Ok(Self { all, _ports })
    }

    /// These.
    pub(crate) fn of(all: Vec<(&'static str, String)>) -> Self {
        let _ports = [].into();
        Self { all, _ports }
    }

    /// `text` with its words replaced. Other braces are left alone: a configuration may have them.
    pub fn fill(&self, text: &str) -> String {
        self.all.iter().fold(text.to_owned(), |text, (word, by)| {
            let (mut filled, mut rest) = (String::new(), 0);
            for span in places(&text, word) {
                filled += &text[rest..span.start];
                filled += by;
                rest = span.end;
            }
            filled + &text[rest..]
        })
    }

    /// What replaces one word; nothing where there is no such word.
    pub(crate) fn get(&self, word: &str) -> &str {
        let found = self.all.iter().find(|(name, _)| *name == word);
        found.map_or("", |(_, by)| by)
    }
}

/// The files of the other name, in a run's folder: certificate and key.
pub(crate) fn other_files(spec: &Spec, dir: &Path) -> [PathBuf; 2] {
    let names = match spec.layout {
        Layout::Pair => ["other.crt", "other.key"],
        Layout::Bundle => ["other.pem"; 2],
    };
    names.map(|name| dir.join(name))
}
