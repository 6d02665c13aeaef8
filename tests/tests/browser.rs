//! The book in a browser: each page, in each theme, wide, narrow and on paper.

use std::path::Path;

use scripts::serve::Server;
use tokio::process::Command;

/// A copy of the book that a test may change. Its preprocessor is the one of this workspace.
fn copy(to: &Path) {
    let root = scripts::root().unwrap();
    scripts::copy::copy(&root, to).unwrap();
    scripts::copy::use_preprocessor_of(&root, to).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_site_in_a_browser() {
    let (Some(node), Some(chromium)) = (lab::peer::find("node"), lab::peer::find("chromium"))
    else {
        return;
    };
    let scripts = scripts::root().unwrap().join("tests/browser");
    if !scripts.join("node_modules/playwright-core").is_dir() {
        return lab::peer::skip("tests/browser/node_modules");
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

    // It really looked.
    let seen: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    let least = [
        ("pages", 10),
        ("axe", 300),
        ("timelines", 15),
        ("colours", 300),
        ("requests", 100),
    ];
    for (what, least) in least {
        assert!(seen[what].as_u64().unwrap() >= least, "{seen}");
    }
}
