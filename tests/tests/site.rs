//! The site as it is built: links, fragments, what each page must have, and what it weighs.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use lab_test::memo::{Builds, Key};
use scraper::{Html, Selector};
use scripts::check::Problem;
use scripts::links;
use scripts::site::address;

/// Where the book that is tested would be.
const ADDRESS: &str = "https://book.example/rotation/";
/// And its sources.
const REPOSITORY: &str = "https://code.example/o/rotation";

/// The real book, built once for all tests of this program, by the command that a reader is told. While nothing of
/// this checkout changes it is not built again.
pub(crate) fn site() -> &'static Path {
    static SITE: OnceLock<PathBuf> = OnceLock::new();
    let key = || of_the_checkout(Key::of("cargo book build").this_program());
    SITE.get_or_init(|| Builds::below(env!("CARGO_TARGET_TMPDIR")).once(key, build))
}

/// The key with all files of this checkout that are not built or installed there.
pub(crate) fn of_the_checkout(key: Key) -> String {
    let root = scripts::root().unwrap();
    key.checkout(&root, &scripts::copy::sources(&root).unwrap())
        .hex()
}

fn build(folder: &Path) {
    let built = Command::new(env!("CARGO"))
        .args(["book", "build", "-d"])
        .arg(folder)
        .current_dir(scripts::root().unwrap())
        .envs([(address::SITE, ADDRESS), (address::REPOSITORY, REPOSITORY)])
        .env_remove("RUSTC")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");
}

/// `cargo book build` ends with 0 on the real book, and says what is wrong otherwise.
#[test]
fn the_alias_works() {
    assert!(site().join("index.html").is_file());
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

/// A reader with a wrong address is led on, by links that hold: the page for it is in no list that is followed.
#[test]
fn a_wrong_address_leads_on() {
    let text = fs::read_to_string(site().join("404.html")).unwrap();
    let html = Html::parse_document(&text);
    let links = Selector::parse("main li a").unwrap();
    let names: Vec<_> = html.select(&links).filter_map(|a| a.attr("href")).collect();
    assert!(names.contains(&"symptoms.html"), "{names:?}");
    for name in names {
        assert!(site().join(name).is_file(), "{name}");
    }
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
        // Between tags mdBook leaves Markdown as it is written.
        for summary in html.select(&Selector::parse("main summary").unwrap()) {
            let words = summary.text().collect::<String>();
            assert!(!words.contains('`'), "{path}: marks of code in {words}");
        }
        assert_eq!(
            count(&html, "meta[name=description]:not([content=''])"),
            1,
            "{path}"
        );
        assert!(count(&html, "title") >= 1, "{path}: no title");
        // What is fetched from elsewhere can be gone, and tells elsewhere who reads.
        let fetching =
            "script[src*='//'], link[href*='//']:not([rel=canonical]), img[src*='//'], iframe";
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

/// What a browser fetches to show a page for the first time, compressed, in bytes. A search is none of it.
fn first_load(folder: &Path, page: &str) -> usize {
    let compressed = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap().len()
    };
    let html = Html::parse_document(page);
    let named = [
        ("script[src]", "src"),
        ("img[src]", "src"),
        ("link[rel=stylesheet], link[rel=icon]", "href"),
    ];
    let mut bytes = compressed(page.as_bytes());
    for (selector, attribute) in named {
        for element in html.select(&Selector::parse(selector).unwrap()) {
            let file = folder.join(element.attr(attribute).unwrap());
            let content = fs::read(&file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
            bytes += compressed(&content);
        }
    }
    bytes
}

#[test]
fn a_page_is_light() {
    for (path, text) in pages() {
        let bytes = first_load(site(), &text);
        assert!(bytes <= 150_000, "{}: {bytes} bytes", path.display());
        assert!(bytes >= 2_000, "{}: {bytes} bytes", path.display());
    }
}

#[test]
fn all_that_a_page_fetches_is_weighed() {
    let folder = tempfile::tempdir().unwrap();
    // Noise, which does not become smaller.
    let mut state = 1u64;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    let noise: Vec<u8> = (0..100_000).map(|_| noise()).collect();
    fs::write(folder.path().join("a.js"), &noise).unwrap();
    fs::write(folder.path().join("a.css"), &noise).unwrap();
    let page = r#"<link rel="stylesheet" href="a.css"><script src="a.js"></script>"#;
    let without = first_load(folder.path(), "");
    assert!(first_load(folder.path(), page) > without + 2 * noise.len() - 1000);
}

/// A browser paints a page when it has the page: no style sheet, script or font comes first.
#[test]
fn nothing_blocks_the_first_paint() {
    for (path, text) in pages() {
        let html = Html::parse_document(&text);
        let path = path.display();
        let blocking = "link[rel=stylesheet], script[src]:not([defer]):not([async])";
        assert_eq!(count(&html, blocking), 0, "{path}");
        let styles: String = html
            .select(&Selector::parse("style").unwrap())
            .flat_map(|style| style.text().collect::<Vec<_>>())
            .collect();
        assert!(styles.contains("--links:"), "{path}: no colours");
        for fetching in ["@import", "@font-face", "url("] {
            assert!(!styles.contains(fetching), "{path}: {fetching}");
        }
    }
}

/// What a page does not ask for is not published: mdBook brings an editor, fonts and a highlighter.
#[test]
fn nothing_is_there_that_no_page_asks_for() {
    let mut scripts: Vec<_> = fs::read_dir(site())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            [".js", ".css", ".woff2"]
                .iter()
                .any(|end| name.ends_with(end))
        })
        .collect();
    scripts.sort();
    let plain: Vec<_> = scripts
        .iter()
        .filter_map(|name| name.split('-').next())
        .collect();
    let expected = ["book", "elasticlunr", "mark", "searcher", "searchindex"];
    assert_eq!(plain, expected, "{scripts:?}");
    assert!(!site().join("fonts").exists());
}

