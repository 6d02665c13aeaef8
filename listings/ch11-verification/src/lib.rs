//! `zdr check`: does this server rotate with zero downtime?
<<<<<<< HEAD
pub mod failed;
pub mod load;
pub mod origin;
=======
pub mod bound;
>>>>>>> ch11c
pub mod record;
pub mod report;
pub mod server;
pub mod spec;
