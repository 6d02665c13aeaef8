//! Graceful degradation: what a server does while nothing new arrives.
//!
//! A [`Keeper`] stands between the files and an [`IdentityStore`](ch02_hot_reload::IdentityStore). It looks at the files, and what is
//! not valid to be served changes nothing. It compares the clock with the end of what is served, and
//! raises the alarm early. It says how long ago it last looked, so that its own death is seen, and it
//! is started again when it dies.
//!
//! - [`budget`]: how much of its life a chain has left, and how alarmed to be about it;
//! - [`agents`]: when the agents of the world renew, and when they are late;
//! - [`health`]: what the keeper says to a load balancer, an orchestrator, and Prometheus;
//! - [`admin`]: the port on which it says so;
//! - [`alerts`]: what to be woken for, as rules for Prometheus, and [`firing`]: which of them fire;
//! - [`policy`]: what happens when all of that was not enough;
//! - [`clock`]: wall clocks, the real one and a virtual one;
//! - `watcher`: when to look, and what becomes of a watcher that dies.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use ch07_graceful_degradation::budget::{Level, Renewal, Window};
//! use lab::authority::{Authority, LeafRequest};
//! use rustls::pki_types::{CertificateDer, UnixTime, pem::PemObject};
//!
//! let issued = Authority::new()?.issue(&LeafRequest::new("localhost"))?;
//! let leaf = CertificateDer::from_pem_slice(issued.chain_pem.as_bytes()).expect("a leaf");
//! let window = Window::of(&[leaf]).expect("it parses");
//! let now = UnixTime::now();
//! assert!(window.seconds_left(now) > 0);
//!
//! // Its agent renews after two thirds, and tries each hour.
//! let agent = Renewal { by: 2.0 / 3.0, tries_every: Duration::from_secs(3600) };
//! let thresholds = agent.thresholds(window.lifetime(), Duration::from_secs(1));
//! assert_eq!(window.level(now, thresholds), Level::Fresh);
//! # Ok::<(), lab::Error>(())
//! ```

pub mod admin;
pub mod agents;
pub mod alerts;
pub mod budget;
pub mod clock;
pub mod firing;
pub mod health;
mod keeper;
pub mod policy;
mod room;
mod settings;
mod state;
mod watcher;

pub use keeper::{Alarm, Keeper};
pub use settings::Settings;
