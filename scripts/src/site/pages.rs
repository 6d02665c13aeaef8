//! The pages of the built site.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

/// The pages, in the order of their names. All of them lie in the site's folder itself.
///
/// # Errors
/// When the folder cannot be read.
pub(super) fn all(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "html") {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}

/// The page with headings of folds as HTML wants them: mdBook makes a paragraph of words that stand alone
/// in one, and a summary must have none.
pub(super) fn mend(page: &str) -> String {
    static SUMMARY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?s)<summary>\s*<p>(.*?)</p>\s*</summary>").expect("the expression is valid")
    });
    SUMMARY
        .replace_all(page, "<summary>$1</summary>")
        .into_owned()
}

/// The page without the script that judges answers, where it asks no questions.
pub(super) fn without_idle_scripts(page: &str) -> String {
    static SCRIPT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"\s*<script defer src="[^"]*\bquiz(?:-\w+)?\.js"></script>"#)
            .expect("the expression is valid")
    });
    match page.contains("<section class=\"quiz\">") {
        true => page.to_owned(),
        false => SCRIPT.replace_all(page, "").into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_that_asks_loads_what_judges() {
        let script = "<script defer src=\"theme/quiz-0a1b.js\"></script>";
        let other = "<script defer src=\"book-0a1b.js\"></script>";
        let page = format!("<head>\n{other}\n{script}\n</head>");
        let asks = format!("{page}<section class=\"quiz\"></section>");
        assert_eq!(without_idle_scripts(&asks), asks);
        assert_eq!(
            without_idle_scripts(&page),
            format!("<head>\n{other}\n</head>")
        );
    }

    #[test]
    fn a_summary_has_no_paragraph() {
        let page = "<summary>\n<p><code>a.rs</code>: what\nit does</p>\n</summary>";
        assert_eq!(
            mend(page),
            "<summary><code>a.rs</code>: what\nit does</summary>"
        );
        for right in ["<summary>plain</summary>", "<summary><h2>a</h2></summary>"] {
            assert_eq!(mend(right), right);
        }
    }
}
