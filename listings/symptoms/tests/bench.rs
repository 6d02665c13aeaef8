//! Files as a rotation leaves them: sound, and wrong in one way each.

use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use lab::authority::{Authority, Issued, LeafRequest, self_signed};
use rcgen::{
    CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, Issuer,
    KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber,
};
use regex::{Captures, Regex};
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;
use time::OffsetDateTime;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// The serial number of the certificate that the list of revocations has.
const REVOKED: u64 = 0xbad;

/// A folder of such files. Each identity `NAME` is `NAME.crt`, `NAME.key`, and both in `NAME.pem`.
///
/// | identity | what it is |
/// |---|---|
/// | `good` | for `localhost` and 127.0.0.1, with its intermediate, issued below `roots.pem` |
/// | `next` | the same, renewed |
/// | `expired`, `future` | out of its dates |
/// | `other-name` | for `other.example` |
/// | `bare` | without the intermediate |
/// | `rooted` | with the root behind the intermediate |
/// | `old-authority` | of an authority that has expired, `old-roots.pem` |
/// | `foreign` | of another authority, `other-roots.pem` |
/// | `self-signed` | of no authority |
/// | `client-only` | for clients, not for servers |
/// | `nameless` | with a common name, and no subjectAltName |
/// | `revoked` | on `crl.pem`, which `old-crl.pem` was before |
/// | `mixed` | the certificate of `good`, the key of `next` |
/// | `cut`, `empty`, `cut-key` | half of a file, none of it, half of the key |
/// | `swapped` | the key where the certificate should be |
/// | `unreadable` | as `good`, and not even for its owner: see [`Bench::bound`] |
pub struct Bench {
    folder: TempDir,
}

impl Bench {
    /// Makes all of them.
    pub fn new() -> Self {
        let folder = lab::directory().unwrap();
        // Programs run as other users, too.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let bench = Self { folder };
        bench.make();
        bench
    }

    fn make(&self) {
        let now = OffsetDateTime::now_utc();
        let mut authority = Authority::new().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let request = LeafRequest {
            names: names.to_vec(),
            ..LeafRequest::new("localhost")
        };
        let mut issue = |request: &LeafRequest| authority.issue(request).unwrap();
        let good = issue(&request);
        let next = issue(&request);
        let future = issue(&LeafRequest {
            starts_after: DAY,
            ..request.clone()
        });
        let other_name = issue(&LeafRequest::new("other.example"));
        let revoked = issue(&LeafRequest {
            serial: Some(REVOKED),
            ..request.clone()
        });
        authority.set_clock(now - 2 * DAY);
        let expired = authority.issue(&request).unwrap();
        let mut foreign = Authority::named("Other Root").unwrap();
        let mut old = Authority::at(now - 4000 * DAY).unwrap();
        self.write("old-roots.pem", old.root_pem());
        old.set_clock(now);

        self.write("roots.pem", authority.root_pem());
        self.write("other-roots.pem", foreign.root_pem());
        let (leaf, rest) = first_block(&good.chain_pem);
        self.write("bare.crt", leaf);
        self.pair("bare", leaf, good.key.expose());
        let rooted = format!("{}{}", good.chain_pem, authority.root_pem());
        self.pair("rooted", &rooted, good.key.expose());
        for (name, issued) in [
            ("good", &good),
            ("next", &next),
            ("expired", &expired),
            ("future", &future),
            ("other-name", &other_name),
            ("revoked", &revoked),
            ("foreign", &foreign.issue(&request).unwrap()),
            ("old-authority", &old.issue(&request).unwrap()),
            ("self-signed", &self_signed(&request).unwrap()),
        ] {
            self.pair(name, &issued.chain_pem, issued.key.expose());
        }
        self.torn(&good, &next);
        self.special(&authority, rest, now);
    }

    /// What a writer leaves that was interrupted, or is careless.
    fn torn(&self, good: &Issued, next: &Issued) {
        let (chain, key) = (&good.chain_pem, good.key.expose());
        self.pair("mixed", chain, next.key.expose());
        self.pair("cut", &chain[..chain.len() / 3], key);
        self.pair("empty", "", key);
        self.pair("cut-key", chain, &key[..key.len() / 2]);
        self.pair("swapped", key, chain);
        self.pair("keyless", chain, "");
        self.pair("unreadable", chain, key);
        for kind in ["key", "pem"] {
            let nobody = fs::Permissions::from_mode(0o000);
            fs::set_permissions(self.path(&format!("unreadable.{kind}")), nobody).unwrap();
        }
    }

    /// What the bench of the chapters does not issue: other uses, no name, revocations.
    fn special(&self, authority: &Authority, intermediate: &str, now: OffsetDateTime) {
        let issuer = self.issuer(authority);
        let mut for_clients = leaf(&["localhost"], now);
        for_clients.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let mut nameless = leaf(&[], now);
        let name = &mut nameless.distinguished_name;
        name.push(DnType::CommonName, "localhost");
        for (name, params) in [("client-only", for_clients), ("nameless", nameless)] {
            let key = KeyPair::generate().unwrap();
            let signed = params.signed_by(&key, &issuer).unwrap();
            let chain = format!("{}{intermediate}", signed.pem());
            self.pair(name, &chain, &key.serialize_pem());
        }
        for (name, at) in [("crl.pem", now), ("old-crl.pem", now - 3 * DAY)] {
            let list = revocations(at).signed_by(&issuer).unwrap();
            self.write(name, &list.pem().unwrap());
        }
    }

