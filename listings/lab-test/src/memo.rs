//! What was looked at and was right is not looked at again while all that the verdict depends on is the same.
//!
//! This tests no less: a built book is a function of the files of this checkout and of the program that builds it,
//! and what a browser makes of a page is one of the page, of what judges it and of the browser. All of that
//! goes into a [`Key`], byte for byte. Only a verdict that was right is kept, below `target`: a fresh
//! checkout has none, and `LOOK_ANEW=1` passes over them.
//!
//! What depends on more than bytes (the time, other processes, the scheduler) is never kept: no server is judged
//! so. `tests/browser/looks.mjs` does the same for each page alone, and reads and writes files of this form.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{Context, SHA256, digest};
use walkdir::WalkDir;

/// The variable that, set to anything, has all looked at anew.
pub const ANEW: &str = "LOOK_ANEW";
/// What was kept for so long is looked at again, and the file goes.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// The SHA-256 of all that a verdict depends on. Each part has its length before it, so that no two lists of
/// parts make one text.
pub struct Key(Context);

impl Key {
    /// Begins with what is judged, in words.
    pub fn of(what: &str) -> Self {
        Self(Context::new(&SHA256)).bytes(what.as_bytes())
    }

    /// A part of it, as it is.
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// The content of a file, and whether it is there at all.
    pub fn file(self, path: &Path) -> Self {
        match fs::read(path) {
            Ok(content) => self.bytes(b"is").bytes(&content),
            Err(why) => self.bytes(why.kind().to_string().as_bytes()),
        }
    }

    /// These files below a folder: their names and their content.
    pub fn files(self, root: &Path, files: &[PathBuf]) -> Self {
        let begin = self.bytes(&(files.len() as u64).to_le_bytes());
        files.iter().fold(begin, |key, file| {
            let name = file.strip_prefix(root).unwrap_or(file);
            key.bytes(name.as_os_str().as_encoded_bytes()).file(file)
        })
    }

    /// A program of this system: where it lies, and what it says of its version.
    pub fn program(self, program: &Path) -> Self {
        let said = Command::new(program).arg("--version").output();
        let said = said.map_or_else(|why| why.to_string().into_bytes(), |said| said.stdout);
        self.bytes(program.as_os_str().as_encoded_bytes())
            .bytes(&said)
    }

    /// This program itself: what it is compiled from, and by.
    ///
    /// # Panics
    /// When the program cannot tell where it lies.
    pub fn this_program(self) -> Self {
        static PROGRAM: OnceLock<String> = OnceLock::new();
        let program = PROGRAM.get_or_init(|| {
            let program = env::current_exe().unwrap();
            Self::of("this program").file(&program).hex()
        });
        self.bytes(program.as_bytes())
    }

    /// The files of a checkout, and what the environment says of the book.
    pub fn checkout(self, root: &Path, files: &[PathBuf]) -> Self {
        let of_the_book = |name: &str| name.starts_with("BOOK_") || name.starts_with("MDBOOK_");
        let mut set: Vec<_> = env::vars().filter(|(name, _)| of_the_book(name)).collect();
        set.sort();
        let begin = self.files(root, files);
        set.iter().fold(begin, |key, (name, value)| {
            key.bytes(name.as_bytes()).bytes(value.as_bytes())
        })
    }

