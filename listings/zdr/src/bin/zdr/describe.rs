//! The description of a server: from a TOML file, or from a command and what a look at it finds. `zdr init`
//! writes it down.

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::watch;
use zdr::Error;
use zdr::error::current_folder;
use zdr::server::addresses::listening;
use zdr::server::advice::Advice;
use zdr::server::cleanup::Reaper;
use zdr::server::interrupt::{INTERRUPTED, interrupt};
use zdr::server::lines::{TERMINAL, fill, printable};
use zdr::server::spec::{Protocol, Spec, host_and_port};
use zdr::server::spec_file::SpecError;
use zdr::server::user::OpenMask;
use zdr::server::written::{Remarks, attached, started};
use zdr::testbed::discover::{Found, Known, discover};
use zdr::testbed::http3::look_for_http3;
use zdr::testbed::look::{Look, look};

use crate::arguments::{Check, Init, Started};
use crate::output;

/// The server that is to be checked. What a command leaves open is what a TOML file would: the default.
pub fn described(arguments: &Check) -> io::Result<Spec> {
    let mut spec = match &arguments.server {
        Some(file) => Spec::read(file).map_err(|error| instead_of(file, error))?,
        None => arguments.started.spec()?,
    };
    if spec.attach.is_some() && !arguments.more.is_empty() {
        let why = format!(
            "`-- {}` adds arguments to the command that starts a server, and this one is running already: leave them out",
            arguments.more.join(" ")
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    spec.command.extend_from_slice(&arguments.more);
    if arguments.mutual {
        let cannot = || io::Error::other("this server cannot ask its clients: it has no `mutual`");
        spec = spec.asking_clients().ok_or_else(cannot)?;
    }
    Ok(spec)
}

/// Why the file cannot be read, or what to do instead where it is the address of a server.
fn instead_of(file: &Path, error: SpecError) -> io::Error {
    let text = file.to_string_lossy();
    let is_address = text.contains("://") || host_and_port(&text).is_ok();
    if file.exists() || !is_address {
        return error.into();
    }
    let why = format!(
        "`{text}` is no file: `zdr check` asks for the TOML file that describes a server, whose files it then replaces. \
         `zdr watch HOST:PORT` watches a server that something else rotates; `zdr init --running HOST:PORT` begins a \
         description of one that runs"
    );
    io::Error::new(io::ErrorKind::NotFound, why)
}

impl Started {
    fn spec(&self) -> io::Result<Spec> {
        let command = self.command.as_ref().ok_or(io::ErrorKind::InvalidInput)?;
        let mut spec = command.spec(&current_folder()?);
        if let Some(reload) = &self.reload {
            spec.reload = reload.0.clone();
        }
        // A path of a long answer is no use to a server whose answers are known.
        let any = self.download.is_some().then_some(Protocol::AnyHttp);
        spec.protocol = self.protocol.or(any).unwrap_or_default();
        spec.download = self.download.clone();
        spec.keys = self.keys.unwrap_or_default();
        Ok(spec)
    }

    fn known(&self) -> Known {
        Known {
            protocol: self.protocol.is_some() || self.download.is_some(),
            reload: self.reload.is_some(),
            keys: self.keys.is_some(),
        }
    }

    /// Whether something has to be found out.
    pub fn is_open(&self) -> bool {
        let known = self.known();
        self.command.is_some() && !(known.protocol && known.reload)
    }

    /// Finds what the command leaves open, and says on stderr what that is. `None` where it was interrupted.
    pub async fn complete(
        &self,
        spec: &Spec,
        patience: Duration,
        interrupt: &watch::Receiver<Option<String>>,
    ) -> io::Result<Option<Found>> {
        let mut interrupt = interrupt.clone();
        let stderr = io::stderr();
        let say = |words: &str| drop(writeln!(&stderr, "{}", printable(words)));
        say("trying what it speaks and how it is told of new files");
        let found = tokio::select! {
            found = Box::pin(discover(spec, self.known(), patience)) => found?,
            why = interrupt.wait_for(Option::is_some) => {
                let why = why.ok().and_then(|why| why.clone()).unwrap_or_default();
                say(&format!("no verdict: {why}. Nothing was rotated, and what was started has been ended"));
                return Ok(None);
            }
        };
        let Found { spec, remarks } = &found;
        let protocol = zdr::report::format::name(&spec.protocol);
        let http3 = match spec.http3 {
            true => "true",
            false => "false",
        };
        let parts = [
            ("protocol", protocol, &remarks.protocol),
            ("http3", http3.into(), &remarks.http3),
            ("reload", spec.reload.words(), &remarks.reload),
        ];
        let said = parts.into_iter().filter(|(_, _, how)| !how.is_empty());
        for (name, found, how) in said {
            let first = format!("  {name:<9} ");
            let lines = fill(
                &format!("{found}. {how}"),
                &first,
                &" ".repeat(12),
                TERMINAL,
            );
            say(lines.trim_end());
        }
        Ok(Some(found))
    }
}

/// Writes a file that `zdr check` takes.
pub async fn init(arguments: &Init) -> io::Result<ExitCode> {
    let file = &arguments.file;
    if file.exists() {
        let error = format!("{} is there already, and stays as it is", file.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, error));
    }
    // To find out what it is may take a minute.
    output::has_place(file, &[])?;
    let patience = Duration::from_millis(arguments.patience_ms);
    let text = match &arguments.running {
        Some(address) => of_running(address, patience).await?,
        None => match of_started(&arguments.started, file, patience).await? {
            Some(text) => text,
            None => return Ok(ExitCode::from(INTERRUPTED)),
        },
    };
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", file.display()));
    let mut new = OpenOptions::new();
    let mut written = new.write(true).create_new(true).open(file).map_err(named)?;
    written.write_all(text.as_bytes()).map_err(named)?;
    let next = match arguments.running {
        Some(_) => "fill in `directory`, and then",
        None => "next:",
    };
    let file = file.display().to_string();
    // To be copied into a shell.
    let word = shlex::try_quote(&file).unwrap_or(Cow::Borrowed(&file));
    output::say(&format!(
        "{file} is written. Read it; {next} zdr check {word}\n"
    ))
}

async fn of_started(
    server: &Started,
    file: &Path,
    patience: Duration,
) -> io::Result<Option<String>> {
    let interrupt = interrupt()?;
    let _mask = OpenMask::set();
    let _reaper = Reaper::start(&std::env::current_exe()?)?;
    let found = server
        .complete(&server.spec()?, patience, &interrupt)
        .await?;
    let Some(Found { spec, remarks }) = found else {
        return Ok(None);
    };
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new(".")).canonicalize()?;
    let elsewhere = (folder != spec.here).then_some(spec.here.as_path());
    Ok(Some(started(&spec, &remarks, elsewhere)))
}

