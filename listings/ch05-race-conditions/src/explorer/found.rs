//! What an exploration found: how many states, and what is served after each.

use std::collections::BTreeMap;

use ch02_hot_reload::identity::Rejected;

use crate::writer::Step;

/// Which reader is explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Chapter 2's: each file by its path, once.
    ByPath,
    /// This chapter's [`Reader`](crate::Reader).
    Ours,
}

impl Subject {
    /// Both readers, the simple one first.
    pub const ALL: [Self; 2] = [Self::ByPath, Self::Ours];

    /// The name that stands in logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::ByPath => "by_path",
            Self::Ours => "ours",
        }
    }
}

/// What is served after a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Served {
    /// The set from before, whole.
    Old,
    /// The set of the writer, whole.
    New,
    /// A part: certificates or trust anchors are missing that are in both sets, or in the new.
    Cut,
    /// Parts of both, or a key of another certificate.
    Mixed,
    /// The new set, while others could read its key.
    Exposed,
}

impl Served {
    /// The name that stands in logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
            Self::Cut => "cut",
            Self::Mixed => "mixed",
            Self::Exposed => "exposed",
        }
    }

    /// Whether it must never be served.
    pub fn is_wrong(self) -> bool {
        !matches!(self, Self::Old | Self::New)
    }
}

/// States in a row that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// How many states they are.
    pub states: usize,
    /// What the writer has just done.
    pub step: String,
    /// What is served after each of them.
    pub served: Served,
    /// Why the files were not accepted, where they were not.
    pub refused: Option<&'static str>,
}

/// What an exploration found, counted over its states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// How many states were visited.
    pub states: usize,
    /// States after which each is served.
    pub served: BTreeMap<Served, usize>,
    /// States in which the files were not accepted.
    pub refused: usize,
    /// Runs at whose end, the writer done and time passed, the new set was not served.
    pub stuck: usize,
    /// All states in order, where they have one.
    pub stretches: Vec<Stretch>,
}

impl Found {
    /// States after which something was served that must never be.
    pub fn wrong(&self) -> usize {
        let wrong = self.served.iter().filter(|(served, _)| served.is_wrong());
        wrong.map(|(_, states)| states).sum()
    }

    /// The sum of two explorations.
    pub fn and(mut self, other: Self) -> Self {
        self.states += other.states;
        for (served, states) in other.served {
            *self.served.entry(served).or_default() += states;
        }
        self.refused += other.refused;
        self.stuck += other.stuck;
        self.stretches.extend(other.stretches);
        self
    }

    pub(super) fn count(&mut self, served: Served, refused: Option<&Rejected>) {
        self.states += 1;
        *self.served.entry(served).or_default() += 1;
        self.refused += usize::from(refused.is_some());
    }

    pub(super) fn note(&mut self, step: &Step, served: Served, refused: Option<&Rejected>) {
        self.count(served, refused);
        let stretch = Stretch {
            states: 1,
            step: step.words(),
            served,
            refused: refused.map(|rejected| rejected.reason.name()),
        };
        match self.stretches.last_mut() {
            Some(last)
                if (Stretch {
                    states: 1,
                    ..last.clone()
                }) == stretch =>
            {
                last.states += 1
            }
            _ => self.stretches.push(stretch),
        }
    }
}
