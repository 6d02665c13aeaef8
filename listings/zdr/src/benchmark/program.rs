//! A server's program: whether it is on this machine, and which version it is.

use std::path::Path;

use crate::server::spec::Spec;

/// The first line that has a digit in it: what a program says of its version.
pub(super) fn version(command: &[String]) -> String {
    let Some((program, arguments)) = command.split_first() else {
        return String::new();
    };
    let output = std::process::Command::new(program).args(arguments).output();
    let text = output.map(|output| [output.stdout, output.stderr].concat());
    let text = text.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().find(|line| line.chars().any(char::is_numeric));
    // Some print their whole path, which is this machine's own.
    let words = line.unwrap_or_default().split_whitespace();
    let words: Vec<_> = words
        .map(|word| match Path::new(word) {
            path if path.is_absolute() => path.file_name().unwrap_or_default().to_string_lossy(),
            _ => word.into(),
        })
        .collect();
    words.join(" ")
}

/// Whether a server can be started here: its program, and what it needs beside it, are found.
pub fn is_present(spec: &Spec) -> bool {
    let named = spec.version.as_ref().and_then(|command| command.first());
    let program = named.or_else(|| spec.command.first());
    program.is_some_and(|program| found(program))
}

fn found(program: &str) -> bool {
    let beside = crate::server::program::beside(program);
    if beside.is_absolute() {
        return beside.is_file();
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(Path::new(program)).is_file())
}

#[cfg(test)]
mod tests {
    /// No page shall say where on this machine a program lies.
    #[test]
    fn a_version_without_a_path() {
        let printed = [
            "/bin/sh",
            "-c",
            "echo; echo \"/opt/some/envoy  version: 0a1b/1.40.0\"",
        ];
        let version = super::version(&printed.map(str::to_owned));
        assert_eq!(version, "envoy version: 0a1b/1.40.0");
    }
}
