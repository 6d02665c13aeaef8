//! What a reader must see to believe a verdict on a server that rotates.
//!
//! A verdict comes in five steps, a file each, in this order:
//!
//! 1. [`attempt`]: what each client tried, when that was due, and how it ended; [`failure`] says which
//!    kind of failure an error is.
//! 2. [`open_loop`]: attempts begin when they are due, and do not wait for a server that stalls.
//! 3. [`rotation`]: a rotation begins with the agent's first write, and is over when handshakes show the
//!    new certificate. [`phase`] says which attempts it can have hurt.
//! 4. [`bound`]: how high the true failure rate can be although few attempts failed, or none.
//! 5. [`judge`]: the judgement, with a bound over what was at risk beside the bound over all attempts.
//!
//! [`check`] puts them together: its [`clients`] use a server while an agent rotates its certificate.
//! `zdr`, the tool, has more classes of clients, more ways to start and notify a server, and scenarios
//! that make a rotation go wrong. It counts and judges with this crate.
//!
//! # Examples
//!
//! A client came every 10 ms for a second, and no attempt failed. One rotation was in progress for 95 ms
//! of it, so ten attempts were at risk:
//!
//! ```
//! use std::time::Duration;
//!
//! use ch11_verification::attempt::{Attempt, Class};
//! use ch11_verification::judge::judge;
//! use ch11_verification::rotation::Window;
//!
//! let ms = Duration::from_millis;
//! let attempts: Vec<_> = (0..100)
//!     .map(|number| Attempt {
//!         class: Class::Full,
//!         due: ms(number * 10),
//!         began: ms(number * 10),
//!         handshake_done: Some(ms(number * 10 + 2)),
//!         done: ms(number * 10 + 3),
//!         failed: None,
//!         error: None,
//!         shown: Some(if number < 50 { 1 } else { 2 }),
//!         resumed: false,
//!         opened: true,
//!         paced: true,
//!     })
//!     .collect();
//! let rotation = Window {
//!     generation: 2,
//!     serial: "1002".into(),
//!     began: ms(495),
//!     notified: ms(496),
//!     first_new: Some(ms(502)),
//!     converged: Some(ms(590)),
//!     end: ms(590),
//!     complaint: None,
//! };
//! let judgement = judge(&attempts, &[rotation]);
//! assert_eq!(judgement.zero_downtime(), Some(true));
//! assert_eq!(judgement.new_after, [ms(7)]);
//!
//! let risk = judgement.risk;
//! assert_eq!((risk.all.of, risk.during.of, risk.rotations.of), (100, 10, 1));
//! // "None of 100 failed" says that the rate is below 3 %. During rotations it may be 26 %, and
//! // where a rotation hurts all who meet it or none, one rotation says next to nothing.
//! let percent = |share: f64| (share * 100.0).round();
//! assert_eq!(percent(risk.all.below()), 3.0);
//! assert_eq!(percent(risk.during.below()), 26.0);
//! assert_eq!(percent(risk.rotations.below()), 95.0);
//! ```

#![forbid(unsafe_code)]

pub mod attempt;
pub mod bound;
pub mod check;
pub mod clients;
pub mod failure;
pub mod judge;
pub mod open_loop;
pub mod phase;
pub mod rotation;
