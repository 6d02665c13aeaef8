//! Move trust in the right order.

/// One of the two roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// The old one.
    A,
    /// The new one.
    B,
}

/// One of the machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// The one that all clients call.
    Server,
    /// The client of this number, counted from 0.
    Client(usize),
}

/// The machines, and what an operator can do to them. In the beginning all trust Root A alone,
/// and show a leaf under it.
pub trait Fleet {
    /// How many clients there are.
    fn clients(&self) -> usize;
    /// Replaces the list of roots by which this machine checks the other side.
    fn trust(&mut self, machine: Machine, roots: &[Root]);
    /// Gives this machine a leaf under this root in place of its present one.
    fn show(&mut self, machine: Machine, root: Root);
}

/// Each side needs both roots only while the other side shows leaves of both.
pub fn rotate(fleet: &mut impl Fleet) {
    let all: Vec<_> = (0..fleet.clients()).map(Machine::Client).collect();
    // The clients' leaves move while the server trusts both.
    fleet.trust(Machine::Server, &[Root::A, Root::B]);
    for client in &all {
        fleet.show(*client, Root::B);
    }
    fleet.trust(Machine::Server, &[Root::B]);
    // The server's leaf moves while the clients trust both.
    for client in &all {
        fleet.trust(*client, &[Root::A, Root::B]);
    }
    fleet.show(Machine::Server, Root::B);
    for client in &all {
        fleet.trust(*client, &[Root::B]);
    }
}
