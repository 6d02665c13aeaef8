//! The scenarios: their names, what each of them is, and which level requires it.

use ch09_simulating_rotation::Sabotage;
use clap::ValueEnum;

use crate::gate::code::Code;
use crate::gate::level::Level;

// ANCHOR: scenario
/// Something to do to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// The key of one generation, the certificate of the next.
    Torn,
    /// The key of one generation, the certificate of the next, which is for another kind of key.
    TornKinds,
    /// A chain that is cut in its second certificate.
    Truncated,
    /// A key that belongs to no certificate.
    Mismatched,
    /// A certificate that has expired.
    Expired,
    /// A certificate that is not valid yet.
    NotYetValid,
    /// A certificate for another name.
    WrongName,
    /// A chain to an authority that no client trusts.
    WrongCa,
    /// No file with a certificate.
    Missing,
    /// A key that cannot be opened.
    Unreadable,
    /// A chain without its intermediate.
    Shrunk,
    /// A file that holds something else than a certificate.
    Garbage,
    // ANCHOR_END: scenario
    // ANCHOR: renewals
    /// The same leaf with another chain.
    ChainOnly,
    /// Older files are put back, with their old modification times.
    Rollback,
    /// New files with the modification times of the old ones.
    SameDate,
    /// New content in the existing files: inode, size and modification time stay the same.
    InPlace,
    /// A renewal that ends earlier than the certificate before it, and others that live longer.
    OtherLifetimes,
    /// Renewals under another intermediate of the same root.
    OtherIntermediate,
    /// A renewal under another root, which clients trust from the start.
    OtherRoot,
    /// A renewal for the same key. The key's file is not touched.
    SameKey,
    /// Renewals with another kind of key than before, of the kinds that the server takes.
    OtherKeyKind,
    // ANCHOR_END: renewals
    // ANCHOR: circumstances
    /// A writer that pauses in the middle of each file.
    SlowWrite,
    /// A writer that removes each file, pauses, and creates it again.
    RemoveCreate,
    /// Five rotations, each before the server can have finished the last one.
    Burst,
    /// A reload without a change.
    Unchanged,
    /// The server is started before its files are there.
    AbsentAtStart,
    /// The files change at the moment when the server is ready.
    ChangedAtStart,
    /// Clients that open a connection and send nothing, half a ClientHello, or only a ClientHello.
    HalfOpen,
    /// A file that cannot be opened without waiting, as on a mount whose server is gone.
    Stalled,
    /// A second authority for clients is added.
    TrustAdded,
    /// The first authority for clients is removed.
    TrustRemoved,
    /// The list of authorities for clients is written in place, with a pause after the first.
    TrustHalfWritten,
}
// ANCHOR_END: circumstances

impl Scenario {
    /// All.
    pub fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// The name in reports and on the command line.
    pub fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// What it does to the server, in a sentence for reports and plans.
    pub fn what(self) -> String {
        let value = self.to_possible_value();
        let help = value.and_then(|value| value.get_help().map(ToString::to_string));
        help.unwrap_or_default()
    }

    /// What the agent does, where the files are what is wrong: both have one name.
    pub(crate) fn sabotage(self) -> Option<Sabotage> {
        match self {
            Self::TornKinds => Some(Sabotage::Torn),
            _ => Sabotage::from_str(&self.name(), false).ok(),
        }
    }

    /// The entries of the failure catalogue that it reproduces.
    pub(crate) fn catalogue(self) -> &'static [u32] {
        match self {
            Self::Torn => &[3, 4, 20],
            Self::TornKinds => &[3, 59],
            Self::Truncated | Self::Shrunk => &[5],
            Self::Mismatched => &[3, 19, 20, 22],
            Self::Expired | Self::WrongCa | Self::WrongName => &[35],
            Self::NotYetValid => &[34],
            Self::Missing => &[2, 14, 19],
            Self::Unreadable => &[16],
            Self::Garbage => &[19],
            Self::ChainOnly => &[18],
            Self::Rollback | Self::SameDate => &[8],
            Self::InPlace => &[53],
            Self::OtherLifetimes => &[41],
            Self::OtherIntermediate | Self::OtherRoot => &[42],
            Self::SameKey => &[43],
            Self::OtherKeyKind => &[59],
            Self::HalfOpen => &[44],
            Self::SlowWrite => &[3, 6, 7, 14, 53],
            Self::RemoveCreate => &[1, 2, 53],
            Self::Burst => &[25],
            Self::Unchanged => &[27, 31],
            Self::AbsentAtStart => &[13],
            Self::ChangedAtStart => &[15],
            Self::Stalled => &[39],
            Self::TrustAdded => &[33, 51],
            Self::TrustRemoved => &[30, 33, 51],
            Self::TrustHalfWritten => &[5, 32],
        }
    }

    /// Whether the one of this name changes the list of the clients' authorities.
    pub(crate) fn is_of_trust(name: &str) -> bool {
        let of_trust = [Self::TrustAdded, Self::TrustRemoved, Self::TrustHalfWritten];
        of_trust.iter().any(|of| of.name() == name)
    }

    /// The lowest level that requires it.
    pub fn level(self) -> Level {
        match self {
            // Whole files that no client would accept: a server has to judge them to refuse them.
            Self::Expired | Self::NotYetValid | Self::WrongName | Self::WrongCa | Self::Shrunk => {
                Level::All
            }
            Self::TrustAdded | Self::TrustRemoved | Self::TrustHalfWritten => Level::All,
            _ => Level::Faults,
        }
    }

    /// The findings by which a server fails it in the scenario's own way. A waiver of the scenario allows
    /// these, and no other loss: a server that may show an expired certificate may not end because of it.
    pub fn fails_by(self) -> &'static [Code] {
        use Code::*;
        match self {
            _ if self.sabotage().is_some() => &[LastGoodLost, UnfitShown, WrongChain],
            Self::SlowWrite | Self::RemoveCreate => {
                &[NotPickedUp, HandshakesFailed, UnfitShown, WrongChain]
            }
            Self::Burst => &[NotPickedUp, WentBack],
            Self::OtherKeyKind => &[NotPickedUp, HandshakesFailed],
            Self::AbsentAtStart => &[DidNotStart, NotPickedUp],
            Self::Stalled => &[HandshakeWaitsForFiles],
            Self::TrustAdded | Self::TrustHalfWritten => &[TurnedAway],
            Self::TrustRemoved => &[LetIn, ResumedWithoutTrust],
            _ => &[NotPickedUp],
        }
    }
}
