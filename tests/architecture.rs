//! The floors of `src/`: a module imports only floors below its own, and what makes results depend
//! on the machine stays in `cli`.
//!
//! The order of the floors is the order of the `pub mod` lines of `src/lib.rs`.

#[path = "architecture/rust.rs"]
mod rust;

use rust::{paths, tokens, without_tests};
use std::fs;
use std::path::{Path, PathBuf};

/// The longest file of `src/`, and of `tests/` and `benches/` (lines).
const LONGEST: usize = 400;
const LONGEST_TEST: usize = 600;

/// Where the command line begins: what is typed, printed and timed.
const TOP: &str = "cli";

/// Paths that make a result depend on the moment, the machine or the environment.
const FORBIDDEN_PATHS: [&str; 5] =
    ["std::env", "std::time", "rand::rng", "rand::thread_rng", "rand::random"];

/// Names that do, wherever they come from.
const FORBIDDEN_NAMES: [&str; 8] = [
    "Instant",
    "SystemTime",
    "thread_rng",
    "ThreadRng",
    "OsRng",
    "from_os_rng",
    "from_entropy",
    "getrandom",
];

/// A source file.
struct File {
    path: PathBuf,
    /// Its module below the crate: `["policy", "mlp"]`; of `lib.rs` and `main.rs` nothing.
    module: Vec<String>,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder, sorted.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The module that a file of `src/` is.
fn module_of(inside: &Path) -> Vec<String> {
    let mut module: Vec<String> = inside
        .with_extension("")
        .iter()
        .map(|segment| segment.to_string_lossy().into_owned())
        .collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    module
}

/// The files of `src/` that are compiled without `cfg(test)`.
fn sources() -> Vec<File> {
    let src = root().join("src");
    let files: Vec<File> = rust_files(&src)
        .into_iter()
        .map(|path| {
            let module = module_of(path.strip_prefix(&src).expect("below src"));
            let text = fs::read_to_string(&path).expect("text");
            File { path, module, text }
        })
        .collect();
    let tests: Vec<Vec<String>> = files
        .iter()
        .flat_map(|file| {
            let (_, modules) = without_tests(tokens(&file.text));
            modules.into_iter().map(|name| [file.module.clone(), vec![name]].concat())
        })
        .collect();
    files.into_iter().filter(|file| !tests.contains(&file.module)).collect()
}

/// The floors, lowest first: the public modules that a text declares.
fn floors_of(lib: &str) -> Vec<String> {
    let tokens = tokens(lib);
    let declared = tokens.windows(4).filter(|w| w[0] == "pub" && w[1] == "mod" && w[3] == ";");
    declared.map(|window| window[2].clone()).collect()
}

fn floors() -> Vec<String> {
    floors_of(&fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs"))
}

/// What a file says against the floors.
fn violations(text: &str, module: &[String], floors: &[String]) -> Vec<String> {
    let height = |name: &str| floors.iter().position(|floor| floor == name);
    let own = module.first().and_then(|name| height(name));
    let is_below = own.is_some() && own < height(TOP);
    let (tokens, _) = without_tests(tokens(text));
    let mut found = Vec::new();
    for path in paths(&tokens, module, &["std", "rand"]) {
        let written = path.join("::");
        match path.get(1).filter(|_| path[0] == "crate").map(String::as_str) {
            Some("*") => found.push(format!("{written} names every floor at once")),
            Some(name) if own.is_some() && height(name) > own => {
                found.push(format!("{written} lies above {}", module[0]));
            }
            _ => {}
        }
        let is_at = |bad: &str| format!("{written}::").starts_with(&format!("{bad}::"));
        let bad = FORBIDDEN_PATHS.into_iter().find(|bad| is_below && is_at(bad));
        found.extend(bad.map(|bad| format!("{bad} below {TOP}")));
    }
    let has = |name: &str| tokens.iter().any(|token| token == name);
    if is_below {
        let names = FORBIDDEN_NAMES.into_iter().filter(|name| has(name));
        found.extend(names.map(|name| format!("{name} below {TOP}")));
    }
    if has("anyhow") && !module.is_empty() && module[0] != TOP {
        found.push(format!("anyhow outside of main.rs and {TOP}"));
    }
    found
}

#[test]
fn every_module_imports_only_floors_below_its_own() {
    let floors = floors();
    assert!(floors.len() >= 12 && floors.last().is_some_and(|top| top == TOP), "{floors:?}");
    let sources = sources();
    for floor in &floors {
        assert!(sources.iter().any(|file| file.module.first() == Some(floor)), "{floor} is empty");
    }
    let faults: Vec<String> = sources
        .iter()
        .flat_map(|file| {
            let faults = violations(&file.text, &file.module, &floors);
            faults.into_iter().map(|fault| format!("{}: {fault}", file.path.display()))
        })
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_module_stands_on_a_floor() {
    let floors = floors();
    for file in sources() {
        let floor = file.module.first();
        let known = floor.is_none_or(|name| floors.contains(name));
        assert!(known, "{} is on no floor that lib.rs declares", file.path.display());
    }
}

/// Most modules import something, so a reader that finds nothing is blind.
#[test]
fn the_reader_sees_the_imports_that_are_there() {
    let seen = |module: &[&str]| -> Vec<String> {
        let module: Vec<String> = module.iter().map(|name| (*name).to_owned()).collect();
        let file = sources().into_iter().find(|file| file.module == module).expect("a file");
        let (tokens, _) = without_tests(tokens(&file.text));
        paths(&tokens, &module, &[]).iter().map(|path| path.join("::")).collect()
    };
    let learner = seen(&["learner"]);
    for path in ["crate::objective::RunningMean", "crate::policy::PolicyError"] {
        assert!(learner.iter().any(|seen| seen == path), "{learner:?}");
    }
    assert!(
        seen(&["objective", "dpo"]).contains(&"crate::objective::contrast::add_contrast".into())
    );
    assert!(seen(&["cli", "run"]).contains(&"crate::runner::run".into()));
}

#[test]
fn files_are_short() {
    let count = |path: &PathBuf| fs::read_to_string(path).expect("text").lines().count();
    for (folder, longest) in [("src", LONGEST), ("tests", LONGEST_TEST), ("benches", LONGEST_TEST)]
    {
        for path in rust_files(&root().join(folder)) {
            let lines = count(&path);
            assert!(lines <= longest, "{}: {lines} lines, at most {longest}", path.display());
        }
    }
}

/// The faults of a made-up file of module `policy::mlp`.
fn faults_at(module: &[&str], text: &str) -> Vec<String> {
    let floors =
        floors_of("pub mod numerics;\npub mod policy;\npub mod objective;\npub mod cli;\n");
    let module: Vec<String> = module.iter().map(|name| (*name).to_owned()).collect();
    violations(text, &module, &floors)
}

#[test]
fn imports_from_above_are_found_however_they_are_written() {
    for text in [
        "use crate::objective::Dpo;",
        "use crate::{numerics::entropy, objective::{Dpo, Ipo}};",
        "use crate::{\n    numerics,\n    cli as shell,\n};",
        "pub use crate::objective;",
        "fn f() { crate::objective::dpo(1) }",
        "fn f(x: &crate::objective::Dpo) {}",
        "use modeseek::objective::Dpo;",
        "use super::super::objective::Dpo;",
        "use super::{super::objective::Dpo, Policy};",
        "use self::super::super::objective;",
        "mod inner { use super::super::super::objective::Dpo; }",
        "mod a { fn f() { {} } } use super::super::objective::Dpo;",
        "use crate::*;",
        "const TEXT: &str = \"/*\"; use crate::objective::Dpo; // */",
        "const QUOTE: char = '\"'; use crate::objective::Dpo; const OTHER: char = '\"';",
        "const RAW: &str = r#\"\"/*\"#; use crate::objective::Dpo;",
        "#[cfg(test)] use crate::cli::main; use crate::objective::Dpo;",
        "#[cfg(test)]\nmod tests { fn f() {} }\nuse crate::objective::Dpo;",
    ] {
        assert!(!faults_at(&["policy", "mlp"], text).is_empty(), "{text}");
    }
    assert_eq!(
        faults_at(&["policy", "mlp"], "use crate::{objective, cli};"),
        ["crate::objective lies above policy", "crate::cli lies above policy"]
    );
    assert_eq!(faults_at(&["policy"], "use super::objective::Dpo;").len(), 1);
}

#[test]
fn what_is_allowed_is_not_found() {
    for text in [
        "use crate::numerics::entropy; use crate::policy::Policy; use super::Policy;",
        "use super::super::numerics; pub(crate) fn f() {} pub(in crate::policy) fn g() {}",
        "// use crate::objective::Dpo;\n/* use crate::cli; /* nested */ use crate::cli; */",
        "/// See [`crate::objective::Dpo`].\nfn f<'a>(x: &'a str) -> &'a str { x }",
        "const TEXT: &str = \"use crate::objective\"; const RAW: &str = r#\"crate::cli::\"\"#;",
        "#[cfg(test)]\nmod tests {\n    use crate::objective::Dpo;\n    fn f() { std::env::args(); }\n}",
        "#[cfg(test)]\nuse crate::cli::main;",
        "mod inner { use super::super::Policy; }",
        "const SOURCE: &str = include_str!(\"../objective/dpo.rs\");",
        "let objective = 3; f(objective::<f64>());",
        "use std::collections::BTreeMap; const VERSION: &str = env!(\"CARGO_PKG_VERSION\");",
    ] {
        assert_eq!(faults_at(&["policy", "mlp"], text), [""; 0], "{text}");
    }
    let free = "use std::time::Instant; use anyhow::Error; fn f() { std::env::args(); }";
    assert_eq!(faults_at(&["cli", "run"], free), [""; 0]);
    assert_eq!(faults_at(&[], "use anyhow::Error; modeseek::cli::main()"), [""; 0]);
}

#[test]
fn clocks_environments_and_unseeded_numbers_are_found_below_the_command_line() {
    for (text, fault) in [
        ("fn f() { std::env::var(\"HOME\"); }", "std::env below cli"),
        ("use std::{env, fmt};", "std::env below cli"),
        ("use std::time::Duration;", "std::time below cli"),
        ("fn f() { rand::rng().random() }", "rand::rng below cli"),
        ("use rand::{Rng, random};", "rand::random below cli"),
        ("fn f(clock: Instant) {}", "Instant below cli"),
        ("let rng = ChaCha8Rng::from_os_rng();", "from_os_rng below cli"),
        ("use anyhow::Result;", "anyhow outside of main.rs and cli"),
    ] {
        assert_eq!(faults_at(&["policy", "mlp"], text), [fault], "{text}");
    }
}
