//! A protocol that zdr does not know: what is said and answered is what the table `[exchange]` tells.

use std::io;
use std::sync::Mutex;

use super::wire::{Duplex, Ended, Wire};
use crate::server::exchange::{Exchange, Expected, Turn, in_hex};

/// What is told, and what a server last said instead of what was expected.
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

    /// What the server last said instead of what was expected, if nothing expected came after that.
    pub fn instead(&self) -> Option<String> {
        self.instead
            .lock()
            .unwrap_or_else(|e| e.into_inner())
            .clone()
    }

    fn heard(&self, instead: Option<String>) {
        *self.instead.lock().unwrap_or_else(|e| e.into_inner()) = instead;
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
        // Of this connection alone: meanwhile, another one may have been told something else.
        let mut instead = None;
        let come = match turn.expected() {
            None => return Ok(()),
            Some(Expected::Line(text)) => self.line_with(wire, text, &mut instead).await,
            Some(Expected::Bytes(bytes)) => self.these_bytes(wire, bytes, &mut instead).await,
        };
        come.map_err(|error| match instead {
            Some(said) => {
                let what = format!("{} was answered `{said}`, and then: {error}", turn.words());
                io::Error::new(error.kind(), what).into()
            }
            None => error.into(),
        })
    }

    /// Reads lines until this text is in one. Others may come before it: a server also says what nobody has asked for.
    async fn line_with(
        &self,
        wire: &mut Wire<impl Duplex>,
        text: &str,
        instead: &mut Option<String>,
    ) -> io::Result<()> {
        loop {
            let line = wire.line().await?;
            if line.contains(text) {
                self.heard(None);
                return Ok(());
            }
            *instead = Some(line.chars().take(SHOWN).collect());
            self.heard(instead.clone());
        }
    }

    async fn these_bytes(
        &self,
        wire: &mut Wire<impl Duplex>,
        expected: &[u8],
        instead: &mut Option<String>,
    ) -> io::Result<()> {
        let mut seen = Vec::new();
        while !seen.ends_with(expected) {
            seen.extend(wire.bytes(1).await?);
            // It may be the beginning of what is expected.
            if !expected.starts_with(&seen) {
                *instead = Some(in_hex(&seen[..seen.len().min(SHOWN)]));
                self.heard(instead.clone());
            }
            if seen.len() > 2 * SHOWN + expected.len() {
                seen.drain(..SHOWN);
            }
        }
        self.heard(None);
        Ok(())
    }
}
