//! Log-probabilities that π_ref gives to offline data, computed once and kept.

use super::files::hex;
use super::{Engine, LlmError, ModelFiles, Tokens};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The name of the only tensor of a file.
const TENSOR: &str = "log_reference";

/// Where log-probabilities of one model and one way of computing are kept: a file for each row of data, so that
/// runs share what they read of it, whatever rows those are.
#[derive(Debug, Clone)]
pub struct ReferenceCache {
    folder: PathBuf,
}

impl ReferenceCache {
    /// The cache of a model below a folder of models; reads every byte of its weights.
    ///
    /// The same weights under another configuration (rotations, ε, …) are another model. Tokenizer and chat template
    /// are not asked: rows are kept by their tokens.
    pub fn new(models: &Path, files: &ModelFiles, engine: &Engine) -> Result<Self, LlmError> {
        let config = serde_json::to_string(&files.config).map_err(|error| {
            LlmError::input(
                format!("{}: its configuration cannot be written: {error}", files.path.display()),
                "finite numbers in config.json",
                "correct config.json",
            )
        })?;
        let identity = format!("{} {config} {}", files.identity()?, engine.arithmetic());
        Ok(ReferenceCache::of(models, &identity))
    }

    fn of(models: &Path, identity: &str) -> Self {
        let name = hex(&Sha256::digest(identity));
        ReferenceCache { folder: models.join(".reference").join(&name[..16]) }
    }

    /// log π_ref of the responses to a prompt, summed over tokens (nats), computed where it is not kept.
    ///
    /// A file that cannot be read or written is none: the numbers are then computed.
    pub fn get<E>(
        &self,
        row: (&Tokens, &[Tokens]),
        compute: impl FnOnce() -> Result<Vec<f64>, E>,
    ) -> Result<Vec<f64>, E> {
        let path = self.folder.join(format!("{}.safetensors", key(row)));
        if let Some(kept) = read(&path, row.1.len()) {
            return Ok(kept);
        }
        let computed = compute()?;
        let _ = self.write(&path, &computed);
        Ok(computed)
    }

    /// Whole or not at all; what a power cut leaves of it is none, so that no step waits for the disk.
    fn write(&self, path: &Path, values: &[f64]) -> std::io::Result<()> {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let tensor = TensorView::new(Dtype::F64, vec![values.len()], &bytes);
        let content =
            safetensors::serialize([(TENSOR, tensor.map_err(std::io::Error::other)?)], None);
        fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&content.map_err(std::io::Error::other)?)?;
        file.persist(path)?;
        Ok(())
    }
}

/// sha256 over every token of a row, with the number of tokens before each text.
fn key((prompt, responses): (&Tokens, &[Tokens])) -> String {
    let mut hash = Sha256::new();
    for tokens in std::iter::once(prompt).chain(responses) {
        hash.update((tokens.len() as u64).to_le_bytes());
        tokens.iter().for_each(|token| hash.update(token.to_le_bytes()));
    }
    hex(&hash.finalize())
}

/// The numbers of a file, if there are as many as wanted and all of them finite.
fn read(path: &Path, count: usize) -> Option<Vec<f64>> {
    let content = fs::read(path).ok()?;
    let tensors = SafeTensors::deserialize(&content).ok()?;
    let tensor = tensors.tensor(TENSOR).ok()?;
    let (numbers, rest) = tensor.data().as_chunks();
    let values: Vec<f64> = numbers.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    let whole = tensor.dtype() == Dtype::F64 && rest.is_empty() && values.len() == count;
    (whole && values.iter().all(|value| value.is_finite())).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn row(first: u32) -> (Tokens, [Tokens; 2]) {
        ([first, 2].into(), [[3].into(), [4, 5].into()])
    }

    #[test]
    fn numbers_are_computed_once_for_a_model_and_a_row() {
        let place = tempfile::tempdir().expect("a folder");
        let mut computed = 0;
        let values = vec![-1.5, -0.1 - 0.2];
        for (identity, first) in [("a", 1), ("a", 1), ("b", 1), ("a", 9), ("b", 1), ("a", 9)] {
            let (prompt, responses) = row(first);
            let cache = ReferenceCache::of(place.path(), identity);
            let found = cache.get((&prompt, &responses), || {
                computed += 1;
                Ok::<_, Infallible>(values.clone())
            });
            assert_eq!(found, Ok(values.clone()));
        }
        assert_eq!(computed, 3);
        let count = |identity| {
            let ReferenceCache { folder } = ReferenceCache::of(place.path(), identity);
            fs::read_dir(folder).expect("files").count()
        };
        assert_eq!((count("a"), count("b")), (2, 1));
    }

    /// Token by token the rows [1][2, 3] and [1, 2][3] are alike.
    #[test]
    fn a_row_is_told_by_where_its_texts_end() {
        let (one, two): (Tokens, Tokens) = ([1].into(), [1, 2].into());
        assert_ne!(key((&one, &[[2, 3].into()])), key((&two, &[[3].into()])));
    }

    #[test]
    fn a_broken_file_is_none() {
        let place = tempfile::tempdir().expect("a folder");
        let cache = ReferenceCache::of(place.path(), "a");
        let (prompt, responses) = row(1);
        let get = |values: &[f64]| {
            let compute = || Ok::<_, Infallible>(values.to_vec());
            cache.get((&prompt, &responses), compute).expect("numbers")
        };
        get(&[-1.0, -2.0]);
        let file = fs::read_dir(&cache.folder).expect("files").flatten().next().expect("a file");
        let content = fs::read(file.path()).expect("read");
        fs::write(file.path(), &content[..content.len() - 3]).expect("cut");
        assert_eq!(get(&[-4.0, -5.0]), [-4.0, -5.0]);
        assert_eq!(get(&[-1.0, -2.0]), [-4.0, -5.0]);
    }
}
