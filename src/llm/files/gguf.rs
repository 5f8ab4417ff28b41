//! Weights and metadata in a GGUF file.

use super::faults::{fault, missing_weight, wrong_length, wrong_shape};
use super::gguf_names::{gguf_name, restore};
use super::{Parts, Store, gguf_config, gguf_tokenizer};
use crate::llm::{Config, LlmError, WeightSource};
use candle_core::Device;
use candle_core::quantized::gguf_file::{Content, Value};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// An open GGUF file: its header is read, its tensors lie within its length.
pub struct Gguf {
    path: PathBuf,
    content: Content,
    reader: BufReader<File>,
}

/// Whether a file begins as GGUF files do.
pub fn has_magic(path: &Path) -> Result<bool, LlmError> {
    let fail = |error| LlmError::file(path, error);
    let mut start = Vec::new();
    File::open(path).map_err(fail)?.take(4).read_to_end(&mut start).map_err(fail)?;
    Ok(start == b"GGUF")
}

/// Reads a file but for its weights.
pub fn open(path: &Path) -> Result<Parts, LlmError> {
    let mut file = Gguf::open(path)?;
    let mut config = gguf_config::config_of(&mut file)?;
    let tokenizer = gguf_tokenizer::tokenizer_of(&file)?;
    config.end_tokens = gguf_tokenizer::end_tokens_of(&file)?;
    let template = file.text("tokenizer.chat_template")?;
    let chat_template = template.map(|text| (path.to_owned(), text.to_owned()));
    let store = Box::new(GgufWeights { file, config: config.clone() });
    Ok(Parts { config, store, tokenizer, chat_template, weight_files: vec![path.to_owned()] })
}

impl Gguf {
    /// Reads the header and holds the file's length against it.
    fn open(path: &Path) -> Result<Self, LlmError> {
        let fail = |error| LlmError::file(path, error);
        let file = File::open(path).map_err(fail)?;
        let length = file.metadata().map_err(fail)?.len();
        let mut reader = BufReader::new(file);
        let content = Content::read(&mut reader).map_err(|error| {
            // With RUST_BACKTRACE candle's errors carry one behind their first line.
            let error = error.to_string();
            let reason = error.lines().next().unwrap_or_default();
            fault(
                path,
                format!("truncated or damaged: its header cannot be read: {reason}"),
                "a whole GGUF file, versions 1 to 3, in formats that candle reads",
                "fetch it again and compare its sha256 with the publisher's",
            )
        })?;
        let ends = content.tensor_infos.values().map(|info| {
            let blocks = info.shape.elem_count() / info.ggml_dtype.block_size();
            let bytes = (blocks as u64).saturating_mul(info.ggml_dtype.type_size() as u64);
            content.tensor_data_offset.saturating_add(info.offset).saturating_add(bytes)
        });
        let needed = ends.max().unwrap_or(0);
        if needed > length {
            return Err(wrong_length(path, needed, length));
        }
        Ok(Gguf { path: path.to_owned(), content, reader })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A value of the metadata.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.content.metadata.get(key)
    }

    /// A value of the metadata that must be there.
    pub fn required<T>(&self, key: &str, value: Option<T>) -> Result<T, LlmError> {
        value.ok_or_else(|| {
            let found = format!("the metadata lack `{key}`");
            let help = "convert the model again with a current llama.cpp";
            fault(&self.path, found, "metadata as llama.cpp's converter writes them", help)
        })
    }

    /// A value of another type than its key asks for.
    pub fn wrong_type(&self, key: &str, wanted: &str) -> LlmError {
        let found = format!("the metadata's `{key}` is not {wanted}");
        fault(&self.path, found, wanted, "convert the model again with a current llama.cpp")
    }

    /// A text.
    pub fn text(&self, key: &str) -> Result<Option<&str>, LlmError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong_type(key, "a text")),
        }
    }

    /// A truth.
    pub fn truth(&self, key: &str) -> Result<Option<bool>, LlmError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(*truth)),
            Some(_) => Err(self.wrong_type(key, "true or false")),
        }
    }

    /// A whole number, from zero.
    pub fn whole(&self, key: &str) -> Result<Option<usize>, LlmError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let number = whole(value);
        number.map(Some).ok_or_else(|| self.wrong_type(key, "a whole number"))
    }

    /// A number; those in single precision become the decimal that was meant (1e-5, and not
    /// 9.99999974e-6).
    pub fn number(&self, key: &str) -> Result<Option<f64>, LlmError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::F32(x)) => Ok(x.to_string().parse().ok()),
            Some(Value::F64(x)) => Ok(Some(*x)),
            Some(_) => Err(self.wrong_type(key, "a number with a fraction")),
        }
    }

    /// A list.
    pub fn list(&self, key: &str) -> Result<Option<&[Value]>, LlmError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Array(values)) => Ok(Some(values)),
            Some(_) => Err(self.wrong_type(key, "a list")),
        }
    }

    /// The shape of a tensor by its own name.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.content.tensor_infos.get(name).map(|info| info.shape.dims())
    }

    /// The numbers of a tensor by its own name, in f32.
    pub fn tensor(&mut self, name: &str) -> Result<Vec<f32>, LlmError> {
        let tensor = self.content.tensor(&mut self.reader, name, &Device::Cpu)?;
        Ok(tensor.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1()?)
    }
}

/// A whole number, from zero, however wide it is stored.
pub fn whole(value: &Value) -> Option<usize> {
    match value {
        Value::U8(n) => Some(usize::from(*n)),
        Value::U16(n) => Some(usize::from(*n)),
        Value::U32(n) => usize::try_from(*n).ok(),
        Value::U64(n) => usize::try_from(*n).ok(),
        Value::I8(n) => usize::try_from(*n).ok(),
        Value::I16(n) => usize::try_from(*n).ok(),
        Value::I32(n) => usize::try_from(*n).ok(),
        Value::I64(n) => usize::try_from(*n).ok(),
        _ => None,
    }
}

/// The weights of a GGUF file by their Hugging Face names, with rows in Hugging Face's order.
struct GgufWeights {
    file: Gguf,
    config: Config,
}

impl GgufWeights {
    /// The name in the file and the shape there.
    fn find(&self, name: &str) -> Result<(String, &[usize]), LlmError> {
        let stored = gguf_name(name).unwrap_or_else(|| name.to_owned());
        match self.file.shape(&stored) {
            Some(shape) => Ok((stored, shape)),
            None => {
                let names = self.file.content.tensor_infos.keys().map(String::as_str);
                Err(missing_weight(&self.file.path, &stored, &names.collect::<Vec<_>>()))
            }
        }
    }
}

impl Store for GgufWeights {
    fn shape(&self, name: &str) -> Result<(Vec<usize>, &Path), LlmError> {
        Ok((self.find(name)?.1.to_vec(), &self.file.path))
    }

    fn formats(&self) -> Vec<(String, usize)> {
        let tensors = self.file.content.tensor_infos.values();
        tensors.map(|info| (format!("{:?}", info.ggml_dtype), info.shape.elem_count())).collect()
    }
}

impl WeightSource for GgufWeights {
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LlmError> {
        let (stored, found) = self.find(name)?;
        if found != shape {
            return Err(wrong_shape(&self.file.path, name, found, shape));
        }
        let value = self.file.tensor(&stored)?;
        Ok(restore(value, name, shape[0], &self.config))
    }
}
