//! Who else listens on a port: a server must not be judged by what another one answers.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::server::holder::Holder;
use crate::server::process_tree::ProcessTree;
#[cfg(target_os = "linux")]
use crate::server::processes;
#[cfg(not(target_os = "linux"))]
use crate::server::processes_elsewhere as processes;

/// The sockets that listened before anything of a server was started: none of them is its own.
pub(super) struct Before(HashSet<u64>);

impl Before {
    /// Those of this moment. None where the system does not tell.
    pub(super) fn now() -> Self {
        Self(processes::listening_sockets())
    }

    /// Who has taken the connections to this address since before the server was started, if anybody does.
    pub(super) fn holder(&self, address: SocketAddr) -> Option<Holder> {
        let on_port = |at: &SocketAddr| at.port() == address.port();
        let all: Vec<_> = processes::all_listening().collect();
        let all = all.into_iter().filter(|(_, at)| on_port(at));
        let ranked = all.filter_map(|(inode, at)| Some((rank(at.ip(), address.ip())?, inode)));
        let ranked: Vec<_> = ranked.collect();
        // Of several, the one with the nearest address gets the connection; equals share them.
        let nearest = ranked.iter().map(|(rank, _)| *rank).min()?;
        let is_meant = |inode| self.0.contains(&inode) && ranked.contains(&(nearest, inode));
        processes::holders(|inode, _| is_meant(inode))
            .into_iter()
            .next()
    }
}

/// How near the address of a listener is to the one that clients come to. `None` where they do not reach it.
fn rank(listens: IpAddr, come_to: IpAddr) -> Option<u8> {
    match listens {
        listens if listens == come_to => Some(0),
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) if come_to.is_ipv4() => Some(1),
        IpAddr::V6(listens) if listens.is_unspecified() => Some(2),
        _ => None,
    }
}

/// Who of this server's processes listens on its port, if its first one does not.
pub(super) fn behind(server: &ProcessTree, port: u16) -> Option<Holder> {
    let own = server.sockets();
    let holders = processes::holders(|inode, at| at.port() == port && own.contains(&inode));
    let first = |holder: &Holder| {
        holder
            .process
            .as_ref()
            .is_none_or(|(pid, _)| *pid == server.group)
    };
    match holders.iter().any(first) {
        true => None,
        false => holders.into_iter().next(),
    }
}

/// Who listens on this port, if none of these processes does.
pub(super) fn instead(server: &ProcessTree, port: u16) -> Option<Holder> {
    let own = server.sockets();
    let there = |is_own: bool| {
        processes::holders(|inode, at| at.port() == port && own.contains(&inode) == is_own)
    };
    match there(true).is_empty() {
        true => there(false).into_iter().next(),
        false => None,
    }
}

/// Who listens on the ports that these words name, but for this server, and for what `zdr` lets listen behind it
/// (`{origin}`).
pub(super) fn of_ports_in(words: &str, server: Option<&ProcessTree>) -> Vec<Holder> {
    let numbers = words.split(|letter: char| !letter.is_ascii_digit());
    let ports: HashSet<u16> = numbers.filter_map(|number| number.parse().ok()).collect();
    let own = server.map(ProcessTree::sockets).unwrap_or_default();
    let mut holders =
        processes::holders(|inode, at| ports.contains(&at.port()) && !own.contains(&inode));
    let myself = i64::from(std::process::id());
    let is_own = |holder: &Holder| {
        let process = holder.process.as_ref();
        process.is_some_and(|(pid, _)| i64::from(*pid) == myself)
    };
    holders.retain(|holder| !is_own(holder));
    holders
}

/// Whether a program says that an address is in use.
pub(super) fn complains_of_a_port(said: &str) -> bool {
    let said = said.to_lowercase();
    ["in use", "eaddrinuse", "could not bind", "cannot bind"]
        .iter()
        .any(|words| said.contains(words))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    /// A listener that shares its port with those that allow the same.
    fn shared(address: SocketAddr) -> TcpListener {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        };
        let socket = socket.unwrap();
        socket.set_reuseport(true).unwrap();
        socket.bind(address).unwrap();
        socket.listen(16).unwrap()
    }

    #[tokio::test]
    async fn a_port_that_is_shared_with_another_is_taken() {
        let other = shared(lab::any_port());
        let address = other.local_addr().unwrap();
        let before = Before::now();
        let server = shared(address);
        let holder = before.holder(address).expect("the other one");
        let (pid, _) = holder.process.clone().expect("this process");
        assert_eq!((holder.address, pid), (address, std::process::id() as i32));
        drop(other);
        // A program that another test starts has it as well, until it is the program.
        let gone = async {
            while before.holder(address).is_some() {
                tokio::task::yield_now().await;
            }
        };
        let in_time = tokio::time::timeout(lab::BOUND, gone).await;
        in_time.expect("the other one to be gone");
        drop(server);
    }

    /// A proxy that ends because of a mistake in its configuration has not lost its port to what stands behind it.
    #[tokio::test]
    async fn what_stands_behind_a_proxy_has_not_taken_its_port() {
        let origin = TcpListener::bind(lab::any_port()).await.unwrap();
        let port = origin.local_addr().unwrap().port();
        let configuration = format!("cache_peer 127.0.0.1 parent {port} 0 originserver");
        let holders = of_ports_in(&configuration, None);
        assert!(holders.is_empty(), "{holders:?}");
    }

    /// Clients of the loopback address do not come to a listener of all addresses, if there is a nearer one.
    #[tokio::test]
    async fn a_nearer_address_is_the_servers_own() {
        let everywhere = (Ipv4Addr::UNSPECIFIED, 0).into();
        let other = shared(everywhere);
        let port = other.local_addr().unwrap().port();
        let address = (Ipv4Addr::LOCALHOST, port).into();
        let before = Before::now();
        assert!(before.holder(address).is_some());
        let server = shared(address);
        assert_eq!(before.holder(address), None);
        drop(server);
    }
}
