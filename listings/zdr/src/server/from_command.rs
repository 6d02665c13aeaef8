//! A description without a file: a command as it is typed into a shell, and a way to reload in a word.

use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use crate::server::lines::on_one_line;
use crate::server::mistake::Mistake;
use crate::server::placeholders::{Unknown, WITH_KEY, is_script, unknown};
use crate::server::spec::{Layout, Reload, Spec, signal_named};
use crate::server::values::places;

/// A command as it is typed into a shell, with words in braces: `my-server --cert {certificate} --key
/// {key} --port {port}`. Quotes and backslashes are a shell's; nothing else of a shell is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine(Vec<String>);

/// The option, as mistakes name it.
const COMMAND: &str = "--command";

impl FromStr for CommandLine {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let at = |span: Range<usize>, what: String| Mistake::at(COMMAND, line, span, what);
        let words = shlex::split(line).ok_or(UNCLOSED)?;
        let mut mistakes = Vec::new();
        for (text, unknown) in unknown_in(&words) {
            let written = &text[unknown.span.clone()];
            let begin = line.find(written).unwrap_or(0);
            let what = format!("unknown word `{written}`");
            let span = begin..begin + written.len();
            mistakes.push(at(span, what).with_help(Some(unknown.help())));
        }
        if let Some(word) = for_a_shell(line) {
            let begin = line.find(word).unwrap_or(0);
            let what = format!("`{word}` is for a shell, and none runs this command");
            let help = "let one run it: sh -c 'exec my-server ... > log'".to_owned();
            mistakes.push(at(begin..begin + word.len(), what).with_help(Some(help)));
        }
        if mistakes.is_empty() {
            mistakes.extend(what_is_missing(line).or_else(|| what_needs_a_key(line)));
        }
        match mistakes.is_empty() {
            true => Ok(Self(with_environment(words))),
            false => {
                let all: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
                Err(format!("\n{}", all.join("\n\n")))
            }
        }
    }
}

const UNCLOSED: &str = "a quote, or a backslash at the end, is not closed";

/// What a shell would do something with.
const OF_SHELLS: &[&str] = &["|", "||", "&&", ";", "&", ">", ">>", "2>", "2>&1", "<"];

/// The first of these. What is quoted is meant for the program.
fn for_a_shell(line: &str) -> Option<&str> {
    let (mut quote, mut is_escaped) = (None, false);
    let typed = line.split(move |letter: char| {
        let ends = letter.is_whitespace() && quote.is_none() && !is_escaped;
        match (letter, quote) {
            _ if is_escaped => is_escaped = false,
            ('\\', None | Some('"')) => is_escaped = true,
            ('\'' | '"', None) => quote = Some(letter),
            _ if quote == Some(letter) => quote = None,
            _ => {}
        }
        ends
    });
    let mut bare = typed.filter(|word| !word.contains(['\'', '"', '\\']));
    bare.find(|word| is_of_shells(word))
}

/// Whether a shell would do something with this word: an operator, where its output goes, a variable, or what another
/// command prints.
fn is_of_shells(word: &str) -> bool {
    let aside = word.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '&');
    let variable = word.match_indices('$').any(|(at, _)| {
        let next = word[at + 1..].chars().next();
        next.is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '{' | '(' | '_'))
    });
    OF_SHELLS.contains(&word)
        || word.ends_with(';')
        || aside.starts_with(['<', '>'])
        || variable
        || word.contains('`')
}

/// The unknown words in braces. An argument with blanks is a script, with braces of its own.
fn unknown_in(words: &[String]) -> impl Iterator<Item = (&str, Unknown)> {
    let of = |word| {
        unknown(word, is_script(word))
            .into_iter()
            .map(move |one| (word, one))
    };
    words.iter().map(String::as_str).flat_map(of)
}

