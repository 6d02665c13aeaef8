//! What a reader can see while a tool writes is what the tool's documentation says.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::identity::{Identity, Source};
use ch05_race_conditions::{Options, Reader};
use ch09_simulating_rotation::{Site, Writer};
use lab::BOUND;
use lab::agent::Strategy;
use lab::authority::{Authority, Issued, LeafRequest};
use lab::log::want;

fn issue(authority: &mut Authority) -> Issued {
    authority.issue(&LeafRequest::new("localhost")).unwrap()
}

/// A site with trust anchors and a first identity.
fn laid(directory: &Path, writer: Writer, authority: &mut Authority) -> (Site, Issued) {
    let mut site = Site::new(directory, writer);
    site.write_roots(authority.root_pem()).unwrap();
    let first = issue(authority);
    site.write(&first).unwrap();
    (site, first)
}

fn source(site: &Site) -> Source {
    Source::localhost(site.files())
}

/// The steps of a renewal, and what chapter 5's reader finds after each: the `old` pair, the `new`
/// one, or a reason.
fn seen(writer: Writer) -> Vec<(String, String)> {
    let directory = lab::directory().unwrap();
    let mut authority = Authority::new().unwrap();
    let (mut site, old) = laid(directory.path(), writer, &mut authority);
    let new = issue(&mut authority);
    let source = source(&site);
    let reader = Reader::new(Options {
        // Each step is looked at as it is.
        rest: Duration::ZERO,
        ..Options::default()
    });
    let serving: Identity = reader.read(&source, None).unwrap();
    let mut seen = Vec::new();
    site.write_stepwise(&new, |step| {
        let found = match reader.read(&source, Some(&serving)) {
            Ok(read) if read.facts == old.facts => "old",
            Ok(read) if read.facts == new.facts => "new",
            Ok(_) => "a chain that was never issued",
            Err(rejected) => rejected.reason.name(),
        };
        seen.push((step.to_owned(), found.to_owned()));
    })
    .unwrap();
    seen
}

#[track_caller]
fn expect(writer: Writer, expected: &[(&str, &str)]) {
    let seen = seen(writer);
    let seen: Vec<_> = seen.iter().map(|(s, f)| (s.as_str(), f.as_str())).collect();
    assert_eq!(seen, expected, "{writer:?}");
}

#[test]
fn vault_agent_renames_each_file() {
    let steps = [
        ("tls.crt renamed", "pair_mismatch"),
        ("tls.key renamed", "new"),
    ];
    expect(Writer::VaultAgent, &steps);
}

#[test]
fn consul_template_keeps_the_old_file_under_another_name() {
    let steps = [
        ("tls.crt linked as tls.crt.bak", "old"),
        ("tls.crt renamed", "pair_mismatch"),
        ("tls.key linked as tls.key.bak", "pair_mismatch"),
        ("tls.key renamed", "new"),
    ];
    expect(Writer::ConsulTemplate, &steps);
}

/// Between the two parts of the chain a file is whole that leads to no authority. The mode is set anew at each write.
#[test]
fn write_to_file_truncates_and_appends() {
    let steps = [
        ("tls.key truncated", "truncated"),
        ("tls.key written", "pair_mismatch"),
        ("tls.crt truncated", "truncated"),
        ("tls.crt written", "chain_broken"),
        ("tls.crt completed", "new"),
    ];
    expect(Writer::WriteToFile, &steps);
}

#[test]
fn the_kubelet_is_never_seen_at_work() {
    let steps = [
        ("directory filled", "old"),
        ("..data renamed", "new"),
        ("old directory removed", "new"),
    ];
    expect(Writer::Kubelet, &steps);
    expect(Writer::PodCertificate, &steps);
    expect(Writer::CertManagerCsi, &steps);
}

