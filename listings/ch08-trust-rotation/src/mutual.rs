//! One policy, from which each generation's configuration is built.

use std::sync::Arc;

use ch02_hot_reload::identity::Identity;
use ch02_hot_reload::message;
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::Error;

// ANCHOR: policy
/// A server's configuration: it shows the identity, and lets in clients whose certificate leads to
/// one of the anchors for peers beside it. Those that its own chain leads to are no reason to let
/// anybody in. There is no other way to a configuration in this chapter, so no reload can forget to
/// ask.
///
/// # Errors
/// When there is no usable trust anchor.
pub fn server_config(identity: &Identity) -> Result<ServerConfig, Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let anchors = store(identity.anchors_for_peers())?;
    let mut verifier =
        WebPkiClientVerifier::builder_with_provider(anchors.clone(), provider.clone());
    if !names_fit(&anchors, &identity.certified.cert) {
        verifier = verifier.clear_root_hint_subjects();
    }
    let verifier = verifier.build()?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(identity.certified.clone())));
    Ok(config)
}

/// A client's configuration: it trusts the anchors for peers, and shows the identity beside them. Its
/// sessions are its own: what was learned under another generation is not resumed.
///
/// # Errors
/// When there is no usable trust anchor.
pub fn client_config(identity: &Identity) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let anchors = store(identity.anchors_for_peers())?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(anchors)
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity.certified.clone())));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
// ANCHOR_END: policy

/// Whether the names of all anchors can be sent beside this chain. They are a help for clients that
/// have several certificates to choose from; one that gets no list shows what it has.
///
/// The list has two bytes for its length, and so has all that stands in the request with it (RFC
/// 9846, `certificate_authorities`). rustls does not look whether it fits: a debug build stops at an
/// assertion, and what a release build sends no client can read. And a rustls client buffers both
/// messages, so that they share the room that one chain may take.
fn names_fit(anchors: &RootCertStore, chain: &[CertificateDer<'_>]) -> bool {
    let names = anchors.subjects();
    let bytes: usize = names.iter().map(|name| 2 + name.as_ref().len()).sum();
    message::length(chain) + bytes <= message::LARGEST
}

fn store(anchors: &[CertificateDer<'static>]) -> Result<Arc<RootCertStore>, Error> {
    let mut store = RootCertStore::empty();
    for anchor in anchors {
        store.add(anchor.clone())?;
    }
    Ok(Arc::new(store))
}

#[cfg(test)]
mod tests {
    use ch02_hot_reload::message::{self, LARGEST};
    use rustls::RootCertStore;
    use rustls::pki_types::{CertificateDer, Der, TrustAnchor};

    use super::names_fit;

    /// Anchors whose names have so many bytes each, before they are put into a sequence.
    fn named(lengths: &[usize]) -> RootCertStore {
        let anchor = |length: &usize| TrustAnchor {
            subject: Der::from(vec![0; *length]),
            subject_public_key_info: Der::from(Vec::new()),
            name_constraints: None,
        };
        RootCertStore {
            roots: lengths.iter().map(anchor).collect(),
        }
    }

    #[test]
    fn names_fit_to_the_last_byte() {
        // A name of 1,000 bytes has four of its sequence before it, and two of the list.
        const EACH: usize = 2 + 4 + 1000;
        let chain = [CertificateDer::from(vec![0; 1000])];
        let room = LARGEST - message::length(&chain);
        let (many, rest) = (room / EACH - 1, room % EACH + EACH - 6);
        let fit = |last| {
            let lengths = [vec![1000; many], vec![last]].concat();
            names_fit(&named(&lengths), &chain)
        };
        assert!((256..65536).contains(&rest));
        assert!(fit(rest));
        assert!(!fit(rest + 1));
        assert!(names_fit(&named(&[]), &chain));
    }
}
