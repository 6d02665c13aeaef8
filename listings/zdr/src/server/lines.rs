//! Paragraphs in lines of a terminal or of a file.

use std::borrow::Cow;

pub use lab::line::steers;

/// How wide a terminal may be taken to be.
pub const TERMINAL: usize = 80;

/// The same without what a terminal or a file of text would not take as text, and without what turns the direction of
/// that which follows (Unicode's UAX #9): a server may have said it.
pub fn printable(text: &str) -> String {
    let dot = |letter: char| match steers(letter) && letter != '\n' {
        true => '.',
        false => letter,
    };
    text.chars().map(dot).collect()
}

/// The same as a part of one line.
pub fn on_one_line(text: &str) -> String {
    printable(text).replace('\n', ".")
}

/// `words` in lines of at most this many characters, of which the first begins with `first` and the others
/// with `others`. Each line ends in a newline, and is printable. A word that is too long has a line of its own.
pub fn fill(words: &str, first: &str, others: &str, width: usize) -> String {
    let mut text = String::new();
    let mut line = first.to_owned();
    let mut is_begun = false;
    for word in words.split_whitespace() {
        let length = line.chars().count() + usize::from(is_begun) + word.chars().count();
        if is_begun && length > width {
            text += &format!("{}\n", line.trim_end());
            line = others.to_owned();
            is_begun = false;
        }
        if is_begun {
            line.push(' ');
        }
        line += &printable(word);
        is_begun = true;
    }
    text + line.trim_end() + "\n"
}

/// A command as a shell reads it, to be copied. Words in braces stand as in a description.
pub fn in_shell(words: &[String]) -> String {
    let words = words.iter().map(|word| {
        let is_plain = |letter: char| letter.is_alphanumeric() || "-_./:=,@%+{}".contains(letter);
        match !word.is_empty() && word.chars().all(is_plain) {
            true => Cow::Borrowed(word.as_str()),
            false => shlex::try_quote(word).unwrap_or(Cow::Borrowed(word)),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_copied_into_a_shell() {
        let words = ["sh", "-c", "kill -HUP $(cat {dir}/pid)", "--key={key}", ""];
        let words = words.map(str::to_owned);
        let said = in_shell(&words);
        assert_eq!(said, "sh -c 'kill -HUP $(cat {dir}/pid)' --key={key} ''");
        assert_eq!(shlex::split(&said), Some(words.to_vec()));
    }

    #[test]
    fn what_moves_a_cursor_or_turns_a_line_is_a_dot() {
        assert_eq!(
            printable("a\u{1b}[31mb\n\u{202e}c\u{2069}é"),
            "a.[31mb\n.c.é"
        );
        assert_eq!(on_one_line("a\nb\u{7}"), "a.b.");
        let marks =
            "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}";
        assert_eq!(printable(marks), ".".repeat(10));
        assert_eq!(printable("\u{2066}\u{2067}\u{2068}\u{2069}"), "....");
        // What joins letters, and what has no width, is a part of words.
        assert_eq!(printable("\u{200b}\u{200c}\u{200d}\u{2060}").len(), 12);
    }
}
