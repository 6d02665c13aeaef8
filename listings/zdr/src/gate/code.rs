//! The names of findings.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was found. The set is closed: scripts may match on it.
#[derive(
    Clone,
    Copy,
    Debug,
    Deserialize,
    Eq,
    Hash,
    JsonSchema,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
    ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Code {
    /// It did not start, or not with valid files.
    DidNotStart,
    /// Its process ended.
    Stopped,
    /// Clients were refused, or their handshake failed.
    HandshakesFailed,
    /// Something was cut in the middle.
    Severed,
    /// Bytes were wrong.
    Corrupt,
    /// Requests failed though the connection held.
    RequestsFailed,
    /// A new certificate was never shown.
    NotPickedUp,
    /// An old certificate was shown after the new one, for good.
    WentBack,
    /// Old and new were shown side by side for too long.
    WorkersDisagree,
    /// Something was shown that was never issued so.
    WrongChain,
    /// More was sent with a leaf than was issued with it, and clients accept it.
    ChainHasMore,
    /// An invalid identity was shown: no client accepts it.
    UnfitShown,
    /// The last valid identity was lost when the files were invalid.
    LastGoodLost,
    /// It did not come back by itself once the files were valid again.
    NotRecovered,
    /// Clients without a certificate, or with one that is trusted no longer, were accepted.
    LetIn,
    /// Clients with a trusted certificate were rejected.
    TurnedAway,
    /// A client whose trust was taken away came back by resumption.
    ResumedWithoutTrust,
    /// Bytes of a private key in its output.
    KeyInLog,
    /// Its log claims what the wire does not show.
    LogLies,
    /// Its log does not tell what the wire shows.
    LogIncomplete,
    /// A slow or missing file made clients wait.
    HandshakeWaitsForFiles,
    /// Returning clients resume forever, and are shown an identity that is gone.
    ResumesForEver,
    /// Each rotation makes all clients pay for a full handshake.
    TicketsLost,
    /// Clients wait for much longer while a certificate is rotated.
    SlowWhileReloading,
    /// Its memory grows with each rotation.
    MemoryGrows,
    /// Processes stay behind.
    ProcessesLeft,
    /// Descriptors or threads stay behind.
    DescriptorsGrow,
    /// The load could not be made as planned: figures are not to be trusted.
    LoadFellBehind,
    /// The last day of a waiver is past: what it allowed counts again.
    WaiverOver,
    /// Nothing that a waiver names was found: its scenario passed, or failed in another way.
    WaiverUnneeded,
    /// A waiver's scenario was not run, so nobody knows whether the waiver is needed.
    WaiverUntested,
}

impl Code {
    /// The name in reports and TOML files.
    pub fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Whether it is about a waiver, and not about the server.
    pub fn is_of_waiver(self) -> bool {
        matches!(
            self,
            Self::WaiverOver | Self::WaiverUnneeded | Self::WaiverUntested
        )
    }
}
