//! The book in a browser: each page, in each theme, wide, narrow and on paper.

use std::fs;
use std::path::Path;

use scripts::serve::Server;
use tokio::process::Command;
use walkdir::WalkDir;

/// A copy of the book that a test may change: all but what was built, or installed. Its preprocessor
/// is the one of this workspace.
fn copy(to: &Path) {
    let root = scripts::root();
    let left_out = [".git", "target", "book", "node_modules"];
    let parts = WalkDir::new(&root)
        .into_iter()
        .filter_entry(|entry| !left_out.iter().any(|name| entry.file_name() == *name));
    for entry in parts.map(Result::unwrap) {
        if !entry.file_type().is_file() {
            continue;
        }
        let to = to.join(entry.path().strip_prefix(&root).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(entry.path(), to).unwrap();
    }
    let config = fs::read_to_string(root.join("book.toml")).unwrap();
    let manifest = format!("cargo run --manifest-path '{}/Cargo.toml'", root.display());
    assert!(config.contains("cargo run --quiet"), "{config}");
    fs::write(to.join("book.toml"), config.replace("cargo run", &manifest)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_site_in_a_browser() {
    let (Some(node), Some(chromium)) = (lab::peer::find("node"), lab::peer::find("chromium"))
    else {
        return;
    };
    let scripts = scripts::root().join("tests/browser");
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
