//! What a reader takes home holds: it is what it claims to be, it stands what the chapters found, and
//! `zdr` passes it.

mod checklist;
mod copied;
mod hangup;
mod held;
mod judged;
mod kubernetes;
mod logged;
mod night;
mod odd;
mod programs;
mod refused;
mod report;
mod rotating;
mod shorter;
mod slow;
mod unread;
