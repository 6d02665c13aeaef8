//! Clients that come less often than a server changes its mind.

use zdr::report::Code;

use super::Folder;

/// Between two clients there is time for a file that is not valid and for the one that replaces it.
#[test]
fn what_is_shown_for_a_moment_meets_clients_however_rare_they_are() {
    let folder = Folder::new();
    let toml = "command = [\"broken\", \"--certificate\", \"{certificate}\", \"--key\", \"{key}\", \"--roots\", \
         \"{roots}\", \"--port\", \"{port}\", \"--defect=not-yet-valid\"]\n[ready]\nevent = \"listening\"\n";
    let options = "--rate 0.8 --rotations 1 --classes full --interval-ms 50 --steady-ms 50 --patience-ms 20000 \
                   --scenarios not-yet-valid --quiet";
    let options: Vec<_> = options.split_ascii_whitespace().collect();
    folder.check(toml, &options).end().says(1, &[]);
    let found = folder.report().findings;
    assert!(
        found.iter().any(|of| of.code == Code::UnfitShown),
        "{found:#?}"
    );
}
