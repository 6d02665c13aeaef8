//! Parts of what a run prints. A page shows one at a time, and explains it before it shows the next.

/// Prints each part between marks, as mdBook reads them. No page shows the marks.
pub fn print(run: &str, parts: &[(&str, &str)]) {
    for (name, text) in parts {
        println!("ANCHOR: {run}-{name}\n{text}\nANCHOR_END: {run}-{name}");
    }
}

/// What stands before the first line that `is_next` accepts, and what stands from that line on.
pub fn split(text: &str, is_next: impl Fn(&str) -> bool) -> (&str, &str) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if is_next(line.trim_end()) {
            break;
        }
        at += line.len();
    }
    let (before, after) = text.split_at(at);
    (before.trim_end(), after.trim_matches('\n'))
}
