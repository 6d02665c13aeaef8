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

/// Moves all machines from Root A to Root B. After each step every client calls the server.
pub fn rotate(fleet: &mut impl Fleet) {
    let clients = (0..=fleet.clients() - 1).map(Machine::Client);
    let all: Vec<_> = clients.chain([Machine::Server]).collect();
    // Add: each side checks the other, so all know both roots before any of them moves.
    for machine in &all {
        fleet.trust(*machine, &[Root::A, Root::B]);
    }
    // Reissue, one by one.
    for machine in &all {
        fleet.show(*machine, Root::B);
    }
    // Remove: no leaf under Root A is shown any more.
    for machine in &all {
        fleet.trust(*machine, &[Root::B]);
    }
}
