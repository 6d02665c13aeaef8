//! Where the site will be, and what its pages say of themselves: to search engines, and to those who share
//! a link. Nothing is said of an address that is not known.

use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::LazyLock;

use mdbook_driver::MDBook;
use mdbook_driver::book::BookItem;
use mdbook_driver::config::Config;
use mdbook_driver::errors::{Error, Result};
use regex::Regex;

use crate::markup::escape;

/// The variable with the address of the site.
pub const SITE: &str = "BOOK_SITE_URL";
/// The variable with the address of the repository on GitHub.
pub const REPOSITORY: &str = "BOOK_REPOSITORY_URL";

/// A picture of the book, for a link to it that is shared. It lies in `src`.
const CARD: &str = "card.png";
/// How long a description of a page may be, in characters: search engines show about as many.
const DESCRIPTION: usize = 155;

/// Where the site and its sources will be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The address of the site, which ends with `/`.
    site: Option<String>,
    /// The address of the repository, without `/` at its end.
    repository: Option<String>,
}

impl Address {
    /// The addresses in the environment: of the site in [`SITE`], and of the repository in [`REPOSITORY`].
    /// One that is not set, or empty, is not known.
    ///
    /// # Errors
    /// When one of them is no address of a page.
    pub fn from_environment() -> Result<Self> {
        let read = |name| env::var(name).ok().filter(|value| !value.is_empty());
        Self::new(read(SITE).as_deref(), read(REPOSITORY).as_deref())
    }

    /// These addresses.
    ///
    /// # Errors
    /// When one of them is no address of a page.
    pub fn new(site: Option<&str>, repository: Option<&str>) -> Result<Self> {
        let check = |name: &str, url: &str| match is_page(url) {
            true => Ok(url.trim_end_matches('/').to_owned()),
            false => Err(Error::msg(format!(
                "{name} is `{url}`: it has to begin with https:// or http://, name a host, and have \
                 neither spaces nor `?` nor `#`; unset it where the address is not known"
            ))),
        };
        let site = site.map(|url| check(SITE, url)).transpose()?;
        let repository = repository.map(|url| check(REPOSITORY, url)).transpose()?;
        let site = site.map(|url| url + "/");
        Ok(Self { site, repository })
    }

    /// Tells mdBook where the site is, for the page that is shown where there is none, and where a page can
    /// be edited.
    pub(super) fn configure(&self, config: &mut Config) -> Result<()> {
        if let Some(site) = &self.site {
            let path = site.splitn(4, '/').nth(3).unwrap_or_default();
            config.set("output.html.site-url", format!("/{path}"))?;
        }
        if let Some(repository) = &self.repository {
            let edit = format!("{repository}/edit/main/{{path}}");
            config.set("output.html.git-repository-url", repository)?;
            config.set("output.html.edit-url-template", edit)?;
        }
        Ok(())
    }

    /// The page with what it says of itself in its head.
    pub(super) fn describe(&self, name: &str, page: &str) -> String {
        let apart = ["404.html", "print.html", "toc.html"].contains(&name);
        let Some(title) = TITLE.captures(page).filter(|_| !apart) else {
            return page.to_owned();
        };
        let old = STANDING.captures(page);
        let first = ["index.html", "introduction.html"].contains(&name);
        let words = match old.as_ref() {
            Some(old) if first => old[1].to_owned(),
            old => beginning(page).unwrap_or_else(|| {
                old.map_or("", |o| o.get(1).map_or("", |m| m.as_str()))
                    .to_owned()
            }),
        };
        let mut head = format!(
            "<meta name=\"description\" content=\"{words}\">\n\
             <meta property=\"og:type\" content=\"article\">\n\
             <meta property=\"og:title\" content=\"{}\">\n\
             <meta property=\"og:description\" content=\"{words}\">\n\
             <meta name=\"twitter:card\" content=\"summary_large_image\">",
            title[1].replace('"', "&quot;")
        );
        if let Some(site) = &self.site {
            let path = if first { "" } else { name };
            head += &format!(
                "\n<link rel=\"canonical\" href=\"{site}{path}\">\n\
                 <meta property=\"og:url\" content=\"{site}{path}\">\n\
                 <meta property=\"og:image\" content=\"{site}{CARD}\">"
            );
        }
        match old.and_then(|old| old.get(0)) {
            Some(old) => format!("{}{head}{}", &page[..old.start()], &page[old.end()..]),
            None => page.to_owned(),
        }
    }

