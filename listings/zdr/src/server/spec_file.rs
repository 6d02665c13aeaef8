//! Reading the TOML file that describes a server, and finding what is wrong with it.

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::server::document::Document;
use crate::server::lines::on_one_line;
use crate::server::mistake::Mistake;
use crate::server::spec::{Protocol, Spec};
use crate::server::values::is_nothing;

/// Why a text describes no server: each mistake that was found.
#[derive(Debug)]
pub struct SpecError(Vec<Mistake>);

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&all.join("\n\n"))
    }
}

impl std::error::Error for SpecError {}

impl From<Mistake> for SpecError {
    fn from(mistake: Mistake) -> Self {
        Self(vec![mistake])
    }
}

impl From<SpecError> for io::Error {
    fn from(error: SpecError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}

/// No description of a server is as long.
const LONGEST: u64 = 1024 * 1024;

fn text_of(file: &Path) -> io::Result<String> {
    if file.is_dir() {
        let why = "it is a folder: name the TOML file that describes the server";
        return Err(io::Error::other(why));
    }
    let mut bytes = Vec::new();
    fs::File::open(file)?
        .take(LONGEST + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        let why = "it has more than 1 MiB: is it the TOML file that describes the server?";
        return Err(io::Error::other(why));
    }
    let line_of = |at: usize| bytes[..at].split(|byte| *byte == b'\n').count();
    // UTF-16 of our letters is UTF-8, too.
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        let line = line_of(at);
        let why = format!("line {line} holds a byte 0, as UTF-16 does: save the file as UTF-8");
        return Err(io::Error::other(why));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].split(|byte| *byte == b'\n').count();
        io::Error::other(format!("line {line} is not UTF-8: save the file as UTF-8"))
    })
}

/// What contradicts itself: the key where that is seen, and why.
type Contradiction = (&'static [&'static str], &'static str);

