//! What went wrong before anything could be measured, told so that somebody can mend it.

use std::fmt;

use rustix::process::geteuid;

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

/// What to do about a server, or what prepares it, that does not get on with the user that it runs as: it refuses to be
/// root, or becomes another user, who may not read what is root's. `None` where it says nothing of that, or `zdr` cannot
/// start it as another user.
pub(crate) fn of_user(said: &str) -> Option<&'static str> {
    of_root(said).filter(|_| geteuid().is_root())
}

/// The same, where it was started by root.
fn of_root(said: &str) -> Option<&'static str> {
    const REFUSES: [&str; 3] = ["\"root\" execution", "non-root user", "unprivileged user"];
    let said = said.to_lowercase();
    if said.contains("permission denied") {
        return Some(
            "whose files these are: they belong to root. If the server changes to another user before it reads them, set \
             `user` in the TOML file to that user's name",
        );
    }
    let runs_as_root = said.contains("as root") && said.contains("run");
    let refuses = runs_as_root || REFUSES.iter().any(|words| said.contains(words));
    refuses.then_some(
        "set `user` in the TOML file to the name of a user without root's rights, such as \"nobody\": the server is \
         started as that user then, who owns its files",
    )
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
    use super::{of_complaint, of_root};

    /// What hitch, PostgreSQL, its `initdb`, Apache httpd and memcached say when root starts them, and servers that
    /// become another user before they read their files.
    #[test]
    fn a_server_that_does_not_get_on_with_root_is_told_of_the_key_user() {
        let of_root = |said: &str| of_root(said).unwrap_or_default();
        for said in [
            "[23924] {core} ERROR: Refusing to run workers as root.",
            "\"root\" execution of the PostgreSQL server is not permitted.",
            "The server must be started under an unprivileged user ID",
            "initdb: error: cannot be run as root",
            "Error:\tApache has not been designed to serve pages while\n\trunning as root!",
            "can't run as root without the -u switch",
        ] {
            assert!(of_root(said).starts_with("set `user`"), "{said}");
        }
        let denied = "nginx: [emerg] cannot load /x/tls.key: (13: Permission denied)";
        assert!(of_root(denied).contains("set `user`"), "{denied}");
        for said in [
            "cannot open /root/tls.key",
            "ca.pem cannot be taken as root certificate",
        ] {
            assert_eq!(of_root(said), "", "{said}");
        }
    }

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
