//! What the keeper says of itself: to a load balancer, to an orchestrator, to Prometheus.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::get;
use ch02_hot_reload::identity::Reason;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::budget::Thresholds;
use crate::keeper::Keeper;

// ANCHOR: ready
impl Keeper {
    /// Whether to send new clients here. Judged at the moment of the question, and without the
    /// watcher's help, since the watcher may be dead.
    ///
    /// # Errors
    /// Each reason against it, in words.
    pub fn ready(&self) -> Result<String, Vec<String>> {
        let mut against = Vec::new();
        let (age, bound) = (self.look_age(), self.settings.look_bound);
        if age > bound {
            let (age, bound) = (age.as_secs(), bound.as_secs());
            against.push(format!(
                "the watcher is dead or stuck: its last look is {age} seconds ago, \
                     the bound is {bound}"
            ));
        }
        let (generation, window) = self.window();
        let left = self.seconds_left();
        match (window, self.clock.current_time()) {
            (Some(window), Some(now)) if !window.contains(now) => {
                let when = match left.unwrap_or(0) {
                    left if left < 0 => format!("expired {} seconds ago", -left),
                    _ => "is not valid yet".into(),
                };
                against.push(format!("peers reject generation {generation}: it {when}"));
            }
            (Some(_), Some(_)) => {}
            _ => against.push("the clock has no time".into()),
        }
        against.extend(self.deaf());
        if let Some(rejected) = &self.state().objection {
            against.push(format!("peers reject generation {generation}: {rejected}"));
        }
        if !against.is_empty() {
            return Err(against);
        }
        let left = left.unwrap_or(0);
        Ok(format!(
            "ready: generation {generation}, {left} seconds left"
        ))
    }
    // ANCHOR_END: ready

    /// There is something to serve, and the port cannot be had: see `listen_failed`.
    fn deaf(&self) -> Option<String> {
        let said = "nothing listens on the port of the clients: it cannot be had";
        self.state().deaf.then(|| said.into())
    }

    /// How long ago the last look at the files ended, by a clock that nobody steps.
    pub fn look_age(&self) -> Duration {
        self.state().looked.elapsed()
    }

    /// Seconds until the chain that is served expires; negative after it. `None` without a clock.
    pub fn seconds_left(&self) -> Option<i64> {
        let now = self.clock.current_time()?;
        Some(self.window().1?.seconds_left(now))
    }
}

// ANCHOR: admin
/// `/ready`, `/live` and `/metrics`, for a port of their own that is not the clients'.
pub fn admin(keeper: Arc<Keeper>) -> Router {
    let asked = keeper.clone();
    let ready = move || async move {
        match asked.ready() {
            Ok(words) => (StatusCode::OK, words + "\n"),
            Err(against) => {
                let words = format!("not ready: {}\n", against.join("; "));
                (StatusCode::SERVICE_UNAVAILABLE, words)
            }
        }
    };
    // Only that this process answers. A restart would throw the last good identity away.
    let live = || async { "live\n" };
    let metrics = move || async move {
        let open_metrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        ([(header::CONTENT_TYPE, open_metrics)], metrics(&keeper))
    };
    Router::new()
        .route("/ready", get(ready))
        .route("/live", get(live))
        .route("/metrics", get(metrics))
}

/// What Prometheus is told, in its text format (OpenMetrics 1.0).
pub fn metrics(keeper: &Arc<Keeper>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(keeper.clone()));
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = encode(&mut text, &registry);
    text
}
// ANCHOR_END: admin

// ANCHOR: collector
/// Read at each scrape. A gauge that the watcher sets would stand still when the watcher dies.
impl Collector for Keeper {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        for (name, help, value) in self.gauges() {
            let gauge = ConstGauge::new(value);
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        let kind = ConstCounter::new(0u64).metric_type();
        for (name, help, count) in self.counters() {
            let metric = encoder.encode_descriptor(name, help, None, kind)?;
            ConstCounter::new(count).encode(metric)?;
        }
        // Every reason from the start, at zero: a series that does not exist raises no alarm.
        let help = "Looks at the files that ended in a rejection";
        let mut family = encoder.encode_descriptor("identity_rejections", help, None, kind)?;
        for (reason, count) in Reason::ALL.iter().zip(&self.counted.rejections) {
            let labels = [("reason", reason.name())];
            let count = ConstCounter::new(count.load(Ordering::Relaxed));
            count.encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
// ANCHOR_END: collector

type Row = (&'static str, &'static str, i64);

impl Keeper {
    #[rustfmt::skip]
    fn gauges(&self) -> Vec<Row> {
        let seconds = |duration: Duration| duration.as_secs() as i64;
        let mut rows = Vec::new();
        if let (Some(left), (_, Some(window))) = (self.seconds_left(), self.window()) {
            let Thresholds { late, urgent } = self.thresholds(window);
            rows.extend([
                ("identity_seconds_left", "Seconds until peers reject the served chain as expired", left),
                ("identity_late_seconds", "With so many seconds left, renewal is late", late),
                ("identity_urgent_seconds", "With so many seconds left, it is urgent", urgent),
            ]);
        }
        let beside = self.reader.beside();
        let opened = beside.exposed.iter().any(|file| !self.at_first.exposed.contains(file));
        let ended = beside.ended.iter().filter(|anchor| !self.at_first.ended.contains(anchor));
        let (age, ready) = (self.look_age(), self.ready().is_ok());
        let state = self.state();
        rows.extend([
            ("identity_generation", "The generation that is served", self.store.current().number as i64),
            ("identity_look_age_seconds", "Seconds since the last look at the files", seconds(age)),
            ("identity_look_bound_seconds", "The age at which the watcher counts as dead", seconds(self.settings.look_bound)),
            ("identity_ready", "Whether /ready says yes", ready.into()),
            ("identity_rejected_seconds", "For how long each look has rejected the files", seconds(state.rejected.so_far())),
            ("identity_peers_reject", "Whether today's trust anchors reject what is served", state.objection.is_some().into()),
            ("identity_names_lost", "Names of the identity before that the served one lacks", beside.lost.len() as i64),
            ("identity_key_exposed", "Whether other users can read the key", (!beside.exposed.is_empty()).into()),
            ("identity_key_opened", "Whether they can, and could not at the start", opened.into()),
            ("identity_watch_degraded", "Whether events are wanted and cannot be had", state.degraded.into()),
            ("trust_rejected_seconds", "For how long each look has rejected the trust anchors", seconds(state.distrusted.so_far())),
            ("trust_expired", "Trust anchors that have expired", beside.ended.len() as i64),
            ("trust_expired_since_start", "Those of them that had not at the start", ended.count() as i64),
        ]);
        rows
    }

    #[rustfmt::skip]
    fn counters(&self) -> [(&'static str, &'static str, u64); 5] {
        let counted = &self.counted;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("watcher_restarts", "Times that the watcher was started again", read(&counted.restarts)),
            ("clock_steps", "Times that the wall clock was set", read(&counted.clock_steps)),
            ("handshakes_completed", "Handshakes that completed", read(&counted.handshakes_completed)),
            ("handshakes_failed", "Handshakes that did not", read(&counted.handshakes_failed)),
            ("accepts_failed", "Attempts to accept a client that failed", read(&counted.accepts_failed)),
        ]
    }
}
