//! A little of Redis: as much as a transaction needs (redis.io, "Transactions").

use std::io;

use ch02_hot_reload::IdentityStore;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// Answers each command. Where it `forgets`, a transaction does not outlive the generation under which it
/// began.
pub async fn serve(
    stream: TlsStream<TcpStream>,
    live: &IdentityStore,
    forgets: bool,
) -> io::Result<()> {
    let (from, mut to) = tokio::io::split(stream);
    let mut lines = BufReader::new(from).lines();
    let mut generation = live.current().number;
    let mut waiting: Option<u32> = None;
    while let Some(line) = lines.next_line().await? {
        let now = live.current().number;
        if forgets && now != generation {
            waiting = None;
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
    }
    Ok(())
}
