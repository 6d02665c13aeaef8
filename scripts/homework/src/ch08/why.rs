//! Why a call ended as it did.

use ch02_hot_reload::identity::Reason;

use super::scene::{Call, Outcome, Scene, Server};

/// Why, in paragraphs.
pub(super) fn why(scene: &Scene, call: &Call) -> Vec<String> {
    let mut why = Vec::new();
    why.extend(call.rejected.map(rejected));
    why.push(of_the_call(scene, call));
    why.extend(of_the_root(scene, call));
    why
}

/// What comes of files that do not fit together.
fn rejected(reason: Reason) -> String {
    let because = match reason {
        Reason::ChainBroken => "the server's own leaf leads to no root that is listed",
        _ => "they do not fit together",
    };
    let reason = reason.name();
    format!("The files are rejected ({reason}): {because}. What was served before goes on.")
}

fn of_the_call(scene: &Scene, call: &Call) -> String {
    let caller = &scene.callers[call.client];
    let (shown, in_force) = (call.shown, call.in_force.join(" and "));
    let trusts = caller.trusts.join(" and ");
    match (call.outcome, caller.leaf) {
        (Outcome::Distrusted, _) => {
            format!("The server shows a leaf under {shown}, and this client trusts {trusts} alone.")
        }
        (Outcome::TurnedAway, None) => {
            "It shows no certificate, and this server lets no client in without one.".into()
        }
        (Outcome::TurnedAway, Some("Public Root")) => format!(
            "The server's own leaf is under Public Root. That is no reason to let a client in: clients are judged by {in_force}."
        ),
        (Outcome::TurnedAway, Some(root)) => {
            format!("Its leaf is under {root}, and clients are judged by {in_force}.")
        }
        (Outcome::LetIn, leaf) => {
            let root = leaf.unwrap_or("no root");
            let session = match call.has_session {
                true => " Its session is worth nothing any more: the server has discarded it.",
                false => "",
            };
            format!(
                "The server shows a leaf under {shown}, which the client trusts. The client shows one under {root}, which is \
                 in force.{session}"
            )
        }
        (Outcome::Resumed, leaf) => resumed(scene, call, leaf.unwrap_or("no root")),
    }
}

/// What nobody looked at.
fn resumed(scene: &Scene, call: &Call, root: &str) -> String {
    let mut words =
        "It comes back with the session of an earlier call, so neither side shows a certificate."
            .to_owned();
    let trusts = &scene.callers[call.client].trusts;
    if !trusts.contains(&call.shown) {
        words += &format!(
            " That the server's leaf is under {} now, which this client does not trust, it does not see.",
            call.shown
        );
    }
    match (call.in_force.iter().any(|name| name == root), scene.server) {
        (true, Server::Holds) => {
            words += &format!(
                " The server looks once more at the certificate that the session remembers: {root} is in force."
            );
        }
        (true, _) => {}
        (false, _) => {
            words += &format!(
                " {root} is not in force any more, and this server does not look again: a client that kept a session stays in."
            );
        }
    }
    words
}

/// What holds a root that the file no longer lists.
fn of_the_root(scene: &Scene, call: &Call) -> Option<String> {
    let root = scene.callers[call.client].leaf?;
    let taken = &scene.steps[..call.step];
    let listed = taken.iter().rev().find_map(|step| step.lists())?;
    let is_in = [Outcome::LetIn, Outcome::Resumed].contains(&call.outcome);
    let held = is_in && scene.server == Server::Holds && call.rejected.is_none();
    (held && !listed.contains(&root)).then(|| {
        format!("The file no longer lists {root}. The server holds it until no client has come by it for a minute, and gives no tickets meanwhile.")
    })
}
