//! What a reader must see to believe a verdict on a server that rotates.
//!
//! A verdict comes in five steps, a file each, in this order:
//! 1. [`attempt`]: what each client tried, when that was due, and how it ended.
//! 2. [`open_loop`]: attempts begin when they are due, and do not wait for a server that stalls.
//! 3. [`rotation`]: a rotation begins with the agent's first write, and is over when handshakes show the
//!    new certificate. It can have hurt the attempts that met it.
//! 4. [`bound`]: how high the true failure rate can be although few attempts failed, or none.
//! 5. [`judge`]: the judgement, with a bound over what was at risk beside the bound over all attempts.
//!
//! [`check`] puts them together: its clients use a server while an agent rotates its certificate.
//! `zdr`, the tool, has more classes of clients, more kinds of failures, more ways to start and notify a
//! server, and scenarios that make a rotation go wrong. It counts and judges with this crate.
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
//! let attempts = (0..100).map(|number| Attempt {
//!     done: ms(number * 10 + 3),
//!     shown: Some(if number < 50 { 1 } else { 2 }),
//!     ..Attempt::opening(Class::Full, ms(number * 10))
//! });
//! let rotation = Window {
//!     generation: 2,
//!     began: ms(495),
//!     first_new: Some(ms(502)),
//!     converged: Some(ms(590)),
//!     end: ms(590),
//!     ..Window::default()
//! };
//! let judgement = judge(&attempts.collect::<Vec<_>>(), &[rotation]);
//! assert_eq!(judgement.zero_downtime(), Some(true));
//! assert_eq!(judgement.new_after, [ms(7)]);
//!
//! // "None of 100 failed" says that the rate is below 3 %. During rotations it may be 26 %, and
//! // where a rotation hurts all who meet it or none, one rotation says next to nothing.
//! let risk = judgement.risk;
//! let shares = [risk.all, risk.during, risk.rotations];
//! assert_eq!(shares.map(|share| share.of), [100, 10, 1]);
//! assert_eq!(shares.map(|share| (share.below() * 100.0).round()), [3.0, 26.0, 95.0]);
//! ```

#![forbid(unsafe_code)]

pub mod attempt;
pub mod bound;
pub mod check;
pub mod judge;
pub mod open_loop;
pub mod rotation;
