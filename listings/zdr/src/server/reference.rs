//! Every key of the TOML file, with its type, default and example, as the types of
//! [`spec`](crate::server::spec) have them. The parser's complaints, `zdr help toml` and the book's page
//! are made of this.

use std::fmt::Write;
use std::sync::LazyLock;

use serde_json::Value;

use crate::server::lines::{TERMINAL, fill};
use crate::server::placeholders::WORDS;
use crate::server::spec::Spec;

/// A table of the file.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name as a header has it, `reload.socket` for one. Empty for the file itself.
    pub path: String,
    /// Whether there may be several: `[[file]]`.
    pub is_list: bool,
    /// What it is.
    pub about: String,
    /// Its keys, in their order.
    pub keys: Vec<Key>,
    /// How an earlier table is begun that has the same keys, if there is one.
    pub like: Option<String>,
}

/// A key of a table.
#[derive(Clone, Debug)]
pub struct Key {
    /// How it is written.
    pub name: String,
    /// The type of its value, in words.
    pub kind: String,
    /// Whether the table cannot do without it.
    pub is_required: bool,
    /// What it is where it is left out. `None` where nothing takes its place.
    pub default: Option<String>,
    /// A line that may stand in a file.
    pub example: String,
    /// What it means.
    pub about: String,
    /// The values that it may have, and what each means. Empty where that is not a closed set.
    pub choices: Vec<(String, String)>,
}

static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    let schema = Value::from(schemars::schema_for!(Spec));
    let mut tables = Vec::new();
    add("", false, &schema, &schema, &mut tables);
    tables
});

/// Stands in a path for a name that the file chooses: that of a scenario.
pub const ANY: &str = "SCENARIO";

/// The table that a path of a file leads to.
pub(super) fn table_at(path: &str) -> Option<&'static Table> {
    let leads = |known: &&Table| {
        let (known, typed) = (known.path.split('.'), path.split('.'));
        known.clone().count() == typed.clone().count()
            && known
                .zip(typed)
                .all(|(known, typed)| known == typed || known == ANY)
    };
    tables().iter().find(leads)
}

/// All tables: the file itself, and then the others.
pub fn tables() -> &'static [Table] {
    &TABLES
}

impl Table {
    /// Its key of this name.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// How it is begun in a file. Empty for the file itself.
    pub fn header(&self) -> String {
        match (self.path.as_str(), self.is_list) {
            ("", _) => String::new(),
            (path, false) => format!("[{path}]"),
            (path, true) => format!("[[{path}]]"),
        }
    }
}

impl Key {
    /// Whether the file may do without it, and what it is then.
    fn necessity(&self) -> String {
        match (&self.default, self.is_required) {
            (_, true) => "required".into(),
            (Some(default), false) => format!("default: {default}"),
            (None, false) => "optional".into(),
        }
    }
}

/// Adds a table, and those in it.
fn add(path: &str, is_list: bool, schema: &Value, root: &Value, tables: &mut Vec<Table>) {
    let required = |name: &str| {
        let required = schema["required"].as_array();
        required.is_some_and(|names| names.iter().any(|of| of == name))
    };
    let properties = schema["properties"].as_object().into_iter().flatten();
    let mut inner = Vec::new();
    let mut keys = Vec::new();
    for (name, property) in properties {
        let shape = resolved(property, root);
        let items = resolved(&shape["items"], root);
        let named = resolved(&shape["additionalProperties"], root);
        let below = match path {
            "" => name.clone(),
            path => format!("{path}.{name}"),
        };
        if shape["properties"].is_object() {
            inner.push((below, false, shape));
        } else if items["properties"].is_object() {
            inner.push((below, true, items));
        } else if named["properties"].is_object() {
            inner.push((format!("{below}.{ANY}"), false, named));
        }
        keys.push(Key {
            name: name.clone(),
            kind: kind(shape, root),
            is_required: required(name),
            default: default(&property["default"]),
            example: text(&property["toml"]),
            about: about(property),
            choices: choices(shape),
        });
    }
    let about = about(schema);
    let names = |keys: &[Key]| keys.iter().map(|key| key.name.clone()).collect::<Vec<_>>();
    let same = |table: &&Table| table.about == about && names(&table.keys) == names(&keys);
    let like = tables.iter().find(same).map(Table::header);
    tables.push(Table {
        path: path.to_owned(),
        is_list,
        about,
        keys,
        like,
    });
    for (path, is_list, schema) in inner {
        add(&path, is_list, schema, root, tables);
    }
}

/// What a schema refers to, where it is a reference, or an option of one.
fn resolved<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    if let Some(name) = schema["$ref"].as_str() {
        let pointer = name.trim_start_matches('#');
        return root.pointer(pointer).unwrap_or(schema);
    }
    let all = schema["anyOf"].as_array();
    let some = all.and_then(|all| all.iter().find(|one| one["type"] != "null"));
    some.map_or(schema, |some| resolved(some, root))
}

