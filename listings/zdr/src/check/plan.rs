//! What a check is going to do, told before anything is started.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use crate::check::estimate::{converses, estimate, has_downloads, looks_for_ages};
use crate::check::options::Options;
use crate::gate::scenario::Scenario;
use crate::scenarios::applies;
use crate::server::spec::{Layout, Protocol, Spec};
use ch11_verification::attempt::Class;
use clap::ValueEnum;

/// What a check of this server would do, in lines for a terminal. Nothing is started.
pub fn plan(spec: &Spec, options: &Options) -> String {
    let mut text = format!(
        "What `zdr check` would do to {}. Nothing was started.\n\n",
        spec.name
    );
    let mut line = |name: &str, words: &str| {
        for (at, words) in words.lines().enumerate() {
            let name = if at == 0 { name } else { "" };
            let _ = writeln!(text, "{name:<10} {words}");
        }
    };
    line("server", &server(spec, options));
    line("files", &files(spec, options));
    line("told", &told(spec));
    line("signals", &signals(spec, options));
    line("clients", &(clients(spec, options) + fewer(options)));
    line("rotations", &rotations(spec, options));
    line("scenarios", &scenarios(spec, options));
    let estimate = estimate(spec, options);
    line(
        "takes",
        &format!(
            "about {}, if it shows each new certificate at once; about {}, if it shows none, and is busy to the end",
            minutes(estimate.usual),
            minutes(estimate.longest)
        ),
    );
    text
}

fn server(spec: &Spec, options: &Options) -> String {
    if let Some(attach) = &spec.attach {
        return format!(
            "the one at {}, which is neither started nor ended. It is in use while files are wrong on purpose",
            attach.address
        );
    }
    let command = shlex::try_join(spec.command.iter().map(String::as_str));
    let mut words = command.unwrap_or_else(|_| spec.command.join(" "));
    for setup in &spec.setup {
        words += &format!("\nbefore each start: {}", setup.join(" "));
    }
    words
        + &format!(
            "\none for the rotations, then one for each scenario, up to {} at once. Each is ended afterwards,\n\
         with every process that it has started",
            options.jobs.max(1)
        )
}

fn files(spec: &Spec, options: &Options) -> String {
    if options.observe {
        return "none is written: another agent rotates".into();
    }
    match &spec.attach {
        Some(attach) => format!(
            "tls.crt, tls.key and ca.crt in {} are REPLACED, and are valid at the end.\n\
             What is there now is not kept",
            attach.directory.display()
        ),
        None => {
            let both = match spec.layout {
                Layout::Pair => "{certificate} and {key}",
                Layout::Bundle => "{certificate}, which holds the key as well,",
            };
            format!(
                "{both} are rotated in a temporary folder, as {} writes them.\nNothing else of yours is touched",
                options.writer.name()
            )
        }
    }
}

fn told(spec: &Spec) -> String {
    match spec.reload.words().as_str() {
        words if words.starts_with("it ") => format!("nothing: {words}"),
        words => format!("after each change of the files, {words}"),
    }
}

fn signals(spec: &Spec, options: &Options) -> String {
    let mut all = Vec::new();
    let whom = match &spec.attach {
        None => "to the process of the command".to_owned(),
        Some(attach) => match attach.pid {
            Some(pid) => format!("to process {pid}"),
            None => "not at all, since `attach` has no `pid`".into(),
        },
    };
    for signal in spec.reload.signal.iter().chain(&spec.reload.force) {
        let signal = signal.trim_start_matches("SIG");
        all.push(format!("SIG{signal} {whom}"));
    }
    let stops = [Scenario::Rollback, Scenario::SameDate, Scenario::InPlace];
    let stops = options.scenarios.iter().filter(|one| stops.contains(one));
    let stops: Vec<_> = stops.map(|scenario| scenario.name()).collect();
    if spec.attach.is_none() {
        if !stops.is_empty() {
            let names = stops.join(", ");
            all.push(format!(
                "SIGSTOP and SIGCONT to all its processes, in {names}"
            ));
        }
        all.push("SIGKILL to all its processes, at the end".into());
    }
    match all.is_empty() {
        true => "none".into(),
        false => all.join("\n"),
    }
}

