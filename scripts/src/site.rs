//! Building the book.

use std::path::Path;

use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use mdbook_driver::errors::Result;

use crate::destination;
use crate::preprocess::Executable;

/// Builds the book below `root` into `to`, or where `book.toml` says. `reload` is the path of the
/// websocket by which a served page learns that it is out of date.
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
    let mut config = Config::from_disk(root.join("book.toml"))?;
    if let Some(to) = to {
        config.build.build_dir = std::path::absolute(to)?;
    }
    if let Some(reload) = reload {
        config.set("output.html.live-reload-endpoint", reload)?;
    }
    let folder = root.join(&config.build.build_dir);
    destination::may_be_emptied(&folder)?;
    let named = config.contains_key(&format!("preprocessor.{}", Executable::NAME));
    let mut book = MDBook::load_with_config(root, config)?;
    if named {
        book.with_preprocessor(Executable);
    }
    let built = book.build();
    // A build that failed half way has left files of ours, too.
    destination::claim(&folder)?;
    built
}