/// The languages that have colours.
const KNOWN: [&str; 8] = [
    "console", "go", "json", "python", "rust", "sh", "toml", "yaml",
];

#[test]
fn code_has_its_colours() {
    let block = Selector::parse("pre > code[class^=language-]").unwrap();
    let mut blocks = 0;
    for (path, text) in pages() {
        let html = Html::parse_document(&text);
        for code in html.select(&block) {
            let language = code.attr("class").unwrap().split(' ').next().unwrap();
            if !KNOWN.contains(&language.trim_start_matches("language-")) {
                continue;
            }
            let coloured = Selector::parse("span[class^=hl-]").unwrap();
            let shown: String = code.text().collect();
            let path = path.display();
            assert!(
                code.select(&coloured).next().is_some(),
                "{path}: {language}: {shown}"
            );
            blocks += 1;
        }
    }
    assert!(blocks >= 100, "{blocks}");
}

fn attribute(html: &Html, selector: &str, name: &str) -> Option<String> {
    let selector = Selector::parse(selector).unwrap();
    html.select(&selector).next()?.attr(name).map(str::to_owned)
}

/// Search engines learn of every page, once, by the address that the page gives itself; whoever shares a link
/// to it shows its own title and words, and a picture that is there.
#[test]
fn every_page_says_where_it_is() {
    let list = fs::read_to_string(site().join("sitemap.xml")).unwrap();
    let mut listed: Vec<_> = list
        .split("<loc>")
        .skip(1)
        .map(|rest| rest.split("</loc>").next().unwrap().to_owned())
        .collect();
    let (mut found, mut words) = (Vec::new(), Vec::new());
    for (path, text) in pages() {
        let html = Html::parse_document(&text);
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_first = ["index.html", "introduction.html"].contains(&name);
        let expected = format!("{ADDRESS}{}", if is_first { "" } else { name });
        let of = |selector, name| attribute(&html, selector, name).unwrap_or_default();
        assert_eq!(of("link[rel=canonical]", "href"), expected);
        assert_eq!(of("meta[property='og:url']", "content"), expected);
        assert!(text.contains(&format!(
            "<title>{}",
            of("meta[property='og:title']", "content")
        )));
        let picture = of("meta[property='og:image']", "content");
        let picture = picture.strip_prefix(ADDRESS).expect("below the site");
        assert!(site().join(picture).is_file(), "{picture}");
        let edit = of("a[rel=edit]", "href");
        let source = edit.strip_prefix(&format!("{REPOSITORY}/edit/main/"));
        let source = scripts::root()
            .unwrap()
            .join(source.unwrap_or_else(|| panic!("{name}: {edit}")));
        assert!(source.is_file(), "{name}: {edit}");
        found.push(expected);
        words.push(of("meta[name=description]", "content"));
    }
    found.sort();
    found.dedup();
    listed.sort();
    assert_eq!(listed, found);
    words.sort();
    let all = words.len();
    words.dedup();
    // The first page has two names.
    assert_eq!(
        words.len(),
        all - 1,
        "two pages say the same of themselves: {words:#?}"
    );
    let robots = fs::read_to_string(site().join("robots.txt")).unwrap();
    assert!(
        robots.contains(&format!("Sitemap: {ADDRESS}sitemap.xml")),
        "{robots}"
    );
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
