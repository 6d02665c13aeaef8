//! The three graded samples of the guide for teachers take the course: a first evening, a second one, and the twin of
//! chapter 4. All are in Python, with its standard library alone.

mod taking;

fn main() {
    for file in [
        "samples/first-evening.toml",
        "samples/newer-than.toml",
        "servers/python.toml",
    ] {
        println!("\n{}", taking::take(file, &[]));
    }
}
