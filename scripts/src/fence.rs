//! Fences: the blocks of code in a chapter, and what each of them includes.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::source::{Directive, directives};

/// A fence of a chapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// What follows the opening ticks.
    pub info: String,
    /// What stands between.
    pub text: String,
    /// The line of the opening ticks, counted from 1.
    pub line: usize,
}

/// The fences of a text, wherever Markdown allows one; and indented code, with no `info`.
pub fn fences(text: &str) -> Vec<Fence> {
    let mut found: Vec<Fence> = Vec::new();
    let mut inside = false;
    for (event, range) in Parser::new_ext(text, Options::all()).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                inside = true;
                found.push(Fence {
                    info: match kind {
                        CodeBlockKind::Fenced(info) => info.to_string(),
                        CodeBlockKind::Indented => String::new(),
                    },
                    text: String::new(),
                    line: text[..range.start].matches('\n').count() + 1,
                });
            }
            Event::Text(part) if inside => {
                if let Some(fence) = found.last_mut() {
                    fence.text.push_str(&part);
                }
            }
            Event::End(TagEnd::CodeBlock) => inside = false,
            _ => {}
        }
    }
    found
}

impl Fence {
    /// The fence's language, in lower case, without attributes.
    pub fn language(&self) -> String {
        let first = self.info.split([',', ' ', '\t']).next().unwrap_or_default();
        first.trim_matches(['{', '}', '.']).to_lowercase()
    }

    /// The directive that is the fence's only content.
    pub fn include(&self) -> Option<Directive> {
        let mut found = directives(&self.text);
        let whole = self.text.trim();
        let alone = found.len() == 1 && whole.starts_with("{{#") && whole.ends_with("}}");
        found.pop().filter(|directive| {
            alone && ["include", "rustdoc_include"].contains(&directive.name.as_str())
        })
    }

    /// Whether skeptic is to compile and run it: Rust that stands in the chapter itself.
    pub fn is_inline_rust(&self) -> bool {
        self.language() == "rust" && self.include().is_none()
    }
}
