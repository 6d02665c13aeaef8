//! Files in one: what the offline book and the EPUB are packed by.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use walkdir::WalkDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// An archive that is being written. Files in it have no date, so that the same book is the same archive.
pub(super) struct Archive {
    zip: ZipWriter<BufWriter<File>>,
}

impl Archive {
    /// An archive at this path.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let zip = ZipWriter::new(BufWriter::new(File::create(path)?));
        Ok(Self { zip })
    }

    /// Adds a file as it is, without compressing it.
    pub(super) fn store(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.put(name, content, CompressionMethod::Stored)
    }

    /// Adds a file, compressed.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.put(name, content, CompressionMethod::Deflated)
    }

    fn put(&mut self, name: &str, content: &[u8], method: CompressionMethod) -> io::Result<()> {
        let options = SimpleFileOptions::DEFAULT.compression_method(method);
        self.zip.start_file(name, options)?;
        self.zip.write_all(content)
    }

    /// Writes what is still to be written.
    pub(super) fn finish(self) -> io::Result<()> {
        self.zip.finish()?.flush()
    }
}

/// Packs the built site into one file of it, to be read without a network. Other archives are left out.
///
/// # Errors
/// When a file cannot be read, or the archive not be written.
pub(super) fn pack(site: &Path, name: &str) -> io::Result<()> {
    let mut archive = Archive::create(&site.join(format!("{name}.zip")))?;
    for entry in WalkDir::new(site).sort_by_file_name() {
        let entry = entry?;
        let path = entry.path().strip_prefix(site).unwrap_or(entry.path());
        let is_archive = path.extension().is_some_and(|e| e == "zip" || e == "epub");
        let is_hidden = path.to_string_lossy().starts_with('.');
        if entry.file_type().is_file() && !is_archive && !is_hidden {
            let within = format!("{name}/{}", path.display());
            archive.add(&within, &fs::read(entry.path())?)?;
        }
    }
    archive.finish()
}
