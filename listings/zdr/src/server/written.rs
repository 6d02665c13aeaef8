//! A description as a file with comments, to go on with by hand.

use std::fmt::Write;
use std::path::Path;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::server::lines::fill;
use crate::server::spec::{Keys, Layout, Protocol, Reload, Spec};

/// Why the description is as it is: a comment for each part that was found by looking.
#[derive(Clone, Debug, Default)]
pub struct Remarks {
    /// On what is spoken.
    pub protocol: String,
    /// On HTTP/3. Empty where nothing hints at it.
    pub http3: String,
    /// On the way to reload.
    pub reload: String,
    /// On the server as a whole.
    pub server: String,
}

/// The text of a file that starts this server.
pub fn started(spec: &Spec, remarks: &Remarks, cwd: Option<&Path>) -> String {
    let mut text = format!(
        "# How `zdr check` starts {}, tells it of new files, and speaks to it.\n\
         # `zdr help toml` explains every key, and the words in braces.\n\n",
        spec.name
    );
    pair(&mut text, "name", &quoted(&spec.name));
    pair(&mut text, "command", &list(&spec.command));
    if let Some(cwd) = cwd {
        comment(&mut text, "The folder in which it was tried.");
        pair(&mut text, "cwd", &quoted(&cwd.display().to_string()));
    }
    text.push('\n');
    comment(&mut text, &remarks.protocol);
    pair(&mut text, "protocol", &quoted(&named(spec.protocol)));
    if spec.protocol == Protocol::AnyHttp {
        comment(
            &mut text,
            "The path of an answer of 8 MB or more. Without it, no check sees whether a reload cuts a long answer.",
        );
        match &spec.download {
            Some(path) => pair(&mut text, "download", &quoted(path)),
            None => text += "# download = \"/large.iso\"\n",
        }
    }
    if spec.protocol == Protocol::Tls {
        exchange(&mut text, spec);
    }
    http3(&mut text, spec.http3, remarks);
    text.push('\n');
    comment(
        &mut text,
        "The kind of key that it takes: \"ecdsa\", \"rsa\" or \"ed25519\".",
    );
    match spec.keys {
        Keys::Ecdsa => text += "# keys = \"rsa\"\n",
        Keys::Rsa => pair(&mut text, "keys", &quoted("rsa")),
        Keys::Ed25519 => pair(&mut text, "keys", &quoted("ed25519")),
        Keys::MlDsa44 => pair(&mut text, "keys", &quoted("ml_dsa_44")),
    }
    if spec.layout == Layout::Bundle {
        comment(
            &mut text,
            "The command names no `{key}`: `{certificate}` holds both.",
        );
        pair(&mut text, "layout", &quoted("bundle"));
    }
    if spec.client_auth {
        comment(&mut text, "It asks clients for a certificate.");
        pair(&mut text, "client_auth", "true");
    }
    text.push('\n');
    comment(&mut text, &remarks.reload);
    reload(&mut text, &spec.reload);
    text += "\n# How long it may take to show a new certificate, and how long old and new may be shown side by\n\
             # side, in milliseconds. These are the defaults.\n\
             # [limits]\n# reload_within_ms = 10000\n# overlap_ms = 1000\n";
    text
}

/// What may be told of a protocol that is not known. `ask` is for Redis, for one.
const EXCHANGE: &str = "# What its clients say. `zdr help toml` explains [exchange].\n\
                        # exchange = { ask = { send = \"PING\\r\\n\", expect = \"PONG\" } }\n";

fn exchange(text: &mut String, spec: &Spec) {
    let alpn = spec.exchange.as_ref().map(|of| list(&of.alpn));
    match alpn {
        Some(alpn) => {
            pair(text, "exchange", &format!("{{ alpn = {alpn} }}"));
            *text += "# Whether it has gRPC's health service, whose streams cross a rotation then.\n# grpc = true\n";
        }
        None => *text += EXCHANGE,
    }
}

/// The text of a file for a server that runs already. What cannot be seen from outside has to be filled in.
pub fn attached(
    address: &str,
    name: &str,
    (protocol, speaks_http3): (Protocol, bool),
    remarks: &Remarks,
) -> String {
    let mut text = "# How `zdr check` reaches a server that runs already.\n".to_owned();
    comment(&mut text, &remarks.server);
    text += "# `zdr help toml` explains every key.\n\n";
    comment(&mut text, &remarks.protocol);
    pair(&mut text, "protocol", &quoted(&named(protocol)));
    if protocol == Protocol::Tls {
        text += EXCHANGE;
    }
    if protocol == Protocol::AnyHttp {
        text += "# The path of an answer of 8 MB or more, to see whether a reload cuts it.\n\
                 # download = \"/large.iso\"\n";
    }
    http3(&mut text, speaks_http3, remarks);
    text += "\n[attach]\n";
    pair(&mut text, "address", &quoted(address));
    pair(&mut text, "server_name", &quoted(name));
    text += "# TO BE FILLED IN: the folder from which it reads `tls.crt` and `tls.key`. They are replaced there by\n\
             # certificates of a test authority, so its clients have to be yours.\n\
             directory = \"tls\"\n\
             # Made by `zdr ca ca`. The first files are issued by `zdr issue --ca ca --to tls`.\n\
             ca = \"ca\"\n\
             # The number of its process, for signals and for its memory.\n\
             # pid = 4711\n\n\
             # How it is told of new files. Nothing was tried, since it is in use. Without these lines, it has\n\
             # to follow its files by itself.\n\
             # [reload]\n# signal = \"HUP\"          # needs `pid`\n# command = [\"my-server\", \"reload\"]\n";
    text
}

fn http3(text: &mut String, is_spoken: bool, remarks: &Remarks) {
    comment(text, &remarks.http3);
    if is_spoken {
        pair(text, "http3", "true");
    }
}

fn reload(text: &mut String, reload: &Reload) {
    let line = match reload {
        Reload {
            signal: Some(signal),
            ..
        } => format!("signal = {}", quoted(signal)),
        Reload {
            command: Some(command),
            ..
        } => format!("command = {}", list(command)),
        Reload { restart: true, .. } => "restart = true".into(),
        _ => {
            *text += "# [reload]\n# signal = \"HUP\"\n";
            return;
        }
    };
    let _ = writeln!(text, "[reload]\n{line}");
}

/// How a protocol is written.
fn named(protocol: Protocol) -> String {
    let value = protocol.to_possible_value();
    value
        .as_ref()
        .map_or("http", PossibleValue::get_name)
        .to_owned()
}

fn pair(text: &mut String, key: &str, value: &str) {
    let _ = writeln!(text, "{key} = {value}");
}

/// Adds a comment. Nothing where there is nothing to say.
fn comment(text: &mut String, words: &str) {
    const WIDTH: usize = 100;
    if !words.is_empty() {
        *text += &fill(words, "# ", "# ", WIDTH);
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn list(words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}
