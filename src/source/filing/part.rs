//! A part of a stream's rows: a gzipped file of JSON Lines. It gets its name when it is whole.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::replace::{of_file, publish, temporary};

/// The end of the names of parts.
const ENDING: &str = ".jsonl.gz";

/// The most rows of one part. The order of a row is the number of its part times this, plus its
/// place in the part.
const MOST_ROWS: u64 = 1 << 32;

/// A part that is being written.
#[derive(Debug)]
pub struct Part {
    out: GzEncoder<BufWriter<File>>,
    temporary: PathBuf,
    path: PathBuf,
    generation: u32,
    order: u64,
}

/// The file name of a part. The names sort in the order in which the parts were written.
#[must_use]
pub fn name(number: u32) -> String {
    format!("{number:08}{ENDING}")
}

/// The number of the part with this name.
#[must_use]
pub fn number(name: &str) -> Option<u32> {
    name.strip_suffix(ENDING)?.parse().ok()
}

impl Part {
    /// Begins a part.
    ///
    /// # Errors
    /// The error of the file system. The same holds for every method below.
    pub fn create(folder: &Path, number: u32, generation: u32) -> io::Result<Self> {
        let path = folder.join(name(number));
        let temporary = temporary(&path);
        let file = File::create(&temporary).map_err(of_file(&temporary))?;
        let out = GzEncoder::new(BufWriter::new(file), Compression::fast());
        let order = u64::from(number) * MOST_ROWS;
        Ok(Self { out, temporary, path, generation, order })
    }

    /// Appends a row, a JSON object.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn write(&mut self, row: &[u8]) -> io::Result<()> {
        let line = framed(row, self.generation, self.order);
        self.out.write_all(&line).map_err(of_file(&self.temporary))?;
        self.order += 1;
        Ok(())
    }

    /// Writes the part to the disk, and gives it its name.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn finish(self) -> io::Result<()> {
        let Self { out, temporary, path, .. } = self;
        written(out).map_err(of_file(&temporary))?;
        publish(&temporary, &path)
    }
}

/// Writes the rest of a part to the disk.
fn written(out: GzEncoder<BufWriter<File>>) -> io::Result<()> {
    out.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

/// A row with two keys in front that the views need: the generation of its stream, and its place in
/// the order of all rows of that generation.
fn framed(row: &[u8], generation: u32, order: u64) -> Vec<u8> {
    let mut line =
        format!("{{\"_sync_generation\":{generation},\"_sync_order\":{order}").into_bytes();
    let members = row.trim_ascii().strip_prefix(b"{").unwrap_or_default();
    if members.trim_ascii_start() != b"}" {
        line.push(b',');
    }
    line.extend_from_slice(members);
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_its_bytes_behind_two_keys() {
        let framed = |row: &str| String::from_utf8(framed(row.as_bytes(), 2, 7)).unwrap();
        assert_eq!(
            framed(r#"{ "id":1.50}"#),
            "{\"_sync_generation\":2,\"_sync_order\":7, \"id\":1.50}\n"
        );
        assert_eq!(framed("{ }"), "{\"_sync_generation\":2,\"_sync_order\":7 }\n");
    }

    #[test]
    fn names_are_in_the_order_of_numbers() {
        assert_eq!(number(&name(12)), Some(12));
        assert!(name(9) < name(10));
        for other in ["", ".jsonl.gz", "00000001.jsonl.gz.new", "x.jsonl.gz"] {
            assert_eq!(number(other), None, "{other}");
        }
    }
}