    /// Writes the list of all pages for search engines, where their addresses are known.
    pub(super) fn list(&self, folder: &Path, book: &MDBook) -> io::Result<()> {
        let Some(site) = &self.site else {
            return Ok(());
        };
        let chapters = book.iter().filter_map(|item| match item {
            BookItem::Chapter(chapter) => chapter.path.as_ref(),
            _ => None,
        });
        let mut list = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
        );
        for (at, path) in chapters.enumerate() {
            let page = path.with_extension("html");
            let page = if at == 0 {
                "".into()
            } else {
                page.to_string_lossy()
            };
            list += &format!(
                "<url><loc>{}</loc></url>\n",
                escape(&format!("{site}{page}"))
            );
        }
        fs::write(folder.join("sitemap.xml"), list + "</urlset>\n")?;
        let robots = format!("User-agent: *\nAllow: /\nSitemap: {site}sitemap.xml\n");
        fs::write(folder.join("robots.txt"), robots)
    }
}

static TITLE: LazyLock<Regex> = LazyLock::new(|| expression("<title>([^<]*)</title>"));
static STANDING: LazyLock<Regex> =
    LazyLock::new(|| expression("<meta name=\"description\" content=\"([^\"]*)\">"));
static PARAGRAPH: LazyLock<Regex> = LazyLock::new(|| expression("(?s)<main>.*?<p>(.*?)</p>"));
static TAG: LazyLock<Regex> = LazyLock::new(|| expression("<[^>]*>"));

fn expression(text: &str) -> Regex {
    Regex::new(text).expect("the expression is valid")
}

/// Whether it is the address of a page on the web, below which others can be.
fn is_page(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_graphic() && !"?#\"'<>\\`".contains(c);
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && rest.chars().all(plain))
}

/// The first paragraph of a page, as far as there is room for it. It is escaped still.
fn beginning(page: &str) -> Option<String> {
    let paragraph = PARAGRAPH.captures(page)?;
    let plain = TAG.replace_all(&paragraph[1], "").replace('"', "&quot;");
    let words: Vec<_> = plain.split_whitespace().collect();
    let (mut text, mut whole) = (String::new(), true);
    for word in words {
        if text.chars().count() + word.chars().count() >= DESCRIPTION {
            whole = false;
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text += word;
    }
    if !whole {
        text.push('…');
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<head><title>One - A book</title>\
         <meta name=\"description\" content=\"A book.\"></head>\
         <main><h1>One</h1><p>A <em>first</em> text.</p></main>";

    #[test]
    fn a_page_says_where_it_is_if_that_is_known() {
        let unknown = Address::default().describe("one.html", PAGE);
        assert!(unknown.contains("<meta name=\"description\" content=\"A first text.\">"));
        assert!(!unknown.contains("canonical") && !unknown.contains("og:url"));
        let address = Address::new(Some("https://example.org/book"), None).unwrap();
        let known = address.describe("one.html", PAGE);
        assert!(
            known.contains("<link rel=\"canonical\" href=\"https://example.org/book/one.html\">")
        );
        assert!(known.contains("content=\"https://example.org/book/card.png\""));
        // Both names of the first page are one address.
        for name in ["index.html", "introduction.html"] {
            let first = address.describe(name, PAGE);
            assert!(first.contains("rel=\"canonical\" href=\"https://example.org/book/\""));
            assert!(first.contains("<meta name=\"description\" content=\"A book.\">"));
        }
        assert_eq!(address.describe("404.html", PAGE), PAGE);
    }

    #[test]
    fn what_is_no_address_is_refused_by_name() {
        for wrong in [
            "example.org",
            "https://",
            "https:///x",
            "ftp://example.org",
            "https://a b",
            "https://a/?q",
        ] {
            let error = Address::new(Some(wrong), None).unwrap_err().to_string();
            assert!(error.contains(SITE) && error.contains(wrong), "{error}");
            let error = Address::new(None, Some(wrong)).unwrap_err().to_string();
            assert!(error.contains(REPOSITORY), "{error}");
        }
        for right in [
            "https://example.org",
            "http://localhost:8080/a/b/",
            "https://o.example.org/book_1",
        ] {
            Address::new(Some(right), Some(right)).unwrap();
        }
    }

    #[test]
    fn a_long_beginning_ends_with_a_word() {
        let page = PAGE.replace("text", &"word ".repeat(60));
        let text = beginning(&page).unwrap();
        assert!(
            text.ends_with("word…") && text.chars().count() <= DESCRIPTION,
            "{text}"
        );
    }
}