async fn of_running(address: &str, patience: Duration) -> io::Result<String> {
    let (host, _) = host_and_port(address).map_err(Error::Invalid)?;
    let socket = listening(address, patience).await;
    let socket = socket.map_err(|error| Error::Preflight(Box::new(no_server(address, &error))))?;
    let seen = look(socket, host, (Protocol::AnyHttp, &["http/1.1"]), patience).await;
    let answer = seen
        .answer
        .as_ref()
        .filter(|line| line.starts_with("HTTP/"));
    let (Some(leaf), Some(_)) = (&seen.leaf, &seen.version) else {
        return Err(Error::Preflight(Box::new(no_handshake(address, &seen))).into());
    };
    let offers = look(
        socket,
        host,
        (Protocol::AnyHttp, &["h2", "http/1.1"]),
        patience,
    )
    .await;
    let name = match leaf.names().iter().any(|name| name == host) {
        true => host,
        false => leaf.names().first().map_or("localhost", String::as_str),
    };
    let agreed = offers.alpn.as_deref().unwrap_or("nothing");
    let version = seen.version.as_deref().unwrap_or("TLS");
    let asks = match seen.asks_clients {
        true => " It asks clients for a certificate.",
        false => "",
    };
    let offered = seen.offers.as_deref();
    let (speaks_http3, http3) = look_for_http3(socket, host, offered, patience).await;
    let remarks = Remarks {
        http3,
        server: format!(
            "{address} showed {leaf}. It spoke {version}, and agreed on {agreed} of h2 and http/1.1 (ALPN).{asks}"
        ),
        protocol: match answer {
            Some(answer) => format!("`GET /` was answered: {answer}."),
            None => "`GET /` was not answered as HTTP does. So handshakes are judged, and whether a reload ends open \
                     connections."
                .into(),
        },
        reload: String::new(),
    };
    let protocol = match answer {
        Some(_) => Protocol::AnyHttp,
        None => Protocol::Tls,
    };
    let protocol = (protocol, speaks_http3);
    Ok(attached(address, name, protocol, &remarks))
}

fn no_server(address: &str, error: &io::Error) -> Advice {
    Advice {
        what: format!("no server answers at {address}"),
        tried: "a connection to each of its addresses".into(),
        seen: error.to_string(),
        change: "nothing was written. Name the host and the port where it listens".into(),
    }
}

fn no_handshake(address: &str, seen: &Look) -> Advice {
    let leaf = seen.leaf.as_ref().map(ToString::to_string);
    let in_clear = seen.in_clear.as_ref();
    let in_clear = in_clear.map(|line| format!("without TLS it says: {line}"));
    let answer = seen
        .answer
        .as_ref()
        .map(|line| format!("over TLS it says: {line}"));
    let met = [leaf, seen.failed.clone(), in_clear, answer];
    let met: Vec<_> = met.into_iter().flatten().collect();
    Advice {
        what: format!("{address} completes no handshake of TLS that offers HTTP/1.1"),
        tried: "a handshake that verifies nothing".into(),
        seen: match met.is_empty() {
            true => "nothing within the time of a client".into(),
            false => met.join("\n"),
        },
        change: "nothing was written. If it does not begin with TLS, or speaks HTTP/2 alone, describe it by hand: \
                 `zdr help toml` has each `protocol` that can be judged"
            .into(),
    }
}
