//! The keeper: what it serves, what it says, and when, in virtual time.

mod admin;
mod alarms;
mod clocks;
mod end_of_budget;
mod faults;
mod firing;
mod last_known_good;
mod paths;
mod readiness;
mod scene;
