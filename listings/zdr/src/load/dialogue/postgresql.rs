//! PostgreSQL (its documentation, "Frontend/Backend Protocol", "Message Formats"). TLS is asked for by a
//! message of its own. It comes in as `postgres`, without a password.

use std::io;

use super::wire::{Duplex, Ended, Wire};

/// `SSLRequest`: its length, and a number that is no version of the protocol.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
/// Version 3.0, who comes in, and to which database.
const STARTUP: &[u8] = b"\0\x03\0\0user\0postgres\0database\0postgres\0\0";
/// `Terminate`.
pub(super) const GOODBYE: &[u8] = b"X\0\0\0\x04";

pub(super) async fn before_tls(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    wire.send(&SSL_REQUEST).await?;
    match wire.bytes(1).await?.as_slice() {
        b"S" => Ok(()),
        b"N" => Err(Ended::Said("it does not speak TLS: `ssl` is off".into())),
        other => Err(Ended::Said(format!(
            "it answered {other:?} to an SSLRequest"
        ))),
    }
}

pub(super) async fn begin(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    let length = 4 + STARTUP.len() as u32;
    wire.send(&[&length.to_be_bytes(), STARTUP].concat())
        .await?;
    until_ready(wire).await.map(drop)
}

pub(super) async fn ask(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    expect(wire, "select 1", "1").await
}

/// A table that lives as long as its transaction.
pub(super) async fn hold(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    query(wire, "begin").await?;
    let table = "create temporary table zdr (step integer) on commit drop";
    query(wire, table).await.map(drop)
}

pub(super) async fn go_on(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    query(wire, "insert into zdr values (1)").await.map(drop)
}

pub(super) async fn let_go(wire: &mut Wire<impl Duplex>, steps: u32) -> Result<(), Ended> {
    expect(wire, "select count(*) from zdr", &steps.to_string()).await?;
    query(wire, "commit").await.map(drop)
}

async fn expect(wire: &mut Wire<impl Duplex>, sql: &str, due: &str) -> Result<(), Ended> {
    let found = query(wire, sql).await?;
    match found.as_deref() == Some(due) {
        true => Ok(()),
        false => {
            let found = found.unwrap_or_else(|| "nothing".into());
            Err(Ended::Said(format!("`{sql}` is {found} and not {due}")))
        }
    }
}

/// A simple query. Returns the first column of the last row, where there is one.
async fn query(wire: &mut Wire<impl Duplex>, sql: &str) -> Result<Option<String>, Ended> {
    let length = 4 + sql.len() as u32 + 1;
    let message = [b"Q", &length.to_be_bytes()[..], sql.as_bytes(), b"\0"].concat();
    wire.send(&message).await?;
    until_ready(wire).await
}

/// Takes messages until the server is ready for the next query.
async fn until_ready(wire: &mut Wire<impl Duplex>) -> Result<Option<String>, Ended> {
    let mut found = None;
    loop {
        let head = wire.bytes(5).await?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let rest = u64::from(length).checked_sub(4);
        let rest = rest.ok_or_else(|| io::Error::other("a message shorter than its length"))?;
        let body = wire.bytes(rest).await?;
        match (head[0], body.get(..4)) {
            (b'Z', _) => return Ok(found),
            (b'E', _) => return Err(Ended::Said(error(&body))),
            (b'R', Some([0, 0, 0, 0])) => {}
            (b'R', _) => {
                let wants = "it asks `postgres` for a password: let it in by `trust`";
                return Err(Ended::Said(wants.into()));
            }
            (b'D', _) => found = first_column(&body),
            // What it tells of its settings, how many rows there were, notices.
            _ => {}
        }
    }
}

/// The code of an error and its words: fields, each with a letter before and a zero behind it.
fn error(body: &[u8]) -> String {
    let fields = body.split(|byte| *byte == 0);
    let field = |letter: u8| {
        let mut of = fields.clone().filter_map(|field| field.split_first());
        let found = of.find(|(first, _)| **first == letter);
        found.map_or(String::new(), |(_, text)| {
            String::from_utf8_lossy(text).into_owned()
        })
    };
    format!("{} {}", field(b'C'), field(b'M'))
}

/// How many columns, the length of the first, and its text.
fn first_column(row: &[u8]) -> Option<String> {
    let length = u32::from_be_bytes(row.get(2..6)?.try_into().ok()?);
    let text = row.get(6..)?.get(..length as usize)?;
    Some(String::from_utf8_lossy(text).into_owned())
}
