//! Weights in safetensors files, whole or in shards.

use super::Store;
use super::faults::{fault, missing_weight, wrong_length, wrong_shape};
use super::folder::read_json;
use crate::llm::{LlmError, WeightSource};
use candle_core::{DType, Device, Tensor};
use safetensors::tensor::{Dtype, Metadata};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes of the number that says how long the header is.
const PREFIX: u64 = 8;
/// A longer header is no header (the format's own limit).
const LONGEST_HEADER: u64 = 100_000_000;

/// Names of published files, and other ones for the same weights: GPT-NeoX's head in transformers 5.
const ALIASES: [(&str, &str); 1] = [("embed_out.weight", "lm_head.weight")];

/// Where a tensor lies.
struct Entry {
    file: usize,
    dtype: Dtype,
    shape: Vec<usize>,
    start: u64,
    bytes: usize,
}

/// The tensors of one or several safetensors files.
pub struct Safetensors {
    files: Vec<PathBuf>,
    entries: BTreeMap<String, Entry>,
}

/// The index of a model in shards.
#[derive(serde::Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Safetensors {
    /// Reads the headers of `model.safetensors`, or of the shards that `model.safetensors.index.json` names.
    pub fn open(folder: &Path) -> Result<Self, LlmError> {
        let index = folder.join("model.safetensors.index.json");
        let whole = folder.join("model.safetensors");
        let files: Vec<PathBuf> = if whole.is_file() || !index.is_file() {
            vec![whole]
        } else {
            let index: Index = read_json(&index)?;
            let names: BTreeSet<String> = index.weight_map.into_values().collect();
            names.into_iter().map(|name| folder.join(name)).collect()
        };
        Safetensors::of(files)
    }

    /// Reads the header of one file.
    pub fn file(path: PathBuf) -> Result<Self, LlmError> {
        Safetensors::of(vec![path])
    }

    fn of(files: Vec<PathBuf>) -> Result<Self, LlmError> {
        let mut entries = BTreeMap::new();
        for (number, file) in files.iter().enumerate() {
            read_header(file, number, &mut entries)?;
        }
        Ok(Safetensors { files, entries })
    }

    /// The files, in the order of their names.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The names of its tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// A tensor by its name, or by its other name.
    fn entry(&self, name: &str) -> Result<&Entry, LlmError> {
        let other = ALIASES.iter().find(|(ours, _)| *ours == name).map_or(name, |(_, other)| other);
        self.entries.get(name).or_else(|| self.entries.get(other)).ok_or_else(|| {
            let names: Vec<&str> = self.entries.keys().map(String::as_str).collect();
            let first = &self.files[0];
            let place = if self.files.len() == 1 { first } else { first.parent().unwrap_or(first) };
            missing_weight(place, name, &names)
        })
    }
}

impl Store for Safetensors {
    fn shape(&self, name: &str) -> Result<(Vec<usize>, &Path), LlmError> {
        let entry = self.entry(name)?;
        let file = &self.files[entry.file];
        dtype(file, name, entry.dtype)?;
        Ok((entry.shape.clone(), file))
    }

    fn formats(&self) -> Vec<(String, usize)> {
        let entries = self.entries.values();
        entries.map(|e| (format!("{:?}", e.dtype), e.shape.iter().product())).collect()
    }
}

impl WeightSource for Safetensors {
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LlmError> {
        let entry = self.entry(name)?;
        let file = &self.files[entry.file];
        if entry.shape != shape {
            return Err(wrong_shape(file, name, &entry.shape, shape));
        }
        let dtype = dtype(file, name, entry.dtype)?;
        let mut bytes = vec![0; entry.bytes];
        let fail = |error| LlmError::file(file, error);
        let mut reader = File::open(file).map_err(fail)?;
        reader.seek(SeekFrom::Start(entry.start)).map_err(fail)?;
        reader.read_exact(&mut bytes).map_err(fail)?;
        let count = shape.iter().product::<usize>();
        let tensor = Tensor::from_raw_buffer(&bytes, dtype, &[count], &Device::Cpu)?;
        drop(bytes);
        Ok(tensor.to_dtype(DType::F32)?.to_vec1()?)
    }
}

/// The kind of number, if it can become f32 without a further table.
fn dtype(file: &Path, name: &str, dtype: Dtype) -> Result<DType, LlmError> {
    match dtype {
        Dtype::F32 => Ok(DType::F32),
        Dtype::F16 => Ok(DType::F16),
        Dtype::BF16 => Ok(DType::BF16),
        Dtype::F64 => Ok(DType::F64),
        other => Err(fault(
            file,
            format!("the weight `{name}` is stored as {other:?}"),
            "F32, F16, BF16, F64",
            "use the unquantised model, or a GGUF file of it",
        )),
    }
}

/// Adds the tensors of one file, after its length has been held against its header.
fn read_header(
    path: &Path,
    number: usize,
    entries: &mut BTreeMap<String, Entry>,
) -> Result<(), LlmError> {
    let (header, data, length) = header_of(path)?;
    let metadata: Metadata = serde_json::from_slice(&header).map_err(|e| {
        let found = format!("its header is not that of a safetensors file: {e}");
        fault(path, found, "a safetensors file", "fetch it again")
    })?;
    let needed = data + metadata.data_len() as u64;
    if length != needed {
        return Err(wrong_length(path, needed, length));
    }
    for (name, info) in metadata.tensors() {
        let (start, end) = info.data_offsets;
        let entry = Entry {
            file: number,
            dtype: info.dtype,
            shape: info.shape.clone(),
            start: data + start as u64,
            bytes: end - start,
        };
        entries.insert(name, entry);
    }
    Ok(())
}

/// The bytes of the header, where the data begin, and the file's length.
fn header_of(path: &Path) -> Result<(Vec<u8>, u64, u64), LlmError> {
    let fail = |error| LlmError::file(path, error);
    let mut file = File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => fault(
            path,
            "there is no such file",
            "model.safetensors, or the shards that model.safetensors.index.json names",
            "fetch the whole model; PyTorch's pytorch_model.bin is not read",
        ),
        _ => fail(error),
    })?;
    let length = file.metadata().map_err(fail)?.len();
    if length < PREFIX {
        return Err(wrong_length(path, PREFIX, length));
    }
    let mut prefix = [0; PREFIX as usize];
    file.read_exact(&mut prefix).map_err(fail)?;
    let size = u64::from_le_bytes(prefix);
    if size > LONGEST_HEADER {
        let found = format!("a header of {size} bytes: not a safetensors file");
        return Err(fault(path, found, "a header of at most 100 MB", "fetch the file again"));
    }
    if PREFIX + size > length {
        return Err(wrong_length(path, PREFIX + size, length));
    }
    let mut header = vec![0; size as usize];
    file.read_exact(&mut header).map_err(fail)?;
    Ok((header, PREFIX + size, length))
}
