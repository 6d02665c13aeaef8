//! A comparison for a terminal.

use std::fmt::{self, Write};

use super::{Change, Comparison, Share};
use crate::report::at_risk::Exposure;
use crate::report::format;
use crate::report::text::{WIDTH, line_of};
use crate::report::times::Times;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.say(&mut text)?;
        for line in text.lines() {
            writeln!(f, "{}", format::clipped(line))?;
        }
        Ok(())
    }
}

impl Comparison {
    fn say(&self, f: &mut String) -> fmt::Result {
        for (which, report) in [("before", &self.before), ("after", &self.after)] {
            let verdict = match (report.passed, report.no_verdict) {
                (true, _) => "passed",
                (false, true) => "no verdict",
                (false, false) => "failed",
            };
            let line = format!("{}, {}: {verdict}", report.server, report.began);
            writeln!(
                f,
                "{which:<8}{}",
                format::wrapped(&line, WIDTH - 8, "        ")
            )?;
        }
        self.say_differences(f)?;
        self.say_findings(f)?;
        self.say_classes(f)?;
        self.say_times(f)?;
        let worse = match (self.worse(), self.undecided()) {
            (true, _) => "Worse.",
            (false, true) => "Not decided: the later report has no verdict.",
            (false, false) => "Not worse.",
        };
        writeln!(f, "\n{worse}")
    }

    fn say_differences(&self, f: &mut String) -> fmt::Result {
        if !self.comparable {
            writeln!(
                f,
                "\nThese two are not comparable, because what is marked * differs.\nTake times and latency with care."
            )?;
        } else if !self.differences.is_empty() {
            writeln!(f, "\nWhat differs:")?;
        }
        for difference in &self.differences {
            let mark = if difference.matters { '*' } else { ' ' };
            let line = format!(
                "{mark} {}: {} / {}",
                difference.what, difference.before, difference.after
            );
            writeln!(f, "  {}", format::wrapped(&line, WIDTH - 2, "      "))?;
        }
        Ok(())
    }

    fn say_findings(&self, f: &mut String) -> fmt::Result {
        for (title, findings) in [("New findings", &self.new), ("Gone findings", &self.gone)] {
            if !findings.is_empty() {
                writeln!(f, "\n{title}")?;
            }
            for finding in findings {
                writeln!(f, "{}", line_of(finding))?;
            }
        }
        Ok(())
    }

    fn say_classes(&self, f: &mut String) -> fmt::Result {
        writeln!(f, "\nFailures")?;
        writeln!(
            f,
            "  {:<10}{:>24}{:>24}  more than chance?",
            "class", "before", "after"
        )?;
        for class in &self.classes {
            let said = |share: &Share| {
                let failed = format::count(share.failed);
                format!("{failed} of {}", format::count(share.attempts))
            };
            let change = match class.change {
                Change::Worse => format!("worse (p {})", probability(class.probability)),
                Change::Better => format!("better (p {})", probability(class.probability)),
                Change::Chance => "no".into(),
            };
            writeln!(
                f,
                "  {:<10}{:>24}{:>24}  {change}",
                class.class.name(),
                said(&class.before),
                said(&class.after)
            )?;
        }
        writeln!(f, "\nAt risk during rotations")?;
        for class in &self.classes {
            let [before, after] = [&class.before, &class.after].map(|of| {
                of.at_risk
                    .map_or_else(|| "not known".into(), Exposure::figures)
            });
            writeln!(f, "  {:<10}{before:>24}{after:>24}", class.class.name())?;
        }
        self.say_latency(f)
    }

    fn say_latency(&self, f: &mut String) -> fmt::Result {
        writeln!(f, "\nLatency, after by before")?;
        writeln!(
            f,
            "  {:<10}{:>24}{:>24}",
            "", "no rotation under way", "during rotations"
        )?;
        writeln!(
            f,
            "  {:<10}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}",
            "class", "p50", "p99", "p99.9", "p50", "p99", "p99.9"
        )?;
        for class in &self.classes {
            write!(f, "  {:<10}", class.class.name())?;
            for ratios in [&class.steady, &class.rotating] {
                let [a, b, c] = [ratios.p50, ratios.p99, ratios.p999].map(format::times);
                write!(f, "{a:>8}{b:>8}{c:>8}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }

    fn say_times(&self, f: &mut String) -> fmt::Result {
        let (before, after) = &self.rotations;
        writeln!(f, "\nRotations{:>27}{:>24}", "before", "after")?;
        let mut row = |what: &str, of: &dyn Fn(&Times) -> String| {
            writeln!(f, "  {what:<24}{:>10}{:>24}", of(before), of(after))
        };
        row("rotations", &|times| format::count(times.rotations))?;
        row("never shown", &|times| format::count(times.never))?;
        row("to the new one, median", &|times| {
            format::maybe_millis(times.first_new_median_ms)
        })?;
        row("to the new one, longest", &|times| {
            format::maybe_millis(times.first_new_worst_ms)
        })?;
        row("overlap, longest", &|times| {
            format::maybe_millis(times.overlap_worst_ms)
        })?;
        if let (Some((a, b)), Some((c, d))) = (self.memory_after, self.memory_grown) {
            let signed = |bytes: i64| {
                let sign = if bytes < 0 { '−' } else { '+' };
                format!("{sign}{}", format::bytes(bytes.unsigned_abs()))
            };
            let (a, b) = (format::bytes(a), format::bytes(b));
            writeln!(f, "  {:<24}{a:>10}{b:>24}", "memory at the end")?;
            let (c, d) = (signed(c), signed(d));
            writeln!(f, "  {:<24}{c:>10}{d:>24}", "memory grown by")?;
        }
        Ok(())
    }
}

fn probability(p: f64) -> String {
    if p < 1e-4 {
        "< 0.0001".into()
    } else {
        format!("= {p:.4}")
    }
}