/// The key comes first in it, then the chain (`PodCertificateProjection.credentialBundlePath`).
#[test]
fn a_pod_certificate_is_one_file() {
    let directory = lab::directory().unwrap();
    let mut authority = Authority::new().unwrap();
    let (site, issued) = laid(directory.path(), Writer::PodCertificate, &mut authority);
    let files = site.files();
    assert_eq!(files.certificate, files.key);
    assert_eq!(
        files.key.file_name().unwrap(),
        "credential-bundle.pem",
        "as in the documentation's example"
    );
    let bundle = fs::read_to_string(&files.key).unwrap();
    assert_eq!(bundle, issued.key.expose().to_owned() + &issued.chain_pem);
    // In two parts: what looks for secrets in a repository takes a whole mark for a key.
    assert!(bundle.starts_with(concat!("-----BEGIN ", "PRIVATE KEY-----\n")));
}

#[test]
fn certbot_removes_each_link_and_makes_it_again() {
    let steps = [
        ("archive written", "old"),
        ("cert.pem removed", "old"),
        ("cert.pem linked", "old"),
        ("privkey.pem removed", "missing"),
        ("privkey.pem linked", "pair_mismatch"),
        ("chain.pem removed", "pair_mismatch"),
        ("chain.pem linked", "pair_mismatch"),
        ("fullchain.pem removed", "missing"),
        ("fullchain.pem linked", "new"),
    ];
    expect(Writer::Certbot, &steps);
}

#[test]
fn a_careless_script_empties_each_file_first() {
    let steps = [
        ("tls.crt truncated", "truncated"),
        ("tls.crt written", "pair_mismatch"),
        ("tls.key truncated", "truncated"),
        ("tls.key written", "new"),
    ];
    expect(Writer::Careless, &steps);
}

#[test]
fn the_bare_strategies_are_the_labs() {
    expect(Writer::Bare(Strategy::Bundle), &[("bundle renamed", "new")]);
    let key_first = [
        ("key renamed", "pair_mismatch"),
        ("certificate renamed", "new"),
    ];
    expect(Writer::Bare(Strategy::KeyFirst), &key_first);
    let whole = [
        ("certificate renamed", "pair_mismatch"),
        ("key renamed", "new"),
    ];
    expect(Writer::Bare(Strategy::CertificateFirst), &whole);
    expect(Writer::Bare(Strategy::RenameEach), &whole);
    for (writer, steps) in [
        (Writer::Bare(Strategy::Symlink), 3),
        (Writer::Bare(Strategy::InPlace), 6),
        (Writer::Bare(Strategy::RemoveCreate), 4),
    ] {
        let seen = seen(writer);
        assert_eq!(seen.len(), steps, "{writer:?}");
        assert_eq!(seen[steps - 1].1, "new", "{writer:?}");
    }
}

/// A server looks after each step of each writer, eight renewals long, and the writer takes another
/// step while the server waits for the files to rest. Nothing is said that one would be woken for.
#[test]
fn good_renewals_raise_no_alarm() {
    for writer in Writer::ALL {
        let (log, _capturing) = lab::emit::capture();
        let directory = lab::directory().unwrap();
        let mut authority = Authority::new().unwrap();
        let (mut site, _) = laid(directory.path(), writer, &mut authority);
        let source = source(&site);
        let (go, going) = mpsc::channel::<()>();
        let (step, stepped) = mpsc::channel::<()>();
        // One step of the writer. False where it is done.
        let turn = Arc::new(Mutex::new(move || {
            go.send(()).is_ok() && stepped.recv_timeout(BOUND).is_ok()
        }));
        let waiting = turn.clone();
        let reader = Reader::new(Options::default()).pausing(move |_| {
            waiting.lock().unwrap()();
        });
        let store = IdentityStore::start_by(reader.loader(), source).unwrap();
        let writing = thread::spawn(move || {
            let mut last = None;
            going.recv().unwrap();
            for _ in 0..8 {
                let next = issue(&mut authority);
                let between = |_: &str| {
                    step.send(()).unwrap();
                    going.recv().unwrap();
                };
                site.write_stepwise(&next, between).unwrap();
                last = Some(next);
            }
            last.unwrap()
        });
        loop {
            let more = turn.lock().unwrap()();
            store.reload_and_log();
            if !more {
                break;
            }
        }
        let last = writing.join().unwrap();
        assert_eq!(store.current().identity.facts, last.facts, "{writer:?}");
        for alarm in ["identity_rejected", "trust_rejected", "names_lost"] {
            log.assert_none(&want(alarm));
        }
        assert!(store.current().number > 1, "{writer:?}");
    }
}

