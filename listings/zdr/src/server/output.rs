//! What the server prints: its events, its last lines, and key bytes that should not be there.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use lab::authority::PrivateKeyPem;
use lab::event::Event;
use lab::log::{Log, Secrets};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

/// What the server has printed: its events, and its last lines.
#[derive(Clone, Default)]
pub struct ServerOutput {
    log: Log,
    inner: Arc<Mutex<Inner>>,
}

/// What is kept of a line that holds a secret.
const HIDDEN: &str = "(a line with bytes of a private key)";

/// A line of no more bytes than this may be a part of what was written as one number or a few to a line: by Rust's `{:#?}`,
/// or as JSON with indents.
const SHORT: usize = 12;

/// So many of such lines are read together: more numbers than tell a key.
const TOGETHER: usize = 24;

/// A line has no more bytes than this; what is longer is several.
const LONGEST: u64 = 16 * 1024;

/// How many events of one name are kept. No server loads so many certificates during a run.
const MOST: usize = 20_000;

/// Words by which people find what a program complains of.
const COMPLAINTS: [&str; 13] = [
    "cannot",
    "can't",
    "denied",
    "error",
    "exception",
    "fail",
    "invalid",
    "mismatch",
    "no such file",
    "not permitted",
    "panic",
    "refused",
    "unable",
];

#[derive(Default)]
struct Inner {
    last: VecDeque<String>,
    /// The last lines that complain of something, each with its number, and how many there were.
    complaints: VecDeque<(usize, String)>,
    complained: usize,
    /// How many events of each name are kept.
    kept: HashMap<String, usize>,
    /// The keys that were issued.
    secrets: Secrets,
    /// How many lines held one of them.
    leaks: usize,
    /// The same of lines that the commands printed which tell it of new files.
    leaks_of_commands: usize,
    /// The last short lines in a row.
    short: VecDeque<String>,
}

impl ServerOutput {
    /// How many of its last lines are kept.
    const LAST: usize = 20;

    /// Its events.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Its last lines.
    pub fn last(&self) -> String {
        let inner = self.lock();
        inner.last.iter().map(|line| format!("{line}\n")).collect()
    }

    /// How many of its lines complained of something until now.
    pub(crate) fn complained(&self) -> usize {
        self.lock().complained
    }

    /// Of the lines after so many that complain of something, the first, and one that says something else: the first
    /// that names a file where that one names none, or else the last.
    pub(crate) fn complaint_since(&self, complained: usize) -> Option<String> {
        let inner = self.lock();
        let complaints = inner.complaints.iter();
        let mut since = complaints.filter(|(number, _)| *number > complained);
        let (_, first) = since.next()?;
        let others: Vec<_> = since
            .map(|(_, line)| line)
            .filter(|line| shape(line) != shape(first))
            .collect();
        let mut with_file = others.iter().filter(|line| names_file(line));
        let named = match names_file(first) {
            true => None,
            false => with_file.next(),
        };
        Some(match named.or(others.last()) {
            Some(other) => format!("{first}; then: {other}"),
            None => first.clone(),
        })
    }

    /// How many lines held bytes of a private key.
    pub fn leaks(&self) -> usize {
        self.lock().leaks
    }

    /// The same of what the commands printed that told it of new files.
    pub(crate) fn leaks_of_commands(&self) -> usize {
        self.lock().leaks_of_commands
    }

    /// Looks for the keys in what such a command has printed. It is not kept: those are no words of the server.
    pub(crate) async fn hear(&self, printed: impl AsyncRead + Unpin) {
        let command = Self::default();
        command.lock().secrets = self.lock().secrets.clone();
        listen(command.clone(), printed).await;
        self.lock().leaks_of_commands += command.leaks();
    }

    /// From now on, this key is looked for, too.
    pub fn look_for(&self, key: &PrivateKeyPem) {
        self.look_for_keys_in(key.expose());
    }

    /// The same for each key in this PEM. Lines that were printed a moment ago are looked at again: a server
    /// may have been faster than whoever tells of the key.
    pub fn look_for_keys_in(&self, pem: &str) {
        let inner = &mut *self.lock();
        inner.secrets.add(pem);
        for line in &mut inner.last {
            if inner.secrets.leak_in(line) {
                inner.leaks += 1;
                *line = HIDDEN.into();
            }
        }
        // Those were among them.
        for (_, line) in &mut inner.complaints {
            if inner.secrets.leak_in(line) {
                *line = HIDDEN.into();
            }
        }
    }

