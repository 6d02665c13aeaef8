//! The book in a browser: each page, in each theme, wide, narrow and on paper.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use lab_test::memo::{Key, Memo};
use scripts::serve::Server;
use tokio::process::Command;
use walkdir::{DirEntry, WalkDir};

use crate::site::of_the_checkout;

/// A copy of the book that a test may change.
fn copy(to: &Path) {
    let root = scripts::root().unwrap();
    scripts::copy::copy(&root, to).unwrap();
}

/// The programs by which the book is looked at, and where the scripts lie that do.
struct Tools {
    node: PathBuf,
    chromium: PathBuf,
    scripts: PathBuf,
}

impl Tools {
    /// `None`, and said so, where one of them is missing.
    fn find() -> Option<Self> {
        let node = lab_test::peer::find("node")?;
        let chromium = lab_test::peer::find_either(&["chromium-headless-shell", "chromium"])?;
        let scripts = scripts::root().unwrap().join("tests/browser");
        if !scripts.join("node_modules/playwright-core").is_dir() {
            lab_test::peer::skip("tests/browser/node_modules");
            return None;
        }
        Some(Self {
            node,
            chromium,
            scripts,
        })
    }

    /// Who judges a page, and what it is shown by: the scripts and what they use, the browser, its letters, and
    /// what serves the page.
    fn judge(&self) -> Key {
        let root = scripts::root().unwrap();
        let listed = |folder: &Path| {
            let entries = WalkDir::new(folder).sort_by_file_name().into_iter();
            let entries = entries.filter_entry(|entry| entry.file_name() != "node_modules");
            let files = entries
                .flatten()
                .filter(|entry| entry.file_type().is_file());
            files.map(DirEntry::into_path).collect::<Vec<_>>()
        };
        let installed = self.scripts.join("node_modules");
        let mut key = Key::of("the judge of pages")
            .files(&self.scripts, &listed(&self.scripts))
            .file(&installed.join(".package-lock.json"))
            .file(&installed.join("axe-core/axe.min.js"))
            .file(&installed.join("playwright-core/package.json"))
            .program(&self.node)
            .program(&self.chromium)
            .file(&root.join("scripts/src/serve.rs"))
            .file(&root.join("Cargo.lock"));
        let home = env::home_dir().unwrap_or_default();
        let own = [".fonts", ".local/share/fonts"].map(|folder| home.join(folder));
        let of_all = ["/usr/share/fonts", "/usr/local/share/fonts"].map(PathBuf::from);
        for font in of_all.iter().chain(&own).flat_map(|folder| listed(folder)) {
            let length = font.metadata().map_or(0, |font| font.len());
            let name = font.as_os_str().as_encoded_bytes();
            key = key.bytes(name).bytes(&length.to_le_bytes());
        }
        key
    }
}

/// Has a browser read the book, page by page: those that were right before and are the same are passed over. Returns
/// what was looked at, as JSON.
async fn look(tools: &Tools, memo: &Memo) -> String {
    let book = tempfile::tempdir().unwrap();
    copy(book.path());
    let server = Server::start(book.path(), 0).await.unwrap();
    let address = server.address.to_string();
    let site = server.folder();
    let serving = tokio::spawn(server.run());
    let checked = Command::new(&tools.node)
        .arg(tools.scripts.join("check.mjs"))
        .args([address.as_ref(), book.path().as_os_str(), site.as_os_str()])
        .env("CHROMIUM", &tools.chromium)
        .env("MEMO", memo.folder())
        .env("JUDGE", tools.judge().hex())
        .env("BUILDER", Key::of("what builds").this_program().hex())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    serving.abort();
    let said = String::from_utf8_lossy(&checked.stdout);
    let failed = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "\n{said}{failed}");
    println!("{said}");
    said.lines().last().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_site_in_a_browser() {
    let Some(tools) = Tools::find() else { return };
    let memo = Memo::below(env!("CARGO_TARGET_TMPDIR"));
    // Where nothing is another than when all was right, no book need be built for it.
    let key = || of_the_checkout(tools.judge().this_program());
    let before = key();
    let shown = env::var_os("SCREENSHOTS").is_some();
    let seen = match memo.recall(&before).filter(|_| !shown) {
        Some(seen) => {
            println!("unchanged since each page was last right: {seen}");
            seen
        }
        None => {
            let seen = look(&tools, &memo).await;
            if key() == before {
                memo.keep(&before, &seen);
            }
            seen
        }
    };
    let seen: serde_json::Value = serde_json::from_str(&seen).unwrap();
    it_looked_at_everything(&seen, &scripts::root().unwrap());
}

/// What keeps the verdicts has tests of its own, which need no browser.
#[test]
fn a_look_is_kept_only_while_all_that_it_depends_on_is_the_same() {
    let Some(node) = lab_test::peer::find("node") else {
        return;
    };
    let tests = scripts::root()
        .unwrap()
        .join("tests/browser/looks.test.mjs");
    let tested = std::process::Command::new(node)
        .args(["--test", "--test-reporter=tap"])
        .arg(tests)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&tested.stdout);
    assert!(tested.status.success(), "{said}");
    assert!(said.contains("\n# pass 8\n"), "{said}");
}

/// It really looked, now or when that was the same: at each page, and at each timeline there and, where all are on one
/// page, in two themes and on paper, which both of them print.
fn it_looked_at_everything(seen: &serde_json::Value, book: &Path) {
    let (pages, timelines, [drawn, moving]) = there_are(book);
    assert_eq!(
        seen["pages"],
        pages + 2,
        "and the page that is missing, in two themes: {seen}"
    );
    assert_eq!(seen["timelines"], timelines * (1 + 2 + 2), "{seen}");
    // The pictures also on a phone, and in each of their states those that move.
    assert_eq!(seen["pictures"], (drawn + moving) * (2 + 2 + 2), "{seen}");
    assert_eq!(seen["moving"], moving, "{seen}");
    assert_eq!(seen["questions"], questions(book), "{seen}");
    let decks = fs::read_dir(book.join("src/slides")).unwrap();
    assert_eq!(seen["decks"], decks.count(), "{seen}");
    let least = [
        ("slides", 100),
        ("axe", 1000),
        ("texts", 800),
        ("labels", 1000),
        ("states", 150),
        ("colours", 4000),
        ("requests", 60),
    ];
    for (what, least) in least {
        assert!(seen[what].as_u64().unwrap() >= least, "{seen}");
    }
}

/// How many questions the listings have.
fn questions(book: &Path) -> usize {
    let listings = fs::read_dir(book.join("listings")).unwrap();
    let texts = listings
        .filter_map(|listing| fs::read_to_string(listing.unwrap().path().join("quiz.toml")).ok());
    texts.map(|text| text.matches("[[question]]").count()).sum()
}

/// How many pages the book has, how many timelines, and how many pictures that stand and that move.
fn there_are(book: &Path) -> (usize, usize, [usize; 2]) {
    let read = |name: &str| fs::read_to_string(book.join("src").join(name)).unwrap();
    let summary = read("SUMMARY.md");
    let named = summary.split("](").skip(1);
    let pages: Vec<_> = named.filter_map(|rest| rest.split(')').next()).collect();
    let all: String = pages.iter().map(|page| read(page)).collect();
    let count = |directive| all.matches(directive).count();
    let moving = ["{{#explorer", "{{#rotation", "{{#schedules"].map(count);
    let pictures = [count("{{#picture"), moving.iter().sum()];
    (pages.len(), count("{{#timeline"), pictures)
}
