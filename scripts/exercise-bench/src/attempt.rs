//! One answer of a learner, with the checks of its exercise. `cargo exercise` writes what is included here, and
//! names it by this variable.
#![allow(missing_docs, unused)]

include!(env!("EXERCISE_PROGRAM", "run `cargo exercise run`"));

fn main() -> std::process::ExitCode {
    exercise_bench::attempt(CHECKS)
}
