//! Odd answers in Rust. One is built, and a variable says what it does.

use super::{Learner, of_cost};

const ODD: &str = r#"
fn odd() {
    use std::{env, fs, io, process, thread};
    match env::var("ODD").as_deref() {
        Ok(odd @ ("forge" | "descriptor")) => {
            let lines = ["each_refused_client_counts_once", "a_severed_download_counts_though_no_client_was_refused", "what_the_client_already_had_was_sent_for_nothing", "a_log_without_a_restart_costs_nothing"];
            let lines = lines.map(|check| format!("{{\"check\":\"{check}\",\"words\":null,\"at\":null}}\n"));
            println!("test result: ok. 4 passed; 0 failed\n{}\n  ok    All.\nDone.", lines.concat());
            if let Some(file) = env::args().nth(1) {
                println!("wrote: {:?}", fs::write(file, lines.concat()));
            }
            // The file for what comes of the checks has no name any more, and is open all the same.
            for open in fs::read_dir("/proc/self/fd").into_iter().flatten().flatten() {
                let named = fs::read_link(open.path()).unwrap_or_default();
                if odd == "descriptor" && named.to_string_lossy().ends_with("(deleted)") {
                    let file = fs::File::options().append(true).open(open.path());
                    println!("wrote: {:?}", file.and_then(|mut file| io::Write::write_all(&mut file, lines.concat().as_bytes())));
                }
            }
            process::exit(0)
        }
        Ok("overflow") => println!("{}", deep(1)),
        Ok("greedy") => {
            let mut all = Vec::new();
            loop {
                all.push(Vec::<u8>::with_capacity(1 << 30));
            }
        }
        Ok("thread") => {
            let gigabyte = vec![0_u8; 1 << 30];
            let one = thread::spawn(|| panic!("in a thread of its own"));
            println!("{} bytes, and {}", gigabyte.len(), one.join().is_err());
            // It outlives the program, and holds its pipe.
            let _ = process::Command::new("sleep").arg("6").spawn();
        }
        _ => {}
    }
}

#[allow(unconditional_recursion)]
fn deep(number: u64) -> u64 {
    let all = [number; 1024];
    deep(number + 1) + all[number as usize % 1024]
}
"#;

#[test]
fn an_answer_in_rust_neither_fools_nor_holds_up_the_runner() {
    let learner = Learner::new();
    learner.says(&["next", "cost"]);
    let solution = of_cost("solution.rs");
    let answer = solution.replace(
        "    let mut cost = Cost::default();",
        "    odd();\n    let mut cost = Cost::default();",
    );
    learner.write("ch01/cost.rs", &(answer + ODD));
    let tried = |odd: &str| {
        let mut command = learner.command(&["run", "cost"]);
        super::text(&command.env("ODD", odd).output().unwrap())
    };
    for (odd, words) in [
        ("forge", "Its end: exit status: 0."),
        ("descriptor", "Its end: exit status: 0."),
        ("overflow", "has overflowed its stack"),
        ("greedy", "memory allocation of 1073741824 bytes failed"),
    ] {
        let said = tried(odd);
        assert!(
            said.contains("Not yet: 0 of 4 checks hold."),
            "{odd}: {said}"
        );
        let told = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            told.contains("The program ended before or in this check"),
            "{odd}: {said}"
        );
        assert!(told.contains(words), "{odd}: {said}");
    }
    let said = tried("thread");
    assert!(
        said.contains("Done.") && said.contains("in a thread of its own"),
        "{said}"
    );
    assert!(said.contains("1073741824 bytes, and true"), "{said}");
}

/// The book forbids it, and so does the compiler.
#[test]
fn an_answer_in_rust_that_is_unsafe_is_refused_whatever_it_allows() {
    let learner = Learner::new();
    learner.says(&["next", "cost"]);
    let answer = of_cost("solution.rs") + "\npub fn odd() -> u8 { unsafe { *std::ptr::null() } }\n";
    learner.write(
        "ch01/cost.rs",
        &format!("#![allow(unsafe_code, warnings)]\n{answer}"),
    );
    let said = super::text(&learner.run(&["run", "cost"]));
    assert!(
        said.contains("It does not compile") && said.contains("unsafe"),
        "{said}"
    );
}

/// The compiler's advice is for a project of one's own.
#[test]
fn an_answer_that_wants_another_crate_is_told_which_there_are() {
    let learner = Learner::new();
    learner.says(&["next", "cost"]);
    let answer = of_cost("solution.rs") + "\npub use rand::Rng;\n";
    learner.write("ch01/cost.rs", &answer);
    let said = super::text(&learner.run(&["run", "cost"]));
    let told = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = "`cargo add` does not help: an answer uses what its chapter uses.";
    assert!(
        told.contains("unresolved import") && told.contains(words),
        "{said}"
    );
}

/// The words of a panic say nothing of what was wanted.
#[test]
fn a_panic_of_the_answer_is_told_from_the_words_of_a_check() {
    let learner = Learner::new();
    learner.says(&["next", "cost"]);
    let of_check = "That line is one of your answer";
    let answer = of_cost("solution.rs");
    learner.write(
        "ch01/cost.rs",
        &answer.replace("cost.refused += 1", "panic!(\"of my own\")"),
    );
    let said = super::text(&learner.run(&["run", "cost"]));
    let told = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("of my own") && told.contains(of_check),
        "{said}"
    );
    // What is still to be written is no fault, and the words of a check are its own.
    for (is, instead) in [
        (
            "cost.refused += 1",
            "todo!(\"this is the starter: write `cost`\")",
        ),
        ("cost.refused += 1", "cost.refused += 2"),
    ] {
        learner.write("ch01/cost.rs", &answer.replace(is, instead));
        let said = super::text(&learner.run(&["run", "cost"]));
        let told = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            told.contains("Not yet:") && !told.contains(of_check),
            "{said}"
        );
    }
}
