//! The chapter's tests, in one program: they wait side by side, and are linked once.

mod go;
mod hangup;
mod naive;
mod openssl_peer;
mod overlay;
mod resumption;
mod rotation;
mod transcripts;
mod watch;
