//! Connections: chapter 6's server, and what it becomes when a reload is not their affair.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ch01_restart_baseline::{Opened, accept, handshake, how, listen};
use ch02_hot_reload::IdentityStore;
use ch06_in_flight_requests::{self as in_flight, Retirement};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use crate::answer;
use crate::defect::Defect;

/// For how long no socket listens, where a reload is a restart.
const GAP: Duration = Duration::from_millis(400);

/// Serves by turns what its workers have.
pub struct Server {
    defect: Option<Defect>,
    retirement: Retirement,
}

impl Server {
    pub fn new(defect: Option<Defect>, retirement: Retirement) -> Self {
        Self { defect, retirement }
    }

    pub async fn serve(
        self,
        mut listener: TcpListener,
        workers: Vec<Arc<IdentityStore>>,
    ) -> io::Result<()> {
        let address = listener.local_addr()?;
        // The first worker's: only servers of one worker cut anything.
        let mut published = workers[0].published();
        let servers: Vec<_> = workers
            .iter()
            .map(|live| in_flight::Server::new(live.clone(), self.retirement))
            .collect();
        let mut turns = (0..servers.len()).cycle();
        let mut open = JoinSet::new();
        loop {
            tokio::select! {
                tcp = accept(&listener) => {
                    let turn = turns.next().unwrap_or(0);
                    match self.defect {
                        Some(Defect::Corrupt) => open.spawn(corrupt(workers[turn].clone(), tcp)),
                        _ => open.spawn(servers[turn].clone().connection(tcp)),
                    };
                }
                Some(_) = open.join_next() => {}
                Ok(()) = published.changed() => {
                    if matches!(self.defect, Some(Defect::Restart | Defect::SeverOnReload)) {
                        open.abort_all();
                    }
                    if matches!(self.defect, Some(Defect::Restart | Defect::Gap)) {
                        drop(listener);
                        sleep(GAP).await;
                        listener = listen(address).await?;
                    }
                }
            }
        }
    }
}

/// One connection, whose answers are wrong from the second generation on.
async fn corrupt(live: Arc<IdentityStore>, tcp: TcpStream) {
    let generation = live.current();
    let acceptor = TlsAcceptor::from(generation.config.clone());
    let Some(stream) = handshake(acceptor.accept(tcp)).await else {
        return;
    };
    let (resumed, tls) = how(stream.get_ref().1);
    let opened = Opened::log(Some(generation.number), resumed, tls);
    answer::serve(stream, || live.current().number > 1).await;
    opened.closed(0, "client_closed");
}