    /// What another program said, without the lines that hold bytes of one of these keys.
    pub(crate) fn without_keys(&self, text: &str) -> String {
        let inner = self.lock();
        let lines = text.lines().map(|line| match inner.secrets.leak_in(line) {
            true => HIDDEN,
            false => line,
        });
        let mut lines: Vec<&str> = lines.collect();
        lines.dedup_by(|line, before| line == before && *line == HIDDEN);
        // One number to a line.
        match inner.secrets.leak_in(&lines.join(" ")) {
            true => HIDDEN.into(),
            false => lines.join("\n"),
        }
    }

    /// Takes in one line.
    pub(crate) fn line(&self, line: String) {
        let mut inner = self.lock();
        if inner.secrets.leak_in(&line) {
            inner.leaks += 1;
            inner.last.push_back(HIDDEN.into());
        } else if inner.leaks_in_short(&line) {
            inner.leaks += 1;
            inner.hide_short();
            inner.last.push_back(HIDDEN.into());
        } else {
            inner.last.push_back(line.clone());
            inner.complains(&line);
        }
        if inner.last.len() > Self::LAST {
            inner.last.pop_front();
        }
        if let Some(event) = Event::parse(&line) {
            let kept = inner.kept.entry(event.name().to_owned()).or_default();
            if *kept < MOST {
                *kept += 1;
                self.log.push(event);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Inner {
    /// Whether a key is in the last short lines, of which this is one.
    fn leaks_in_short(&mut self, line: &str) -> bool {
        let line = line.trim();
        if line.is_empty() || line.len() > SHORT {
            self.short.clear();
            return false;
        }
        if self.short.len() == TOGETHER {
            self.short.pop_front();
        }
        self.short.push_back(line.to_owned());
        self.short_hold_a_key()
    }

    fn short_hold_a_key(&self) -> bool {
        let together: Vec<&str> = self.short.iter().map(String::as_str).collect();
        self.secrets.leak_in(&together.join(" "))
    }

    /// Hides the last short lines. The next ones are read with as many of them as tell nothing alone: a key goes on.
    fn hide_short(&mut self) {
        let many = self.short.len();
        for line in self.last.iter_mut().rev().take(many) {
            if line.trim().len() <= SHORT {
                *line = HIDDEN.into();
            }
        }
        while self.short_hold_a_key() {
            self.short.pop_front();
        }
    }

    /// Keeps a line that complains of something. What is said of a client's handshake is the client's matter, and an
    /// event is read as such.
    fn complains(&mut self, line: &str) {
        let lower = line.to_lowercase();
        let complains = COMPLAINTS.iter().any(|word| lower.contains(word));
        if !complains || lower.contains("handshake") || Event::parse(line).is_some() {
            return;
        }
        self.complained += 1;
        self.complaints
            .push_back((self.complained, line.to_owned()));
        if self.complaints.len() > ServerOutput::LAST {
            self.complaints.pop_front();
        }
    }
}

/// A line without its figures: a time and a number of a process tell no line from another.
fn shape(line: &str) -> String {
    line.chars().filter(|letter| !letter.is_numeric()).collect()
}

/// Whether a line names a file: by its path, or by an ending that certificates and keys have.
fn names_file(line: &str) -> bool {
    const ENDINGS: [&str; 6] = [".pem", ".crt", ".cer", ".key", ".p12", ".jks"];
    let mut words =
        line.split(|letter: char| letter.is_whitespace() || "'\"`()[]<>{},;=".contains(letter));
    words.any(|word| {
        let word = word.trim_end_matches([':', '.']);
        let is_path = ["/", "./", "../"].iter().any(|of| word.starts_with(of));
        (is_path && word.len() > 2) || ENDINGS.iter().any(|of| word.ends_with(of))
    })
}

/// Reads a stream of the server to its end. A line that is longer than [`LONGEST`] counts as several: what is
/// kept does not grow with what is printed.
pub(crate) async fn listen(to: ServerOutput, stream: impl AsyncRead + Unpin) {
    // Bytes, not text: a line that is not UTF-8 is a line nevertheless.
    let (mut stream, mut line) = (BufReader::new(stream), Vec::new());
    loop {
        let mut part = (&mut stream).take(LONGEST);
        let Ok(1..) = part.read_until(b'\n', &mut line).await else {
            return;
        };
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        to.line(String::from_utf8_lossy(&line).into_owned());
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, MOST, ServerOutput, listen};
    use lab::authority::{Authority, LeafRequest, PrivateKeyPem};
    use lab::log::want;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::pki_types::pem::PemObject;

    #[test]
    fn what_a_server_complains_of_is_found_among_what_it_says_of_its_clients() {
        let output = ServerOutput::default();
        output.line("old error".into());
        let before = output.complained();
        assert_eq!(output.complaint_since(before), None);
        for line in [
            "127.0.0.1 - GET / 200",
            "http: TLS handshake error from 127.0.0.1:1: EOF",
            "{\"event\":\"reload_failed\",\"reason\":\"error\"}",
            "reload failed: [Errno 13] Permission denied",
            "another error",
        ] {
            output.line(line.into());
        }
        for _ in 0..ServerOutput::LAST {
            output.line("127.0.0.1 - GET / 200".into());
        }
        let said = output.complaint_since(before).unwrap();
        assert_eq!(
            said,
            "reload failed: [Errno 13] Permission denied; then: another error"
        );
    }

    /// Most programs say first that they failed, and then of which file.
    #[test]
    fn the_complaint_that_names_a_file_is_told_beside_the_first() {
        let said = |lines: &[&str]| {
            let output = ServerOutput::default();
            for line in lines {
                output.line((*line).into());
            }
            output.complaint_since(0).unwrap()
        };
        let failed = "12:00:01 reload failed";
        let file = "12:00:01 cannot read `/etc/tls/tls.key`: permission denied";
        let last = "12:00:02 error: the old configuration stays";
        let both = format!("{failed}; then: {file}");
        assert_eq!(said(&[failed, file, last]), both);
        assert_eq!(said(&[failed, last]), format!("{failed}; then: {last}"));
        assert_eq!(said(&[file, last]), format!("{file}; then: {last}"));
        // The same again, a second later, is no other.
        assert_eq!(said(&[failed, "12:00:02 reload failed"]), failed);
        for named in ["open(tls.crt): error", "error in ./conf:", "(/run/x/tls)"] {
            assert!(super::names_file(named), "{named}");
        }
        for none in ["GET / failed", "error 3/4", "http://localhost/x failed"] {
            assert!(!super::names_file(none), "{none}");
        }
    }

    #[test]
    fn a_key_that_is_printed_one_number_to_a_line_is_found() {
        let mut authority = Authority::new().unwrap();
        let mut key = || {
            let issued = authority.issue(&LeafRequest::new("localhost")).unwrap();
            issued.key
        };
        let (key, other) = (key(), key());
        let der = PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).unwrap();
        let printed = format!("{:#?}", der.secret_der());
        let leaks = |key: &PrivateKeyPem| {
            let output = ServerOutput::default();
            output.look_for(key);
            for line in printed.lines() {
                output.line(line.to_owned());
            }
            output.leaks() > 0
        };
        assert!(leaks(&key) && !leaks(&other));
        // What was kept of it is hidden, and it goes on behind the first numbers that tell it: none of the rest is shown.
        let output = ServerOutput::default();
        output.look_for(&key);
        let mut lines = printed.lines();
        while output.leaks() == 0 {
            output.line(lines.next().unwrap().to_owned());
        }
        let last = output.last();
        assert!(
            !last.lines().any(|line| line.trim().ends_with(',')),
            "{last}"
        );
        output.line(lines.next().unwrap().to_owned());
        assert_eq!(output.leaks(), 2);
    }

    /// A command that reloads a server may print what it passes on.
    #[test]
    fn of_what_another_program_says_the_lines_of_a_key_are_hidden() {
        let mut authority = Authority::new().unwrap();
        let issued = authority.issue(&LeafRequest::new("localhost")).unwrap();
        let output = ServerOutput::default();
        let key = issued.key.expose();
        let text = format!("it said:\n{key}not loaded");
        assert_eq!(output.without_keys(&text), text);
        output.look_for(&issued.key);
        let told = output.without_keys(&text);
        let bytes = key.lines().find(|line| !line.starts_with("--"));
        assert!(!told.contains(bytes.unwrap()), "{told}");
        assert!(
            told.starts_with("it said:\n") && told.ends_with("\nnot loaded"),
            "{told}"
        );
        assert_eq!(told.matches(super::HIDDEN).count(), 1);
        let der = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let numbers = format!("{:#?}", der.secret_der());
        assert_eq!(output.without_keys(&numbers), super::HIDDEN);
    }

    #[tokio::test]
    async fn what_is_kept_does_not_grow_with_what_is_printed() {
        let output = ServerOutput::default();
        let endless = vec![b'x'; 40 * LONGEST as usize];
        listen(output.clone(), endless.as_slice()).await;
        let lines: Vec<_> = output.last().lines().map(str::len).collect();
        assert_eq!(lines, [LONGEST as usize; ServerOutput::LAST]);
        let said = "{\"event\":\"said\"}\n".repeat(MOST + 10) + "{\"event\":\"last\"}\nend";
        listen(output.clone(), said.as_bytes()).await;
        assert_eq!(output.log().all(&want("said")).len(), MOST);
        assert_eq!(output.log().all(&want("last")).len(), 1);
        assert!(output.last().ends_with("\"}\nend\n"), "{}", output.last());
    }
}
