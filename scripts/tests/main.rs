//! The chores' tests, in one program: they wait side by side, and are linked once.

mod catalogue;
mod ci;
mod closed;
mod costs;
mod destination;
mod errata;
mod exercises;
mod grid;
mod itself;
mod listing;
mod log;
mod new_chapter;
mod offline;
mod pictures;
mod plan;
mod quiz;
mod results;
mod root;
mod serve;
mod slides;
mod symptoms;
mod timeline;
mod versions;

use std::path::Path;

use lab_test::memo::{Key, Memo};

/// Judges something that a build of the whole book shows, unless it was right before, and neither a file of this
/// checkout nor one of the programs is another one since.
fn once(what: &str, judge: impl FnOnce()) {
    let key = || {
        let root = scripts::root().unwrap();
        let programs = [
            env!("CARGO_BIN_EXE_book"),
            env!("CARGO_BIN_EXE_new-chapter"),
            env!("CARGO_BIN_EXE_preprocess"),
        ];
        let key = Key::of(what).this_program();
        let key = programs
            .iter()
            .fold(key, |key, program| key.file(Path::new(program)));
        key.checkout(&root, &scripts::copy::sources(&root).unwrap())
            .hex()
    };
    let judge = || {
        judge();
        "right".to_owned()
    };
    Memo::below(env!("CARGO_TARGET_TMPDIR")).once(what, key, judge);
}
