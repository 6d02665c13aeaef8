//! The book in a browser: each page, in each theme, wide, narrow and on paper.

use std::fs;
use std::path::Path;

use scripts::serve::Server;
use tokio::process::Command;

/// A copy of the book that a test may change.
fn copy(to: &Path) {
    let root = scripts::root().unwrap();
    scripts::copy::copy(&root, to).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_site_in_a_browser() {
    let (Some(node), Some(chromium)) = (
        lab_test::peer::find("node"),
        lab_test::peer::find_either(&["chromium-headless-shell", "chromium"]),
    ) else {
        return;
    };
    let scripts = scripts::root().unwrap().join("tests/browser");
    if !scripts.join("node_modules/playwright-core").is_dir() {
        return lab_test::peer::skip("tests/browser/node_modules");
    }
    let book = tempfile::tempdir().unwrap();
    copy(book.path());
    let server = Server::start(book.path(), 0).await.unwrap();
    let address = server.address.to_string();
    let serving = tokio::spawn(server.run());
    let checked = Command::new(node)
        .arg(scripts.join("check.mjs"))
        .args([address.as_ref(), book.path().as_os_str()])
        .env("CHROMIUM", chromium)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    serving.abort();
    let said = String::from_utf8_lossy(&checked.stdout);
    let failed = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "\n{said}{failed}");

    // It really looked: at each page, and at each timeline there and, where all are on one page, in two
    // themes and on paper, which both of them print.
    let seen: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    let (pages, timelines, [drawn, moving]) = there_are(book.path());
    assert_eq!(
        seen["pages"],
        pages + 2,
        "and the page that is missing, in two themes: {seen}"
    );
    assert_eq!(seen["timelines"], timelines * (1 + 2 + 2), "{seen}");
    // The pictures also on a phone, and in each of their states those that move.
    assert_eq!(seen["pictures"], (drawn + moving) * (2 + 2 + 2), "{seen}");
    assert_eq!(seen["moving"], moving, "{seen}");
    assert_eq!(seen["questions"], questions(book.path()), "{seen}");
    let decks = fs::read_dir(book.path().join("src/slides")).unwrap();
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