fn kind(shape: &Value, root: &Value) -> String {
    if shape["oneOf"].is_array() || shape["enum"].is_array() {
        return "one of the words below".into();
    }
    let of = |name: &Value| {
        name.as_str()
            .filter(|name| *name != "null")
            .map(str::to_owned)
    };
    let name = match &shape["type"] {
        Value::Array(names) => names.iter().find_map(of),
        name => of(name),
    };
    match name.as_deref() {
        Some("string") if shape["format"] == "date" => "day".into(),
        Some("array") => {
            let items = kind(resolved(&shape["items"], root), root);
            match items.split_once(' ') {
                Some(("array", rest)) => format!("array of arrays {rest}"),
                Some(("one", _)) => "array of words".into(),
                _ => format!("array of {items}s"),
            }
        }
        Some("object") => "table".into(),
        Some(name) => name.to_owned(),
        None => "value".into(),
    }
}

fn choices(shape: &Value) -> Vec<(String, String)> {
    let all = shape["oneOf"].as_array().into_iter().flatten();
    all.map(|one| (text(&one["const"]), about(one))).collect()
}

/// In the notation of TOML.
fn default(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::Array(items) if items.is_empty() => None,
        Value::Null | Value::Object(_) => None,
        value => Some(value.to_string()),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A description, in one line.
fn about(schema: &Value) -> String {
    let about = schema["description"].as_str().unwrap_or_default();
    about.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The reference for a terminal.
pub fn as_text() -> String {
    let mut text = "The TOML file that describes a server, key by key.\n".to_owned();
    for table in tables() {
        let header = match table.path.as_str() {
            "" => "THE FILE".to_owned(),
            _ => table.header(),
        };
        text += &format!("\n{header}\n");
        if let Some(like) = &table.like {
            wrap(&mut text, "  ", &format!("It has the keys of {like}."));
            continue;
        }
        wrap(&mut text, "  ", &table.about);
        for key in &table.keys {
            let _ = writeln!(text, "\n  {}", key.example);
            wrap(
                &mut text,
                "      ",
                &format!("{}, {}.", key.kind, key.necessity()),
            );
            wrap(&mut text, "      ", &key.about);
            for (choice, about) in &key.choices {
                wrap(&mut text, "        ", &format!("\"{choice}\": {about}"));
            }
        }
    }
    text += "\nWORDS IN BRACES\n";
    wrap(
        &mut text,
        "  ",
        "They are replaced in commands, in `cwd`, and in paths and texts of files.",
    );
    for (word, by) in WORDS {
        wrap(&mut text, "  ", &format!("{{{word}}}: {by}"));
    }
    text
}

/// Adds a paragraph. Its lines after the first are indented a bit more.
fn wrap(text: &mut String, indent: &str, words: &str) {
    *text += &fill(words, indent, &format!("{indent}  "), TERMINAL);
}

/// The reference for the book, in Markdown: a heading for each key, which pages can link to.
pub fn as_markdown() -> String {
    let mut text = String::new();
    for table in tables() {
        let header = table.header();
        if let Some(like) = &table.like {
            let _ = write!(text, "## `{header}`\n\nIt has the keys of `{like}`.\n\n");
            continue;
        }
        let _ = match header.is_empty() {
            true => write!(text, "## At the top of the file\n\n"),
            false => write!(text, "## `{header}`\n\n{}\n\n", table.about),
        };
        for key in &table.keys {
            let path = match table.path.as_str() {
                "" => key.name.clone(),
                path => format!("{path}.{}", key.name),
            };
            let necessity = match &key.default {
                Some(default) if !key.is_required => format!("default: `{default}`"),
                _ => key.necessity(),
            };
            let (kind, about) = (&key.kind, &key.about);
            let _ = write!(text, "### `{path}`\n\n*{kind}, {necessity}.* {about}\n\n");
            for (choice, about) in &key.choices {
                let _ = writeln!(text, "- `\"{choice}\"`: {about}");
            }
            if !key.choices.is_empty() {
                text.push('\n');
            }
            let header = if header.is_empty() {
                String::new()
            } else {
                format!("{header}\n")
            };
            let _ = write!(text, "```toml\n{header}{}\n```\n\n", key.example);
        }
    }
    text += "## Words in braces\n\nThey are replaced in commands, in `cwd`, and in paths and texts of files.\n\n";
    text += "| word | what replaces it |\n|---|---|\n";
    for (word, by) in WORDS {
        let _ = writeln!(text, "| `{{{word}}}` | {by} |");
    }
    text
}