    /// The key in hexadecimal digits.
    pub fn hex(self) -> String {
        hex(self.0.finish().as_ref())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The verdicts that were right: a file each, named by its key. Its first line is the SHA-256 of the rest.
pub struct Memo {
    folder: PathBuf,
    anew: bool,
}

impl Memo {
    /// Below the folder for what tests leave: `env!("CARGO_TARGET_TMPDIR")`.
    pub fn below(temporary: &str) -> Self {
        Self::new(
            Path::new(temporary).join("looks"),
            env::var_os(ANEW).is_some(),
        )
    }

    /// In this folder. With `anew` nothing is recalled.
    pub fn new(folder: PathBuf, anew: bool) -> Self {
        Self { folder, anew }
    }

    /// The folder that the files lie in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What was kept under this key. A file that cannot be read, or is not whole, is none.
    pub fn recall(&self, key: &str) -> Option<String> {
        if self.anew {
            return None;
        }
        let text = fs::read_to_string(self.folder.join(key)).ok()?;
        let (sum, kept) = text.split_once('\n')?;
        let right = sum == hex(digest(&SHA256, kept.as_bytes()).as_ref());
        right.then(|| kept.to_owned())
    }

    /// Keeps what came of a look that was right, for so long as nothing changes and a month at most.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn keep(&self, key: &str, what: &str) {
        fs::create_dir_all(&self.folder).unwrap();
        self.sweep();
        let mut file = tempfile::NamedTempFile::new_in(&self.folder).unwrap();
        let sum = hex(digest(&SHA256, what.as_bytes()).as_ref());
        write!(file, "{sum}\n{what}").unwrap();
        file.persist(self.folder.join(key)).unwrap();
    }

    /// Judges, unless what is judged is the same as when it was last right. `key` is asked once more behind: what
    /// changed meanwhile is not kept.
    pub fn once(
        &self,
        what: &str,
        key: impl Fn() -> String,
        judge: impl FnOnce() -> String,
    ) -> String {
        let before = key();
        if let Some(kept) = self.recall(&before) {
            println!("{what}: unchanged since it was last right");
            return kept;
        }
        let verdict = judge();
        if key() == before {
            self.keep(&before, &verdict);
        }
        verdict
    }

    fn sweep(&self) {
        for entry in fs::read_dir(&self.folder).unwrap().flatten() {
            let written = entry.metadata().and_then(|of| of.modified());
            let age = written
                .map(|at| SystemTime::now().duration_since(at).unwrap_or_default())
                .unwrap_or_default();
            if age > LONGEST {
                // Another run may have removed it.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Folders that are built once for all runs in which their keys are the same. Each is kept with the sum of what is in
/// it, and only the last few are.
pub struct Builds {
    folder: PathBuf,
    sums: Memo,
}

impl Builds {
    /// So many folders are kept: that of now, and those before the last changes.
    const KEPT: usize = 3;

    /// Below the folder for what tests leave: `env!("CARGO_TARGET_TMPDIR")`.
    pub fn below(temporary: &str) -> Self {
        let folder = Path::new(temporary).join("books");
        Self::new(folder, env::var_os(ANEW).is_some())
    }

    /// In this folder. With `anew` nothing that was built before is used.
    pub fn new(folder: PathBuf, anew: bool) -> Self {
        let sums = Memo::new(folder.join("sums"), anew);
        Self { folder, sums }
    }

    /// The folder of this key, built now or before. `build` is given an empty one.
    ///
    /// # Panics
    /// When it cannot be kept.
    pub fn once(&self, key: impl Fn() -> String, build: impl FnOnce(&Path)) -> PathBuf {
        let before = key();
        let to = self.folder.join(&before);
        let sum = self.sums.recall(&before);
        if sum.is_some_and(|sum| sum == sum_of(&to)) {
            return to;
        }
        fs::create_dir_all(&self.folder).unwrap();
        let part = tempfile::tempdir_in(&self.folder).unwrap();
        build(part.path());
        let part = part.keep();
        if key() != before {
            // What changed meanwhile is of no use to the next run, which removes it.
            return part;
        }
        if to.exists() {
            fs::remove_dir_all(&to).unwrap();
        }
        fs::rename(part, &to).unwrap();
        self.sums.keep(&before, &sum_of(&to));
        self.only_the_last();
        to
    }

    fn only_the_last(&self) {
        let entries = fs::read_dir(&self.folder).unwrap().flatten();
        let mut built: Vec<_> = entries
            .filter(|entry| entry.file_name() != "sums")
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        built.sort();
        for (_, folder) in built.iter().rev().skip(Self::KEPT) {
            // Another run may have removed it.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// The sum of all files of a folder.
fn sum_of(folder: &Path) -> String {
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter();
    let files = entries
        .flatten()
        .filter(|entry| entry.file_type().is_file());
    let files: Vec<_> = files.map(walkdir::DirEntry::into_path).collect();
    Key::of("a folder").files(folder, &files).hex()
}
