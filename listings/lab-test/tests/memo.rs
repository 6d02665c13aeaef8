//! What was right is not looked at again while all that it depends on is the same, and only then.

use std::cell::Cell;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use lab_test::memo::{Builds, Key, Memo};

fn key(files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        paths.push(path);
    }
    Key::of("a test").files(folder.path(), &paths).hex()
}

#[test]
fn a_key_is_another_one_with_each_byte_name_and_boundary() {
    let one = key(&[("a", "text"), ("b", "more")]);
    assert_eq!(one, key(&[("a", "text"), ("b", "more")]));
    for other in [
        &[("a", "texu"), ("b", "more")][..],
        &[("a", "text"), ("c", "more")],
        &[("a", "textb"), ("b", "more")],
        &[("a", "text")],
        &[("a", ""), ("b", "textmore")],
    ] {
        assert_ne!(one, key(other), "{other:?}");
    }
    let gone = Path::new("/gone");
    assert_ne!(Key::of("x").file(gone).hex(), Key::of("x").bytes(b"").hex());
    let (one, two) = (
        Key::of("x").bytes(b"ab").bytes(b"c"),
        Key::of("x").bytes(b"a").bytes(b"bc"),
    );
    assert_ne!(one.hex(), two.hex());
}

fn memo(folder: PathBuf) -> Memo {
    Memo::new(folder, false)
}

#[test]
fn what_is_kept_is_judged_once_and_what_is_broken_again() {
    let folder = tempfile::tempdir().unwrap();
    let memo = memo(folder.path().join("looks"));
    let judged = Cell::new(0);
    let judge = |key: &str| {
        memo.once(
            "a test",
            || key.to_owned(),
            || {
                judged.set(judged.get() + 1);
                "right".into()
            },
        )
    };
    for _ in 0..2 {
        assert_eq!(judge("one"), "right");
    }
    assert_eq!(judged.get(), 1);
    judge("two");
    assert_eq!(judged.get(), 2);
    let file = memo.folder().join("one");
    let whole = fs::read_to_string(&file).unwrap();
    for broken in [
        "",
        "right",
        &whole[..whole.len() - 1],
        &whole.replace("right", "wrong"),
    ] {
        fs::write(&file, broken).unwrap();
        let before = judged.get();
        assert_eq!(judge("one"), "right");
        assert_eq!(judged.get(), before + 1, "{broken:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), whole);
    }
}

/// A judge that panics keeps nothing; nor is anything kept of what changed while it was judged.
#[test]
fn what_is_wrong_and_what_changed_meanwhile_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let memo = memo(folder.path().to_owned());
    let wrong =
        AssertUnwindSafe(|| memo.once("a test", || "one".into(), || panic!("It is wrong.")));
    assert!(catch_unwind(wrong).is_err());
    assert_eq!(memo.recall("one"), None);
    let asked = Cell::new(0);
    let changing = || {
        asked.set(asked.get() + 1);
        format!("key {}", asked.get())
    };
    memo.once("a test", changing, || "right".into());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_that_is_no_longer_what_was_built_is_built_again() {
    let folders = tempfile::tempdir().unwrap();
    let times = Cell::new(0);
    let build = |to: &Path| {
        times.set(times.get() + 1);
        fs::write(to.join("page.html"), "A page.").unwrap();
    };
    let folder = |key: &str, anew| {
        Builds::new(folders.path().to_owned(), anew).once(|| key.to_owned(), build)
    };
    let at = folder("one", false);
    assert_eq!((folder("one", false), times.get()), (at.clone(), 1));
    assert_eq!((folder("one", true), times.get()), (at.clone(), 2));
    let page = at.join("page.html");
    let spoils: [&dyn Fn() -> io::Result<()>; 3] = [
        &|| fs::write(&page, "A paga."),
        &|| fs::write(at.join("more.html"), ""),
        &|| fs::remove_file(&page),
    ];
    for (spoil, built) in spoils.into_iter().zip(3..) {
        spoil().unwrap();
        folder("one", false);
        assert_eq!(fs::read_to_string(&page).unwrap(), "A page.");
        assert!(!at.join("more.html").exists());
        assert_eq!(times.get(), built);
    }
    // Three are kept beside their sums.
    for key in ["two", "three", "four"] {
        assert!(folder(key, false).join("page.html").is_file());
    }
    assert_eq!(fs::read_dir(folders.path()).unwrap().count(), 4);
    assert!(!at.exists());
}
