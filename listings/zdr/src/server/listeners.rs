//! The sockets in one state, as the kernel knows them by themselves (sock_diag(7)). Its list in `/proc/net/tcp` holds
//! all connections as well: it is long where there are many of them, and slow to make where there are few.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use procfs::net::TcpState;
use rustix::io::{Errno, Result};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

/// A socket: its number, and its address at this end.
pub(super) type Listener = (u64, SocketAddr);

/// `SOCK_DIAG_BY_FAMILY` (linux/sock_diag.h), `NLMSG_ERROR`, `NLMSG_DONE`, `NLM_F_REQUEST` and `NLM_F_DUMP` (linux/netlink.h).
const BY_FAMILY: u16 = 20;
const ERROR: u16 = 2;
const DONE: u16 = 3;
const DUMP: u16 = 0x301;
/// The sizes of `nlmsghdr`, of that with `inet_diag_req_v2` behind it, and of `inet_diag_msg` (linux/inet_diag.h).
const HEADER: usize = 16;
const REQUEST: usize = HEADER + 56;
const ANSWER: usize = 72;
const TCP: u8 = 6;
/// The kernel answers at once.
const BOUND: Duration = Duration::from_secs(1);

/// All of this network namespace that listen, for TCP.
pub(super) fn all() -> Vec<Listener> {
    all_in(&[TcpState::Listen])
}

/// The same, and connections whose other end is open.
pub(super) fn in_use() -> Vec<Listener> {
    all_in(&IN_USE)
}

/// Not `CLOSE_WAIT`; and what was reset, or shut at both ends, is in no list.
const IN_USE: [TcpState; 8] = [
    TcpState::Listen,
    TcpState::SynSent,
    TcpState::SynRecv,
    TcpState::Established,
    TcpState::FinWait1,
    TcpState::FinWait2,
    TcpState::LastAck,
    TcpState::Closing,
];

/// Read from `/proc` where the kernel does not answer.
fn all_in(states: &[TcpState]) -> Vec<Listener> {
    let families = [AddressFamily::INET, AddressFamily::INET6];
    match families.map(|family| ask(family, states)) {
        [Ok(v4), Ok(v6)] => each_once([v4, v6].concat()),
        _ => listed(states),
    }
}

/// Where sockets come and go while the kernel makes its list, one may be in it twice.
fn each_once(mut all: Vec<Listener>) -> Vec<Listener> {
    all.sort_unstable();
    all.dedup();
    all
}

/// From the list of all connections.
fn listed(states: &[TcpState]) -> Vec<Listener> {
    let tables = [procfs::net::tcp(), procfs::net::tcp6()];
    let all = tables.into_iter().flatten().flatten();
    let all = all.filter(|socket| states.contains(&socket.state));
    each_once(
        all.map(|socket| (socket.inode, socket.local_address))
            .collect(),
    )
}

fn ask(family: AddressFamily, states: &[TcpState]) -> Result<Vec<Listener>> {
    let flags = SocketFlags::CLOEXEC;
    let kernel = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        flags,
        Some(netlink::SOCK_DIAG),
    )?;
    set_socket_timeout(&kernel, Timeout::Recv, Some(BOUND))?;
    send(&kernel, &request(family, states), SendFlags::empty())?;
    let mut listeners = Vec::new();
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let (_, length) = recv(&kernel, &mut buffer[..], RecvFlags::empty())?;
        let mut rest = &buffer[..length.min(buffer.len())];
        while let Some((kind, message, next)) = first(rest) {
            match kind {
                DONE => return Ok(listeners),
                ERROR => return Err(Errno::NOTSUP),
                BY_FAMILY => listeners.extend(listener(message)),
                _ => {}
            }
            rest = next;
        }
        if length == 0 {
            return Err(Errno::IO);
        }
    }
}

fn request(family: AddressFamily, states: &[TcpState]) -> [u8; REQUEST] {
    let mut request = [0; REQUEST];
    request[0..4].copy_from_slice(&(REQUEST as u32).to_ne_bytes());
    request[4..6].copy_from_slice(&BY_FAMILY.to_ne_bytes());
    request[6..8].copy_from_slice(&DUMP.to_ne_bytes());
    // There are two families, and each has a small number.
    request[16] = family.as_raw() as u8;
    request[17] = TCP;
    // One bit for each state.
    let bits = states.iter().fold(0, |bits, of| bits | 1_u32 << of.to_u8());
    request[20..24].copy_from_slice(&bits.to_ne_bytes());
    request
}

