//! The book in one file: the EPUB, and the site packed for reading without a network.
//!
//! EPUBCheck looks at more of the EPUB, in `.ci/run`: it is a program of Java's, and takes its time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::Event;
use walkdir::WalkDir;
use zip::{CompressionMethod, ZipArchive};

use crate::site::site;

const NAME: &str = "zero-downtime-rotation-mechanics";

fn archive(extension: &str) -> ZipArchive<File> {
    let path = site().join(format!("{NAME}.{extension}"));
    ZipArchive::new(File::open(&path).unwrap()).unwrap()
}

/// The files of the EPUB, by their names.
fn files() -> BTreeMap<String, Vec<u8>> {
    let mut epub = archive("epub");
    let names: Vec<_> = epub
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect();
    let read = |name: String| {
        let mut content = Vec::new();
        epub.by_name(&name)
            .unwrap()
            .read_to_end(&mut content)
            .unwrap();
        (name, content)
    };
    names.into_iter().map(read).collect()
}

/// What stands in some attributes of a document, which has to be well-formed: `(element, attribute, value)`.
fn attributes(name: &str, document: &[u8]) -> Vec<(String, String, String)> {
    let mut reader = Reader::from_reader(Cursor::new(document));
    reader.config_mut().check_end_names = true;
    let (mut found, mut buffer, mut depth) = (Vec::new(), Vec::new(), 0);
    loop {
        let event = reader.read_event_into(&mut buffer);
        let event = event.unwrap_or_else(|why| panic!("{name}: {why}"));
        let element = match &event {
            Event::Eof => break,
            Event::Start(element) => {
                depth += 1;
                element
            }
            Event::Empty(element) => element,
            Event::End(_) => {
                depth -= 1;
                buffer.clear();
                continue;
            }
            _ => {
                buffer.clear();
                continue;
            }
        };
        let of = element.name().as_ref().to_owned();
        for attribute in element.attributes().with_checks(true) {
            let attribute = attribute.unwrap_or_else(|why| panic!("{name}: {of}: {why}"));
            let key = attribute.key.as_ref().to_owned();
            let value = attribute.value.to_string();
            found.push((of.clone(), key, value.replace("&amp;", "&")));
        }
        buffer.clear();
    }
    assert_eq!(depth, 0, "{name}: elements are left open");
    found
}

fn values(found: &[(String, String, String)], element: &str, attribute: &str) -> Vec<String> {
    let found = found
        .iter()
        .filter(|(e, a, _)| e == element && a == attribute);
    found.map(|(_, _, value)| value.clone()).collect()
}

/// Readers know an EPUB by what its first file says, which is not compressed.
#[test]
fn the_epub_says_first_what_it_is() {
    let mut epub = archive("epub");
    let mut first = epub.by_index(0).unwrap();
    assert_eq!(first.name().unwrap(), "mimetype");
    assert_eq!(first.compression(), CompressionMethod::Stored);
    let mut kind = String::new();
    first.read_to_string(&mut kind).unwrap();
    assert_eq!(kind, "application/epub+zip");
}

/// All that the EPUB names is in it, and all that is in it is named; each page of the book can be read.
#[test]
fn the_epub_is_whole() {
    let files = files();
    let package = attributes("package", &files["EPUB/package.opf"]);
    let mut named: Vec<_> = values(&package, "item", "href");
    named.sort();
    let rest = ["META-INF/container.xml", "EPUB/package.opf", "mimetype"];
    let there = files.keys().filter(|name| !rest.contains(&name.as_str()));
    let there: Vec<_> = there
        .map(|name| name.strip_prefix("EPUB/").unwrap().to_owned())
        .collect();
    assert_eq!(named, there);

    let ids: BTreeSet<_> = values(&package, "item", "id").into_iter().collect();
    let order = values(&package, "itemref", "idref");
    assert!(order.iter().all(|id| ids.contains(id)), "{order:?}");
    let contents = attributes("nav", &files["EPUB/nav.xhtml"]);
    let listed: Vec<_> = values(&contents, "a", "href");
    let listed: Vec<_> = listed
        .iter()
        .map(|href| format!("page-{}", href.trim_end_matches(".xhtml")))
        .collect();
    assert_eq!(listed, order, "the table of contents has another order");
    let pages = site().read_dir().unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name().into_string().unwrap();
        name.ends_with(".html")
            && !["404.html", "index.html", "print.html"].contains(&name.as_str())
    });
    assert_eq!(order.len(), pages.count());
}

/// Each page is well-formed, and each link in it leads to a place that is there.
#[test]
fn every_link_of_the_epub_leads_somewhere() {
    let files = files();
    let pages: BTreeMap<_, _> = files
        .iter()
        .filter(|(name, _)| name.ends_with(".xhtml"))
        .map(|(name, content)| {
            (
                name.strip_prefix("EPUB/").unwrap(),
                attributes(name, content),
            )
        })
        .collect();
    let ids: BTreeMap<_, BTreeSet<_>> = pages
        .iter()
        .map(|(name, found)| {
            let all = found.iter().filter(|(_, attribute, _)| attribute == "id");
            (*name, all.map(|(_, _, id)| id.as_str()).collect())
        })
        .collect();
    let mut links = 0;
    for (name, found) in &pages {
        for href in values(found, "a", "href") {
            if href.contains("://") || href.starts_with("mailto:") {
                continue;
            }
            links += 1;
            let (page, fragment) = href.split_once('#').unwrap_or((&href, ""));
            let page = if page.is_empty() { name } else { page };
            let ids = ids
                .get(page)
                .unwrap_or_else(|| panic!("{name}: {href} leads to no page"));
            assert!(
                fragment.is_empty() || ids.contains(fragment),
                "{name}: {href} leads to no place"
            );
        }
    }
    assert!(links > 100, "{links}");
}

/// The archive unpacks to the site as it is, and its pages ask for nothing that is not in it.
#[test]
fn the_offline_book_is_the_site() {
    let folder = tempfile::tempdir().unwrap();
    archive("zip").extract(folder.path()).unwrap();
    let unpacked = folder.path().join(NAME);
    let list = |root: &Path| {
        let files = WalkDir::new(root).into_iter().map(Result::unwrap);
        let files = files.filter(|entry| entry.file_type().is_file());
        let read = |entry: walkdir::DirEntry| {
            let name = entry
                .path()
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            (name, std::fs::read(entry.path()).unwrap())
        };
        files.map(read).collect::<BTreeMap<_, _>>()
    };
    let mut whole = list(site());
    whole.retain(|name, _| {
        !name.starts_with('.') && !name.ends_with(".zip") && !name.ends_with(".epub")
    });
    assert!(whole.len() > 30);
    assert!(whole.contains_key("index.html"));
    assert!(list(&unpacked) == whole, "the archive is not the site");
}
