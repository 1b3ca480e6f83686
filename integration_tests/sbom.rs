//! The crates that are linked into each program, as CycloneDX lists them. `packaging/sbom/` has a
//! file for each program and each architecture. `UPDATE_GENERATED=1` rewrites them. Builds of
//! images and wheels add what the compiler links besides crates: `packaging/sbom/complete`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// A package of this workspace, and the name of its program.
const PROGRAMS: [(&str, &str); 3] = [
    ("source-zendesk-support", "source-zendesk-support"),
    ("destination-zendesk-support", "destination-zendesk-support"),
    ("simulator", "zendesk-simulator"),
];

const ARCHITECTURES: [&str; 2] = ["x86_64", "aarch64"];

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
}

impl Package {
    fn reference(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

/// The output of `cargo tree`: the package itself, the licence of each package, and the
/// dependencies.
struct Linked {
    root: Package,
    licences: BTreeMap<Package, String>,
    edges: BTreeMap<Package, BTreeSet<Package>>,
}

/// Parses the output of `cargo tree`. A line is `2serde v1.0.0|MIT OR Apache-2.0`, with the depth
/// in front. A package that was listed before ends in ` (*)`.
fn understood(tree: &str) -> Linked {
    let (mut path, mut licences, mut edges) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    for line in tree.lines() {
        let (what, licence) = line.split_once('|').expect("a licence follows each package");
        let at = what.find(|c: char| !c.is_ascii_digit()).expect("a name follows the depth");
        let depth: usize = what[..at].parse().expect("each line begins with its depth");
        let mut words = what[at..].split(' ');
        let mut word = || words.next().expect("a package has a name and a version").to_owned();
        let package = Package { name: word(), version: word().trim_start_matches('v').to_owned() };
        // Before there was SPDX, crates wrote a choice with a stroke.
        let licence = licence.trim_end_matches(" (*)").replace(" / ", "/").replace('/', " OR ");
        path.truncate(depth);
        if let Some(parent) = path.last() {
            let below: &mut BTreeSet<Package> = edges.entry(Package::clone(parent)).or_default();
            below.insert(package.clone());
        }
        path.push(package.clone());
        licences.insert(package, licence);
    }
    Linked { root: path.swap_remove(0), licences, edges }
}

/// The crates that cargo links into a program, with the features of its build.
fn linked(root: &Path, package: &str, architecture: &str) -> Linked {
    let target = format!("{architecture}-unknown-linux-gnu");
    let tree = ["tree", "--locked", "--offline", "--edges", "normal,no-proc-macro"];
    let lines = ["--prefix", "depth", "--format", "{p}|{l}"];
    let output = Command::new(env!("CARGO"))
        .args(tree)
        .args(lines)
        .args(["--package", package, "--target", &target])
        .current_dir(root)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    understood(&String::from_utf8(output.stdout).expect("cargo writes text"))
}

/// The digests of packages from a registry, from Cargo.lock. Packages of this workspace have none.
fn digests(lock: &str) -> BTreeMap<Package, String> {
    let told = |block: &str, key: &str| {
        let mut lines = block.lines();
        let line = lines.find_map(|line| line.strip_prefix(&format!("{key} = \"")))?;
        Some(line.trim_end_matches('"').to_owned())
    };
    let blocks = lock.split("[[package]]").skip(1);
    let of = |block| {
        let package = Package { name: told(block, "name")?, version: told(block, "version")? };
        Some((package, told(block, "checksum")?))
    };
    blocks.filter_map(of).collect()
}

/// A component of the list. Only packages from crates.io get an address there, because a package of
/// that name on crates.io may be somebody else's.
fn component(kind: &str, package: &Package, licence: &str, digest: Option<&String>) -> Value {
    let mut component = json!({
        "type": kind,
        "bom-ref": package.reference(),
        "name": package.name,
        "version": package.version,
        "licenses": [{ "expression": licence }],
    });
    if let Some(digest) = digest {
        let purl = format!("pkg:cargo/{}@{}", package.name, package.version.replace('+', "%2B"));
        component["purl"] = json!(purl);
        component["hashes"] = json!([{ "alg": "SHA-256", "content": digest }]);
    }
    component
}

/// The list with one component a line, so that changes are readable and the build can add
/// components.
fn written(program: &str, linked: &Linked, digests: &BTreeMap<Package, String>) -> String {
    let Linked { root, licences, edges } = linked;
    let mut itself = component("application", root, &licences[root], None);
    itself["name"] = json!(program);
    let libraries = licences.iter().filter(|(package, _)| *package != root);
    let crates = libraries.map(|(package, licence)| {
        component("library", package, licence, digests.get(package)).to_string()
    });
    let dependencies = licences.keys().map(|package| {
        let below = edges.get(package).into_iter().flatten().map(Package::reference);
        json!({ "ref": package.reference(), "dependsOn": below.collect::<Vec<_>>() }).to_string()
    });
    let lines = |lines: &mut dyn Iterator<Item = String>| lines.collect::<Vec<_>>().join(",\n");
    format!(
        "{{\n\"bomFormat\": \"CycloneDX\",\n\"specVersion\": \"1.6\",\n\"version\": 1,\n\
         \"metadata\": {{\"component\":{itself}}},\n\"components\": [\n{}\n],\n\
         \"dependencies\": [\n{}\n]\n}}\n",
        lines(&mut { crates }),
        lines(&mut { dependencies }),
    )
}

#[test]
fn the_lists_have_what_is_linked() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lock = fs::read_to_string(root.join("Cargo.lock")).expect("the lock file is there");
    let digests = digests(&lock);
    for (package, program) in PROGRAMS {
        for architecture in ARCHITECTURES {
            let now = written(program, &linked(root, package, architecture), &digests);
            let path = root.join(format!("packaging/sbom/{program}.{architecture}.cdx.json"));
            if std::env::var_os("UPDATE_GENERATED").is_some() {
                fs::write(&path, &now).expect("the list can be written");
            }
            let there = fs::read_to_string(&path).unwrap_or_default();
            let is_list = serde_json::from_str::<Value>(&there).is_ok();
            let is_same = is_list && there == now;
            assert!(is_same, "{} is stale, run UPDATE_GENERATED=1 cargo test", path.display());
        }
    }
}

#[test]
fn a_tree_is_understood() {
    let tree = "0one v0.1.0 (/somewhere)|MIT\n1two v1.0.0+three|MIT/Apache-2.0\n2four v2.0.0|ISC\n\
                1four v2.0.0|ISC (*)\n";
    let linked = understood(tree);
    let lock = "[[package]]\nname = \"one\"\nversion = \"0.1.0\"\n\n\
                [[package]]\nname = \"two\"\nversion = \"1.0.0+three\"\nchecksum = \"ab\"\n";
    let list = written("program", &linked, &digests(lock));
    let list: Value = serde_json::from_str(&list).expect("it is JSON");
    assert_eq!(list["metadata"]["component"]["name"], "program");
    assert_eq!(list["components"][1]["purl"], "pkg:cargo/two@1.0.0%2Bthree");
    assert_eq!(list["components"][1]["licenses"], json!([{ "expression": "MIT OR Apache-2.0" }]));
    assert_eq!(list["components"][0]["purl"], Value::Null);
    let ones = json!({ "ref": "one@0.1.0", "dependsOn": ["four@2.0.0", "two@1.0.0+three"] });
    assert_eq!(list["dependencies"][1], ones);
}
