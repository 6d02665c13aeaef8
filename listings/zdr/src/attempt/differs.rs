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
    /// It offers one group for the exchange of keys, and no other.
    OneGroup(Group),
    /// It offers one cipher, and no other.
    OneCipher(Cipher),
    /// It comes to another address of this machine.
    Address(IpAddr),
}

/// A group by which keys are exchanged.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// The curve P-256.
    P256,
    /// The curve P-384.
    P384,
    /// X25519.
    X25519,
}

/// A cipher, whatever else a cipher suite of TLS 1.2 or 1.3 says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cipher {
    /// AES-GCM with keys of 128 bits.
    Aes128,
    /// AES-GCM with keys of 256 bits.
    Aes256,
    /// ChaCha20-Poly1305.
    Chacha20,
}

impl Group {
    /// All that clients here have, but for the hybrid with ML-KEM: no client offers that alone.
    pub(crate) const ALL: [Self; 3] = [Self::P256, Self::P384, Self::X25519];

    /// Its name, as OpenSSL has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::X25519 => "X25519",
        }
    }
}

impl Cipher {
    /// All that clients here have.
    pub(crate) const ALL: [Self; 3] = [Self::Aes128, Self::Aes256, Self::Chacha20];

    /// How it is called in the names of cipher suites.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Aes128 => "AES_128_GCM",
            Self::Aes256 => "AES_256_GCM",
            Self::Chacha20 => "CHACHA20_POLY1305",
        }
    }
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
            Self::OneGroup(group) => {
                let group = group.name();
                format!("a client that exchanges keys by {group} alone")
            }
            Self::OneCipher(cipher) => {
                let cipher = cipher.name();
                format!("a client that offers the cipher {cipher} alone")
            }
            Self::Address(address) => format!("a client that connects to {address}"),
        }
    }
}
