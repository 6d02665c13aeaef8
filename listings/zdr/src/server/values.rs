//! Values of a server's description that have a form of their own: a name, a path, a signal.
//!
//! They are checked where they are read, so that a mistake has a line.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Whether nothing is left of a command when its words are replaced.
pub(crate) fn is_nothing(command: &[String]) -> bool {
    let mut words = command.iter().map(String::as_str);
    words.all(|word| matches!(word, "" | "{mutual}"))
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
