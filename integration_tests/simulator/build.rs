//! Lists the sample rows, so that they are compiled into the program. `samples` is a link, so that
//! a source distribution of the simulator contains them too.

use std::path::Path;
use std::{env, fs};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo names the crate's folder");
    let folder = Path::new(&root).join("samples");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<_> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    files.sort();
    let mut list = String::from("const SAMPLES: &[(&str, &str)] = &[\n");
    for path in files {
        let stream = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let path = path.display().to_string();
        list.push_str(&format!("    ({stream:?}, include_str!({path:?})),\n"));
    }
    list.push_str("];\n");
    let out = env::var("OUT_DIR").expect("cargo names the output folder");
    fs::write(Path::new(&out).join("samples.rs"), list).expect("the output folder is writable");
}
