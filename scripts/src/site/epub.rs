//! The book as an EPUB, made from the pages of the site (EPUB 3.3).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::LazyLock;

use mdbook_driver::MDBook;
use mdbook_driver::book::{BookItem, Chapter};
use regex::{Captures, Regex};

use super::archive::Archive;
use super::xhtml::{self, Page};
use crate::markup::escape;

/// What an EPUB begins with, so that it is known by its first bytes.
const TYPE: &str = "application/epub+zip";
const CONTAINER: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <container version=\"1.0\" xmlns=\"urn:oasis:names:tc:opendocument:xmlns:container\">\n\
    <rootfiles><rootfile full-path=\"EPUB/package.opf\" \
    media-type=\"application/oebps-package+xml\"/></rootfiles>\n</container>\n";
static REM: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(\d*\.?\d+)rem\b").expect("the expression is valid"));
/// What stands in an EPUB beside the colours of the site.
const STYLE: &str = include_str!("epub.css");

/// Writes the EPUB into the built site.
///
/// # Errors
/// When a page or a style sheet cannot be read, or the EPUB not be written.
pub(super) fn write(site: &Path, book: &MDBook, name: &str) -> io::Result<()> {
    let chapters = chapters(book);
    let names: BTreeSet<_> = chapters.iter().map(|chapter| stem(chapter)).collect();
    let mut pages = BTreeMap::new();
    for name in &names {
        let html = fs::read_to_string(site.join(format!("{name}.html")))?;
        let title = xhtml::heading(&html).unwrap_or_else(|| name.clone());
        pages.insert(name.clone(), (title, xhtml::convert(&html, &names)));
    }
    let mut epub = Archive::create(&site.join(format!("{name}.epub")))?;
    epub.store("mimetype", TYPE.as_bytes())?;
    epub.add("META-INF/container.xml", CONTAINER.as_bytes())?;
    epub.add(
        "EPUB/package.opf",
        package(book, name, &chapters, &pages).as_bytes(),
    )?;
    epub.add("EPUB/nav.xhtml", contents(book).as_bytes())?;
    epub.add("EPUB/style.css", style(book)?.as_bytes())?;
    for (name, (title, page)) in &pages {
        epub.add(
            &format!("EPUB/{name}.xhtml"),
            document(title, &page.body).as_bytes(),
        )?;
    }
    for image in images(&pages) {
        epub.add(&format!("EPUB/{image}"), &fs::read(site.join(image))?)?;
    }
    epub.finish()
}

/// The chapters of the book that have a page, in their order.
fn chapters(book: &MDBook) -> Vec<&Chapter> {
    let chapters = book.iter().filter_map(|item| match item {
        BookItem::Chapter(chapter) if chapter.path.is_some() => Some(chapter),
        _ => None,
    });
    chapters.collect()
}

/// The name of a chapter's page, without its extension.
fn stem(chapter: &Chapter) -> String {
    let path = chapter.path.clone().unwrap_or_default();
    path.with_extension("").to_string_lossy().into_owned()
}

fn images(pages: &BTreeMap<String, (String, Page)>) -> BTreeSet<&String> {
    pages.values().flat_map(|(_, page)| &page.images).collect()
}

