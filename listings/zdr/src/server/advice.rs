//! What went wrong before anything could be measured, told so that somebody can mend it.

use std::fmt;

use crate::server::lines::printable;

/// What was tried, what was seen, and what to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What is wrong, in a phrase.
    pub what: String,
    /// What was done to find out.
    pub tried: String,
    /// What came of it.
    pub seen: String,
    /// What to do about it: in the description of the server, or in the server.
    pub change: String,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.what))?;
        let parts = [
            ("tried: ", &self.tried),
            ("seen:  ", &self.seen),
            ("change:", &self.change),
        ];
        for (name, text) in parts {
            for (at, line) in printable(text.trim()).lines().enumerate() {
                let name = if at == 0 { name } else { "       " };
                write!(f, "\n  {name} {}", line.trim_end())?;
            }
        }
        Ok(())
    }
}

/// What to do about a server that ends at its start, and says why.
pub(crate) fn of_complaint(said: &str) -> &'static str {
    match speaks_of_a_key(said) {
        true => {
            "what the server complains about. If it takes only another kind of key, set `keys` to \"ecdsa\", \"rsa\" or \
             \"ed25519\" (without a TOML file, give `--keys`). To try it without `zdr`, run the command with files of \
             your own in place of these"
        }
        false => {
            "what the server complains about. To try it without `zdr`, run the command with files of your own in place of \
             these"
        }
    }
}

/// Whether a server that ended speaks of its key, other than by the name of a file or an option.
fn speaks_of_a_key(said: &str) -> bool {
    const KINDS: [&str; 6] = ["ecdsa", "rsa", "ed25519", "ecc", "ec", "key"];
    let said = said.to_lowercase();
    let mut words =
        said.split(|letter: char| letter.is_whitespace() || "'\"`()[],;:".contains(letter));
    words.any(|word| KINDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::of_complaint;

    #[test]
    fn a_server_that_ends_for_its_key_is_asked_which_kind_it_takes() {
        for said in [
            "error: unsupported key type",
            "only ed25519 is supported",
            "not an RSA key: /tmp/x/tls.key",
        ] {
            let change = of_complaint(said);
            assert!(change.contains("give `--keys`"), "{said}: {change}");
        }
        for said in ["cannot open /tmp/x/tls.key", "unknown option --key-file"] {
            let change = of_complaint(said);
            assert!(!change.contains("--keys"), "{said}: {change}");
            assert!(change.starts_with("what the server complains about. To try"));
        }
    }
}
