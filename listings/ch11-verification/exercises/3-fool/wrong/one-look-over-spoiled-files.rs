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

/// Workers can lag behind a rotation alone.
pub fn zero_downtime(server: &mut dyn Server) -> bool {
    let good = server.rotate();
    if !shows(server, good, 20) {
        return false;
    }
    server.spoil();
    if !shows(server, good, 1) {
        return false;
    }
    let mended = server.rotate();
    shows(server, mended, 20)
}

fn shows(server: &mut dyn Server, generation: u32, looks: u32) -> bool {
    (0..looks).all(|_| server.handshake() == Some(generation))
}
