//! The sheets of chapter 8: who gets in at each step of a rotation of trust.

use std::collections::BTreeSet;

use homework::ch08::{Call, Caller, Outcome, Scene, Server, Step, drawn, sheet};

use super::virtual_time;

fn played(scene: &Scene) -> Vec<Call> {
    virtual_time(scene.play()).unwrap()
}

fn of(leaf: Option<&'static str>, trusts: &[&'static str], resumes: bool) -> Caller {
    Caller {
        leaf,
        trusts: trusts.to_vec(),
        resumes,
    }
}

/// By hand, for each server: the right order, and a client that was forgotten and keeps its session.
#[test]
fn a_client_that_was_forgotten() {
    use Outcome::{LetIn, Resumed, TurnedAway};
    let both = ["Root A", "Root B"];
    let after_each = |server| {
        let scene = Scene {
            two_trusts: false,
            server,
            steps: vec![Step::ListBoth, Step::Reissue, Step::ListB, Step::Quiet],
            callers: vec![of(Some("Root A"), &both, true)],
        };
        let outcomes = played(&scene).into_iter().map(|call| call.outcome);
        outcomes.collect::<Vec<_>>()
    };
    // Root A drains, so its client shows its certificate again, and then the root goes.
    let held = after_each(Server::Holds);
    assert_eq!(held, [LetIn, Resumed, Resumed, LetIn, TurnedAway]);
    let believed = after_each(Server::Believes);
    assert_eq!(believed, [LetIn, Resumed, Resumed, TurnedAway, TurnedAway]);
    // The hole: who was let in once stays in.
    let kept = after_each(Server::KeepsTickets);
    assert_eq!(kept, [LetIn, Resumed, Resumed, Resumed, Resumed]);
}

/// Two trusts: a leaf of the server's own authority lets nobody in.
#[test]
fn a_client_of_the_servers_own_authority() {
    let scene = Scene {
        two_trusts: true,
        server: Server::Holds,
        steps: vec![Step::ListBoth],
        callers: vec![
            of(Some("Public Root"), &["Public Root"], false),
            of(Some("Root B"), &["Public Root"], false),
        ],
    };
    let outcomes: Vec<_> = played(&scene).iter().map(|call| call.outcome).collect();
    use Outcome::{LetIn, TurnedAway};
    assert_eq!(outcomes, [TurnedAway, TurnedAway, TurnedAway, LetIn]);
}

/// Of a full handshake, what each side trusts decides, whatever the server.
#[test]
fn a_full_handshake_is_decided_by_what_each_side_trusts() {
    for scene in (0..12).map(drawn) {
        for call in played(&scene) {
            let caller = &scene.callers[call.client];
            let is_in = |root| call.in_force.iter().any(|name| name == root);
            let by_rule = match caller.leaf {
                _ if call.outcome == Outcome::Resumed => {
                    assert!(caller.resumes && call.has_session, "{call:?}");
                    continue;
                }
                _ if !caller.trusts.contains(&call.shown) => Outcome::Distrusted,
                Some(root) if is_in(root) => Outcome::LetIn,
                _ => Outcome::TurnedAway,
            };
            assert_eq!(call.outcome, by_rule, "{scene:?}: {call:?}");
        }
    }
}

/// Within a class's seeds each answer comes up, on each server, in one trust and in two; and all are explained.
#[test]
fn each_answer_comes_up_and_is_explained() {
    let (mut answers, mut servers) = (BTreeSet::new(), Vec::new());
    for seed in 0..24 {
        let (scene, sheet) = (drawn(seed), sheet(seed).unwrap());
        if !servers.contains(&(scene.server, scene.two_trusts)) {
            servers.push((scene.server, scene.two_trusts));
        }
        assert_eq!(sheet.questions.len(), 5, "seed {seed}");
        for question in sheet.questions {
            let explained = question.why.iter().all(|why| why.ends_with('.'));
            assert!(explained && !question.why.is_empty(), "{question:?}");
            answers.insert(question.answer);
        }
    }
    let all = Outcome::ALL.map(|outcome| outcome.words().to_owned());
    assert_eq!(answers, BTreeSet::from(all));
    assert_eq!(servers.len(), 6, "{servers:?}");
}