/// A server that is told of no file, or of no port, serves neither ours nor where we look.
fn what_is_missing(line: &str) -> Option<Mistake> {
    let has = |words: &[&str]| words.iter().any(|word| !places(line, word).is_empty());
    if line.trim().is_empty() {
        return Some(Mistake::of(COMMAND, "it names no program"));
    }
    let (what, help) = if !has(&["certificate", "folder", "dir"]) {
        (
            "it has no `{certificate}`, so the server would not read the file that is rotated",
            "put `{certificate}` and `{key}` where the command has the paths of these files; \
             if they are both in a folder, put `{folder}` there",
        )
    } else if !has(&["port"]) {
        (
            "it has no `{port}`, so the server would not listen where clients come",
            "put `{port}` where the command has the number of the port; if that stands in a file of \
             configuration, `zdr help toml` tells of `[[file]]`",
        )
    } else {
        return None;
    };
    Some(Mistake::of(COMMAND, what).with_help(Some(help.into())))
}

/// A word for a file that only a description in TOML can ask for.
fn what_needs_a_key(line: &str) -> Option<Mistake> {
    let mut words = WITH_KEY.iter();
    let (word, key) = words.find(|(word, _)| !places(line, word).is_empty())?;
    let what = format!("`{{{word}}}` needs the key `{key}`, which only a TOML file can have");
    let help =
        "write the TOML file with `zdr init --command \"…\"`, without this word; add both to it";
    Some(Mistake::of(COMMAND, what).with_help(Some(help.into())))
}

/// A shell takes `NAME=value` before a program for its environment. So does `env`.
fn with_environment(mut words: Vec<String>) -> Vec<String> {
    let first = words.first().and_then(|word| word.split_once('='));
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if first.is_some_and(|(name, _)| is_name(name)) {
        words.insert(0, "env".into());
    }
    words
}

impl CommandLine {
    /// The description of a server that is started by this command, in this folder. How it is told
    /// and what it speaks is the default. One that is told of no key has it in the certificate's file.
    pub fn spec(&self, here: &Path) -> Spec {
        let has = |word: &str| self.0.iter().any(|of| of.contains(word));
        let has_key = ["{key}", "{folder}", "{dir}"].into_iter().any(has);
        Spec {
            name: self.name(),
            command: self.0.clone(),
            layout: if has_key {
                Layout::Pair
            } else {
                Layout::Bundle
            },
            here: here.to_owned(),
            ..Spec::default()
        }
    }

    fn name(&self) -> String {
        name_of(&self.0)
    }
}

/// The name of the program of a command, or of the script that an interpreter runs. Empty where there is none.
pub fn name_of(command: &[String]) -> String {
    let words = command
        .iter()
        .filter(|word| *word != "env" && !word.contains('='));
    let mut stems = words.map(|word| {
        let stem = Path::new(word).file_stem().unwrap_or_default();
        on_one_line(&stem.to_string_lossy())
    });
    let program = stems.next().unwrap_or_default();
    let versioned = [
        "python", "node", "ruby", "perl", "java", "php", "deno", "bun",
    ];
    let runs_scripts = ["sh", "bash"].contains(&program.as_str())
        || versioned.iter().any(|name| program.starts_with(name));
    // A word without blanks: what follows `-c` is no file. Nor is `.`, or a list of places where Java looks.
    let is_file = |word: &str| Path::new(word).file_stem().is_some() && !word.contains(':');
    let is_script = |word: &&String| {
        !word.starts_with(['-', '{']) && word.contains('.') && is_file(word) && !is_script(word)
    };
    if runs_scripts && let Some(script) = command.iter().skip(1).find(is_script) {
        let stem = Path::new(script).file_stem().unwrap_or_default();
        return on_one_line(&stem.to_string_lossy());
    }
    program
}

/// A way to reload in a word.
#[derive(Clone, Debug)]
pub struct ReloadWord(pub Reload);

impl FromStr for ReloadWord {
    type Err = String;

