//! What each question costs, and how often a pair is torn that two opens by path have read.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use ch02_hot_reload::identity::{self, Contents, Source};
use ch05_race_conditions::{Options, Reader, pem, pinned};
use hdrhistogram::Histogram;
use lab::agent::{Agent, Strategy};
use lab::authority::Issued;

const READS: usize = 5_000;
const PAIRS: usize = 20_000;

type Timed<'a> = (&'static str, Box<dyn Fn() + 'a>, Histogram<u64>);

fn main() {
    cost();
    torn();
}

fn source(agent: &Agent) -> Source {
    Source::localhost(agent.files())
}

fn cost() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::Symlink).unwrap();
    let source = source(&agent);
    let reader = Reader::new(Options::default());
    let serving = identity::read(&source).unwrap();
    let chain = fs::read(&source.files.certificate).unwrap();

    let mut kinds: [Timed<'_>; 4] = [
        (
            "by path, with validation",
            Box::new(|| drop(identity::read(&source).unwrap())),
            new(),
        ),
        (
            "ours, with validation",
            Box::new(|| {
                drop(
                    reader
                        .read_stepwise(&source, Some(&serving), &mut |_| ())
                        .unwrap(),
                )
            }),
            new(),
        ),
        (
            "one look through a handle",
            Box::new(|| drop(pinned::look(&source.files, None, &mut |_| ()).map_err(drop))),
            new(),
        ),
        (
            "is a chain whole",
            Box::new(|| pem::whole(&chain, &source.files.certificate).unwrap()),
            new(),
        ),
    ];
    // In turns, so that all meet the same weather.
    for _ in 0..READS {
        for (_, act, times) in &mut kinds {
            let started = Instant::now();
            act();
            times.record(started.elapsed().as_nanos() as u64).unwrap();
        }
    }
    for (kind, _, times) in kinds {
        let at = |quantile| times.value_at_quantile(quantile) as f64 / 1000.0;
        println!(
            "{kind}: p50 {:.0} µs, p99 {:.0} µs over {READS}",
            at(0.5),
            at(0.99)
        );
    }
}

fn new() -> Histogram<u64> {
    Histogram::new(3).unwrap()
}

/// Two generations in two directories, and `..data` pointing at one and the other as fast as it
/// goes. A pair is torn when its files are of two generations.
fn torn() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::Symlink).unwrap();
    let pairs = [agent.issue().unwrap(), agent.issue().unwrap()];
    agent.write(&pairs[0]).unwrap();
    let other = directory.path().join("..other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("tls.crt"), &pairs[1].chain_pem).unwrap();
    fs::write(other.join("tls.key"), pairs[1].key.expose()).unwrap();
    let files = agent.files();
    let is_torn = |contents: &Contents| !pairs.iter().any(|pair| is(contents, pair));

    let (stop, swaps) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for target in ["..other", "..generation_1"] {
                    swap(directory.path(), target);
                    swaps.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        for (kind, pinned) in [("two opens by path", false), ("one handle", true)] {
            let before = swaps.load(Ordering::Relaxed);
            let torn = (0..PAIRS).filter(|_| {
                is_torn(&match pinned {
                    true => match pinned::look(&files, None, &mut |_| ()) {
                        Ok(seen) => Contents {
                            certificate: seen.certificate.bytes,
                            key: seen.key.bytes,
                            roots: Vec::new(),
                        },
                        Err(error) => panic!("{error}"),
                    },
                    false => Contents {
                        certificate: fs::read(&files.certificate).unwrap(),
                        key: fs::read(&files.key).unwrap(),
                        roots: Vec::new(),
                    },
                })
            });
            let torn = torn.count();
            let swaps = swaps.load(Ordering::Relaxed) - before;
            println!("{kind}: {torn} of {PAIRS} pairs torn, during {swaps} swaps");
        }
        stop.store(true, Ordering::Relaxed);
    });
}

fn swap(directory: &Path, target: &str) {
    let link = directory.join("..data_tmp");
    symlink(target, &link).unwrap();
    fs::rename(link, directory.join("..data")).unwrap();
}

fn is(contents: &Contents, pair: &Issued) -> bool {
    contents.certificate == pair.chain_pem.as_bytes()
        && contents.key == pair.key.expose().as_bytes()
}
