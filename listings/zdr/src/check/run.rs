//! The part of a check in which nothing is done to the server but rotating.

use std::sync::Arc;
use std::time::Duration;

use ch09_simulating_rotation::Writer;
use ch10_log_analysis::{Sighting, cross_check};
use lab::client::Client;
use lab::log::want;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::Instant;

use crate::attempt::behind::LATE;
use crate::attempt::{Attempt, Class, Differs, OwnEnd, Recorder};
use crate::check::options::{Options, RunControl, Step};
use crate::check::pass::pass;
use crate::check::reach::reach;
use crate::error::Error;
use crate::gate::scenario::Scenario;
use crate::judge::beside::{is_of_those, of_asides, of_beside, of_nameless, of_others};
use crate::judge::findings;
use crate::judge::flap::{gone_back, of_returns};
use crate::judge::growth::{Growth, of_resources};
use crate::judge::measure;
use crate::judge::of_server::of_server;
use crate::judge::overload::{Overload, rotations_keep_waiting};
use crate::judge::rejected::Missed;
use crate::judge::shortage::{is_full, is_short, set_aside, shortage};
use crate::judge::timed_out::with_lost;
use crate::load::{Load, Rates};
use crate::report::format::counted;
use crate::report::waiver::WaiverReport;
use crate::report::{
    Code, FORMAT, Finding, Handles, Machine, Plan, Report, Resources, Rotation, Server, Severity,
    Verdict,
};
use crate::scenarios::applies;
use crate::server::process_tree::Usage;
use crate::server::spec::Spec;
use crate::testbed::TestBed;
use crate::testbed::aside::Amiss;
use crate::testbed::rotate::rotate;
use ch11_verification::rotation::Window;

/// The part of a check in which nothing is done to the server but rotating.
pub(super) struct Run {
    pub(super) recorder: Arc<Recorder>,
    pub(super) classes: Vec<Class>,
    /// What the server used before the first rotation.
    pub(super) before: Option<Usage>,
    began: OffsetDateTime,
    rates: Rates,
    pub(super) client: Client,
    pub(super) options: Options,
    outline: Report,
    pub(super) windows: Vec<Window>,
    /// What brings the server to end conversations of a class by itself.
    pub(super) own_ends: Vec<(Class, OwnEnd)>,
    /// Whether the run was interrupted before that was known.
    pub(super) is_unexplained: bool,
    /// What the server said in the clear after the last rotation, where clients had met no TLS.
    pub(super) in_clear: Option<String>,
    /// Which clients that stand aside were not shown the new certificate after the rotation of this number, and
    /// what became of each.
    asides: Vec<(u32, Differs, Amiss)>,
    pub(super) resources: Option<Resources>,
    pub(super) growth: Growth,
}

impl Run {
    pub(super) fn new(
        options: &Options,
        testbed: &TestBed,
        classes: &[Class],
        left_out: Vec<Class>,
    ) -> Result<Self, Error> {
        let mut outline = outline(testbed.spec(), options, testbed.site.writer(), classes);
        outline.plan.left_out = left_out;
        Ok(Self {
            recorder: Arc::default(),
            before: None,
            began: OffsetDateTime::now_utc(),
            client: testbed.client()?,
            rates: Rates {
                per_second: classes.iter().map(|class| (*class, options.rate)).collect(),
                downloads: options.downloads,
                pool: options.pool,
            },
            classes: classes.to_vec(),
            options: options.clone(),
            outline,
            windows: Vec::new(),
            own_ends: Vec::new(),
            is_unexplained: false,
            in_clear: None,
            asides: Vec::new(),
            resources: None,
            growth: Growth::since(testbed.server.unclosed()),
        })
    }

    /// Clients of all classes come from now on.
    pub(super) fn load(&self, testbed: &TestBed) -> Result<Load, Error> {
        let (recorder, rates) = (&self.recorder, &self.rates);
        Ok(Load::start(
            &testbed.target,
            recorder,
            &self.classes,
            rates,
        )?)
    }

