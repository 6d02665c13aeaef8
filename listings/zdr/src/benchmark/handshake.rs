//! What a full handshake costs, where every server has the same cipher suite and the same kind of key.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use ch09_simulating_rotation::Writer;
use ch11_verification::attempt::Class;
use serde::{Deserialize, Serialize};

use super::cost::{Attempted, Speed, repeated};
use super::result::{ClassResult, ServerResult};
use crate::check::{Options, RunControl, check};
use crate::load::failure::Failed;
use crate::server::spec::{Keys, Spec};
use crate::testbed::TestBed;
use crate::testbed::shared::SharedFixtures;

/// How long handshakes are made before they are counted: some programs are slow until they have run for a while.
const WARM: Duration = Duration::from_millis(300);

/// Makes full handshakes for `time`, with a leaf of this kind of key.
///
/// # Errors
/// When the server does not come up, or its process is not known.
pub async fn handshakes(
    spec: &Spec,
    keys: Keys,
    time: Duration,
    patience: Duration,
) -> io::Result<Speed> {
    let mut spec = spec.clone();
    spec.keys = keys;
    let fixtures = SharedFixtures::new(&spec, patience).await?;
    let testbed = fixtures.start(Writer::VaultAgent).await?;
    let client = testbed.target.equal_client()?;
    let target = testbed.target.clone();
    let attempt = move || {
        let (target, client) = (target.clone(), client.clone());
        async move { attempted(target.shake_hands(&client).await) }
    };
    repeated(&testbed.server, WARM, attempt.clone()).await?;
    repeated(&testbed.server, time, attempt).await
}

/// What came of a handshake that cannot have been a resumed one.
fn attempted(outcome: Result<(), Failed>) -> Attempted {
    Attempted {
        resumed: false,
        failed: outcome.is_err(),
    }
}

/// What QUIC costs, and what rotations lose of it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct QuicCost {
    /// Full handshakes with a leaf for ECDSA on P-256.
    pub handshakes: Speed,
    /// What clients met in rotations: new connections of QUIC, requests of HTTP/3 over kept ones, and new
    /// connections of TCP beside them.
    pub classes: BTreeMap<Class, ClassResult>,
    /// Rotations that were shown in time, of all.
    pub shown: (u32, u32),
}

/// Rotates under load, and makes handshakes.
///
/// # Errors
/// When the server does not come up, does not speak HTTP/3, or its process is not known.
pub async fn quic(
    spec: &Spec,
    time: Duration,
    rotations: u32,
    control: &RunControl<'_>,
) -> io::Result<QuicCost> {
    let options = Options {
        rotations,
        steady: Duration::from_secs(1),
        classes: Some(vec![Class::Full, Class::Quic, Class::Http3]),
        rate: 10.0,
        scenarios: Vec::new(),
        ..Options::default()
    };
    let report = check(spec, &options, control).await?;
    let rotated = ServerResult::new(spec).with(&[report]);
    let fixtures = SharedFixtures::new(spec, options.patience).await?;
    let testbed = fixtures.start(Writer::VaultAgent).await?;
    Ok(QuicCost {
        handshakes: quic_handshakes(&testbed, time).await?,
        classes: rotated.classes,
        shown: rotated.shown,
    })
}

async fn quic_handshakes(testbed: &TestBed, time: Duration) -> io::Result<Speed> {
    let client = testbed.target.equal_quic_client()?;
    let target = testbed.target.clone();
    let attempt = move || {
        let (target, client) = (target.clone(), client.clone());
        async move { attempted(target.shake_hands_quic(&client).await) }
    };
    repeated(&testbed.server, WARM, attempt.clone()).await?;
    repeated(&testbed.server, time, attempt).await
}
