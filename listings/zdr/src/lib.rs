//! `zdr`: does this server rotate its TLS certificate with zero downtime? The verdict on any server, in
//! any language, as a library. The programs `zdr` and `benchmark` are its command lines.
//!
//! Each folder may use those above it, and none below:
//!
//! - [`attempt`]: chapter 11's attempts, with kinds of failure and connections that are kept.
//! - [`gate`]: what a verdict requires: levels, scenarios, findings, waivers, by their names.
//! - [`server`]: the server under test, as its TOML file describes it, and its processes.
//! - [`report`]: what is written down and shown.
//! - [`mod@compare`]: two reports compared, several merged.
//! - [`mod@error`]: what ends a run before it has a verdict.
//! - [`load`]: clients of each class, which come when they are due.
//! - [`mod@watch`]: a rotation that somebody else makes, seen from outside.
//! - [`client`]: clients under test, to which it plays the server.
//! - [`judge`]: from attempts to figures, findings and a verdict.
//! - [`testbed`]: files, an authority, a server that reads them, and one rotation.
//! - [`scenarios`]: what can go wrong, done to a server under load.
//! - [`mod@check`]: rotations under load, then the scenarios, then the verdict.
//! - [`mod@course`], [`mod@benchmark`]: many checks, stage by stage or server by server.
//!
//! # Examples
//! A report is written, read again, and compared with the next one:
//!
//! ```
//! use zdr::{Report, compare};
//!
//! # let text = r#"{
//! #   "format": 1, "zdr": "0.1.0", "began": "2026-11-01T12:00:00Z", "seconds": 12.5, "generators": 1,
//! #   "server": {"name": "my-server", "command": ["my-server"], "reload": "signal HUP"},
//! #   "machine": {"cores": 2, "processor": "any", "system": "linux"},
//! #   "plan": {"rotations": 10, "interval_ms": 1000, "writer": "vault-agent", "rates": {"full": 50.0},
//! #     "reload_within_ms": 10000, "overlap_ms": 1000},
//! #   "verdict": {"passed": true, "words": "my-server rotates with zero downtime."},
//! #   "findings": [], "rotations": [], "scenarios": [], "timeline": [],
//! #   "classes": [{"class": "full", "phases": {}, "attempts": 2400, "failed": 0,
//! #     "failed_below": 0.0013, "failures": [], "goodbyes": 0}],
//! #   "resources": null, "interrupted": null
//! # }"#;
//! let before: Report = serde_json::from_str(text)?;
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("before.json");
//! before.write(&file)?;
//! assert_eq!(Report::read(&file)?, before);
//!
//! // The next version of the server loses 24 of as many requests: more than chance explains.
//! let mut after = before.clone();
//! after.classes[0].failed = 24;
//! assert!(compare(&before, &after).worse());
//! assert!(!compare(&before, &before).worse());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod attempt;
pub mod benchmark;
pub mod check;
pub mod client;
pub mod compare;
pub mod course;
pub mod error;
pub mod gate;
pub mod judge;
pub mod load;
pub mod report;
pub mod scenarios;
pub mod server;
pub mod testbed;
pub mod watch;

pub use check::{Options, RunControl, Step, check};
pub use compare::merge::merge;
pub use compare::{Comparison, compare};
pub use course::{Course, CourseOptions, course};
pub use error::Error;
pub use gate::level::Level;
pub use gate::scenario::Scenario;
pub use report::{Finding, Report, Severity};
pub use server::spec::Spec;
