//! A check that is not fooled.

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

/// Ten rounds, in which good and spoiled files take turns, twice in a row as well.
pub fn zero_downtime(server: &mut dyn Server) -> bool {
    let (mut good, mut failed) = (1, 0);
    for round in 0..10 {
        for _ in 0..round % 3 {
            server.spoil();
            failed += wrong_of_40(server, good);
        }
        good = server.rotate();
        failed += wrong_of_40(server, good);
    }
    failed == 0
}

fn wrong_of_40(server: &mut dyn Server, good: u32) -> usize {
    (0..40).filter(|_| server.handshake() != Some(good)).count()
}