fn clients(spec: &Spec, options: &Options) -> String {
    let has_downloads = has_downloads(spec);
    let possible = |class: &Class| match class {
        Class::Full | Class::Resuming | Class::Tls12 => true,
        Class::Nameless | Class::Sibling => spec.other_name.is_some(),
        Class::Second => spec.second_keys.is_some(),
        Class::Quic | Class::Http3 => spec.http3,
        Class::Moving => spec.http3 && has_downloads,
        Class::Pooled => spec.protocol != Protocol::Lab,
        Class::Http2 => spec.protocol.is_http(),
        Class::Download => has_downloads,
        Class::Upload => spec.upload.is_some(),
        Class::Held | Class::Grpc => converses(*class, spec),
        Class::Mutual => spec.client_auth,
    };
    let chosen = |class: &Class| match &options.classes {
        Some(classes) => classes.contains(class),
        None => true,
    };
    let streams = match has_downloads {
        true => format!(", beside {} long streams", options.downloads),
        false => String::new(),
    };
    let mut words = String::new();
    for class in Class::value_variants()
        .iter()
        .filter(|class| possible(class) && chosen(class))
    {
        let how = match class {
            Class::Pooled => format!(
                "{} a second, over {} connections",
                options.rate, options.pool
            ),
            Class::Http2 => format!("{} a second{streams}, if it agrees on h2", options.rate),
            Class::Http3 => format!("{} a second{streams}", options.rate),
            Class::Moving => format!("{} at once, if connections survive that", options.downloads),
            class if class.is_long() => format!("{} at once", options.downloads),
            Class::Tls12 => format!(
                "{} new connections a second, if it speaks TLS 1.2",
                options.rate
            ),
            _ => format!("{} new connections a second", options.rate),
        };
        let _ = writeln!(words, "{:<9} {how}", class.name());
    }
    words
}

fn fewer(options: &Options) -> &'static str {
    match options.lowers_rate {
        true => "half as many, or fewer, where this machine or the server cannot keep up",
        false => "",
    }
}

fn rotations(spec: &Spec, options: &Options) -> String {
    let seconds = |time: Duration| format!("{} s", time.as_secs_f64());
    let steady = seconds(options.steady);
    match options.rotations {
        0 => format!("none. It is watched for twice {steady}"),
        many => format!(
            "{many}, {} from one to the next at least; {steady} without one before and after{}",
            seconds(options.interval),
            own_ages(spec, options)
        ),
    }
}

/// What is waited for where conversations were interrupted.
fn own_ages(spec: &Spec, options: &Options) -> String {
    let longest = looks_for_ages(spec, options, Duration::MAX);
    match longest.is_zero() {
        true => String::new(),
        false => format!(
            "\nup to {} more, if it ended conversations: it may do so at an age of its own, whether or not it is rotated",
            minutes(longest)
        ),
    }
}

fn scenarios(spec: &Spec, options: &Options) -> String {
    if options.scenarios.is_empty() {
        return "none".into();
    }
    let all = options.scenarios.iter().copied();
    let (run, not): (Vec<Scenario>, Vec<_>) = all.partition(|scenario| applies(*scenario, spec));
    let mut words = format!("{} of {}\n", run.len(), options.scenarios.len());
    for scenario in run {
        let _ = writeln!(words, "  {:<18} {}", scenario.name(), scenario.what());
    }
    let mut why = BTreeMap::<_, Vec<_>>::new();
    for scenario in not {
        why.entry(unfit(scenario))
            .or_default()
            .push(scenario.name());
    }
    for (why, names) in why {
        let _ = writeln!(words, "  not {}: {why}", names.join(", "));
    }
    words
}

/// Why a scenario cannot be done to a server.
fn unfit(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::TrustAdded | Scenario::TrustRemoved | Scenario::TrustHalfWritten => {
            "for a server with `client_auth` that is started"
        }
        Scenario::SlowWrite | Scenario::RemoveCreate => {
            "for a server with two files that is started"
        }
        Scenario::OtherKeyKind | Scenario::TornKinds => {
            "for a server with one kind of key that is started"
        }
        _ => "for a server that is started",
    }
}

/// A time to the second.
fn minutes(time: Duration) -> String {
    match time.as_secs_f64().round() as u64 {
        seconds @ ..100 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}
