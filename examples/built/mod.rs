//! Builds the binary that an example runs. It is built beside the example, so both have the same
//! source.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds a binary together with the example that calls this. `project` is the folder of the
/// workspace. Returns the binary, and a folder in cargo's target folder for the example's output.
pub(crate) fn built(
    binary: &str,
    example: &str,
    project: &Path,
) -> Result<(PathBuf, PathBuf), Box<dyn Error>> {
    let own = std::env::current_exe()?;
    // <target>/<profile>/examples/<example>
    let profile = own
        .ancestors()
        .nth(2)
        .ok_or("the example is not in cargo's target folder; run it with `cargo run`")?;
    let target = profile
        .parent()
        .ok_or("the example is not in cargo's target folder; run it with `cargo run`")?;
    if let Some(cargo) = std::env::var_os("CARGO") {
        let mut build = Command::new(cargo);
        // With the example, cargo uses the dependencies that it has already built.
        build.args(["build", "--quiet", "--bin", binary, "--example", example]);
        build.arg("--manifest-path").arg(project.join("Cargo.toml"));
        // With these variables of cargo, build scripts would run again.
        for (name, _) in std::env::vars_os() {
            let told = name.to_string_lossy();
            let is_of_package =
                told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_");
            if is_of_package || told == "OUT_DIR" {
                build.env_remove(&name);
            }
        }
        build.arg("--target-dir").arg(target);
        if profile.ends_with("release") {
            build.arg("--release");
        }
        if !build.status()?.success() {
            return Err("the connector cannot be built; cargo's error is above".into());
        }
    }
    let folder = target.join(example);
    std::fs::create_dir_all(&folder)?;
    Ok((profile.join(binary), folder))
}