/// The first message of several: its kind, what is in it, and what is behind it.
fn first(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = u32::from_ne_bytes(bytes.get(0..4)?.try_into().ok()?) as usize;
    let kind = u16::from_ne_bytes(bytes.get(4..6)?.try_into().ok()?);
    let message = bytes.get(HEADER..length)?;
    // Each begins at a multiple of four.
    let next = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((kind, message, next))
}

/// What an `inet_diag_msg` says.
fn listener(message: &[u8]) -> Option<Listener> {
    let message: &[u8; ANSWER] = message.get(..ANSWER)?.try_into().ok()?;
    let port = u16::from_be_bytes([message[4], message[5]]);
    let address: [u8; 16] = message[8..24].try_into().ok()?;
    let address = match AddressFamily::from_raw(message[0].into()) {
        AddressFamily::INET6 => (Ipv6Addr::from(address), port).into(),
        _ => {
            let [a, b, c, d, ..] = address;
            (Ipv4Addr::new(a, b, c, d), port).into()
        }
    };
    let inode = u32::from_ne_bytes(message[68..72].try_into().ok()?);
    Some((inode.into(), address))
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// The kernel says by itself what its list says; and those that talk are not among them.
    #[test]
    fn the_kernel_and_its_list_say_the_same() {
        let bound = ["127.0.0.1:0", "[::1]:0", "0.0.0.0:0", "[::]:0"];
        let listening: Vec<_> = bound.map(TcpListener::bind).into_iter().flatten().collect();
        assert!(listening.len() >= 2, "neither loopback address is there");
        let talking = TcpStream::connect(listening[0].local_addr().unwrap()).unwrap();
        let families = [AddressFamily::INET, AddressFamily::INET6]
            .map(|family| ask(family, &[TcpState::Listen]));
        let asked = families.map(|asked| asked.expect("the kernel does not answer"));
        let asked = each_once(asked.concat());
        for all in [asked.clone(), listed(&[TcpState::Listen])] {
            for socket in &listening {
                let own = socket.local_addr().unwrap();
                let found = all.iter().filter(|(_, address)| *address == own);
                assert_eq!(found.count(), 1, "{own} in {all:?}");
            }
            let talks = talking.local_addr().unwrap();
            assert!(all.iter().all(|(_, address)| *address != talks), "{all:?}");
        }
        let own: Vec<_> = listening
            .iter()
            .map(|socket| socket.local_addr().unwrap())
            .collect();
        let of_own = |mut all: Vec<Listener>| {
            all.retain(|(_, address)| own.contains(address));
            all.sort();
            all
        };
        assert_eq!(of_own(asked), of_own(listed(&[TcpState::Listen])));
    }

    #[test]
    fn a_connection_is_in_use_as_long_as_its_other_end_is_open() {
        let listening = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listening.local_addr().unwrap();
        let client = TcpStream::connect(at).unwrap();
        let (mut server, _) = listening.accept().unwrap();
        let count = |all: Vec<Listener>| all.iter().filter(|(_, address)| *address == at).count();
        let told = || [in_use(), listed(&IN_USE)].map(count);
        assert_eq!(told(), [2, 2]);
        drop(client);
        // The end has come.
        assert_eq!(server.read(&mut [0]).unwrap(), 0);
        assert_eq!(told(), [1, 1]);
    }

    /// What is cut, or claims to be longer than it is, is the end of what was said.
    #[test]
    fn half_a_message_is_none() {
        let mut message = vec![0; HEADER + ANSWER];
        message[0..4].copy_from_slice(&((HEADER + ANSWER) as u32).to_ne_bytes());
        message[4..6].copy_from_slice(&BY_FAMILY.to_ne_bytes());
        let (kind, whole, next) = first(&message).unwrap();
        assert_eq!((kind, whole.len(), next.len()), (BY_FAMILY, ANSWER, 0));
        assert!(listener(whole).is_some());
        assert!(listener(&whole[..ANSWER - 1]).is_none());
        for length in 0..message.len() {
            assert!(first(&message[..length]).is_none(), "{length}");
        }
        message[0..4].copy_from_slice(&3_u32.to_ne_bytes());
        assert!(first(&message).is_none());
    }
}