    /// `files`, `restart`, `signal:HUP` or `command:my-server reload`.
    fn from_str(word: &str) -> Result<Self, String> {
        let reload = match word.split_once(':').unwrap_or((word, "")) {
            ("files", "") => Reload::default(),
            ("restart", "") => Reload {
                restart: true,
                ..Reload::default()
            },
            ("signal", name) => {
                signal_named(name).ok_or(format!(
                    "unknown signal `{name}`: expected HUP, USR1 or USR2"
                ))?;
                Reload {
                    signal: Some(name.into()),
                    ..Reload::default()
                }
            }
            ("command", line) => {
                let words = shlex::split(line).ok_or(UNCLOSED)?;
                if words.is_empty() {
                    return Err("`command:` is followed by a command".into());
                }
                if let Some((text, unknown)) = unknown_in(&words).next() {
                    let (written, help) = (&text[unknown.span.clone()], unknown.help());
                    return Err(format!("unknown word `{written}`: {help}"));
                }
                if let Some(word) = for_a_shell(line) {
                    return Err(format!(
                        "`{word}` is for a shell, and none runs this command: let one run it, \
                         \"command:sh -c 'my-server check && my-server reload'\""
                    ));
                }
                Reload {
                    command: Some(with_environment(words)),
                    ..Reload::default()
                }
            }
            _ if signal_named(word).is_some() => {
                return Err(format!("did you mean `signal:{word}`?"));
            }
            _ => {
                return Err("expected `files`, `restart`, `signal:HUP` or `command:...`".into());
            }
        };
        Ok(Self(reload))
    }
}

#[cfg(test)]
mod tests {
    use super::{ReloadWord, name_of};

    #[test]
    fn a_command_to_reload_is_read_as_one_to_start() {
        let words = |line: &str| line.parse::<ReloadWord>().map(|of| of.0.command);
        let expected = ["env", "A=b", "my-server", "re load"].map(str::to_owned);
        let read = words("command:A=b my-server 're load'");
        assert_eq!(read, Ok(Some(expected.to_vec())));
        let script = words("command:sh -c 'a && b > log'");
        assert!(script.is_ok_and(|words| words.is_some_and(|words| words.len() == 3)));
        // As the program gets them.
        for line in [
            "command:my-server --between '|' --format '$remote $time'",
            "command:my-server --format \\$remote",
            "command:my-server --text 'a > b' '>' \"$HOME | c\"",
            "command:my-server --price 5$ --more a&b",
        ] {
            assert!(words(line).is_ok(), "{line}");
        }
        for (line, mistake) in [
            (
                "command:my-server check && my-server reload",
                "`&&` is for a shell",
            ),
            ("command:my-server reload > log", "`>` is for a shell"),
            ("command:my-server reload >log", "`>log` is for a shell"),
            (
                "command:my-server reload 2>/dev/null",
                "`2>/dev/null` is for a shell",
            ),
            ("command:kill -HUP $PID", "`$PID` is for a shell"),
            ("command:a check; a reload", "`check;` is for a shell"),
            ("command:kill $(cat pid)", "`$(cat` is for a shell"),
            ("command:kill `cat pid`", "``cat` is for a shell"),
            ("command:my-server 'reload", "is not closed"),
            ("command: ", "is followed by a command"),
            ("command:my-server {serial}", "unknown word `{serial}`"),
        ] {
            let error = words(line).expect_err(line);
            assert!(error.contains(mistake), "{line}: {error}");
        }
    }

    #[test]
    fn a_command_is_named_by_its_program_or_by_the_script_that_is_run() {
        for (command, name) in [
            ("/usr/sbin/my-server -c {certificate}", "my-server"),
            ("python3 -W ignore tools/serve.py {port}", "serve"),
            ("sh ./start {port}", "start"),
            ("env A=b node --watch app.mjs", "app"),
            ("java -cp . Main {port}", "java"),
            ("java -cp lib/a.jar:lib/b.jar Main", "java"),
            ("java -jar target/app.jar", "app"),
            ("my\u{1b}server", "my.server"),
        ] {
            let words: Vec<_> = command.split(' ').map(str::to_owned).collect();
            assert_eq!(name_of(&words), name, "{command}");
        }
    }
}
