//! Building the book: mdBook's renderer with the theme of this book, and what is done to its pages
//! afterwards.
//!
//! - `address`: what a page says of itself to search engines and to those who share it;
//! - `archive`: the book in one file, to be read without a network;
//! - `breaks`: where code may break;
//! - `code`: the colours of code;
//! - `epub`, `xhtml`: the book as an EPUB;
//! - `pages`: which pages there are;
//! - `slides`: the decks of slides;
//! - `styles`: the style sheets, which become a part of each page;
//! - `tables`: tables that are wider than their page.

pub mod address;
mod archive;
mod breaks;
mod code;
mod epub;
mod joins;
mod pages;
mod slides;
mod styles;
mod tables;
mod units;
mod xhtml;

use std::fs;
use std::path::Path;

use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use mdbook_driver::errors::Result;

use crate::destination;
use crate::preprocess::Executable;
use address::Address;
use code::Painter;
use styles::Styles;

/// Builds the book below `root` into `to`, or where `book.toml` says. `reload` is the path of the
/// websocket by which a served page learns that it is out of date. Where the site will be is read from
/// the environment: see [`Address::from_environment`].
///
/// mdBook empties the folder first. What no build of ours wrote is never deleted: see
/// [`destination`].
///
/// # Errors
/// When the folder holds something else; when a chapter says what is not so, or mdBook cannot build
/// it. Nothing is written then.
///
/// # The preprocessor
/// `book.toml` names a command for plain `mdbook`. mdBook takes one that cannot be run for one that
/// does not support the renderer, leaves it out, and says nothing: a `cargo run` that does not
/// compile would yield a book without its listings. Here the same code runs in this process, at the
/// same place in the order.
pub fn build(root: &Path, to: Option<&Path>, reload: Option<&str>) -> Result<()> {
    build_for(root, to, reload, &Address::from_environment()?)
}

/// As [`build`], for a site at this address.
///
/// # Errors
/// As [`build`].
pub fn build_for(
    root: &Path,
    to: Option<&Path>,
    reload: Option<&str>,
    address: &Address,
) -> Result<()> {
    let mut config = Config::from_disk(root.join("book.toml"))?;
    // As plain mdbook does: a translation is a language and a preprocessor more.
    config.update_from_env()?;
    if let Some(to) = to {
        config.build.build_dir = std::path::absolute(to)?;
    }
    if let Some(reload) = reload {
        config.set("output.html.live-reload-endpoint", reload)?;
    }
    address.configure(&mut config)?;
    let folder = root.join(&config.build.build_dir);
    destination::may_be_emptied(&folder, &root.join(&config.book.src))?;
    let named = config.contains_key(&format!("preprocessor.{}", Executable::NAME));
    let mut book = MDBook::load_with_config(root, config)?;
    if named {
        book.with_preprocessor(Executable);
    }
    let built = book.build().and_then(|()| finish(&folder, &book, address));
    // A build that failed half way has left files of ours, too.
    destination::claim(&folder)?;
    built
}

/// What is done to the pages once mdBook has written them. A book with a theme of its own is left so.
fn finish(folder: &Path, book: &MDBook, address: &Address) -> Result<()> {
    let mut styles = Styles::new(folder);
    let mut painter = Painter::new();
    for path in &pages::all(folder)? {
        let page = fs::read_to_string(path)?;
        let page = pages::without_idle_scripts(&pages::mend(&page));
        let page = breaks::allow(&painter.paint(&page));
        let page = tables::mark(&units::join(&page));
        let page = styles.inline(&page)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        fs::write(path, address.describe(&name, &page))?;
    }
    address.list(folder, book)?;
    styles::sweep(folder)?;
    slides::build(&book.root, &book.config.book.src, folder, &mut painter)?;
    let name = file_name(book);
    epub::write(folder, book, &name)?;
    Ok(archive::pack(folder, &name)?)
}

/// What the book in one file is called: its title, as a word.
fn file_name(book: &MDBook) -> String {
    let title = book.config.book.title.as_deref().unwrap_or("book");
    let words = title.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("-").to_ascii_lowercase()
}
