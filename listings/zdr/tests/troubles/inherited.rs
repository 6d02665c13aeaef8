//! How a shell starts `zdr` is not how `zdr` starts a server: signals that are ignored, the
//! mask of new files, and where temporary ones are made.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::{BROKEN, Folder, ONE_ROTATION, Running, SOUND, ZDR};

/// SIGHUP, SIGINT, SIGQUIT, SIGUSR1 and SIGUSR2, as /proc has them: the first bit is signal 1's.
const SIGNALS: u64 = 1 | 1 << 1 | 1 << 2 | 1 << 9 | 1 << 11;

const FEW: [&str; 8] = [
    "--classes",
    "full",
    "--rate",
    "10",
    "--steady-ms",
    "100",
    "--patience-ms",
    "20000",
];

/// What the bundled server's shell says before it becomes the server. `zdr` is started by another shell, after `first`.
fn said(
    folder: &Folder,
    first: &str,
    by_shell: &str,
    more: &str,
    (code, says): (i32, &[&str]),
) -> String {
    let toml = format!(
        r#"command = ["sh", "-c", '''{by_shell} > "$SAID"; exec "$0" "$@"''', {BROKEN:?}, "--certificate", "{{certificate}}",
    "--key", "{{key}}", "--roots", "{{roots}}", "--port", "{{port}}", {more}
"#
    );
    folder.write("server.toml", &toml);
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("{first}; exec \"$0\" \"$@\""), ZDR])
        .args(["check", "server.toml", "--json", "report.json"])
        .args(ONE_ROTATION)
        .args(FEW)
        .current_dir(folder.path(""))
        .env("TMPDIR", folder.temporary())
        .env("SAID", folder.path("said"));
    Running::start(&mut command).end().says(code, says);
    fs::read_to_string(folder.path("said")).unwrap()
}

/// `nohup`, a shell's `&` and `perf record` each make what they start ignore a signal, and its children with it.
#[test]
fn a_server_does_not_ignore_what_zdr_was_started_to_ignore() {
    let folder = Folder::idle();
    let ignoring = "trap '' HUP USR1 USR2 QUIT INT";
    let by_shell = "grep SigIgn /proc/self/status";
    let told_by_hup = "\"--frozen\"]\n[reload]\nsignal = \"HUP\"";
    let judged = (3, &["SIGHUP would end the server: it has no handler"][..]);
    let mask = said(&folder, ignoring, by_shell, told_by_hup, judged);
    let mask = mask.trim().strip_prefix("SigIgn:").unwrap().trim();
    let ignored = u64::from_str_radix(mask, 16).unwrap() & SIGNALS;
    assert_eq!(ignored, 0, "{mask}");
}

/// A server may run as another user, or have workers that do. What `zdr` writes for whoever asked has their mask.
#[test]
fn a_server_can_read_its_files_whatever_the_mask_of_the_shell() {
    let folder = Folder::new();
    let by_shell = "{ umask; cd {dir}; stat -c %a . .. tls.crt tls.key; }";
    let follows = "\"--poll-ms\", \"20\"]";
    let modes = said(&folder, "umask 077", by_shell, follows, (0, &[]));
    assert_eq!(modes, "0022\n755\n755\n644\n600\n");
    let report = fs::metadata(folder.path("report.json")).unwrap();
    assert_eq!(report.permissions().mode() & 0o777, 0o600);
}

/// A server would be told of another path than that of its files, and blamed for not finding them.
#[test]
fn a_folder_that_no_command_can_name_is_told() {
    let folder = Folder::idle();
    folder.write("server.toml", SOUND);
    let odd = folder.path("").join(OsStr::from_bytes(b"\xff"));
    fs::create_dir(&odd).unwrap();
    let mut command = folder.zdr(&["check", "server.toml"]);
    let done = Running::start(command.env("TMPDIR", &odd)).end();
    done.says(
        3,
        &[
            "a path that is not UTF-8 cannot be put into a command",
            "TMPDIR",
        ],
    );
    assert_eq!(fs::read_dir(&odd).unwrap().count(), 0);
}
