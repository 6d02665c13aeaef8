//! The real thing, where it is installed: OpenBao with its agent, and an ACME server.

mod acme;
mod http;
mod openbao;
mod served;
