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
    /// The server did not start, or did not start with valid files.
    DidNotStart,
    /// The server's process ended.
    Stopped,
    /// Clients were refused, or their handshake failed.
    HandshakesFailed,
    /// A request, a stream or a conversation was cut in the middle.
    Severed,
    /// An answer held wrong bytes.
    Corrupt,
    /// Requests failed though the connection held.
    RequestsFailed,
    /// A new certificate was never shown.
    NotPickedUp,
    /// An old certificate was shown after the new one, for good.
    WentBack,
    /// Old and new were shown side by side for too long.
    WorkersDisagree,
    /// A chain was shown that was never issued in this form.
    WrongChain,
    /// A leaf was sent with more certificates than were issued with it, and clients accept the chain.
    ChainHasMore,
    /// An invalid identity was shown: no client accepts it.
    UnfitShown,
    /// The last valid identity was lost when the files were invalid.
    LastGoodLost,
    /// The server did not recover by itself when the files were valid again.
    NotRecovered,
    /// Clients without a certificate, or with one that is no longer trusted, were accepted.
    LetIn,
    /// Clients with a trusted certificate were rejected.
    TurnedAway,
    /// A client whose authority was removed came back by resumption.
    ResumedWithoutTrust,
    /// The server's output holds bytes of a private key.
    KeyInLog,
    /// The server's log claims something that clients did not see.
    LogLies,
    /// The server's log lacks something that clients saw.
    LogIncomplete,
    /// A slow or missing file made clients wait.
    HandshakeWaitsForFiles,
    /// Returning clients resume forever, under a certificate that is gone.
    ResumesForEver,
    /// Each rotation makes all clients pay for a full handshake.
    TicketsLost,
    /// Clients wait much longer while a certificate is rotated.
    SlowWhileReloading,
    /// The server's memory grows with each rotation.
    MemoryGrows,
    /// Each rotation leaves processes behind.
    ProcessesLeft,
    /// Each rotation leaves descriptors or threads behind.
    DescriptorsGrow,
    /// Connections stay open at the server whose clients have closed them. Each keeps a descriptor.
    ConnectionsLeft,
    /// Each rotation leaves work behind that does not end, so the server keeps the processor busier than before.
    ProcessorGrows,
    /// The load could not be made as planned, so the figures cannot be trusted.
    LoadFellBehind,
    /// How the server reloads was not found, so it was restarted for each rotation.
    ReloadNotFound,
    /// The last day of a waiver has passed, so the failure that it allowed counts again.
    WaiverOver,
    /// Nothing that a waiver names was found: its scenario passed, or failed in another way.
    WaiverUnneeded,
    /// A waiver's scenario was not run, so it is unknown whether the waiver is needed.
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
