//! Redis, and Valkey (redis.io, "Redis serialization protocol specification", "Inline commands"). TLS
//! begins at once.

use super::wire::{Duplex, Ended, Wire};

pub(super) async fn ask(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    command(wire, "PING", "+PONG").await
}

/// Commands that wait, on this connection, until they are executed at once.
pub(super) async fn hold(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    command(wire, "MULTI", "+OK").await
}

pub(super) async fn go_on(wire: &mut Wire<impl Duplex>) -> Result<(), Ended> {
    command(wire, "PING", "+QUEUED").await
}

/// An array with an answer to each that waited.
pub(super) async fn let_go(wire: &mut Wire<impl Duplex>, steps: u32) -> Result<(), Ended> {
    command(wire, "EXEC", &format!("*{steps}")).await?;
    for _ in 0..steps {
        due("EXEC", &wire.line().await?, "+PONG")?;
    }
    Ok(())
}

async fn command(wire: &mut Wire<impl Duplex>, command: &str, answer: &str) -> Result<(), Ended> {
    wire.send(format!("{command}\r\n").as_bytes()).await?;
    due(command, &wire.line().await?, answer)
}

fn due(command: &str, line: &str, answer: &str) -> Result<(), Ended> {
    match line == answer {
        true => Ok(()),
        false => Err(Ended::Said(format!(
            "`{command}` was answered `{line}` and not `{answer}`"
        ))),
    }
}
