//! Values of a server's description that have a form of their own: a name, a path, a signal.
//!
//! They are checked where they are read, so that a mistake has a line.

use std::ops::Range;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Whether nothing is left of a command when its words are replaced.
pub(crate) fn is_nothing(command: &[String]) -> bool {
    let mut words = command.iter().map(String::as_str);
    words.all(|word| matches!(word, "" | "{mutual}"))
}

/// Where a word is in its braces, and is ours: a variable of a shell, a format of httpd and a template of Go, such
/// as `${port}`, `%{port}` and `{{port}}`, are of others.
pub(super) fn places(text: &str, word: &str) -> Vec<Range<usize>> {
    let written = format!("{{{word}}}");
    let all = text.match_indices(&written);
    let all = all.map(|(at, _)| at..at + written.len());
    all.filter(|span| !is_of_others(text, span)).collect()
}

/// Whether these braces and what is in them are of others.
pub(super) fn is_of_others(text: &str, span: &Range<usize>) -> bool {
    let (before, after) = (&text[..span.start], &text[span.end..]);
    before.ends_with(['$', '%']) || (before.ends_with('{') && after.starts_with('}'))
}

pub(super) fn a_name<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let name = String::deserialize(from)?;
    if name.starts_with("*.") {
        let why = format!(
            "`{name}` is a wildcard, which only certificates can have: name one host that it covers"
        );
        return Err(D::Error::custom(why));
    }
    match lab::name::check(&name) {
        Ok(()) => Ok(name),
        Err(why) => Err(D::Error::custom(why)),
    }
}

pub(super) fn another_name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    a_name(from).map(Some)
}

/// Host and port of an address, without the brackets of IPv6.
///
/// # Errors
/// Why it is none.
pub fn host_and_port(address: &str) -> Result<(&str, u16), String> {
    let unlike = |why: &str| {
        format!("`{address}` is not HOST:PORT, such as `example.com:443` or `[::1]:8443`{why}")
    };
    if address.contains('/') {
        return Err(unlike(": give no scheme and no path"));
    }
    if address.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        return Err(unlike(": it has no blanks"));
    }
    let parts = address.rsplit_once(':');
    let parts = parts.filter(|(host, _)| !host.is_empty());
    let (host, port) = parts.ok_or_else(|| unlike(""))?;
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port
        .parse()
        .ok()
        .filter(|port: &u16| is_number && *port > 0);
    let port = port.ok_or_else(|| unlike(": a port is a number from 1 to 65535"))?;
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    Ok((inner.unwrap_or(host), port))
}

pub(super) fn an_address<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let address = String::deserialize(from)?;
    match host_and_port(&address) {
        Ok(_) => Ok(address),
        Err(why) => Err(D::Error::custom(why)),
    }
}

/// The path of a file of one run. What is relative would lie where `zdr` is called, over what is there.
pub(super) fn a_file<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let path = String::deserialize(from)?;
    match path.starts_with(['/', '{']) {
        true => Ok(path),
        false => {
            let error = format!(
                "`{path}` does not say in which folder: begin it with `{{dir}}/`, the temporary folder of each run"
            );
            Err(D::Error::custom(error))
        }
    }
}

pub(super) fn a_path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let path = String::deserialize(from)?;
    let is_path = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
    match is_path {
        true => Ok(Some(path)),
        false => {
            let error =
                format!("`{path}` is no path of a URL: a path begins with `/`, and has no blanks");
            Err(D::Error::custom(error))
        }
    }
}

pub(super) fn a_signal<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let signal = String::deserialize(from)?;
    match signal_named(&signal) {
        Some(_) => Ok(Some(signal)),
        None => {
            let error = format!("unknown signal `{signal}`: expected HUP, USR1 or USR2");
            Err(D::Error::custom(error))
        }
    }
}

/// A signal by its name, with or without `SIG`.
pub fn signal_named(name: &str) -> Option<rustix::process::Signal> {
    use rustix::process::Signal;
    match name.strip_prefix("SIG").unwrap_or(name) {
        "HUP" => Some(Signal::HUP),
        "USR1" => Some(Signal::USR1),
        "USR2" => Some(Signal::USR2),
        _ => None,
    }
}
