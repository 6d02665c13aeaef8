//! A protocol that zdr does not know: what is said and answered is what the table `[exchange]` tells.

use std::io;
use std::sync::Mutex;

use super::wire::{Duplex, Ended, Wire};
use crate::server::exchange::{Exchange, Expected, Turn, in_hex};

/// What is told, and what came instead to the client that has last given up.
#[derive(Debug, Default)]
pub struct Told {
    exchange: Exchange,
    instead: Mutex<Option<String>>,
}

/// More letters, or bytes, are not shown of what came instead.
const SHOWN: usize = 64;

impl Told {
    /// What this table tells.
    pub fn new(exchange: Exchange) -> Self {
        Self {
            exchange,
            instead: Mutex::default(),
        }
    }

    /// The table.
    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// What clients offer in the handshake.
    pub(crate) fn alpn(&self) -> Vec<Vec<u8>> {
        let names = self.exchange.alpn.iter();
        names.map(|name| name.as_bytes().to_vec()).collect()
    }

    /// What the server last said instead of what was expected, to the client that has last given up. It is told once.
    pub fn instead(&self) -> Option<String> {
        self.instead
            .lock()
            .unwrap_or_else(|e| e.into_inner())
            .take()
    }

    /// What a client says before it ends a connection. May be empty.
    pub(super) fn goodbye(&self) -> &[u8] {
        self.exchange
            .leave
            .as_ref()
            .map(Turn::sent)
            .unwrap_or_default()
    }

    /// Takes these turns, one after the other.
    pub(super) async fn take(
        &self,
        wire: &mut Wire<impl Duplex>,
        turns: &[Turn],
    ) -> Result<(), Ended> {
        for turn in turns {
            self.turn(wire, turn).await?;
        }
        Ok(())
    }

    /// Asks what may be asked at any time. Where nothing is told, whether the server has ended the connection.
    pub(super) async fn ask(&self, wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
        match &self.exchange.ask {
            Some(turn) => self.turn(wire, turn).await,
            None => wire.ended().map_or(Ok(()), |error| Err(error.into())),
        }
    }

    async fn turn(&self, wire: &mut Wire<impl Duplex>, turn: &Turn) -> Result<(), Ended> {
        if !turn.sent().is_empty() {
            wire.send(turn.sent()).await?;
        }
        // Of this connection alone: meanwhile, another one may be told something else.
        let mut waiting = Waiting {
            told: self,
            instead: None,
        };
        let instead = &mut waiting.instead;
        let come = match turn.expected() {
            None => return Ok(()),
            Some(Expected::Line(text)) => line_with(wire, text, instead).await,
            Some(Expected::Bytes(bytes)) => these_bytes(wire, bytes, instead).await,
        };
        // It is over, and not given up.
        let instead = waiting.instead.take();
        come.map_err(|error| match instead {
            Some(said) => {
                let what = format!("{} was answered {said}, and then: {error}", turn.words());
                io::Error::new(error.kind(), what).into()
            }
            None => error.into(),
        })
    }
}

/// A turn whose answer has not come yet. If it is dropped then, its client has given up.
struct Waiting<'a> {
    told: &'a Told,
    instead: Option<String>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(instead) = self.instead.take() {
            *self.told.instead.lock().unwrap_or_else(|e| e.into_inner()) = Some(instead);
        }
    }
}

/// Reads lines until this text is in one. Others may come before it: a server also says what nobody has asked for.
async fn line_with(
    wire: &mut Wire<impl Duplex>,
    text: &str,
    instead: &mut Option<String>,
) -> io::Result<()> {
    loop {
        let so_far = |said: &str| *instead = Some(without_end(said, text));
        let line = wire.line_told(so_far).await?;
        if line.contains(text) {
            return Ok(());
        }
        *instead = Some(quoted(&line));
    }
}

fn quoted(line: &str) -> String {
    format!("`{}`", line.chars().take(SHOWN).collect::<String>())
}

/// What is said of a line that has not come to its end: a protocol such as XMPP has no lines, and what is expected may
/// be there for long.
fn without_end(line: &str, expected: &str) -> String {
    match line.contains(expected) {
        true => format!(
            "{}, and no end of line: `expect` waits for one, `expect_hex` does not",
            quoted(line)
        ),
        false => quoted(line),
    }
}

async fn these_bytes(
    wire: &mut Wire<impl Duplex>,
    expected: &[u8],
    instead: &mut Option<String>,
) -> io::Result<()> {
    let mut seen = Vec::new();
    while !seen.ends_with(expected) {
        seen.extend(wire.bytes(1).await?);
        // It may be the beginning of what is expected.
        if !expected.starts_with(&seen) {
            *instead = Some(format!("`{}`", readable(&seen[..seen.len().min(SHOWN)])));
        }
        if seen.len() > 2 * SHOWN + expected.len() {
            seen.drain(..SHOWN);
        }
    }
    Ok(())
}

/// Bytes as text, where that is what most of them are: a message of an error stands between a few that tell of its
/// length and number.
fn readable(bytes: &[u8]) -> String {
    let is_text = |byte: &&u8| byte.is_ascii_graphic() || **byte == b' ';
    let text = bytes.iter().filter(is_text).count();
    match bytes.len() >= 8 && text * 3 >= bytes.len() * 2 {
        true => bytes.escape_ascii().to_string(),
        false => in_hex(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_between_bytes_is_read() {
        let full = b"\x17\0\0\0\xff\x10\x04Too many connections";
        assert_eq!(
            readable(full),
            r"\x17\x00\x00\x00\xff\x10\x04Too many connections"
        );
        assert_eq!(readable(b"<stream:features>"), "<stream:features>");
        assert_eq!(readable(&[0x20, 0x02, 0x00, 0x00]), "20 02 00 00");
        let ldap = [0x30, 0x0c, 0x02, 0x01, 0x01, 0x61, 0x07, 0x0a, 0x01, 0x31];
        assert_eq!(readable(&ldap), "30 0c 02 01 01 61 07 0a 01 31");
    }
}
