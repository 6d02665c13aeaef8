//! A check that is not fooled.

/// A server, as it is seen from outside, and the files that it reads.
pub trait Server {
    /// Writes the files of the next generation.
    fn rotate(&mut self) -> u32;

    /// Writes files that no server can use.
    fn spoil(&mut self);

    /// A new connection with a full handshake.
    fn handshake(&mut self) -> Option<u32>;
}

/// Whether this server serves every client through whatever happens to its files.
pub fn zero_downtime(server: &mut dyn Server) -> bool {
    let look =
        |server: &mut dyn Server, wanted| (0..24).all(|_| server.handshake() == Some(wanted));
    if !look(server, 1) {
        return false;
    }
    server.spoil();
    if !look(server, 1) {
        return false;
    }
    let next = server.rotate();
    if !look(server, next) {
        return false;
    }
    // What goes well once need not go well again.
    let next = server.rotate();
    look(server, next)
}
