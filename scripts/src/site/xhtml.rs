//! A page as XHTML, which an EPUB is made of: the text alone, each element closed, and links that lead to
//! nothing in the EPUB taken off.

use std::collections::BTreeSet;

use ego_tree::NodeRef;
use scraper::node::Element;
use scraper::{ElementRef, Html, Node, Selector};

use crate::markup::escape;

/// Elements that have no content and no end.
const VOID: [&str; 9] = [
    "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr",
];
/// Elements that do something only in a browser.
const LEFT_OUT: [&str; 7] = [
    "button", "iframe", "input", "link", "script", "style", "template",
];

/// A page of the EPUB.
pub(super) struct Page {
    /// The content of its `main`.
    pub(super) body: String,
    /// Whether there is a picture in it, which the EPUB has to say.
    pub(super) has_svg: bool,
    /// The images that it shows, by their paths in the site.
    pub(super) images: BTreeSet<String>,
}

/// Reads the text of a page of the site. `pages` are the pages of the EPUB, by their names without an
/// extension.
pub(super) fn convert(html: &str, pages: &BTreeSet<String>) -> Page {
    let html = Html::parse_document(html);
    let main = Selector::parse("main").expect("the selector is valid");
    let mut page = Page {
        body: String::new(),
        has_svg: false,
        images: BTreeSet::new(),
    };
    if let Some(main) = html.select(&main).next() {
        for child in main.children() {
            page.write(child, pages);
        }
    }
    page
}

impl Page {
    fn write(&mut self, node: NodeRef<'_, Node>, pages: &BTreeSet<String>) {
        match node.value() {
            Node::Text(text) => self.body += &escape(text),
            Node::Element(element) if !LEFT_OUT.contains(&element.name()) => {
                self.element(node, element, pages);
            }
            _ => {}
        }
    }

    fn element(&mut self, node: NodeRef<'_, Node>, element: &Element, pages: &BTreeSet<String>) {
        let name = element.name();
        self.body += &format!("<{name}");
        if name == "svg" {
            self.has_svg = true;
            self.body += " xmlns=\"http://www.w3.org/2000/svg\"";
        }
        for (attribute, value) in element.attrs() {
            let value = match (name, attribute) {
                (_, "xmlns" | "xmlns:xlink") => continue,
                ("a", "href") => match link(value, pages) {
                    Some(link) => link,
                    None => continue,
                },
                ("img", "src") => {
                    self.images.insert(value.to_owned());
                    value.to_owned()
                }
                _ => value.to_owned(),
            };
            let value = escape(&value).replace('"', "&quot;");
            self.body += &format!(" {attribute}=\"{value}\"");
        }
        if VOID.contains(&name) {
            self.body += "/>";
            return;
        }
        self.body.push('>');
        let is_caption = |child: &NodeRef<'_, Node>| {
            let element = child.value().as_element();
            element.is_some_and(|element| element.name() == "figcaption")
        };
        // A caption is the last in its figure, also where a script of the site comes behind it.
        let (last, first): (Vec<_>, Vec<_>) = node.children().partition(is_caption);
        for child in first.into_iter().chain(last) {
            self.write(child, pages);
        }
        self.body += &format!("</{name}>");
    }
}

/// Where a link of the site leads in the EPUB.
fn link(href: &str, pages: &BTreeSet<String>) -> Option<String> {
    if href.starts_with('#') || href.contains("://") || href.starts_with("mailto:") {
        return Some(href.to_owned());
    }
    let (path, fragment) = match href.split_once('#') {
        Some((path, fragment)) => (path, format!("#{fragment}")),
        None => (href, String::new()),
    };
    let page = path.strip_suffix(".html")?;
    pages
        .contains(page)
        .then(|| format!("{page}.xhtml{fragment}"))
}

/// The first heading of a page of the site.
pub(super) fn heading(html: &str) -> Option<String> {
    let html = Html::parse_document(html);
    let heading = Selector::parse("main h1").expect("the selector is valid");
    html.select(&heading)
        .next()
        .map(|heading| ElementRef::text(&heading).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(main: &str) -> String {
        let pages = BTreeSet::from(["one".to_owned()]);
        convert(&format!("<main>{main}</main>"), &pages).body
    }

    #[test]
    fn elements_are_closed_and_text_is_escaped() {
        assert_eq!(
            body("<p>a<br>b &lt; c &amp; d<img src=x.png alt='\"'></p>"),
            "<p>a<br/>b &lt; c &amp; d<img alt=\"&quot;\" src=\"x.png\"/></p>"
        );
        assert_eq!(
            body("<details open><p>a"),
            "<details open=\"\"><p>a</p></details>"
        );
    }

    #[test]
    fn what_is_chosen_and_typed_in_a_browser_is_read() {
        assert_eq!(
            body("<label><input type=radio value=1><span>a</span></label>"),
            "<label><span>a</span></label>"
        );
    }

    #[test]
    fn a_caption_is_the_last_in_its_figure() {
        assert_eq!(
            body(
                "<figure><i>a</i><figcaption>b</figcaption><details>c</details><script>d</script></figure>"
            ),
            "<figure><i>a</i><details>c</details><figcaption>b</figcaption></figure>"
        );
    }

    #[test]
    fn links_lead_to_what_is_there() {
        assert_eq!(
            body("<a href=one.html#x>a</a>"),
            "<a href=\"one.xhtml#x\">a</a>"
        );
        assert_eq!(body("<a href=two.html>a</a>"), "<a>a</a>");
        assert_eq!(body("<a href=book.zip>a</a>"), "<a>a</a>");
        let outside = "<a href=\"https://example.org/\">a</a>";
        assert_eq!(body(outside), outside);
    }

    #[test]
    fn pictures_are_told_and_keep_their_names() {
        let pages = BTreeSet::new();
        let page = convert(
            "<main><svg viewBox='0 0 1 1'><linearGradient/></svg></main>",
            &pages,
        );
        assert!(page.has_svg);
        assert!(
            page.body.contains("viewBox=\"0 0 1 1\"><linearGradient>"),
            "{}",
            page.body
        );
        assert!(!convert("<main><p>a</p></main>", &pages).has_svg);
    }
}
