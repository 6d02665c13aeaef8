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

/// Spoils and mends, again and again, and shakes hands often.
pub fn zero_downtime(server: &mut dyn Server) -> bool {
    let mut wanted = Some(1);
    let mut sound = all(server, wanted);
    for _ in 0..3 {
        wanted = Some(server.rotate());
        sound &= all(server, wanted);
        for _ in 0..2 {
            server.spoil();
            sound &= all(server, wanted);
        }
    }
    wanted = Some(server.rotate());
    sound & all(server, wanted)
}

fn all(server: &mut dyn Server, wanted: Option<u32>) -> bool {
    let shown: Vec<_> = (0..100).map(|_| server.handshake()).collect();
    shown.iter().all(|shown| *shown == wanted)
}
