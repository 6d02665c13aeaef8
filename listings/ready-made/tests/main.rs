//! What the page says of ready-made programs is what `zdr` finds, and is of the versions that are locked.

mod judged;
mod table;
mod verdicts;
