//! Files that are named in the wrong place, or are no such files.

use std::fs;
use std::os::unix::fs::symlink;

use super::{Folder, SOUND};

/// What the command reads is not what it may write over, by whatever path, and neither is another report.
#[test]
fn a_report_over_what_is_read() {
    let folder = Folder::new();
    folder.write("server.toml", SOUND);
    folder.write("report.json", "precious");
    symlink("server.toml", folder.path("link")).unwrap();
    let absolute = folder.path("server.toml").display().to_string();
    for file in ["server.toml", "./server.toml", "link", absolute.as_str()] {
        let done = folder.run(&["check", "server.toml", "--page", file]);
        done.says(3, &[file, "this command reads it"]);
    }
    let over = ["report", "report.json", "--page", "report.json"];
    folder.run(&over).says(3, &["this command reads it"]);
    let over = [
        "merge",
        "report.json",
        "report.json",
        "--json",
        "report.json",
    ];
    folder.run(&over).says(3, &["this command reads it"]);
    let both = ["report", "report.json", "--page", "new", "--badge", "./new"];
    folder.run(&both).says(3, &["new: two reports"]);
    let watch = [
        "watch",
        "localhost:1",
        "--roots",
        "roots",
        "--json",
        "roots",
    ];
    folder.write("roots", "precious");
    folder.run(&watch).says(3, &["this command reads it"]);
    let client = ["check-client", "--json", "nowhere/a.json", "--", "true"];
    folder.run(&client).says(3, &["its folder does not exist"]);
    for (name, was) in [
        ("server.toml", SOUND),
        ("report.json", "precious"),
        ("roots", "precious"),
    ] {
        assert_eq!(fs::read_to_string(folder.path(name)).unwrap(), was);
    }
    assert!(!folder.path("new").exists());
    // A device takes what comes.
    let devices = [
        "report",
        "report.json",
        "--page",
        "/dev/null",
        "--badge",
        "/dev/null",
    ];
    let done = folder.run(&devices);
    assert!(!done.err.contains("/dev/null"), "{}", done.err);
}

/// Other files than a few lines of text.
#[test]
fn a_description_that_is_no_text() {
    let folder = Folder::new();
    let utf_16: Vec<u8> = SOUND.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf_16 = [&[0xff, 0xfe], utf_16.as_slice()].concat();
    fs::write(folder.path("utf-16.toml"), utf_16).unwrap();
    let latin = [SOUND.as_bytes(), b"# \xfc\n"].concat();
    fs::write(folder.path("latin.toml"), latin).unwrap();
    let line = format!("line {} is not UTF-8", SOUND.lines().count() + 1);
    for (file, why) in [
        (
            "utf-16.toml",
            "holds a byte 0, as UTF-16 does: save the file as UTF-8",
        ),
        ("latin.toml", line.as_str()),
        ("/dev/zero", "more than 1 MiB"),
        (".", "it is a folder: name the TOML file"),
    ] {
        folder.run(&["check", file, "--plan"]).says(3, &[file, why]);
    }
    let odd = format!("\u{feff}{}", SOUND.replace('\n', "\r\n"));
    folder.write("odd.toml", &odd);
    folder.run(&["check", "odd.toml", "--plan"]).says(0, &[]);
}

#[test]
fn a_report_without_an_end() {
    let folder = Folder::new();
    for arguments in [
        &["report", "/dev/zero"][..],
        &["merge", "/dev/zero"],
        &["compare", "/dev/zero", "/dev/zero"],
    ] {
        let done = folder.run(arguments);
        done.says(3, &["/dev/zero: it has more than 256 MiB", "`--json`"]);
    }
}
