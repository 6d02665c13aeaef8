//! IMAP with STARTTLS (RFC 9051, sections 6.2.1 and 7.1). A conversation is an open mailbox: it comes in
//! as `zdr` with the password `zdr`.

use super::wire::{Duplex, Ended, Wire};

pub(super) const GOODBYE: &[u8] = b"z LOGOUT\r\n";

pub(super) async fn before_tls(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    let greeting = wire.line().await?;
    if !greeting.starts_with("* OK") {
        return Err(Ended::Said(format!("it greets with `{greeting}`")));
    }
    command(wire, "STARTTLS").await
}

pub(super) async fn ask(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    command(wire, "NOOP").await
}

pub(super) async fn hold(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    command(wire, "LOGIN zdr zdr").await?;
    command(wire, "SELECT INBOX").await
}

/// Without an open mailbox, there is nothing to search.
pub(super) async fn go_on(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    command(wire, "SEARCH ALL").await
}

pub(super) async fn let_go(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    command(wire, "CLOSE").await
}

/// A command, and lines until the one that bears its tag.
async fn command(wire: &mut Wire<impl Duplex>, command: &str) -> Result<(), Ended> {
    wire.send(format!("z {command}\r\n").as_bytes()).await?;
    loop {
        let line = wire.line().await?;
        // What has a star is of the mailbox, or a goodbye.
        match line.strip_prefix("z ") {
            None if line.starts_with("* BYE") => return Err(said(command, &line)),
            None => {}
            Some(done) if done.starts_with("OK") => return Ok(()),
            Some(_) => return Err(said(command, &line)),
        }
    }
}

fn said(command: &str, line: &str) -> Ended {
    let command = command.split(' ').next().unwrap_or_default();
    Ended::Said(format!("`{command}` was answered `{line}`"))
}
