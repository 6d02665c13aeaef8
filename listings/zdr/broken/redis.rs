//! A little of Redis: as much as a transaction needs (redis.io, "Transactions").

use std::io;
use std::time::Duration;

use ch02_hot_reload::IdentityStore;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::server::TlsStream;

/// What becomes of a transaction, and of its connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It comes to its end.
    Kept,
    /// It does not outlive the generation under which it began.
    Forgotten,
    /// The connection ends at this age, whatever is in progress: a maximum age, as of the server's own.
    Aged(Duration),
    /// The connection ends after so many commands, whatever is in progress.
    Counted(u32),
    /// The connection ends so long after the generation under which it began: old workers have this long.
    Drained(Duration),
}

impl Fate {
    /// Whether a connection of this age ends now, after so many commands, whose generation ended so long ago.
    fn ends(self, age: Duration, commands: u32, reloaded: Option<Duration>) -> bool {
        match self {
            Self::Kept | Self::Forgotten => false,
            Self::Aged(most) => age >= most,
            Self::Counted(most) => commands >= most,
            Self::Drained(most) => reloaded.is_some_and(|reloaded| reloaded >= most),
        }
    }
}

/// Answers each command. A connection ends after an answer, and not before it.
pub async fn serve(
    stream: TlsStream<TcpStream>,
    live: &IdentityStore,
    fate: Fate,
) -> io::Result<()> {
    let began = Instant::now();
    let mut reloaded: Option<Instant> = None;
    let (from, mut to) = tokio::io::split(stream);
    let mut lines = BufReader::new(from).lines();
    let mut generation = live.current().number;
    let mut waiting: Option<u32> = None;
    let mut commands = 0;
    while let Some(line) = lines.next_line().await? {
        let now = live.current().number;
        if now != generation {
            reloaded.get_or_insert_with(Instant::now);
            if fate == Fate::Forgotten {
                waiting = None;
            }
        }
        generation = now;
        let answer = match (line.as_str(), &mut waiting) {
            ("PING", Some(many)) => {
                *many += 1;
                "+QUEUED\r\n".to_owned()
            }
            ("PING", None) => "+PONG\r\n".to_owned(),
            ("MULTI", None) => {
                waiting = Some(0);
                "+OK\r\n".to_owned()
            }
            ("EXEC", Some(many)) => {
                let all = format!("*{many}\r\n{}", "+PONG\r\n".repeat(*many as usize));
                waiting = None;
                all
            }
            ("QUIT", _) => {
                to.write_all(b"+OK\r\n").await?;
                return to.shutdown().await;
            }
            _ => "-ERR out of order\r\n".to_owned(),
        };
        to.write_all(answer.as_bytes()).await?;
        to.flush().await?;
        commands += 1;
        let reloaded = reloaded.map(|at| at.elapsed());
        if fate.ends(began.elapsed(), commands, reloaded) {
            return to.shutdown().await;
        }
    }
    Ok(())
}
