//! What the exploration must find, and that it would find it. The demo explores every state (see
//! `transcripts.rs`); here are the walks after each step, and the controls.

use std::thread;

use ch05_race_conditions::explorer::{self, Arena, Found, Served, Subject, World};
use ch05_race_conditions::writer::Writer;
use lab::agent::Strategy;
use lab::event::Event;

/// One walk for each writer, two at a time.
fn walks(subject: Subject) -> Vec<(Writer, Found)> {
    let world = World::new().unwrap();
    let writers = Writer::all();
    let halves = writers.chunks(writers.len().div_ceil(2));
    let walk = |writer: &Writer| {
        let arena = Arena::new(*writer, subject, &world).unwrap();
        (*writer, arena.after_each_step().unwrap())
    };
    thread::scope(|scope| {
        let half = |half| scope.spawn(move || Vec::from_iter(<[Writer]>::iter(half).map(walk)));
        let halves: Vec<_> = halves.map(half).collect();
        halves
            .into_iter()
            .flat_map(|half| half.join().unwrap())
            .collect()
    })
}

/// What the picture of the chapter is drawn from: the stretches of the recorded run, of one reader.
fn recorded(subject: Subject) -> Vec<(String, Stretch)> {
    const EVENTS: &str = include_str!("../transcripts/demo.events.jsonl");
    let events = EVENTS.lines().filter_map(Event::parse);
    let text = |event: &Event, field: &str| event.text(field).unwrap_or_default();
    let stretches = events.filter(|event| event.name() == "explored_stretch");
    let stretches = stretches.filter(|event| text(event, "reader") == subject.name());
    let stretch = |event: Event| {
        let refused = event.0.get("refused").and_then(|reason| reason.as_str());
        let refused = refused.map(str::to_owned);
        let stretch = (
            event.number("states"),
            text(&event, "step"),
            text(&event, "served"),
            refused,
        );
        (text(&event, "writer"), stretch)
    };
    stretches.map(stretch).collect()
}

/// States, step, what is served, and why the files were refused.
type Stretch = (Option<u64>, String, String, Option<String>);

/// The same of walks that were made now.
fn walked(walks: &[(Writer, Found)]) -> Vec<(String, Stretch)> {
    let of = |(writer, found): &(Writer, Found)| {
        let name = writer.name().to_owned();
        let stretch = |stretch: &explorer::Stretch| {
            let refused = stretch.refused.map(str::to_owned);
            let served = stretch.served.name().to_owned();
            (
                Some(stretch.states as u64),
                stretch.step.clone(),
                served,
                refused,
            )
        };
        let stretches: Vec<_> = found.stretches.iter().map(stretch).collect();
        stretches
            .into_iter()
            .map(move |stretch| (name.clone(), stretch))
    };
    walks.iter().flat_map(of).collect()
}

/// The picture shows what a walk finds.
fn is_recorded(walks: &[(Writer, Found)], subject: Subject) {
    let (walked, recorded) = (walked(walks), recorded(subject));
    for (walked, recorded) in walked.iter().zip(&recorded) {
        assert_eq!(walked, recorded, "record it again, with `cargo record`");
    }
    assert_eq!(walked.len(), recorded.len());
}

#[test]
fn ours_serves_the_old_set_until_the_new_one_is_complete() {
    let walks = walks(Subject::Ours);
    is_recorded(&walks, Subject::Ours);
    for (writer, found) in walks {
        let name = writer.name();
        assert_eq!(found.wrong(), 0, "{name}: {:?}", found.stretches);
        assert_eq!(found.stuck, 0, "{name}: {:?}", found.stretches);
        // Once the new set is served, it stays.
        let mut served = found.stretches.iter().map(|stretch| stretch.served);
        let old = served
            .by_ref()
            .take_while(|served| *served == Served::Old)
            .count();
        assert!(old > 0, "{name}: {:?}", found.stretches);
        assert!(
            served.all(|served| served == Served::New),
            "{name}: {:?}",
            found.stretches
        );
    }
}

/// The control: the exploration finds what is wrong with a reader that asks less.
#[test]
fn the_reader_by_path_is_tricked() {
    let walks = walks(Subject::ByPath);
    is_recorded(&walks, Subject::ByPath);
    for (writer, found) in walks {
        let wrong: Vec<_> = found
            .served
            .keys()
            .filter(|served| served.is_wrong())
            .collect();
        match writer {
            Writer::ChainInPlace | Writer::TrustInPlace => assert_eq!(wrong, [&Served::Cut]),
            Writer::Script => assert_eq!(wrong, [&Served::Exposed]),
            Writer::Agent(_) => assert!(wrong.is_empty(), "{}: {wrong:?}", writer.name()),
        }
        assert_eq!(found.stuck, 0);
    }
}

/// The kubelet's swap is one rename. A reader by path can still open one file before it and one
/// after it, and can find its directory removed. Through one handle it is one rename.
#[test]
fn only_a_pinned_directory_makes_the_swap_atomic() {
    let world = World::new().unwrap();
    let met = |subject| {
        let arena = Arena::new(Writer::Agent(Strategy::Symlink), subject, &world);
        arena.unwrap().between_reads().unwrap()
    };
    let (by_path, ours) = (met(Subject::ByPath), met(Subject::Ours));
    assert!(by_path.refused > 0, "{by_path:?}");
    assert_eq!(ours.refused, 0);
    assert_eq!((ours.wrong(), ours.stuck), (0, 0));
}
