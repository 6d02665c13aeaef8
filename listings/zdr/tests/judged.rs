//! A server is judged, and what a test has to say against the report.

use tokio::sync::watch;
use zdr::check::{Options, RunControl, check};
use zdr::report::{Code, Report};
use zdr::server::spec::Spec;

/// How often a server is judged whose report says that this machine was too slow for its load.
pub const TRIES: usize = 5;

pub async fn judge(spec: &Spec, options: &Options) -> Report {
    let (_never, interrupt) = watch::channel(None);
    let control = RunControl {
        progress: &|_| (),
        interrupt,
    };
    let checked = check(spec, options, &control).await;
    checked.unwrap_or_else(|error| panic!("{}: {error}", spec.name))
}

/// What `objection` has against the report. How busy this machine is says nothing about the server: a report
/// that names its own load as late, and is objected to, is made again.
pub async fn objected_to(
    (spec, options): (&Spec, &Options),
    objection: impl Fn(&Report) -> Option<String>,
) -> Option<String> {
    for tried in 1.. {
        let mut report = judge(spec, options).await;
        let all = report.findings.len();
        let said = &mut report.findings;
        said.retain(|finding| finding.code != Code::LoadFellBehind);
        let was_late = said.len() < all;
        let objected = objection(&report);
        if objected.is_none() || !was_late || tried == TRIES {
            return objected;
        }
    }
    None
}
