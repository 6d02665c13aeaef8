//! Renewals whose key is of another kind: an authority, or a new default of its agent, changes from RSA to
//! ECDSA.

use crate::error::Error;
use crate::scenarios::clients::ProbeClient;
use crate::server::spec::Keys;
use crate::testbed::TestBed;
use crate::testbed::shared::SharedFixtures;
use ch11_verification::rotation::Window;

/// In this order. Clients prefer ECDSA to RSA: a server that keeps a certificate for each kind shows them the
/// older one once the newer one is for RSA.
const KINDS: [Keys; 3] = [Keys::Ecdsa, Keys::Rsa, Keys::Ed25519];

/// The other kinds that the server takes, up to so many. To find that out, another one is started: before the scenario's own, since two
/// of them may be in each other's way.
pub(super) async fn other_kinds(fixtures: &SharedFixtures, at_most: usize) -> Vec<Keys> {
    let mut kinds = Vec::new();
    for kind in KINDS {
        if kinds.len() < at_most && kind != fixtures.spec().keys && fixtures.takes(kind).await {
            kinds.push(kind);
        }
    }
    kinds
}

/// A renewal of each of these other kinds, and one back to its own. Ends with the first that is not shown. `None` where
/// there are none: a server may have its ciphers for one kind.
pub(super) async fn other_key_kind(
    testbed: &mut TestBed,
    probes: &ProbeClient,
    mut kinds: Vec<Keys>,
) -> Result<Option<Window>, Error> {
    if kinds.is_empty() {
        return Ok(None);
    }
    let own = testbed.spec().keys;
    kinds.push(own);
    let mut last = None;
    for kind in kinds {
        testbed.change_kind_of_key(kind);
        let window = probes.rotate(testbed).await?;
        let shown = window.first_new.is_some();
        last = Some(window);
        if !shown {
            break;
        }
    }
    Ok(last)
}
