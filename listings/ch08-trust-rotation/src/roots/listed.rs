//! What a file lists.

use ch02_hot_reload::identity::Identity;
use rustls::pki_types::CertificateDer;

use crate::root::Root;

/// The same, with each root once: one name and one key, in however many certificates it is listed.
pub(super) fn each_once(asked: Identity) -> Identity {
    let anchors = asked.anchors_for_peers();
    let listed = names(anchors);
    let each = listed.iter().zip(anchors).enumerate();
    let once = each.filter(|(at, (root, _))| !listed[..*at].contains(root));
    let once: Vec<_> = once.map(|(_, (_, anchor))| anchor.clone()).collect();
    asked.with_anchors_for_peers(once)
}

/// The roots of these anchors, in their order.
pub(super) fn names(anchors: &[CertificateDer<'_>]) -> Vec<Root> {
    anchors.iter().map(Root::of).collect()
}
