//! x
use ch05_race_conditions::explorer::{Arena, Subject, World};
use ch05_race_conditions::writer::Writer;
use std::time::Instant;

#[test]
fn t() {
    let world = World::new().unwrap();
    for writer in Writer::all() {
        for subject in Subject::ALL {
            let arena = Arena::new(writer, subject, &world).unwrap();
            let t = Instant::now();
            let found = arena.after_each_step().unwrap();
            let a = t.elapsed();
            let t = Instant::now();
            let f2 = arena.between_reads().unwrap();
            println!("{} {} {} {:?} ref {} stuck {} {a:?} | {} {:?} ref {} stuck {} {:?}", writer.name(), subject.name(), found.states, found.served, found.refused, found.stuck, f2.states, f2.served, f2.refused, f2.stuck, t.elapsed());
            for s in &found.stretches { if s.states>0 {println!("    {s:?}");} }
        }
    }
}
