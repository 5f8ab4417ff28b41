//! Log-probabilities that π_ref gives to offline data, computed once and kept.

use super::{Engine, LlmError, ModelFiles, Tokens};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The name of the only tensor of a file.
const TENSOR: &str = "log_reference";

/// Where log-probabilities of one model and one way of computing are kept: a file for each data set.
#[derive(Debug, Clone)]
pub struct ReferenceCache {
    folder: PathBuf,
    /// Names the weights and the arithmetic.
    identity: String,
}

impl ReferenceCache {
    /// The cache of a model below a folder of models; reads every byte of its weights.
    pub fn new(models: &Path, files: &ModelFiles, engine: &Engine) -> Result<Self, LlmError> {
        let identity = format!("{} {}", files.identity()?, engine.arithmetic());
        Ok(ReferenceCache { folder: models.join(".reference"), identity })
    }

    /// log π_ref of the responses to each prompt, summed over tokens (nats), computed where it is not kept.
    ///
    /// A file that cannot be read or written is none: the numbers are then computed.
    pub fn get<E>(
        &self,
        data: &[(Tokens, Vec<Tokens>)],
        compute: impl FnOnce() -> Result<Vec<Vec<f64>>, E>,
    ) -> Result<Vec<Vec<f64>>, E> {
        let path = self.folder.join(format!("{}.safetensors", self.key(data)));
        let counts: Vec<usize> = data.iter().map(|(_, responses)| responses.len()).collect();
        if let Some(kept) = read(&path, counts.iter().sum()) {
            let mut kept = kept.into_iter();
            return Ok(counts.iter().map(|count| kept.by_ref().take(*count).collect()).collect());
        }
        let computed = compute()?;
        let _ = self.write(&path, &computed.concat());
        Ok(computed)
    }

    /// sha256 over the model, the arithmetic and every token, with the number of tokens before each.
    fn key(&self, data: &[(Tokens, Vec<Tokens>)]) -> String {
        let mut hash = Sha256::new();
        hash.update(&self.identity);
        for (prompt, responses) in data {
            hash.update((responses.len() as u64).to_le_bytes());
            for tokens in std::iter::once(prompt).chain(responses) {
                hash.update((tokens.len() as u64).to_le_bytes());
                tokens.iter().for_each(|token| hash.update(token.to_le_bytes()));
            }
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whole or not at all.
    fn write(&self, path: &Path, values: &[f64]) -> std::io::Result<()> {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let tensor = TensorView::new(Dtype::F64, vec![values.len()], &bytes);
        let content =
            safetensors::serialize([(TENSOR, tensor.map_err(std::io::Error::other)?)], None);
        fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&content.map_err(std::io::Error::other)?)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }
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

    fn data(first: u32) -> Vec<(Tokens, Vec<Tokens>)> {
        vec![([first, 2].into(), vec![[3].into(), [4, 5].into()]), ([6].into(), vec![[7].into()])]
    }

    fn cache(folder: &Path, identity: &str) -> ReferenceCache {
        ReferenceCache { folder: folder.join(".reference"), identity: identity.to_owned() }
    }

    #[test]
    fn numbers_are_computed_once_for_a_model_and_its_data() {
        let place = tempfile::tempdir().expect("a folder");
        let mut computed = 0;
        let values = vec![vec![-1.5, -0.1 - 0.2], vec![-7e-300]];
        for (identity, first) in [("a", 1), ("a", 1), ("b", 1), ("a", 9), ("b", 1), ("a", 9)] {
            let found = cache(place.path(), identity).get(&data(first), || {
                computed += 1;
                Ok::<_, Infallible>(values.clone())
            });
            assert_eq!(found, Ok(values.clone()));
        }
        assert_eq!(computed, 3);
        assert_eq!(fs::read_dir(place.path().join(".reference")).expect("files").count(), 3);
    }

    #[test]
    fn a_broken_file_is_none() {
        let place = tempfile::tempdir().expect("a folder");
        let cache = cache(place.path(), "a");
        let values = vec![vec![-1.0, -2.0], vec![-3.0]];
        let get = |values: &[Vec<f64>]| {
            cache.get(&data(1), || Ok::<_, Infallible>(values.to_vec())).expect("numbers")
        };
        get(&values);
        let file = fs::read_dir(&cache.folder).expect("files").flatten().next().expect("a file");
        let content = fs::read(file.path()).expect("read");
        fs::write(file.path(), &content[..content.len() - 3]).expect("cut");
        let other = vec![vec![-4.0, -5.0], vec![-6.0]];
        assert_eq!(get(&other), other);
        assert_eq!(get(&values), other);
    }
}
