//! The order that works.

use std::io;

use ch02_hot_reload::arguments::Serve;
use ch02_hot_reload::program::start_server;
use ch08_trust_rotation::party::issue;
use lab::BOUND;
use lab::authority::{Authority, Issued};
use lab::client::{Client, Options};
use lab::log::{Log, want};
use lab::mutual;
use lab::println;
use tracing::Level;

use crate::load::{Load, Told};
use crate::parties::Parties;

const CALLERS: u64 = 3;

/// So that the demo is quick: the defaults are those of production.
const QUICK: [&str; 10] = [
    "--spread-ms",
    "0",
    "--settle-ms",
    "50",
    "--quiet-ms",
    "1500",
    "--poll-ms",
    "20",
    "--grace-ms",
    "5000",
];

pub(crate) async fn run(shown: Level) -> io::Result<()> {
    lab::emit::to_stderr(shown)?;
    let mut parties = Parties::new(CALLERS)?;
    let left_over = issue(&mut parties.a, 0x1005)?;
    let files = parties.servers.source().files;
    let (server, address) = start_server(Serve::command_line_with(&files, &QUICK)).await?;
    let load = Load::start(&parties.callers, address);
    load.calls().await;
    // One more, that nobody will reissue: it comes, and comes back with a ticket.
    let forgotten = forgotten(&left_over, &[&parties.a, &parties.b])?;
    for _ in 0..2 {
        forgotten.probe(address).await?.log();
    }

    rotate(&mut parties, server.log(), &load).await?;

    // A client that shows a leaf under Root A, or has a ticket from before, is not let in.
    let outcome = forgotten.probe(address).await;
    let log = server.log();
    log.wait_for(&want("handshake_failed"), BOUND).await;
    let let_in = if outcome.is_ok() {
        "let in"
    } else {
        "turned away"
    };
    let Told { calls, failed, .. } = load.stop().await;
    let cut = |why: &str| {
        let closed = want("connection_closed").with("why", why);
        log.all(&closed).len()
    };
    println!(
        "Root A is replaced by Root B: {failed} calls failed, {} connections cut, {} drained",
        cut("deadline"),
        cut("drained")
    );
    println!("the forgotten client, which has a ticket, is {let_in}");
    if calls <= CALLERS * 20 {
        return Err(io::Error::other(format!("only {calls} calls: no load")));
    }
    Ok(())
}

/// Add, reissue, drain and remove, under load.
async fn rotate(parties: &mut Parties, log: &Log, load: &Load) -> io::Result<()> {
    // Add: both ends trust both roots, and show what they showed before.
    parties.callers_trust(&[&parties.a, &parties.b])?;
    parties.servers.trust(&[&parties.a, &parties.b])?;
    log.wait_for(&loaded(2), BOUND).await;
    load.calls().await;

    // Reissue: one by one, in any order.
    let leaf = issue(&mut parties.b, 0x2001)?;
    parties.servers.show(&leaf)?;
    log.wait_for(&loaded(3), BOUND).await;
    for (caller, serial) in parties.callers.iter_mut().zip(0x2002..) {
        caller.party.show(&issue(&mut parties.b, serial)?)?;
        caller.reload();
        load.calls().await;
    }

    // Drain and remove: asked for by the file, done by the server.
    parties.servers.trust(&[&parties.b])?;
    log.wait_for(&want("trust_moved").with("step", "remove"), BOUND)
        .await;
    log.wait_for(&loaded(5), BOUND).await;
    parties.callers_trust(&[&parties.b])?;
    load.calls().await;
    Ok(())
}

fn loaded(generation: u64) -> lab::log::Want {
    want("identity_loaded").with("generation", generation)
}

/// A client that remembers its session.
fn forgotten(leaf: &Issued, roots: &[&Authority]) -> io::Result<Client> {
    let options = Options {
        resume: true,
        ..Options::default()
    };
    let roots: String = roots.iter().map(|root| root.root_pem()).collect();
    let config = mutual::client_config(leaf, &roots, options)?;
    Ok(Client::with_config(config, "localhost")?)
}
