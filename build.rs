//! Writes `schemas/*.json` for the program to embed, without the white space that makes them
//! readable.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=schemas");
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let out = Path::new(&out).join("schemas");
    fs::create_dir_all(&out)?;
    for entry in fs::read_dir("schemas")? {
        let entry = entry?;
        let text = fs::read_to_string(entry.path())?;
        fs::write(out.join(entry.file_name()), without_blanks(&text))?;
    }
    Ok(())
}

/// The JSON text without white space outside of its strings.
fn without_blanks(json: &str) -> String {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let is_kept = |character: &char| {
        let is_quote = *character == '"' && !is_escaped;
        is_escaped = is_quoted && *character == '\\' && !is_escaped;
        is_quoted ^= is_quote;
        is_quoted || !character.is_ascii_whitespace()
    };
    json.chars().filter(is_kept).collect()
}
