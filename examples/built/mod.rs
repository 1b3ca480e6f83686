//! The binary that an example runs. It is built in the same place as the example, so that both come
//! from the same source.

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
    let profile = own.ancestors().nth(2).ok_or("the example lies in no target folder")?;
    let target = profile.parent().ok_or("the example lies in no target folder")?;
    if let Some(cargo) = std::env::var_os("CARGO") {
        let mut build = Command::new(cargo);
        // Together with the example, its dependencies are those that are built already.
        build.args(["build", "--quiet", "--bin", binary, "--example", example]);
        build.arg("--manifest-path").arg(project.join("Cargo.toml"));
        // What cargo tells this example of its package would make build scripts run anew.
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
            return Err("the connector does not build".into());
        }
    }
    let folder = target.join(example);
    std::fs::create_dir_all(&folder)?;
    Ok((profile.join(binary), folder))
}
