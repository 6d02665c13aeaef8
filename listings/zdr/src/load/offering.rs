//! Clients that offer something else than the ordinary one: other ciphers, groups or versions of TLS.

use std::io;
use std::sync::Arc;

use lab::client::Options;
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{ClientConfig, NamedGroup, SupportedProtocolVersion};

use crate::attempt::differs::{Cipher, Group};
use crate::load::target::Target;

impl Target {
    /// What a client offers that has this cryptography and speaks these versions, and never resumes.
    ///
    /// # Errors
    /// When there is no usable trust anchor, or this cryptography has nothing for one of the versions.
    pub(crate) fn config_of(
        &self,
        provider: CryptoProvider,
        versions: &[&'static SupportedProtocolVersion],
    ) -> io::Result<ClientConfig> {
        let builder = ClientConfig::builder_with_provider(provider.into())
            .with_protocol_versions(versions)
            .map_err(io::Error::other)?;
        let verifier = Arc::new(self.verifier()?);
        let builder = builder
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = builder.with_no_client_auth();
        let identity = self.identity.as_deref();
        let known = self.config_with(None, Options::default(), identity)?;
        config.client_auth_cert_resolver = known.client_auth_cert_resolver.clone();
        config.alpn_protocols.clone_from(&known.alpn_protocols);
        config.key_log = known.key_log.clone();
        config.resumption = Resumption::disabled();
        Ok(config)
    }
}

/// What has this group alone.
pub(crate) fn by_group(group: Group) -> CryptoProvider {
    let only = match group {
        Group::P256 => NamedGroup::secp256r1,
        Group::P384 => NamedGroup::secp384r1,
        Group::X25519 => NamedGroup::X25519,
    };
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups.retain(|group| group.name() == only);
    provider
}

/// What has this cipher alone: one suite of TLS 1.3, and those of TLS 1.2.
pub(crate) fn by_cipher(cipher: Cipher) -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.retain(|suite| {
        let name = suite.suite().as_str().unwrap_or_default();
        name.contains(cipher.name())
    });
    provider
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_of_one_group_or_cipher_has_no_other_and_speaks_both_versions() {
        for group in Group::ALL {
            assert_eq!(by_group(group).kx_groups.len(), 1, "{group:?}");
        }
        for cipher in Cipher::ALL {
            let suites = by_cipher(cipher).cipher_suites;
            let of_13 = suites.iter().filter(|suite| suite.tls13().is_some());
            assert_eq!((of_13.count(), suites.len()), (1, 3), "{cipher:?}");
        }
    }
}
