//! Paragraphs in lines of a terminal or of a file.

/// How wide a terminal may be taken to be.
pub const TERMINAL: usize = 80;

/// `words` in lines of at most this many characters, of which the first begins with `first` and the others
/// with `others`. Each line ends in a newline. A word that is too long has a line of its own.
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
        line += word;
        is_begun = true;
    }
    text + line.trim_end() + "\n"
}
