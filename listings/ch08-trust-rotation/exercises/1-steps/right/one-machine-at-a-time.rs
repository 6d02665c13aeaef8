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

/// The server is done with its part of each round before any client begins, and the new root is named first.
pub fn rotate(fleet: &mut impl Fleet) {
    let mut order = vec![Machine::Server];
    for client in (0..fleet.clients()).rev() {
        order.push(Machine::Client(client));
    }
    for step in 0..3 {
        for &machine in &order {
            match step {
                0 => fleet.trust(machine, &[Root::B, Root::A]),
                1 => fleet.show(machine, Root::B),
                _ => fleet.trust(machine, &[Root::B]),
            }
        }
        order.reverse();
    }
}