    // ANCHOR: rotations
    /// Rotates, and keeps what was seen, so that it is there whenever this has to end.
    pub(super) async fn rotations(
        &mut self,
        testbed: &mut TestBed,
        control: &RunControl<'_>,
    ) -> Result<(), Error> {
        let before = self.before;
        let answers = testbed.target.read_ahead.readers();
        self.growth.rotated(self.recorder.now(), before);
        for number in 1..=self.options.rotations {
            (control.progress)(Step::Rotating { number });
            let next = self.recorder.now() + self.options.interval;
            let window = rotate(testbed, &self.recorder, &self.client).await?;
            let after = window
                .first_new
                .map(|new| new.saturating_sub(window.notified));
            // A long answer that it cut is found now, and dated to it.
            let target = &testbed.target;
            target.read_ahead.all(window.end, target.patience).await;
            if window.first_new.is_some() {
                let spent = self.recorder.now().saturating_sub(window.notified);
                let left = testbed.reload_within().saturating_sub(spent);
                let missed = testbed.asides_amiss(window.generation, Instant::now() + left);
                let missed = missed.await.into_iter();
                // What this side could not try says nothing about the server.
                let missed = missed.filter(|(_, amiss)| !amiss.error().is_some_and(is_short));
                let missed = missed.map(|(differs, amiss)| (number, differs, amiss));
                self.asides.extend(missed);
            }
            self.windows.push(window);
            (control.progress)(Step::Rotated { number, after });
            let began = self.moment(testbed);
            pass(testbed, next.saturating_sub(self.recorder.now())).await?;
            let ended = self.moment(testbed);
            self.growth.went_on(began, ended);
            self.growth.rotated(ended.0, ended.1);
        }
        let after = self.steady(testbed).await?;
        self.comes_to_rest(testbed).await?;
        self.resources = self.resources_of(before.zip(after));
        self.answers_end(testbed, answers).await
    }
    // ANCHOR_END: rotations

    /// What it used before and after.
    pub(super) fn resources_of(&self, usage: Option<(Usage, Usage)>) -> Option<Resources> {
        usage.map(|(before, after)| Resources {
            memory_before: before.memory,
            memory_after: after.memory,
            processes_before: before.processes,
            processes_after: after.processes,
            connections_held: self.held(),
            handles: Handles::of(before, after),
        })
    }

    fn held(&self) -> usize {
        let per_class = |class: &Class| match class {
            Class::Pooled => self.options.pool,
            Class::Http2 | Class::Http3 => self.options.downloads,
            class if class.is_long() => self.options.downloads,
            _ => 0,
        };
        self.classes.iter().map(per_class).sum()
    }

    /// The longest that a rotation took.
    pub(super) fn slowest(&self) -> Duration {
        let took = |window: &Window| Some(window.first_new?.saturating_sub(window.notified));
        let took = self.windows.iter().filter_map(took);
        took.max().unwrap_or_default()
    }

    /// Whether clients waited for its rotations alone.
    pub(super) fn keeps_waiting(&self, testbed: &TestBed) -> bool {
        let began = self.windows.first().map_or(Duration::ZERO, |of| of.began);
        rotations_keep_waiting(
            &self.recorder.records(),
            (began, &self.windows),
            &self.recorder.fell_behind(),
            testbed.target.patience,
        )
    }

    /// What it could not try for want of descriptors, or of room at the server, if anything.
    pub(super) fn shortage(&self) -> Option<String> {
        shortage(&self.recorder.records())
    }

    /// Whether any rotation was shown.
    pub(super) fn has_rotated(&self) -> bool {
        self.windows.iter().any(|of| of.first_new.is_some())
    }

    /// Whether clients were not all shown the new certificate of some rotation in time.
    pub(super) fn is_unsettled(&self) -> bool {
        self.windows.iter().any(|of| of.converged.is_none())
    }

    /// How long the run has taken so far.
    pub(super) fn elapsed(&self) -> Duration {
        self.recorder.now()
    }

