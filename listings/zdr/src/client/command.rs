//! The client's command: its words in braces, and what else has a say in what it does.

use std::path::{Path, PathBuf};

use lab::agent::Replacer;

use crate::error::Error;

/// The name of the server that is played.
pub(super) const NAME: &str = "localhost";

/// What the words of a command stand for.
pub(super) fn words(files: &Replacer, port: u16, dir: &Path) -> Vec<(&'static str, String)> {
    let path = |path: PathBuf| path.display().to_string();
    let files = files.files();
    vec![
        ("url", format!("https://{NAME}:{port}/")),
        ("address", format!("{NAME}:{port}")),
        ("name", NAME.to_owned()),
        ("port", port.to_string()),
        ("certificate", path(files.certificate)),
        ("key", path(files.key)),
        ("roots", path(files.roots)),
        ("dir", path(dir.to_owned())),
    ]
}

/// The command, once each of its words is known.
pub(super) fn filled(
    command: &[String],
    words: &[(&'static str, String)],
) -> Result<Vec<String>, Error> {
    let Some((_, arguments)) = command.split_first() else {
        return Err(Error::Invalid(
            "give the client's command behind `--`".into(),
        ));
    };
    let names: Vec<_> = words
        .iter()
        .map(|(name, _)| format!("{{{name}}}"))
        .collect();
    let mut asks = false;
    for argument in arguments {
        let mut left = argument.clone();
        for name in &names {
            asks |= left.contains(name.as_str())
                && ["{url}", "{address}", "{port}"].contains(&name.as_str());
            left = left.replace(name.as_str(), "");
        }
        let word = left
            .split_once('{')
            .and_then(|(_, rest)| rest.split_once('}'));
        let letters = |word: &str| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        };
        // Other braces are the program's own.
        if let Some((word, _)) = word.filter(|(word, _)| letters(word)) {
            return Err(Error::Invalid(format!(
                "`{{{word}}}` stands for nothing: there are {}",
                names.join(" ")
            )));
        }
    }
    match asks {
        true => Ok(command.to_vec()),
        false => Err(Error::Invalid(
            "the client's command says nowhere whom to ask: give it `{url}`, `{address}` or `{port}`"
                .into(),
        )),
    }
}

/// What to change in a client whose handshake failed by this.
pub(super) fn advice(why: &str, is_set: impl Fn(&str) -> bool) -> String {
    match why.contains("corrupt message") {
        true => "what it sent is not TLS. zdr plays an HTTPS server: no client can be judged here that asks for TLS with \
                 a command of its protocol first, as those of PostgreSQL or SMTP do"
            .to_owned(),
        false => format!(
            "it must trust `{{roots}}` and ask for `{NAME}`{}",
            overruled(why, is_set)
        ),
    }
}

/// What of this machine may send a client elsewhere, where none came.
pub(super) fn elsewhere(value: impl Fn(&str) -> Option<String>) -> String {
    let mut spared = ["NO_PROXY", "no_proxy"].into_iter().filter_map(&value);
    if spared.any(|hosts| hosts == "*" || hosts.contains(NAME)) {
        return String::new();
    }
    let mut names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].into_iter();
    let set = names.find(|name| value(name).is_some_and(|proxy| !proxy.is_empty()));
    set.map_or_else(String::new, |name| {
        format!(
            " (the variable {name} is set here: a client that obeys it asks that proxy, unless NO_PROXY names `{NAME}`)"
        )
    })
}

/// What of this machine may have another say in whom a client trusts, where it trusts nobody that it was told to:
/// Python's requests prefer these to `Session.verify` (requests.readthedocs.io, "SSL Cert Verification").
fn overruled(why: &str, is_set: impl Fn(&str) -> bool) -> String {
    let mut names = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"].into_iter();
    let set = names.find(|name| is_set(name));
    let set = set.filter(|_| why.contains("UnknownCA"));
    set.map_or_else(String::new, |name| {
        format!(
            " (the variable {name} is set here: in Python's requests it overrules `Session.verify`)"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_overrules_what_the_client_was_told_is_named() {
        let unknown = "the client sent the alert UnknownCA";
        assert!(overruled(unknown, |name| name == "CURL_CA_BUNDLE").contains("CURL_CA_BUNDLE"));
        assert!(overruled(unknown, |_| true).contains("REQUESTS_CA_BUNDLE"));
        assert_eq!(overruled(unknown, |_| false), "");
        assert_eq!(overruled("it closed the connection", |_| true), "");
    }

    #[test]
    fn who_speaks_no_tls_is_not_told_to_trust_a_root() {
        let advised = advice(
            "received corrupt message of type InvalidContentType",
            |_| true,
        );
        assert!(advised.starts_with("what it sent is not TLS"), "{advised}");
        let advised = advice("the client sent the alert UnknownCA", |_| false);
        assert!(advised.starts_with("it must trust `{roots}`"), "{advised}");
    }

    #[test]
    fn a_proxy_that_a_client_may_obey_is_named() {
        let proxy = |name: &str| (name == "https_proxy").then(|| "http://proxy:3128".to_owned());
        assert!(elsewhere(proxy).contains("https_proxy"));
        let spared = |name: &str| match name {
            "NO_PROXY" => Some("10.0.0.0/8,localhost".to_owned()),
            other => proxy(other),
        };
        assert_eq!(elsewhere(spared), "");
        assert_eq!(elsewhere(|_| None), "");
        assert_eq!(elsewhere(|_| Some(String::new())), "");
    }
}
