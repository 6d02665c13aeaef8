//! SMTP with STARTTLS (RFC 5321, RFC 3207). The mail of a conversation is never sent: it is a sender and
//! recipients, which the server forgets in the end.

use super::wire::{Duplex, Ended, Wire};

pub(super) async fn before_tls(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    reply(wire, "the connection", "220").await?;
    let offers = command(wire, "EHLO localhost", "250").await?;
    let is_offered = |line: &String| line.get(4..).is_some_and(|word| word == "STARTTLS");
    if !offers.iter().any(is_offered) {
        return Err(Ended::Said("it does not offer STARTTLS".into()));
    }
    command(wire, "STARTTLS", "220").await.map(drop)
}

/// All that was said before the handshake is forgotten (RFC 3207, section 4.2).
pub(super) async fn begin(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    command(wire, "EHLO localhost", "250").await.map(drop)
}

pub(super) async fn ask(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    command(wire, "NOOP", "250").await.map(drop)
}

pub(super) async fn hold(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    command(wire, "MAIL FROM:<zdr@localhost>", "250")
        .await
        .map(drop)
}

/// Without a sender, a recipient is out of order: 503.
pub(super) async fn go_on(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    command(wire, "RCPT TO:<zdr@localhost>", "250")
        .await
        .map(drop)
}

pub(super) async fn let_go(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    command(wire, "RSET", "250").await.map(drop)
}

async fn command(
    wire: &mut Wire<impl Duplex>,
    command: &str,
    code: &str,
) -> Result<Vec<String>, Ended> {
    wire.send(format!("{command}\r\n").as_bytes()).await?;
    reply(wire, command, code).await
}

/// A reply, of one line or several: all but the last have a dash behind the code.
async fn reply(wire: &mut Wire<impl Duplex>, to: &str, code: &str) -> Result<Vec<String>, Ended> {
    let mut lines = Vec::new();
    loop {
        let line = wire.line().await?;
        if !line.starts_with(code) {
            return Err(Ended::Said(format!("`{to}` was answered `{line}`")));
        }
        let is_last = line.as_bytes().get(3) != Some(&b'-');
        lines.push(line);
        if is_last {
            return Ok(lines);
        }
    }
}
