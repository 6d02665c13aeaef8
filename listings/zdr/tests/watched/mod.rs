//! `zdr watch`: what it makes of a rotation that somebody else does. Most of it is told from looks that are
//! made up here, so that each fault stands alone; the rest is seen on real servers.

mod live;
mod story;