    /// The authority's intermediate, to sign with.
    fn issuer(&self, authority: &Authority) -> Issuer<'static, KeyPair> {
        let kept = self.folder.path().join("authority");
        authority.save(&kept).unwrap();
        let key = fs::read_to_string(kept.join("intermediate.key")).unwrap();
        let mut params = CertificateParams::default();
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "Lab Intermediate");
        Issuer::new(params, KeyPair::from_pem(&key).unwrap())
    }

    fn pair(&self, name: &str, chain: &str, key: &str) {
        self.write(&format!("{name}.crt"), chain);
        self.write(&format!("{name}.key"), key);
        self.write(&format!("{name}.pem"), &format!("{chain}{key}"));
    }

    /// Writes a file, for its owner alone.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Where this file is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same, as text.
    pub fn at(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// A text in which `@NAME@` stands for the path of that file.
    pub fn filled(&self, text: &str) -> String {
        let marks = Regex::new("@([a-z0-9._-]+)@").unwrap();
        let filled = marks.replace_all(text, |found: &Captures<'_>| self.at(&found[1]));
        filled.into_owned()
    }

    /// The command in this folder, and without the settings of whoever runs the tests.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("LC_ALL", "C.UTF-8")
            .env_remove("SSL_CERT_FILE")
            .env_remove("SSL_CERT_DIR")
            .env_remove("NODE_EXTRA_CA_CERTS")
            .env_remove("NODE_OPTIONS");
        for proxy in [
            "http_proxy",
            "https_proxy",
            "all_proxy",
            "HTTPS_PROXY",
            "HTTP_PROXY",
        ] {
            command.env_remove(proxy);
        }
        command
    }

    /// The same, bound to the modes of files as everybody else, where the tests run as root.
    pub fn bound(&self, program: impl AsRef<OsStr>) -> Command {
        if !rustix::process::geteuid().is_root() {
            return self.command(program);
        }
        let mut command = self.command("setpriv");
        let without = "--bounding-set=-dac_override,-dac_read_search";
        command.arg(without).arg(program);
        command
    }

    /// Gives all files to this user, where the tests run as root: some servers refuse to be root.
    pub fn give(&self, user: User) {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let give = |path: PathBuf| chown(path, Some(user.uid), Some(user.gid)).unwrap();
        give(self.folder.path().to_owned());
        for entry in fs::read_dir(self.folder.path()).unwrap() {
            give(entry.unwrap().path());
        }
    }
}

/// A user of this system.
#[derive(Clone, Copy)]
pub struct User {
    uid: u32,
    gid: u32,
}

impl User {
    /// The user of this name.
    pub fn named(name: &str) -> Self {
        let users = fs::read_to_string("/etc/passwd").unwrap();
        let mut lines = users
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>());
        let line = lines.find(|line| line[0] == name);
        let line = line.unwrap_or_else(|| panic!("no user `{name}` in /etc/passwd"));
        Self {
            uid: line[2].parse().unwrap(),
            gid: line[3].parse().unwrap(),
        }
    }

    /// The command as this user, where the tests run as root.
    pub fn runs(self, command: &mut Command) -> &mut Command {
        match rustix::process::geteuid().is_root() {
            true => command.uid(self.uid).gid(self.gid),
            false => command,
        }
    }
}

/// A port of loopback for a server that must be told one. It is bound, and nobody listens: nobody else is
/// given it, and a server that sets `SO_REUSEADDR`, as all do, can listen there.
pub struct Port {
    held: Socket,
}

impl Port {
    pub fn new() -> Self {
        let held = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        held.set_reuse_address(true).unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        held.bind(&any.into()).unwrap();
        Self { held }
    }

    pub fn number(&self) -> u16 {
        self.held.local_addr().unwrap().as_socket().unwrap().port()
    }
}

fn leaf(names: &[&str], now: OffsetDateTime) -> CertificateParams {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.remove(DnType::CommonName);
    params.use_authority_key_identifier_extension = true;
    params.not_before = now - DAY;
    params.not_after = now + DAY;
    params
}

fn revocations(at: OffsetDateTime) -> CertificateRevocationListParams {
    CertificateRevocationListParams {
        this_update: at - DAY,
        next_update: at + DAY,
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: vec![RevokedCertParams {
            serial_number: SerialNumber::from(REVOKED),
            revocation_time: at - DAY,
            reason_code: None,
            invalidity_date: None,
        }],
        key_identifier_method: KeyIdMethod::Sha256,
    }
}

/// The first block of a PEM, and the rest.
fn first_block(pem: &str) -> (&str, &str) {
    const END: &str = "-----END CERTIFICATE-----";
    let end = pem.find(END).unwrap() + END.len();
    let end = pem[end..]
        .find("-----BEGIN")
        .map_or(pem.len(), |at| end + at);
    pem.split_at(end)
}
