//! What a server remembers of its roots.

use std::collections::{BTreeMap, BTreeSet};

use ch02_hot_reload::identity::Identity;
use tokio::time::Instant;

use super::usage::Usage;
use crate::root::Root;
use crate::{Refusal, Stage};

#[derive(Debug, Default)]
pub(super) struct State {
    /// What the files held when they were last valid.
    pub asked: Option<Identity>,
    /// The roots that the server's leaf was under when it was published.
    pub own: Vec<Root>,
    /// Roots in force that the file does not list.
    pub unlisted: BTreeSet<Root>,
    /// Roots whose clients are asked to leave, and since when.
    pub draining: BTreeMap<Root, Instant>,
    /// A drain was called off: tickets can be given again.
    pub called_off: bool,
    /// Roots that go whatever depends on them.
    pub forced: BTreeSet<Root>,
    /// The clients that depend on them.
    pub usage: Usage,
    /// What was said last of each root that is held.
    pub told: BTreeMap<Root, Refusal>,
}

impl State {
    /// The stage of `root`, where these `anchors` are in force, and the server's leaf is under its
    /// `own`.
    pub fn stage(&self, root: &Root, anchors: &[Root], own: &[Root]) -> Stage {
        if !anchors.contains(root) {
            Stage::Absent
        } else if own.contains(root) {
            Stage::Issuing
        } else if self.draining.contains_key(root) {
            Stage::Draining
        } else {
            Stage::Trusted
        }
    }
}