/// Over four writes, by two sites one after the other, each ends with the pair that was written;
/// and a key is as open as its tool leaves it.
#[test]
fn every_writer_ends_with_the_whole_pair() {
    for writer in Writer::ALL {
        let directory = lab::directory().unwrap();
        let mut authority = Authority::new().unwrap();
        laid(directory.path(), writer, &mut authority);
        let (mut site, _) = laid(directory.path(), writer, &mut authority);
        for _ in 0..2 {
            let issued = issue(&mut authority);
            site.write(&issued).unwrap();
            let source = source(&site);
            let read = Reader::new(Options::default()).read(&source, None).unwrap();
            assert_eq!(read.facts, issued.facts, "{writer:?}");
            let roots = fs::read_to_string(&source.files.roots).unwrap();
            assert_eq!(roots, authority.root_pem(), "{writer:?}");
            let mode = fs::metadata(&source.files.key)
                .unwrap()
                .permissions()
                .mode();
            let expected = match writer {
                Writer::Kubelet | Writer::PodCertificate | Writer::Careless => 0o644,
                Writer::CertManagerCsi => 0o440,
                _ => 0o600,
            };
            assert_eq!(mode & 0o777, expected, "{writer:?}");
        }
        let left: Vec<_> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| {
                name.ends_with(".new") || name.ends_with("_tmp") || name.starts_with(".tmp")
            })
            .collect();
        assert_eq!(left, [""; 0], "{writer:?} leaves nothing behind");
    }
}

/// Between two steps there is nothing to be seen, either: somebody who looks all the time never finds
/// the name gone that these tools rename over.
#[test]
fn what_is_renamed_over_is_never_gone() {
    // Templates are synced to disk: they take their time.
    for (writer, name, writes) in [
        (Writer::VaultAgent, "tls.crt", 60),
        (Writer::ConsulTemplate, "tls.crt", 60),
        (Writer::Kubelet, "..data", 400),
        (Writer::PodCertificate, "..data", 400),
        (Writer::CertManagerCsi, "..data", 400),
    ] {
        let directory = lab::directory().unwrap();
        let mut authority = Authority::new().unwrap();
        let (mut site, first) = laid(directory.path(), writer, &mut authority);
        let (path, done) = (directory.path().join(name), AtomicBool::new(false));
        let gone = thread::scope(|scope| {
            let looking = scope.spawn(|| {
                let mut gone = 0;
                while !done.load(Ordering::Relaxed) {
                    gone += u32::from(fs::symlink_metadata(&path).is_err());
                }
                gone
            });
            for _ in 0..writes {
                site.write_stepwise(&first, |_| ()).unwrap();
            }
            done.store(true, Ordering::Relaxed);
            looking.join().unwrap()
        });
        assert_eq!(gone, 0, "{writer:?}");
    }
}

/// What tools leave behind on purpose.
#[test]
fn what_tools_keep() {
    let mut authority = Authority::new().unwrap();
    let directory = lab::directory().unwrap();
    let at = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
    let (mut site, first) = laid(directory.path(), Writer::ConsulTemplate, &mut authority);
    site.write(&issue(&mut authority)).unwrap();
    assert_eq!(at("tls.crt.bak"), first.chain_pem);
    assert_eq!(at("tls.key.bak"), first.key.expose());

    let (mut site, first) = laid(directory.path(), Writer::Certbot, &mut authority);
    let second = issue(&mut authority);
    site.write(&second).unwrap();
    assert_eq!(at("archive/service/fullchain1.pem"), first.chain_pem);
    assert_eq!(at("archive/service/privkey2.pem"), second.key.expose());
    let whole = at("live/service/cert.pem") + &at("live/service/chain.pem");
    assert_eq!(whole, second.chain_pem);

    let mounted = lab::directory().unwrap();
    let (mut site, _) = laid(mounted.path(), Writer::Kubelet, &mut authority);
    site.write(&issue(&mut authority)).unwrap();
    let directories = fs::read_dir(mounted.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_type().unwrap().is_dir());
    assert_eq!(directories.count(), 1, "the old generation is removed");
}

