//! Lists the scenarios under `scenarios/`, so that the binary carries them.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    let mut files = Vec::new();
    collect(&root.join("scenarios"), &mut files)?;
    files.sort();
    let mut table = String::from("const SHIPPED: &[ShippedScenario] = &[\n");
    for file in files {
        let inside = file.strip_prefix(&root).expect("below the root");
        let path = inside.to_string_lossy().replace('\\', "/");
        let absolute = file.to_string_lossy();
        writeln!(
            table,
            "    ShippedScenario {{ path: {path:?}, text: include_str!({absolute:?}) }},"
        )
        .expect("a string takes everything");
    }
    table.push_str("];\n");
    fs::write(out.join("shipped.rs"), table)
}

/// Adds the TOML files below `folder`.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    Ok(())
}
