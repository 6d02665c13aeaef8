//! In what a client that stands aside differs from the ordinary one.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A name of no server (RFC 2606).
pub(crate) const UNKNOWN: &str = "unknown.invalid";

/// In what a client differs from the ordinary one.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Differs {
    /// It asks for a name that is none of the server's (SNI).
    UnknownName,
    /// It offers no protocol (ALPN).
    NoProtocol,
    /// It offers HTTP/2 alone.
    Http2Alone,
    /// It checks the OCSP response that comes with the certificate (stapling).
    ChecksStatus,
    /// It comes to another address of this machine.
    Address(IpAddr),
}

impl Differs {
    /// The client, for a sentence.
    pub fn words(self) -> String {
        match self {
            Self::UnknownName => {
                format!("a client that asks for a name which is none of the server's ({UNKNOWN})")
            }
            Self::NoProtocol => "a client that offers no protocol (no ALPN)".into(),
            Self::Http2Alone => "a client that offers HTTP/2 alone (ALPN h2)".into(),
            Self::ChecksStatus => {
                "a client that checks the OCSP response which comes with the certificate (stapling)"
                    .into()
            }
            Self::Address(address) => format!("a client that connects to {address}"),
        }
    }
}