    /// What was measured.
    pub(super) fn report(&self, testbed: &mut TestBed) -> Report {
        // A log that cannot be read has nothing to say.
        let _ = testbed.server.catch_up();
        let windows = &self.windows;
        let (all, again) = (self.recorder.records(), self.recorder.timed_out());
        let ends_idle = |idle| testbed.target.usual.ends_idle(idle);
        let mut records = with_lost(all, again, ends_idle, windows);
        let crowded = crowded(&records, windows, testbed.server.is_in_background());
        set_aside(&mut records);
        self.quote_clear_text(&mut records);
        let own = self.come_to_their_end(&mut records);
        let of_class = |class: &Class| {
            let of = measure::class(*class, &self.recorder, &records, windows);
            measure::with_own_end(of, own.get(class))
        };
        let classes: Vec<_> = self.classes.iter().map(of_class).collect();
        let others = of_others(&records, windows);
        let rotations = measure::rotations(&others, windows);
        let back = gone_back(&others, windows, &rotations, &self.outline.plan);

        let behind = self.recorder.fell_behind();
        let began = windows.first().map_or(self.recorder.now(), |of| of.began);
        let overload =
            Overload::of_run(&records, (began, windows), &behind, testbed.target.patience);

        let asides = self.asides.iter();
        let judged = overload.as_ref().is_none_or(Overload::is_slight);
        let asides = asides.filter(|(.., amiss)| judged || !amiss.is_slow());
        let asides: Vec<_> = asides.cloned().collect();
        let plan = &self.outline.plan;
        let mut judged = rotations.clone();
        judged.retain(|rotation| !crowded.contains(&rotation.number));
        let missed = Missed::of(&records, windows);
        let mut of_all = findings::of_rotations(&judged, plan, &back, &missed);
        of_all.extend(of_returns(&records, windows));
        let is_beside = |of: &Finding| matches!(of.code, Code::WorkersDisagree | Code::WentBack);
        let beside = of_all.iter().any(is_beside);
        // Those who are shown the old certificate say more than that it is shown.
        let mut findings = of_beside(&records, windows, beside);
        findings.extend(of_nameless(&records, windows));
        of_all.retain(|of| !is_of_those(of, &findings, (&records, windows)));
        findings.extend(of_all);
        let asides = of_asides(&asides, windows.len(), beside);
        findings.extend(findings::of_classes(&classes));
        let excused = overload
            .filter(|overload| overload.excuse(&mut findings, &classes, (&records, windows)));
        findings.splice(0..0, asides);
        findings.extend(findings::of_latency(&classes, behind.worst));
        findings.extend(self.of_the_rest(testbed, &records, &rotations));
        Report {
            findings,
            classes,
            rotations,
            resources: self.resources.clone(),
            timeline: measure::timeline(&records, self.recorder.now()),
            interrupted: excused
                .map(|of| of.words("the first rotation") + &self.growth.of_processor()),
            ..self.outline.clone()
        }
    }

    /// What is found beside what clients met.
    fn of_the_rest(
        &self,
        testbed: &mut TestBed,
        records: &[Attempt],
        rotations: &[Rotation],
    ) -> Vec<Finding> {
        let latest = testbed.chains.latest();
        let mut findings = findings::of_resumption(records, rotations, latest);
        if let Some(resources) = &self.resources {
            findings.extend(of_resources(resources, &self.growth, rotations.len()));
        }
        let left = findings
            .iter_mut()
            .find(|of| of.code == Code::ProcessesLeft);
        if let (Some(left), Some((signal, first, second))) =
            (left, testbed.server.half_handed_over())
        {
            left.words += &format!(
                " Process {first}, which gets SIG{signal}, still serves beside process {second}, which it has started \
                 since: what ends the first one is not in the description."
            );
        }
        findings.extend(findings::of_chains(testbed.chains.added()));
        findings.extend(of_server(&mut testbed.server, findings::ROTATION));
        findings.extend(self.lies(testbed, records));
        findings.extend(self.fell_behind());
        findings
    }

    /// Whether the load was what it should have been.
    fn fell_behind(&self) -> Option<Finding> {
        let behind = self.recorder.fell_behind();
        if behind.not_made == 0 && behind.worst <= LATE {
            return None;
        }
        let not_made = match behind.not_made {
            0 => String::new(),
            some => format!(", and {} not made at all", counted(some, "attempt")),
        };
        let words = format!(
            "The load was up to {} ms late{not_made}: this machine is too slow for the rate, or the \
             server answers too slowly.",
            behind.worst.as_millis()
        );
        let (code, severity) = (Code::LoadFellBehind, Severity::Warning);
        Some(findings::finding(severity, code, findings::ROTATION, words))
    }