impl Spec {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// With the file, and what is wrong with it.
    pub fn read(file: &Path) -> Result<Self, SpecError> {
        let origin = file.display().to_string();
        let unreadable = |error: io::Error| Mistake::of(&origin, error.to_string());
        let text = text_of(file).map_err(unreadable)?;
        let mut spec = Self::parse_from(&origin, &text)?;
        let folder = file.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new("."));
        spec.here = folder.canonicalize().map_err(unreadable)?;
        if spec.name.is_empty() {
            let stem = file.file_stem().unwrap_or_default();
            spec.name = on_one_line(&stem.to_string_lossy());
        }
        if let Some(attach) = &mut spec.attach {
            for path in [&mut attach.directory, &mut attach.ca]
                .into_iter()
                .chain(&mut attach.log)
            {
                *path = spec.here.join(&path);
            }
        }
        Ok(spec)
    }

    /// Reads the text of such a file. What it tells of folders is not looked for.
    ///
    /// # Errors
    /// With each mistake and its line.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        Self::parse_from("the description", text)
    }

    fn parse_from(origin: &str, text: &str) -> Result<Self, SpecError> {
        let document = Document::parse(origin, text)?;
        let mut mistakes = document.mistakes();
        let read = complaints(&document, text, &mut mistakes);
        mistakes.sort_by_key(Mistake::place);
        match read {
            Some(spec) if mistakes.is_empty() => {
                let contradictions = spec.contradictions().into_iter();
                mistakes.extend(contradictions.map(|(key, what)| document.at(key, what)));
                mistakes.sort_by_key(Mistake::place);
                match mistakes.is_empty() {
                    true => Ok(spec),
                    false => Err(SpecError(mistakes)),
                }
            }
            _ => Err(SpecError(mistakes)),
        }
    }

    /// What cannot be in one file, though each of it may be.
    fn contradictions(&self) -> Vec<Contradiction> {
        let of_either: Vec<(bool, Contradiction)> = vec![
            (
                self.setup.iter().any(|command| is_nothing(command)),
                (&["setup"], "a command of `setup` names no program"),
            ),
            (
                self.client_auth && self.mutual.is_some(),
                (
                    &["mutual"],
                    "`mutual` does not go with `client_auth`: a server that always asks its clients needs no switch",
                ),
            ),
            (
                self.second_keys == Some(self.keys),
                (
                    &["second_keys"],
                    "`second_keys` is the same kind as `keys`: name another kind",
                ),
            ),
            (
                self.other_name.as_deref() == Some(self.served_name()),
                (
                    &["other_name"],
                    "`other_name` is the name whose certificate is renewed: give another name",
                ),
            ),
        ];
        let of_this = match self.attach {
            Some(_) => self.if_attached(),
            None => self.if_started(),
        };
        let all = of_this.into_iter().chain(of_either);
        let all = all.chain(self.beside_protocol()).chain(self.odd());
        all.filter_map(|(holds, contradiction)| holds.then_some(contradiction))
            .collect()
    }

    /// Whether HTTP/2 is spoken, or may be.
    fn may_have_grpc(&self) -> bool {
        let alpn = self.exchange.iter().flat_map(|of| &of.alpn);
        self.protocol.is_http() || alpn.into_iter().any(|name| name == "h2")
    }

    /// Whether words come before TLS that only the description tells.
    pub(crate) fn begins_in_clear(&self) -> bool {
        let told = self.exchange.as_ref();
        told.is_some_and(|of| !of.before_tls.is_empty())
    }

    /// Whether its clients complete a handshake, and ask for nothing.
    pub(crate) fn asks_nothing(&self) -> bool {
        let asks = self.exchange.as_ref().is_some_and(|of| of.ask.is_some());
        self.protocol == Protocol::Tls && !asks
    }

    /// What does not go with what is spoken.
    fn beside_protocol(&self) -> Vec<(bool, Contradiction)> {
        vec![
            (
                self.download.is_some() && self.protocol != Protocol::AnyHttp,
                (
                    &["download"],
                    "`download` is for `protocol = \"any_http\"`: others are asked for `/bytes/N`",
                ),
            ),
            (
                self.upload.is_some() && !self.protocol.is_http(),
                (&["upload"], "`upload` is only for HTTP servers"),
            ),
            (
                self.websocket.is_some() && !self.protocol.is_http(),
                (&["websocket"], "`websocket` is only for HTTP servers"),
            ),
            (
                self.grpc && !self.may_have_grpc(),
                (
                    &["grpc"],
                    "`grpc` is for HTTP servers, and for `protocol = \"tls\"` where `alpn` in `[exchange]` has \"h2\"",
                ),
            ),
            (
                self.http3 && !self.protocol.is_http(),
                (&["http3"], "`http3` is only for HTTP servers"),
            ),
            (
                self.exchange.is_some() && self.protocol != Protocol::Tls,
                (
                    &["exchange"],
                    "`[exchange]` is for `protocol = \"tls\"`: of other protocols, zdr knows what is said",
                ),
            ),
            (
                self.asks_nothing() && (self.client_auth || self.mutual.is_some()),
                (
                    &["protocol"],
                    "a server that asks for client certificates needs `ask` in `[exchange]`: over TLS 1.3 only an \
                     answer tells a client that it was accepted",
                ),
            ),
        ]
    }

    fn odd(&self) -> Vec<(bool, Contradiction)> {
        let name = (
            &["name"][..],
            "`name` stands in one line of each report: it has a character that breaks or turns a line",
        );
        let at_once = (
            &["limits", "reload_within_ms"][..],
            "no server shows a new certificate within 0 ms",
        );
        vec![
            (on_one_line(&self.name) != self.name, name),
            (self.limits.reload_within_ms == 0, at_once),
        ]
    }

    fn if_started(&self) -> Vec<(bool, Contradiction)> {
        let neither = "neither `command` nor `attach`: zdr needs to know how to start the server, or where it runs";
        vec![
            (self.command.is_empty(), (&["command"], neither)),
            (
                !self.command.is_empty() && is_nothing(&self.command),
                (&["command"], "`command` names no program"),
            ),
        ]
    }

    fn if_attached(&self) -> Vec<(bool, Contradiction)> {
        let knows_process = self.attach.as_ref().is_some_and(|of| of.pid.is_some());
        let reload = (
            &["reload", "restart"][..],
            "`restart` does not go with `[attach]`: zdr can only restart a server that it has started",
        );
        let signal = (
            &["reload", "signal"][..],
            "`signal` needs `pid` in `[attach]`: zdr has not started that server, and does not know its process",
        );
        let setup = (
            &["setup"][..],
            "`setup` and `file` do not go with `[attach]`: they are for a server that zdr starts",
        );
        let asks = (
            &["client_auth"][..],
            "`client_auth` does not go with `[attach]`: it is for a server that zdr starts",
        );
        vec![
            (
                !self.command.is_empty(),
                (
                    &["attach"],
                    "both `command` and `attach`: zdr either starts a server or attaches to one",
                ),
            ),
            (
                self.server_name.is_some(),
                (
                    &["server_name"],
                    "`server_name` belongs into `[attach]`, if the file has that table",
                ),
            ),
            (self.client_auth, asks),
            (
                self.user.is_some(),
                (
                    &["user"],
                    "`user` does not go with `[attach]`: it is for a server that zdr starts",
                ),
            ),
            (
                self.other_name.is_some(),
                (
                    &["other_name"],
                    "`other_name` does not go with `[attach]`: it is for a server that zdr starts",
                ),
            ),
            (
                self.second_keys.is_some(),
                (
                    &["second_keys"],
                    "`second_keys` does not go with `[attach]`: it is for a server that zdr starts",
                ),
            ),
            (self.reload.restart, reload),
            (self.reload.signal.is_some() && !knows_process, signal),
            (!self.setup.is_empty() || !self.files.is_empty(), setup),
        ]
    }
}

/// Reads a text, and finds each value that is none of its key. The deserializer tells one and ends, so what it
/// complains of is taken out of a copy, and that is read again.
fn complaints(document: &Document<'_>, text: &str, found: &mut Vec<Mistake>) -> Option<Spec> {
    // These the document has found already, all of them.
    const KNOWN: [&str; 3] = ["unknown field", "missing field", "a waiver needs"];
    let already = !found.is_empty();
    let mut rest = document.without_misfits(text);
    loop {
        let error = match toml::from_str::<Spec>(&rest) {
            Ok(spec) => return Some(spec),
            Err(error) => error,
        };
        let is_known = KNOWN.iter().any(|word| error.message().starts_with(word));
        // What is missing from a copy may be there in the text.
        if !is_known || (!already && rest == text) {
            found.push(document.complaint(&error));
        }
        let taken = error.span().and_then(|span| document.without(&rest, &span));
        match taken {
            Some(less) if less != rest => rest = less,
            _ => return None,
        }
    }
}
