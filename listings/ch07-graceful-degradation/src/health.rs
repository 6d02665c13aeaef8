//! What the keeper says of itself: to a load balancer, to an orchestrator, to Prometheus.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
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

use crate::Keeper;

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
// ANCHOR_END: ready

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
        let mut gauge = |name: &str, help: &str, value: i64| {
            let gauge = ConstGauge::new(value);
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)
        };
        if let Some(left) = self.seconds_left() {
            gauge(
                "identity_seconds_left",
                "Seconds until peers reject the served chain as expired",
                left,
            )?;
        }
        gauge(
            "identity_generation",
            "The generation that is served",
            self.store.current().number as i64,
        )?;
        gauge(
            "identity_look_age_seconds",
            "Seconds since the last look at the files",
            self.look_age().as_secs() as i64,
        )?;
        gauge(
            "identity_ready",
            "Whether /ready says yes",
            self.ready().is_ok().into(),
        )?;
        let restarts = ConstCounter::new(self.restarts.load(Ordering::Relaxed));
        let help = "Times that the watcher was started again";
        let kind = restarts.metric_type();
        restarts.encode(encoder.encode_descriptor("watcher_restarts", help, None, kind)?)?;

        // Every reason from the start, at zero: a series that does not exist raises no alarm.
        let help = "Looks at the files that ended in a rejection";
        let mut family = encoder.encode_descriptor("identity_rejections", help, None, kind)?;
        for (reason, count) in Reason::ALL.iter().zip(&self.rejections) {
            let labels = [("reason", reason.name())];
            let count = ConstCounter::new(count.load(Ordering::Relaxed));
            count.encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
// ANCHOR_END: collector