/// One that died between the link and its renaming has left the link.
#[test]
fn a_link_that_a_dead_writer_left_stops_no_later_write() {
    for writer in [
        Writer::Kubelet,
        Writer::PodCertificate,
        Writer::CertManagerCsi,
    ] {
        let directory = lab::directory().unwrap();
        let mut authority = Authority::new().unwrap();
        let (mut site, _) = laid(directory.path(), writer, &mut authority);
        symlink("nowhere", directory.path().join("..data_tmp")).unwrap();
        let next = issue(&mut authority);
        site.write(&next).unwrap();
        let reader = Reader::new(Options::default());
        let read = reader.read(&source(&site), None).unwrap();
        assert_eq!(read.facts, next.facts, "{writer:?}");
    }
}

/// Docker makes a directory where a file is to be mounted that there is not. One with something in it is somebody's.
#[test]
fn a_directory_in_the_place_of_a_file_goes_if_it_is_empty() {
    for writer in [Writer::VaultAgent, Writer::Certbot, Writer::Careless] {
        let directory = lab::directory().unwrap();
        let mut authority = Authority::new().unwrap();
        let (mut site, _) = laid(directory.path(), writer, &mut authority);
        let certificate = site.files().certificate;
        fs::remove_file(&certificate).unwrap();
        fs::create_dir(&certificate).unwrap();
        let next = issue(&mut authority);
        site.write(&next).unwrap();
        let reader = Reader::new(Options::default());
        let read = reader.read(&source(&site), None).unwrap();
        assert_eq!(read.facts, next.facts, "{writer:?}");

        fs::remove_file(&certificate).unwrap();
        fs::create_dir(&certificate).unwrap();
        fs::write(certificate.join("somebody's"), "").unwrap();
        site.write(&next).unwrap_err();
        assert!(certificate.join("somebody's").exists(), "{writer:?}");
    }
}

#[test]
fn names_are_those_of_the_command_line() {
    use clap::ValueEnum;
    assert_eq!(Writer::value_variants(), Writer::ALL);
    assert_eq!(Writer::TOOLS, Writer::ALL[..Writer::TOOLS.len()]);
    for writer in Writer::ALL {
        let value = writer.to_possible_value().unwrap();
        assert_eq!(value.get_name(), writer.name());
    }
}

/// The modes at each step of `writeToFile`, before consul-template 0.42.1: it sets one only behind what it has
/// written, so that a new key lies open for as long as that takes, to whom the umask lets.
#[test]
fn write_to_file_sets_modes_behind_each_write() {
    let directory = lab::directory().unwrap();
    let mut authority = Authority::new().unwrap();
    let mut site = Site::new(directory.path(), Writer::WriteToFile);
    site.write_roots(authority.root_pem()).unwrap();
    let mode = |name: &str| {
        let about = fs::metadata(directory.path().join(name)).unwrap();
        about.permissions().mode() & 0o777
    };
    let mut modes = |site: &mut Site| {
        let issued = issue(&mut authority);
        let mut seen = Vec::new();
        let look = |step: &str| {
            let (name, _) = step.split_once(' ').unwrap();
            seen.push((step.to_owned(), mode(name)));
        };
        site.write_stepwise(&issued, look).unwrap();
        seen
    };
    fs::write(directory.path().join("any"), "").unwrap();
    let umask = mode("any");
    let steps = |key: u32, certificate: u32| {
        [
            ("tls.key truncated", key),
            ("tls.key written", 0o600),
            ("tls.crt truncated", certificate),
            ("tls.crt written", 0o644),
            ("tls.crt completed", 0o644),
        ]
        .map(|(step, mode)| (step.to_owned(), mode))
    };
    assert_eq!(modes(&mut site), steps(umask, umask));
    // What somebody has changed meanwhile stays so until the write is over.
    for (name, changed) in [("tls.key", 0o640), ("tls.crt", 0o600)] {
        let changed = fs::Permissions::from_mode(changed);
        fs::set_permissions(directory.path().join(name), changed).unwrap();
    }
    assert_eq!(modes(&mut site), steps(0o640, 0o600));
}
