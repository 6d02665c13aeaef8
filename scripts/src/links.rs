//! Links and fragments inside the built site.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use scraper::{Html, Selector};
use walkdir::WalkDir;

use crate::check::Problem;

struct Page {
    ids: Vec<String>,
    links: Vec<String>,
}

/// Every link of the site that leads to nothing inside it. Links to other sites are not followed.
///
/// # Errors
/// When the site cannot be read.
pub fn broken(site: &Path) -> io::Result<Vec<Problem>> {
    let mut pages = BTreeMap::new();
    for entry in WalkDir::new(site).sort_by_file_name() {
        let path = entry?.into_path();
        if path.extension().is_some_and(|e| e == "html") {
            let page = read(&fs::read_to_string(&path)?);
            pages.insert(path.strip_prefix(site).unwrap_or(&path).to_owned(), page);
        }
    }
    let mut problems = Vec::new();
    for (path, page) in &pages {
        // The page for a missing page is served at any depth, so its links are absolute.
        if path.ends_with("404.html") {
            continue;
        }
        for link in &page.links {
            if let Some(what) = objection(site, &pages, path, link) {
                let (file, line) = (path.clone(), 0);
                problems.push(Problem { file, line, what });
            }
        }
    }
    Ok(problems)
}

fn read(html: &str) -> Page {
    let html = Html::parse_document(html);
    let all = |selector: &str, attribute: &str| {
        let selector = Selector::parse(selector).expect("the selector is valid");
        let found = html.select(&selector);
        found
            .filter_map(|element| element.value().attr(attribute).map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let mut links = all("a[href], link[href]", "href");
    links.extend(all("script[src], img[src], iframe[src]", "src"));
    Page {
        ids: all("[id]", "id"),
        links,
    }
}

fn objection(
    site: &Path,
    pages: &BTreeMap<PathBuf, Page>,
    from: &Path,
    link: &str,
) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") || link.starts_with("data:") {
        return None;
    }
    let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => from.to_owned(),
        path => plain(&from.parent().unwrap_or(Path::new("")).join(path)),
    };
    if !site.join(&target).exists() {
        return Some(format!("`{link}` leads to no file"));
    }
    let known = |page: &Page| page.ids.iter().any(|id| id == fragment);
    match pages.get(&target) {
        Some(page) if !fragment.is_empty() && !known(page) => Some(format!(
            "`{link}` leads to no such place in {}",
            target.display()
        )),
        _ => None,
    }
}

/// The path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::Normal(part) => plain.push(part),
            _ => {}
        }
    }
    plain
}
