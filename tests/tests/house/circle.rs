//! Which files use each other, directly or by way of others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::source::{Module, Names, file_of, read};

/// Who uses whom.
pub type Uses<T> = BTreeMap<T, BTreeSet<T>>;

/// Every group of those that use each other, in order. A file alone is no group.
pub fn circles<T: Clone + Ord>(uses: &Uses<T>) -> BTreeSet<Vec<T>> {
    let reach = |from: &T| {
        let mut seen = BTreeSet::new();
        let mut next: Vec<_> = uses.get(from).into_iter().flatten().collect();
        while let Some(one) = next.pop() {
            if seen.insert(one) {
                next.extend(uses.get(one).into_iter().flatten());
            }
        }
        seen
    };
    let reached: BTreeMap<_, _> = uses.keys().map(|from| (from, reach(from))).collect();
    let both = |a: &T, b: &T| {
        let one = |a, b| reached.get(a).is_some_and(|to| to.contains(b));
        one(a, b) && one(b, a)
    };
    let group = |a: &T| -> Vec<T> { uses.keys().filter(|b| both(a, b)).cloned().collect() };
    uses.keys().map(group).filter(|g| g.len() > 1).collect()
}

/// One module of a crate: where it stands, and what it says.
struct Place {
    file: PathBuf,
    module: Module,
}

/// A program or a library: its modules by their paths. The root's path is empty.
pub struct Tree(BTreeMap<Names, Place>);

impl Tree {
    /// Reads a crate from its root file, `src/lib.rs` for one.
    ///
    /// # Panics
    /// When a file cannot be read.
    pub fn read(root: &Path) -> Self {
        let mut tree = Self(BTreeMap::new());
        tree.file(root, &[], true);
        tree
    }

    fn file(&mut self, file: &Path, path: &[String], is_root: bool) {
        let module = read(file);
        self.module(file, path, module, is_root);
    }

    fn module(&mut self, file: &Path, path: &[String], mut module: Module, is_root: bool) {
        let inner = std::mem::take(&mut module.inner);
        for name in &module.files {
            let below = [path, std::slice::from_ref(name)].concat();
            self.file(&file_of(file, is_root, name), &below, false);
        }
        let file = file.to_owned();
        for (name, inner) in inner {
            self.module(&file, &[path, &[name]].concat(), inner, false);
        }
        self.0.insert(path.to_owned(), Place { file, module });
    }

    /// Which file uses which. To declare a module, or to pass on what it has, uses nothing of it.
    pub fn uses(&self) -> Uses<PathBuf> {
        let mut uses = Uses::new();
        for (path, place) in &self.0 {
            let named = place.module.named.iter();
            let files = named.filter_map(|names| self.find(path, names, 0));
            let others = files.filter(|file| *file != place.file);
            let entry: &mut BTreeSet<_> = uses.entry(place.file.clone()).or_default();
            entry.extend(others.map(Path::to_owned));
        }
        uses
    }

    /// The file that has what is named so in module `from`. `None` for what comes from elsewhere.
    fn find(&self, from: &[String], names: &[String], passed: usize) -> Option<&Path> {
        let (first, _) = names.split_first()?;
        let (mut at, mut rest) = match first.as_str() {
            "crate" => (Vec::new(), &names[1..]),
            "self" => (from.to_vec(), &names[1..]),
            "super" => (from.to_vec(), names),
            child if names.len() > 1 && self.has(from, child) => (from.to_vec(), names),
            _ => return None,
        };
        while let Some((name, more)) = rest.split_first() {
            if name == "super" {
                at.pop()?;
            } else if self.has(&at, name) {
                at.push(name.clone());
            } else {
                break;
            }
            rest = more;
        }
        let place = self.0.get(&at)?;
        // Who uses what the root passes on uses the file that it comes from.
        let source = rest.first().and_then(|n| place.module.passed_on.get(n));
        match source {
            Some(source) if passed < 8 => self
                .find(&at, source, passed + 1)
                .or(Some(place.file.as_path())),
            _ => Some(&place.file),
        }
    }

    fn has(&self, module: &[String], child: &str) -> bool {
        self.0.contains_key(&[module, &[child.to_owned()]].concat())
    }
}
