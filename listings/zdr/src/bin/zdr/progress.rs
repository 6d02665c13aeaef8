//! Progress on stderr: a line that moves at a terminal, and a line for each step elsewhere.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use zdr::attempt::Class;
use zdr::check::{Options, Step};
use zdr::report::Outcome;
use zdr::server::lines::{TERMINAL, fill, printable};
use zdr::testbed::preflight::Ready;

/// Shows steps on stderr.
pub struct Progress {
    bar: Option<ProgressBar>,
    rotations: u32,
    quiet: bool,
}

impl Progress {
    /// For a check with these options. `quiet` shows nothing.
    pub fn new(options: &Options, quiet: bool) -> Self {
        let steps = u64::from(options.rotations) + options.scenarios.len() as u64 + 1;
        let bar = (std::io::stderr().is_terminal() && !quiet).then(|| {
            let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed} {wide_msg}");
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self {
            bar,
            rotations: options.rotations,
            quiet,
        }
    }

    /// Shows one.
    pub fn show(&self, step: &Step) {
        let rotations = self.rotations;
        let (line, done) = match step {
            Step::Starting => ("starting the server".into(), false),
            Step::Ready(ready) => (lines(ready), false),
            Step::Steady => ("watching it before the first rotation".into(), true),
            Step::Slowed(rate) => {
                let line = "this machine or the server lags: now";
                (
                    format!("{line} {rate} clients a second of each class"),
                    false,
                )
            }
            // Where each line stays, one that says what came of it is enough.
            Step::Rotating { .. } if self.bar.is_none() => return,
            Step::Rotating { number } => (
                format!("rotation {number} of {rotations}: waiting for the reload"),
                false,
            ),
            Step::Rotated {
                number,
                after: Some(after),
            } => {
                let after = after.as_secs_f64() * 1000.0;
                (
                    format!("rotation {number} of {rotations}: shown after {after:.1} ms"),
                    true,
                )
            }
            Step::Rotated {
                number,
                after: None,
            } => (format!("rotation {number} of {rotations}: not shown"), true),
            Step::OwnAge { class, longest } => (own_age(*class, *longest), false),
            Step::Scenario(scenario) => {
                let outcome = match scenario.outcome {
                    Outcome::Passed => "passed",
                    Outcome::Failed => "failed",
                    Outcome::NotApplicable => "not applicable",
                };
                (format!("{}: {outcome}", scenario.name), true)
            }
        };
        let line = printable(&line);
        match &self.bar {
            // Several lines stay above the one that moves.
            Some(bar) if line.contains('\n') => bar.println(line),
            Some(bar) => {
                bar.set_message(line);
                bar.inc(u64::from(done));
            }
            // Where stderr is closed, nothing reads the line.
            None if !self.quiet => drop(writeln!(std::io::stderr(), "{line}")),
            None => {}
        }
    }

    /// Takes the moving line away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// What is waited for after the last rotation, where conversations were interrupted.
fn own_age(class: Class, longest: Duration) -> String {
    format!(
        "{class}: the server ended conversations; looking for up to {:.1} s whether it does so without a rotation",
        longest.as_secs_f64()
    )
}

/// What was found before anything was rotated, and which clients cannot come.
fn lines(ready: &Ready) -> String {
    let line =
        |name: &str, words: &str| fill(words, &format!("  {name:<9} "), &" ".repeat(12), TERMINAL);
    let mut text = "ready, and nothing was rotated yet\n".to_owned();
    for (name, words) in &ready.found {
        text += &line(name, words);
    }
    let classes: Vec<_> = ready.classes.iter().map(|class| class.name()).collect();
    text += &line("clients", &classes.join(", "));
    for (class, why) in &ready.without {
        text += &line("without", &format!("{class}: {why}"));
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A command that reloads a server may take minutes: the line says what is waited for.
    #[test]
    fn a_reload_that_takes_long_is_what_the_line_says() {
        let progress = Progress {
            bar: Some(ProgressBar::hidden()),
            rotations: 3,
            quiet: false,
        };
        progress.show(&Step::Rotated {
            number: 1,
            after: None,
        });
        progress.show(&Step::Rotating { number: 2 });
        let bar = progress.bar.expect("it has one");
        assert_eq!(bar.message(), "rotation 2 of 3: waiting for the reload");
        assert_eq!(bar.position(), 1, "what begins is not done");
    }

    /// It may last for half a minute after the last rotation.
    #[test]
    fn a_look_for_an_age_of_the_servers_own_is_what_the_line_says() {
        let progress = Progress {
            bar: Some(ProgressBar::hidden()),
            rotations: 3,
            quiet: false,
        };
        progress.show(&Step::OwnAge {
            class: Class::Held,
            longest: Duration::from_millis(4700),
        });
        let bar = progress.bar.expect("it has one");
        let said = bar.message();
        assert!(said.starts_with("held: the server ended conv"), "{said}");
        assert!(said.contains("up to 4.7 s"), "{said}");
        assert_eq!(bar.position(), 0);
    }
}
