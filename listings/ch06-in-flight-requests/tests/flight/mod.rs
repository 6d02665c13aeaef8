//! What becomes of connections when the certificate changes, expires, or is retired.
//!
//! Where time is the subject, it is virtual: the runtime's clock is paused, streams are in memory,
//! and an hour passes as soon as nobody has anything left to do.

mod age;
mod agree;
mod bench;
mod crossing;
mod drain;
mod ending;
mod expiry;
mod goaway;
mod goodbye;
mod half;
mod head;
mod linger;
mod options;
mod refused;
mod room;
mod sessions;
mod tickets;
