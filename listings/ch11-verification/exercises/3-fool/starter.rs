//! A check that is not fooled.
//!
//! This is the starter. It compiles, and its checks fail until `zero_downtime` is written.

/// A server, as it is seen from outside, and the files that it reads. It serves generation 1 when you get it, and has looked
/// at its files whenever a call returns.
pub trait Server {
    /// Writes the files of the next generation, whole, and returns its number: 2, 3, and so on.
    fn rotate(&mut self) -> u32;

    /// Writes files that no server can use: a certificate and the key of another one.
    fn spoil(&mut self);

    /// A new connection with a full handshake: the generation that it was shown. `None` if it failed.
    fn handshake(&mut self) -> Option<u32>;
}

/// Whether this server serves every client through whatever happens to its files.
pub fn zero_downtime(server: &mut dyn Server) -> bool {
    todo!("this is the starter: write `zero_downtime`")
}
