//! What a source file says of itself: its functions, and the paths by which it names others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use regex::Regex;
use syn::visit::Visit;
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree, Visibility};

/// A path in the source, as a list of its names: `crate`, `agent`, `Files`.
pub type Names = Vec<String>;

/// A function and how many lines it has, from its first word to its last brace.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name, without the type that it belongs to.
    pub name: String,
    /// Its lines; documentation and attributes do not count.
    pub lines: usize,
}

/// A file, or a module within one.
#[derive(Debug, Default)]
pub struct Module {
    /// Modules in files of their own: `mod name;`.
    pub files: BTreeSet<String>,
    /// Modules within this file: `mod name { … }`.
    pub inner: BTreeMap<String, Module>,
    /// What it names: in `use`, in expressions, in types.
    pub named: BTreeSet<Names>,
    /// The macros that it calls.
    pub called: BTreeSet<Names>,
    /// What it passes on, by the name under which it does: `pub use`.
    pub passed_on: BTreeMap<String, Names>,
}

/// Reads the module that a file is.
///
/// # Panics
/// When it cannot be read or is not Rust. The file is named.
pub fn read(path: &Path) -> Module {
    let text = fs::read_to_string(path);
    let text = text.unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    parse(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// Reads the module that a text is.
///
/// # Errors
/// When it is not Rust.
pub fn parse(text: &str) -> syn::Result<Module> {
    let mut module = Module::default();
    for item in &syn::parse_file(text)?.items {
        module.visit_item(item);
    }
    Ok(module)
}

/// Where the file of `mod name;` lies, which stands in `file`.
pub fn file_of(file: &Path, is_root: bool, name: &str) -> PathBuf {
    let folder = file.parent().unwrap_or(Path::new(""));
    let folder = match is_root || file.ends_with("mod.rs") {
        true => folder.to_owned(),
        false => folder.join(file.file_stem().unwrap_or_default()),
    };
    let beside = folder.join(format!("{name}.rs"));
    match beside.is_file() {
        true => beside,
        false => folder.join(name).join("mod.rs"),
    }
}

/// Every function of a text that rustfmt has indented: it ends with the first brace that stands where
/// it begins.
pub fn functions(text: &str) -> Vec<Function> {
    let begin = r#"^( *)(?:pub(?:\([a-z: ]+\))? )?(?:const |async |unsafe |extern "C" )*fn (\w+)"#;
    let begin = Regex::new(begin).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(parts) = begin.captures(line) else {
            continue;
        };
        let (indent, name) = (&parts[1], parts[2].to_owned());
        // The signature may take several lines. Without a body it ends with a semicolon.
        let mut opened = lines[at..]
            .iter()
            .filter(|line| line.ends_with(['{', ';', '}']));
        if opened.next().is_none_or(|line| line.ends_with(';')) {
            continue;
        }
        let ends = |line: &str| {
            line.strip_prefix(indent)
                .is_some_and(|l| l.starts_with('}'))
        };
        let more = match line.ends_with('}') {
            true => Some(0),
            false => lines[at..].iter().position(|line| ends(line)),
        };
        if let Some(more) = more {
            let lines = more + 1;
            found.push(Function { name, lines });
        }
    }
    found
}

fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_test = |list: &syn::MetaList| list.tokens.to_string() == "test";
        attribute.path().is_ident("cfg") && attribute.meta.require_list().is_ok_and(is_test)
    })
}

impl<'ast> Visit<'ast> for Module {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Mod(module) if for_tests(&module.attrs) => {}
            Item::Mod(module) => self.declare(module),
            Item::Use(item) => self.uses(item),
            other => syn::visit::visit_item(self, other),
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.uses(item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|part| part.ident.to_string());
        self.named.insert(names.collect());
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.visit_path(&called.path);
        let names = called.path.segments.iter();
        let names = names.map(|part| part.ident.to_string());
        self.called.insert(names.collect());
        self.tokens(called.tokens.clone());
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {
        // `pub(in crate::…)` uses nothing.
    }
}

impl Module {
    fn declare(&mut self, module: &ItemMod) {
        let name = module.ident.to_string();
        let Some((_, items)) = &module.content else {
            self.files.insert(name);
            return;
        };
        let inner = self.inner.entry(name).or_default();
        for item in items {
            inner.visit_item(item);
        }
    }

    fn uses(&mut self, item: &ItemUse) {
        let mut found = Vec::new();
        flatten(&item.tree, &[], &mut found);
        for (alias, names) in found {
            match item.vis {
                Visibility::Inherited => drop(self.named.insert(names)),
                _ => drop(self.passed_on.insert(alias, names)),
            }
        }
    }

    /// A macro's arguments are no expressions, but a path in them looks as everywhere.
    fn tokens(&mut self, tokens: TokenStream) {
        let (mut names, mut colons) = (Names::new(), 0);
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Punct(punct) if punct.as_char() == '!' && !names.is_empty() => {
                    self.called.insert(names.clone());
                }
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.named.insert(std::mem::take(&mut names));
                    }
                    names.push(ident.to_string());
                    colons = 0;
                }
                other => {
                    self.named.insert(std::mem::take(&mut names));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.named.insert(names);
    }
}

/// Each leaf of a `use`, with the name that it gets there. A `*` is a leaf without a name.
fn flatten(tree: &UseTree, before: &[String], found: &mut Vec<(String, Names)>) {
    let with = |name: String| [before, &[name]].concat();
    match tree {
        UseTree::Path(path) => flatten(&path.tree, &with(path.ident.to_string()), found),
        UseTree::Name(name) if name.ident == "self" => {
            let alias = before.last().cloned().unwrap_or_default();
            found.push((alias, before.to_vec()));
        }
        UseTree::Name(name) => {
            found.push((name.ident.to_string(), with(name.ident.to_string())));
        }
        UseTree::Rename(name) => {
            found.push((name.rename.to_string(), with(name.ident.to_string())));
        }
        UseTree::Glob(_) => found.push(("*".into(), before.to_vec())),
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, before, found);
            }
        }
    }
}
