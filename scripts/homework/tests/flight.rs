//! The sheets of chapter 6: which certificate does this client hold now?

use std::collections::BTreeSet;
use std::sync::LazyLock;

use ch06_in_flight_requests::tickets::Tickets;
use homework::ch06::{Answer, By, Client, Happens, Rules, Scene, drawn, sheet};

use super::virtual_time;

fn played(scene: &Scene) -> Vec<Answer> {
    virtual_time(scene.play()).unwrap()
}

/// What comes of the seeds of a class, played once for all tests.
static PLAYED: LazyLock<Vec<(Scene, Vec<Answer>)>> = LazyLock::new(|| {
    let play = |scene: Scene| {
        let answers = played(&scene);
        (scene, answers)
    };
    (0..40).map(drawn).map(play).collect()
});

/// What one client holds before the first step and after each of these.
fn held(client: Client, rules: Rules, happens: &[Happens]) -> Vec<(u64, By)> {
    let scene = Scene {
        rules,
        happens: happens.to_vec(),
        clients: vec![client],
    };
    let answers = played(&scene).into_iter();
    answers
        .map(|answer| (answer.generation, answer.by))
        .collect()
}

const RULES: Rules = Rules {
    lag: 1,
    connection_minutes: None,
    session_minutes: None,
    tickets: Tickets::KeepUnlessTrustChanged,
};

/// By hand, for each client: three rotations, twenty minutes, and one more.
#[test]
fn three_rotations() {
    use By::{Connection, Handshake, Session};
    use Happens::{Rotates, TimePasses};
    let happens = [Rotates, Rotates, TimePasses, Rotates];
    let held = |client| held(client, RULES, &happens);
    // Generation 1 has to go with the third; its download is cut 30 s later.
    let of_the_download = [
        (1, Handshake),
        (1, Connection),
        (1, Connection),
        (3, Handshake),
        (3, Connection),
    ];
    assert_eq!(held(Client::Downloads), of_the_download);
    // It asks in time, and is told.
    assert_eq!(held(Client::Pools), of_the_download);
    // With the first, its session has to go.
    let of_a_session = [
        (1, Handshake),
        (1, Session),
        (3, Handshake),
        (3, Session),
        (3, Session),
    ];
    assert_eq!(held(Client::Resumes), of_a_session);
    let of_a_stranger = [1, 2, 3, 3, 4].map(|generation| (generation, Handshake));
    assert_eq!(held(Client::Strange), of_a_stranger);
}

/// By hand: what is too old by its age goes, be it a connection or a session.
#[test]
fn age() {
    use By::{Connection, Handshake, Session};
    let rules = Rules {
        lag: 9,
        connection_minutes: Some(30),
        session_minutes: Some(30),
        ..RULES
    };
    let happens = [
        Happens::Rotates,
        Happens::TimePasses,
        Happens::TimePasses,
        Happens::Discards,
    ];
    let held = |client| held(client, rules, &happens);
    assert_eq!(
        held(Client::Resumes),
        [
            (1, Handshake),
            (1, Session),
            (1, Session),
            (2, Handshake),
            (2, Handshake)
        ]
    );
    assert_eq!(
        held(Client::PoolsAndResumes),
        [
            (1, Handshake),
            (1, Connection),
            (1, Connection),
            (2, Handshake),
            (2, Connection)
        ]
    );
}

/// A client opens another connection only for a reason that the sheet names, and shakes hands in full only for one: what
/// the server did is what the words say.
#[test]
fn each_answer_has_its_reason() {
    for (scene, answers) in &*PLAYED {
        for answer in answers {
            let client = scene.clients[answer.client];
            let context = format!("{scene:?}: {answer:?}");
            let old = scene.why_not_the_connection(answer);
            match answer.by {
                By::Connection => {
                    let told = client != Client::Downloads && old.is_some();
                    assert_eq!(answer.told, told, "{context}");
                    continue;
                }
                _ if answer.connection.is_some() => assert!(old.is_some(), "{context}"),
                _ => {}
            }
            let no_session = scene.why_not_the_session(answer);
            match answer.by {
                By::Session => assert!(no_session.is_empty(), "{context}"),
                _ if answer.session.is_none() => {}
                _ => assert!(!no_session.is_empty(), "{context}"),
            }
            if answer.by == By::Handshake {
                assert_eq!(answer.generation, scene.newest(answer.step), "{context}");
            }
        }
    }
}

/// Within a class's seeds each way to a certificate comes up, old ones are held in each way that there is, and all is
/// explained.
#[test]
fn each_answer_comes_up_and_is_explained() {
    let mut came_up = BTreeSet::new();
    for (seed, (scene, answers)) in (0..24).zip(&*PLAYED) {
        for answer in answers {
            let is_old = answer.generation < scene.newest(answer.step);
            came_up.insert((answer.by, is_old));
        }
        let sheet = sheet(seed).unwrap();
        assert_eq!(sheet.questions.len(), 5, "seed {seed}");
        for question in sheet.questions {
            let explained = question.why.iter().all(|why| why.ends_with('.'));
            assert!(explained && !question.why.is_empty(), "{question:?}");
        }
    }
    assert_eq!(came_up.len(), 5, "{came_up:?}");
}

/// Chapter 6 says how HTTP/1.1 is asked to leave, and the sheet has to say it as well: its clients of HTTP/1.1 are idle when their connection has to go.
#[test]
fn the_sheet_says_that_an_idle_connection_answers_once_more() {
    for seed in 0..10 {
        let told = sheet(seed).unwrap().told;
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            told.contains(
                "within the 30 s, an idle connection answers one more request, and goes then"
            ),
            "{told}"
        );
    }
}
