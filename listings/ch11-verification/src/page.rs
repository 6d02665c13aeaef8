//! x
use crate::report::Report;
/// x
pub fn page(_: &Report) -> String {
    String::new()
}
