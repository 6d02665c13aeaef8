//! The real thing, where it is installed: OpenBao with its agent, and an ACME server.

// It asks Linux for a port.
#[cfg(target_os = "linux")]
mod acme;
mod http;
mod openbao;
mod served;
