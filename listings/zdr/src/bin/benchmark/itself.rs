//! `cargo benchmark --itself`: what a check costs, and whether its verdicts hold on a busy machine.

use std::io;
use std::time::Duration;

use lab::eprintln;
use time::OffsetDateTime;
use zdr::benchmark::itself::{Case, Itself, alone, beside_loops};
use zdr::benchmark::quiet::busy;
use zdr::check::machine;

/// Twice as many as the cores of the machine that the page speaks of.
const LOOPS: usize = 4;

/// What a run on a busy machine is asked for, so that a hundred of them come to their end.
const SHORT: [&str; 10] = [
    "check",
    "--quiet",
    "--rotations",
    "4",
    "--interval-ms",
    "300",
    "--steady-ms",
    "500",
    "--scenarios",
    "torn,mismatched,expired",
];

/// The bundled server, by the name of its file and with what is wrong with it.
fn case(name: &str, more: &[&str], right: &'static str) -> Case {
    let server = ["listings/zdr/servers/broken.toml"].iter().chain(more);
    Case {
        name: name.to_owned(),
        server: server.map(|word| (*word).to_owned()).collect(),
        right,
    }
}

/// Measures, from the root of a checkout.
///
/// # Errors
/// When `zdr` is not beside this program, or the system does not tell what a process uses.
pub async fn measure(runs: u32, at_once: usize, command: String) -> io::Result<Itself> {
    let zdr = std::env::current_exe()?.with_file_name("zdr");
    let cases = [
        case("sound", &[], "passed"),
        case(
            "severs on reload",
            &["--", "--defect", "sever-on-reload"],
            "failed",
        ),
    ];
    let mut short: Vec<_> = SHORT.map(str::to_owned).to_vec();
    let busy_before = busy(Duration::from_secs(3)).await;
    let arguments = short.clone();
    let measuring = move || {
        let whole: Vec<String> = ["check", "--quiet", &cases[0].server[0]]
            .map(str::to_owned)
            .to_vec();
        eprintln!("a default run");
        let alone = alone(&zdr, &whole)?;
        eprintln!("{} runs beside {LOOPS} loops", runs * cases.len() as u32);
        let verdicts = beside_loops(&zdr, &arguments, &cases, runs, at_once, LOOPS)?;
        Ok::<_, io::Error>((alone, verdicts))
    };
    let (alone, verdicts) = tokio::task::spawn_blocking(measuring).await??;
    // The book's reader needs no more of it than what differs from a default run.
    short.drain(..2);
    Ok(Itself {
        date: OffsetDateTime::now_utc().date().to_string(),
        command,
        machine: machine(),
        busy_before,
        alone,
        arguments: short,
        loops: LOOPS,
        at_once,
        verdicts,
    })
}