fn package(
    book: &MDBook,
    name: &str,
    chapters: &[&Chapter],
    pages: &BTreeMap<String, (String, Page)>,
) -> String {
    let config = &book.config.book;
    let of = |text: &Option<String>| escape(text.as_deref().unwrap_or(name));
    let language = config.language.as_deref().unwrap_or("en");
    let now = time::OffsetDateTime::now_utc();
    let modified = format!(
        "{}T{:02}:{:02}:{:02}Z",
        now.date(),
        now.hour(),
        now.minute(),
        now.second()
    );
    let mut manifest = String::from(
        "<item id=\"nav\" href=\"nav.xhtml\" media-type=\"application/xhtml+xml\" properties=\"nav\"/>\n\
         <item id=\"style\" href=\"style.css\" media-type=\"text/css\"/>\n",
    );
    for (name, (_, page)) in pages {
        let svg = if page.has_svg {
            " properties=\"svg\""
        } else {
            ""
        };
        manifest += &format!(
            "<item id=\"page-{name}\" href=\"{name}.xhtml\" media-type=\"application/xhtml+xml\"{svg}/>\n"
        );
    }
    for (at, image) in images(pages).into_iter().enumerate() {
        let kind = if image.ends_with(".svg") {
            "svg+xml"
        } else {
            "png"
        };
        manifest +=
            &format!("<item id=\"image-{at}\" href=\"{image}\" media-type=\"image/{kind}\"/>\n");
    }
    let order = chapters
        .iter()
        .map(|chapter| format!("<itemref idref=\"page-{}\"/>\n", stem(chapter)));
    let order: String = order.collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <package xmlns=\"http://www.idpf.org/2007/opf\" version=\"3.0\" unique-identifier=\"id\">\n\
         <metadata xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n\
         <dc:identifier id=\"id\">{name}</dc:identifier>\n<dc:title>{}</dc:title>\n\
         <dc:language>{language}</dc:language>\n<dc:description>{}</dc:description>\n\
         <meta property=\"dcterms:modified\">{modified}</meta>\n</metadata>\n\
         <manifest>\n{manifest}</manifest>\n<spine>\n{order}</spine>\n</package>\n",
        of(&config.title),
        of(&config.description),
    )
}

/// The table of contents.
fn contents(book: &MDBook) -> String {
    let list = list(&book.book.items);
    let nav = format!("<nav epub:type=\"toc\" id=\"toc\"><h1>Contents</h1>{list}</nav>");
    document("Contents", &nav)
}

fn list(items: &[BookItem]) -> String {
    let mut list = String::new();
    for item in items {
        let BookItem::Chapter(chapter) = item else {
            continue;
        };
        let number = chapter.number.as_ref().map(|number| format!("{number} "));
        let name = escape(&format!("{}{}", number.unwrap_or_default(), chapter.name));
        let below = self::list(&chapter.sub_items);
        list += &format!(
            "<li><a href=\"{}.xhtml\">{name}</a>{below}</li>",
            stem(chapter)
        );
    }
    match list.is_empty() {
        true => list,
        false => format!("<ol>{list}</ol>"),
    }
}

/// The colours of the site by day, and what its own style sheets say of pictures and tables.
fn style(book: &MDBook) -> io::Result<String> {
    let html = book.config.html_config().unwrap_or_default();
    let variables = book.root.join("theme/css/variables.css");
    let mut style = match variables.is_file() {
        true => fs::read_to_string(variables)?,
        false => String::new(),
    };
    for path in &html.additional_css {
        style += &fs::read_to_string(book.root.join(path))?;
    }
    Ok(sized(&style) + STYLE)
}

/// The site's text is 1.75 of its units (`rem`), that of an EPUB is one: what is smaller or larger than the text
/// stays so.
fn sized(style: &str) -> String {
    const TEXT: f64 = 1.75;
    let size = |found: &Captures<'_>| match found[1].parse::<f64>() {
        Ok(size) => format!("{}rem", (size / TEXT * 1000.0).round() / 1000.0),
        Err(_) => found[0].to_owned(),
    };
    REM.replace_all(style, size).into_owned()
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE html>\n\
         <html xmlns=\"http://www.w3.org/1999/xhtml\" xmlns:epub=\"http://www.idpf.org/2007/ops\" \
         class=\"light\" lang=\"en\" xml:lang=\"en\">\n<head><title>{}</title>\
         <link rel=\"stylesheet\" type=\"text/css\" href=\"style.css\"/></head>\n\
         <body>{body}</body>\n</html>\n",
        escape(title)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_smaller_than_the_text_stays_smaller() {
        let site =
            "figcaption { font-size: 1.4rem; } p { font-size: 1.75rem; margin: -.35rem 0 1px; }";
        let epub =
            "figcaption { font-size: 0.8rem; } p { font-size: 1rem; margin: -0.2rem 0 1px; }";
        assert_eq!(sized(site), epub);
    }
}
