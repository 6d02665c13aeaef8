//! The chapter's tests, in one program: they wait side by side, and are linked once.

mod handshake;
mod log_form;
mod odd;
mod restart;
mod room;
mod softened;
mod stampede;
mod transcripts;
