//! The demo of chapter 5: every writer, at every step, against two readers.
//!
//! With `serve` it is a server that reads with this chapter's reader.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use ch01_restart_baseline::{exit, listen};
use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::arguments::Serve;
use ch02_hot_reload::program::{Plain, Role};
use ch03_handshake_hook::{CertResolver, hooked_config, serve, watch};
use ch05_race_conditions::explorer::{Found, Served, Subject, World, explore};
use ch05_race_conditions::{ExposedKey, LostNames, Options, Reader, mounted, start};
use lab::println;
use tracing::Level;

#[derive(clap::Args)]
struct Careful {
    #[command(flatten)]
    serve: Serve,
    #[command(flatten)]
    follow: watch::Follow,
    /// How long a chain or a set of trust anchors that became shorter must stay as it is before it is
    /// believed, in milliseconds.
    #[arg(long, default_value_t = 10_000)]
    settle_ms: u64,
    /// Reject a key that other users can read, instead of warning.
    #[arg(long)]
    refuse_exposed_key: bool,
    /// How long invalid files must stay as they are before they are reported, in milliseconds.
    #[arg(long, default_value_t = 250)]
    rest_ms: u64,
    /// Reject a certificate that lacks a name of the current one, instead of warning.
    #[arg(long)]
    refuse_lost_names: bool,
    /// If the first files are not valid, wait for valid ones instead of ending.
    #[arg(long)]
    wait: bool,
    /// Never look at the files again. A test that passes with this option tests nothing.
    #[arg(long)]
    frozen: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let about = "Chapter 5: a reader that no writer can trick. Without a command, runs the demo";
    exit(match Role::parse(about, "Serve, and follow the files") {
        Role::Serve(arguments) => server(arguments).await,
        Role::Demo(Plain {}) => demo(),
    })
}

// ANCHOR: server
async fn server(arguments: Careful) -> io::Result<()> {
    lab::emit::to_stderr(Level::DEBUG)?;
    let source = arguments.serve.source()?;
    mounted::warn(&source.files);
    let options = Options {
        settle: Duration::from_millis(arguments.settle_ms),
        exposed_key: if arguments.refuse_exposed_key {
            ExposedKey::Refuse
        } else {
            ExposedKey::Warn
        },
        rest: Duration::from_millis(arguments.rest_ms),
        lost_names: if arguments.refuse_lost_names {
            LostNames::Refuse
        } else {
            LostNames::Warn
        },
        ..Options::default()
    };
    let poll = Duration::from_millis(arguments.follow.poll_ms);
    let store = if arguments.wait {
        start::when_valid(options, source, poll).await
    } else {
        IdentityStore::start_by(Reader::new(options).loader(), source)?
    };
    let config = hooked_config(CertResolver(store.clone()));
    if !arguments.frozen {
        arguments.follow.start(store)?;
    }
    serve(listen(arguments.serve.address()).await?, config).await;
    Ok(())
}
// ANCHOR_END: server

fn demo() -> io::Result<()> {
    lab::emit::to_stderr(Level::INFO)?;
    let found = explore(&World::new()?)?;
    for (writer, reader, found) in &found {
        let (writer, reader) = (writer.name(), reader.name());
        let served = |what| found.served.get(&what).copied().unwrap_or(0);
        tracing::info!(
            event = "explored",
            writer,
            reader,
            states = found.states,
            refused = found.refused,
            cut = served(Served::Cut),
            mixed = served(Served::Mixed),
            exposed = served(Served::Exposed),
            stuck = found.stuck,
        );
        for stretch in &found.stretches {
            tracing::debug!(
                event = "explored_stretch",
                writer,
                reader,
                states = stretch.states,
                step = stretch.step,
                served = stretch.served.name(),
                refused = stretch.refused,
            );
        }
    }
    for subject in Subject::ALL {
        let of_this = found.iter().filter(|(_, reader, _)| *reader == subject);
        let all = of_this.fold(Found::default(), |all, (_, _, found)| {
            all.and(found.clone())
        });
        let (name, states, wrong) = (subject.name(), all.states, all.wrong());
        println!(
            "{name}: {states} states, after {wrong} of them something wrong is served, {} runs stuck",
            all.stuck
        );
        if subject == Subject::Ours && (wrong > 0 || all.stuck > 0) {
            return Err(io::Error::other("our reader was tricked"));
        }
    }
    Ok(())
}
