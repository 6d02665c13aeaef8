//! The site as it is built: links, fragments, and what each page must have.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use scraper::{Html, Selector};
use scripts::check::Problem;
use scripts::links;
use tempfile::TempDir;

/// The real book, built once for all tests of this program.
fn site() -> &'static Path {
    static SITE: OnceLock<TempDir> = OnceLock::new();
    SITE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        scripts::site::build(&scripts::root().unwrap(), Some(folder.path()), None).unwrap();
        folder
    })
    .path()
}

/// The pages that a reader reads.
fn pages() -> Vec<(PathBuf, String)> {
    let apart = ["404.html", "toc.html", "print.html"];
    let entries = fs::read_dir(site())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let pages: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "html"))
        .filter(|path| !apart.iter().any(|name| path.ends_with(name)))
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect();
    assert!(pages.len() >= 8, "{pages:?}");
    pages
}

fn count(html: &Html, selector: &str) -> usize {
    html.select(&Selector::parse(selector).unwrap()).count()
}

#[test]
fn every_link_leads_somewhere() {
    let broken = links::broken(site()).unwrap();
    let list: Vec<_> = broken.iter().map(Problem::to_string).collect();
    assert!(list.is_empty(), "\n{}", list.join("\n"));
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let site = tempfile::tempdir().unwrap();
    let page = r##"<a href="b.html#here">1</a><a href="b.html#there">2</a><a href="c.html">3</a>
        <a href="#top">4</a><a href="https://example.org/x">5</a><h1 id="a">A</h1>"##;
    fs::write(site.path().join("a.html"), page).unwrap();
    fs::write(site.path().join("b.html"), r#"<h1 id="here">B</h1>"#).unwrap();
    let broken = links::broken(site.path()).unwrap();
    let list: Vec<_> = broken.iter().map(Problem::to_string).collect();
    let expected = [
        "a.html: `b.html#there` leads to no such place in b.html",
        "a.html: `c.html` leads to no file",
        "a.html: `#top` leads to no such place in a.html",
    ];
    assert_eq!(list, expected);
}

#[test]
fn every_page_is_whole() {
    for (path, text) in pages() {
        let html = Html::parse_document(&text);
        let path = path.display();
        assert!(!text.contains("{{#"), "{path}: a directive is left");
        assert_eq!(count(&html, "html[lang=en]"), 1, "{path}: no language");
        assert_eq!(count(&html, "main h1"), 1, "{path}: not one heading");
        assert_eq!(
            count(&html, "meta[name=description]:not([content=''])"),
            1,
            "{path}"
        );
        assert!(count(&html, "title") >= 1, "{path}: no title");
        // What is fetched from elsewhere can be gone, and tells elsewhere who reads.
        let fetching = "script[src*='//'], link[href*='//'], img[src*='//'], iframe";
        assert_eq!(count(&html, fetching), 0, "{path}: fetches from elsewhere");
    }
}

#[test]
fn every_picture_can_be_read_aloud() {
    let mut pictures = 0;
    for (path, text) in pages() {
        let html = Html::parse_document(&text);
        let all = count(&html, "figure.timeline svg");
        let named = "figure.timeline svg[role=img][aria-labelledby]";
        assert_eq!(all, count(&html, named), "{}", path.display());
        assert_eq!(all, count(&html, "figure.timeline details li:first-child"));
        pictures += all;
    }
    assert!(pictures >= 3, "each chapter has its timeline");
}

/// An id that stands twice on a page breaks links and labels.
#[test]
fn ids_are_unique() {
    for (path, text) in pages() {
        let html = Html::parse_document(&text);
        let mut ids: Vec<_> = html
            .select(&Selector::parse("[id]").unwrap())
            .filter_map(|element| element.attr("id"))
            .collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "{}: an id stands twice", path.display());
    }
}

/// A section that moved is found by its old address, and no redirect hides a section that is there.
#[test]
fn what_moved_is_found() {
    let config = fs::read_to_string(scripts::root().unwrap().join("book.toml")).unwrap();
    let config: toml::Table = config.parse().unwrap();
    let redirects = config["output"]["html"]["redirect"].as_table().unwrap();
    assert!(redirects.len() >= 20, "{redirects:?}");
    let has = |page: &str, id: &str| {
        let text = fs::read_to_string(site().join(page));
        let text = text.unwrap_or_else(|error| panic!("{page}: {error}"));
        let html = Html::parse_document(&text);
        html.select(&Selector::parse("[id]").unwrap())
            .any(|element| element.attr("id") == Some(id))
    };
    for (from, to) in redirects {
        let (page, fragment) = from
            .trim_start_matches('/')
            .split_once('#')
            .unwrap_or((from, ""));
        assert!(
            !has(page, fragment),
            "{from} is still there, and cannot be reached"
        );
        let to = to.as_str().unwrap();
        let (page, fragment) = to.split_once('#').unwrap_or((to, "mdbook-content"));
        assert!(
            has(page, fragment),
            "{from} leads to {to}, which is not there"
        );
    }
}