    /// Compares what the server's log claims with what clients were shown.
    fn lies(&self, testbed: &TestBed, records: &[Attempt]) -> Option<Finding> {
        let log = testbed.server.output().log();
        // After a restart a log begins anew, with generation 1.
        if log.all(&want("identity_loaded")).is_empty() || testbed.spec().reload.restart {
            return None;
        }
        let sightings = records
            .iter()
            .filter(|record| record.opened && !record.resumed);
        let sightings: Vec<_> = sightings
            .filter_map(|record| {
                Some(Sighting {
                    at: self.began + record.began,
                    done: self.began + record.done,
                    serial: testbed.chains.serial(record.shown?)?,
                    resumed: record.resumed,
                })
            })
            .collect();
        let slack = Duration::from_millis(self.outline.plan.overlap_ms);
        let lies = cross_check(&log.events(), &sightings, slack);
        let first = lies.first()?;
        let words = format!("Log and wire disagree {} times. {first}", lies.len());
        let (code, severity) = (Code::LogLies, Severity::Failure);
        Some(findings::finding(severity, code, findings::ROTATION, words))
    }
}

/// The numbers of the rotations of which it is not known how they settled: the server had no room for a client, or has
/// handed its port over before the last one had.
fn crowded(records: &[Attempt], windows: &[Window], handed_over: bool) -> Vec<u32> {
    let turned_away = |record: &&Attempt| record.error.as_deref().is_some_and(is_full);
    let turned_away: Vec<_> = records.iter().filter(turned_away).collect();
    let met = |window: &Window| {
        let mut turned_away = turned_away.iter();
        turned_away.any(|record| record.done >= window.began && record.began <= window.end)
    };
    let last = windows.len() as u32;
    // That one handshake after the other showed the new one says nothing of those under load: the run ended with them.
    let cut_short = |(_, number): &(&Window, u32)| handed_over && *number == last;
    let numbered = windows.iter().zip(1u32..);
    let crowded = numbered.filter(|of| met(of.0) || cut_short(of));
    crowded.map(|(_, number)| number).collect()
}

fn plan(spec: &Spec, options: &Options, writer: Writer, classes: &[Class]) -> Plan {
    let (limits, require) = (&spec.limits, options.require.or(spec.require));
    let require = require.unwrap_or_default();
    let left_out = Scenario::all().iter().filter(|scenario| {
        let asked_for = options.scenarios.contains(scenario);
        !asked_for && scenario.level() <= require && applies(**scenario, spec)
    });
    let shown = classes.iter().map(|class| {
        let rate = match class.is_long() {
            true => options.downloads as f64,
            false => options.rate,
        };
        (*class, rate)
    });
    Plan {
        require,
        rotations: options.rotations,
        interval_ms: options.interval.as_millis() as u64,
        writer: writer.name().to_owned(),
        rates: shown.collect(),
        left_out: Vec::new(),
        scenarios_left_out: left_out.map(|scenario| scenario.name()).collect(),
        reload_within_ms: limits.reload_within_ms,
        overlap_ms: limits.overlap_ms,
    }
}

/// The report of a run that begins now, and in which nothing was measured yet.
pub(super) fn outline(spec: &Spec, options: &Options, writer: Writer, classes: &[Class]) -> Report {
    let began = OffsetDateTime::now_utc();
    Report {
        format: FORMAT,
        zdr: env!("CARGO_PKG_VERSION").into(),
        server: Server {
            name: spec.name.clone(),
            command: spec.command.clone(),
            reload: spec.reload.words(),
            reach: Some(reach(spec)),
        },
        machine: machine(),
        began: began.format(&Rfc3339).unwrap_or_default(),
        seconds: 0.0,
        generators: 1,
        plan: plan(spec, options, writer, classes),
        verdict: Verdict::default(),
        findings: Vec::new(),
        causes: Vec::new(),
        waivers: spec.allow.iter().map(WaiverReport::from).collect(),
        classes: Vec::new(),
        rotations: Vec::new(),
        scenarios: Vec::new(),
        resources: None,
        timeline: Vec::new(),
        interrupted: None,
        book: None,
    }
}

/// This machine.
pub fn machine() -> Machine {
    // Only Linux tells it so.
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| Some(line.split_once(':')?.1.trim()));
    Machine {
        cores: std::thread::available_parallelism().map_or(0, |cores| cores.get()),
        processor: model.unwrap_or(std::env::consts::ARCH).to_owned(),
        system: format!(
            "{} {}",
            std::env::consts::OS,
            rustix::system::uname().release().to_string_lossy()
        ),
    }
}
