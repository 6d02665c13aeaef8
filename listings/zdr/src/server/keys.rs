//! Kinds of keys.

use clap::ValueEnum;
use lab::authority::KeyKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of key that a server takes.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize, ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Keys {
    /// ECDSA on P-256.
    #[default]
    Ecdsa,
    /// RSA, 2048 bits.
    Rsa,
    /// Ed25519.
    Ed25519,
    /// ML-DSA-44, for TLS 1.3 only (draft-ietf-tls-mldsa). The authority's own key stays ECDSA.
    #[serde(rename = "ml_dsa_44")]
    #[value(name = "ml_dsa_44")]
    MlDsa44,
}

impl Keys {
    /// In a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Ecdsa => "ECDSA",
            Self::Rsa => "RSA",
            Self::Ed25519 => "Ed25519",
            Self::MlDsa44 => "ML-DSA-44",
        }
    }
}

impl From<Keys> for KeyKind {
    fn from(keys: Keys) -> Self {
        match keys {
            Keys::Ecdsa => Self::EcdsaP256,
            Keys::Rsa => Self::Rsa2048,
            Keys::Ed25519 => Self::Ed25519,
            Keys::MlDsa44 => Self::MlDsa44,
        }
    }
}
