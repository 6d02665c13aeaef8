//! A check that is not fooled.

/// A server, as it is seen from outside, and the files that it reads. It serves generation 1
/// when you get it, and has looked at its files whenever a call returns.
pub trait Server {
    /// Writes the files of the next generation, whole, and returns its number: 2, 3, and so on.
    fn rotate(&mut self) -> u32;

    /// Writes files that no server can use: a certificate and the key of another one.
    fn spoil(&mut self);

    /// A new connection with a full handshake: the generation that it was shown. `None` if it
    /// failed.
    fn handshake(&mut self) -> Option<u32>;
}

/// Whether this server serves every client through whatever happens to its files.
pub fn zero_downtime(server: &mut dyn Server) -> bool {
    if !shows(server, 1) {
        return false;
    }
    let good = 1;
    // What is spoiled is rejected, so the last good generation is the right answer.
    server.spoil();
    if !shows(server, good) {
        return false;
    }
    // And it has to go on looking afterwards.
    let mended = server.rotate();
    shows(server, mended)
}

/// Whether consecutive handshakes all show this generation: one alone may have met the one
/// worker that does.
fn shows(server: &mut dyn Server, generation: u32) -> bool {
    (0..24).all(|_| server.handshake() == Some(generation))
}
