//! Where the servers' descriptions lie, and which of them are measured. Nothing of it is compiled in:
//! a checkout may have been moved since this program was built.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use lab::eprintln;
use zdr::benchmark::is_present;
use zdr::server::spec::Spec;

/// Where the tool lies in a checkout of the book.
const TOOL: &str = "listings/zdr";

/// In the order of the page: ours, then the others. A file with another name comes after them.
const ORDER: [&str; 25] = [
    "ch06",
    "ch08",
    "ch05",
    "ch07",
    "ch03",
    "ch04",
    "ch02",
    "go",
    "python",
    "ch01",
    "nginx",
    "haproxy-runtime",
    "haproxy-reload",
    "envoy",
    "caddy",
    "traefik",
    "httpd",
    "node",
    "s_server",
    "postgresql",
    "redis",
    "exim",
    "dovecot",
    "mosquitto",
    "nats",
];

/// The sound server of the falsification, which is no server to run: measured only where it is named.
const BROKEN: &str = "broken";

/// A checkout of the book.
pub struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// The nearest one around a directory.
    pub fn around(directory: &Path) -> Option<Self> {
        let holds = |folder: &&Path| folder.join(TOOL).join("servers").is_dir();
        let root = directory.ancestors().find(holds)?.to_owned();
        Some(Self { root })
    }

    /// The descriptions of the servers that the book compares.
    pub fn servers(&self) -> PathBuf {
        self.root.join(TOOL).join("servers")
    }

    /// The descriptions of those that speak HTTP/3, too.
    pub fn classes(&self) -> PathBuf {
        self.root.join(TOOL).join("classes")
    }

    /// A file that the book's page is made from.
    pub fn figures(&self, file: &str) -> PathBuf {
        self.root.join(TOOL).join("measured").join(file)
    }

    /// Where it lies.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Builds the book's own servers, as this program is built: they lie beside it then.
    ///
    /// # Errors
    /// When Cargo cannot be run, or fails.
    pub fn build(&self) -> io::Result<()> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.current_dir(&self.root);
        command.args(["build", "--quiet", "--locked", "--workspace", "--bins"]);
        if !cfg!(debug_assertions) {
            command.arg("--release");
        }
        match command.status()?.success() {
            true => Ok(()),
            false => Err(io::Error::other("the book's servers could not be built")),
        }
    }
}

/// The names of the servers to measure: those that are asked for, or all that the folder has, in the
/// order of the page.
///
/// # Errors
/// When the folder cannot be read, or has no server with such a name.
pub fn names(folder: &Path, wanted: &[String]) -> io::Result<Vec<String>> {
    let unreadable = |error: io::Error| {
        let error = format!("{}: {error}", folder.display());
        io::Error::new(io::ErrorKind::NotFound, error)
    };
    let mut there = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let file = entry?.path();
        if file
            .extension()
            .is_some_and(|extension| extension == "toml")
            && let Some(name) = file.file_stem().and_then(|name| name.to_str())
        {
            there.push(name.to_owned());
        }
    }
    let place = |name: &str| ORDER.iter().position(|known| *known == name);
    there.sort_by_key(|name| (place(name).unwrap_or(ORDER.len()), name.clone()));
    if let Some(unknown) = wanted.iter().find(|name| !there.contains(name)) {
        let error = format!(
            "no server `{unknown}` in {}: it has {}",
            folder.display(),
            there.join(", ")
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
    }
    there.retain(|name| match wanted.is_empty() {
        true => name != BROKEN,
        false => wanted.contains(name),
    });
    Ok(there)
}

/// The descriptions of servers that speak HTTP/3, which only costs are measured of: those that are asked for, or
/// all. They lie in a folder with others.
///
/// # Errors
/// When the folder cannot be read, or a description is invalid.
pub fn of_http3(folder: &Path, wanted: &[String]) -> io::Result<Vec<String>> {
    let mut there = Vec::new();
    for name in names(folder, &[])? {
        let is_wanted = wanted.is_empty() || wanted.contains(&name);
        if is_wanted && Spec::read(&folder.join(format!("{name}.toml")))?.http3 {
            there.push(name);
        }
    }
    Ok(there)
}

/// The descriptions of those whose programs are here, and the names of the others.
///
/// # Errors
/// When a description is invalid, or no program is here.
pub fn present(chosen: &[(PathBuf, String)]) -> io::Result<(Vec<Spec>, Vec<String>)> {
    let (mut specs, mut missing) = (Vec::new(), Vec::new());
    for (folder, name) in chosen {
        let spec = Spec::read(&folder.join(format!("{name}.toml")))?;
        match is_present(&spec) {
            true => specs.push(spec),
            false => {
                eprintln!("skipped: {name}: its program was not found");
                missing.push(name.clone());
            }
        }
    }
    if specs.is_empty() {
        let error = "nothing to measure: no server's program is on this machine";
        return Err(io::Error::new(io::ErrorKind::NotFound, error));
    }
    Ok((specs, missing))
}
