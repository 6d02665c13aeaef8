//! What comes of checks is written by a program that holds the answer as well. So each line bears a seal, which only who knows the
//! key can make: the program reads the key before the answer runs, and the file holds it no longer then.

use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};

/// The key of one run.
#[derive(Debug)]
pub struct Seal(String);

impl Seal {
    /// Another one for each run.
    pub fn drawn() -> Self {
        let half = || RandomState::new().hash_one(0);
        Self(format!("{:016x}{:016x}", half(), half()))
    }

    /// What the file holds in the beginning.
    pub fn key(&self) -> &str {
        &self.0
    }

    /// The lines that bear the seal, in their order, without it. All others were written by the answer.
    pub fn opened(&self, said: &str) -> String {
        let (mut opened, mut number) = (String::new(), 0);
        for line in said.lines() {
            let (seal, line) = line.split_once(' ').unwrap_or_default();
            if seal == self.of(number, line) {
                number += 1;
                opened += line;
                opened += "\n";
            }
        }
        opened
    }

    /// As the program makes it: `Outcomes::write` in `scripts/exercise-bench/src/lib.rs`, and `sealed` in `learner/attempt.py`, which has
    /// this hash by its own means.
    fn of(&self, number: usize, line: &str) -> String {
        let mut hasher = DefaultHasher::new();
        (self.0.as_str(), number, line).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::Seal;

    /// Neither a line without a seal is taken, nor one that was sealed for another line, nor one that comes a second time.
    #[test]
    fn only_what_was_sealed_is_opened() {
        let seal = Seal::drawn();
        let [first, second] = [(0, "one"), (1, "two")]
            .map(|(number, line)| format!("{} {line}\n", seal.of(number, line)));
        let forged = format!(
            "two\n{} two\n{} one\n",
            seal.of(0, "one"),
            Seal::drawn().of(0, "one")
        );
        assert_eq!(
            seal.opened(&(forged.clone() + &first + &first + &forged + &second)),
            "one\ntwo\n"
        );
        assert_eq!(seal.opened(&forged), "");
    }
}
