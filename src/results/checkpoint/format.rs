//! The bytes of a checkpoint: one safetensors file, whose metadata hold everything small and a
//! SHA-256 of all the rest.

use super::Owner;
use crate::learner::{Checkpoint, Numbers};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

/// The header's length stands in so many bytes, and is a multiple of it.
const WORD: usize = 8;

/// Why a file could not be read.
pub(super) enum Fault {
    /// It is not what was written.
    Damaged(String),
    /// The system did not let us.
    Io(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Fault::Damaged("its end is missing".to_owned()),
            _ => Fault::Io(error),
        }
    }
}

/// Writes a checkpoint, one tensor in memory at a time.
pub(super) fn write(
    out: &mut impl Write,
    owner: &Owner,
    checkpoint: &Checkpoint<'_>,
) -> io::Result<()> {
    let mut tensors: Vec<(&String, &Numbers<'_>)> = checkpoint.tensors.iter().collect();
    tensors.sort_by_key(|(_, numbers)| matches!(numbers, Numbers::F32(_))); // wide ones first
    let mut digest = Digests::new(owner, checkpoint.step, &checkpoint.state);
    tensors.iter().for_each(|(name, numbers)| digest.take(name, &bytes_of(numbers)));
    let notes = HashMap::from([
        ("cell".to_owned(), owner.cell.clone()),
        ("seed".to_owned(), owner.seed.to_string()),
        ("results_version".to_owned(), owner.results_version.to_string()),
        ("step".to_owned(), checkpoint.step.to_string()),
        ("state".to_owned(), checkpoint.state.clone()),
        ("sha256".to_owned(), digest.hex()),
    ]);
    let header = Metadata::new(Some(notes), layout(&tensors)).map_err(io::Error::other)?;
    let mut header = serde_json::to_vec(&header)?;
    header.resize(header.len().next_multiple_of(WORD), b' ');
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    tensors.iter().try_for_each(|(_, numbers)| out.write_all(&bytes_of(numbers)))
}

/// Where each tensor lies, one after another.
fn layout(tensors: &[(&String, &Numbers<'_>)]) -> Vec<(String, TensorInfo)> {
    let mut end = 0;
    let mut place = |(name, numbers): &(&String, &Numbers<'_>)| {
        let (dtype, length) = match numbers {
            Numbers::F32(x) => (Dtype::F32, x.len()),
            Numbers::F64(x) => (Dtype::F64, x.len()),
        };
        let start = end;
        end += length * dtype.bitsize() / 8;
        ((*name).clone(), TensorInfo { dtype, shape: vec![length], data_offsets: (start, end) })
    };
    tensors.iter().map(&mut place).collect()
}

/// Reads a file to its end and holds it against its digest.
pub(super) fn read(path: &Path) -> Result<(Owner, Checkpoint<'static>), Fault> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut input = BufReader::new(file);
    let mut word = [0; WORD];
    input.read_exact(&mut word)?;
    let size = u64::from_le_bytes(word);
    if size > length {
        return Err(Fault::Damaged("its end is missing".to_owned()));
    }
    let mut header = vec![0; size as usize];
    input.read_exact(&mut header)?;
    let header: Metadata = serde_json::from_slice(&header)
        .map_err(|e| Fault::Damaged(format!("its header cannot be read: {e}")))?;
    if length != (WORD + header.data_len()) as u64 + size {
        return Err(Fault::Damaged("its length is not what its header says".to_owned()));
    }
    let notes = header.metadata().clone().unwrap_or_default();
    let (owner, step, state) = told(&notes).ok_or_else(|| missing("metadata"))?;
    let mut digest = Digests::new(&owner, step, &state);
    let mut tensors = BTreeMap::new();
    for name in header.offset_keys() {
        let info = header.info(&name).ok_or_else(|| missing(&name))?;
        let mut bytes = vec![0; info.data_offsets.1 - info.data_offsets.0];
        input.read_exact(&mut bytes)?;
        digest.take(&name, &bytes);
        tensors.insert(name, numbers_of(info.dtype, &bytes).ok_or_else(|| missing("numbers"))?);
    }
    if notes.get("sha256") != Some(&digest.hex()) {
        return Err(Fault::Damaged("its checksum is wrong".to_owned()));
    }
    Ok((owner, Checkpoint { step, state, tensors }))
}

fn missing(what: &str) -> Fault {
    Fault::Damaged(format!("it is no checkpoint: {what} cannot be read"))
}

/// Whose checkpoint it is, its step and its state.
fn told(notes: &HashMap<String, String>) -> Option<(Owner, u64, String)> {
    let cell = notes.get("cell")?.clone();
    let seed = notes.get("seed")?.parse().ok()?;
    let results_version = notes.get("results_version")?.parse().ok()?;
    let step = notes.get("step")?.parse().ok()?;
    Some((Owner { cell, seed, results_version }, step, notes.get("state")?.clone()))
}

/// The numbers one after another, least significant byte first.
fn bytes_of(numbers: &Numbers<'_>) -> Vec<u8> {
    match numbers {
        Numbers::F32(x) => {
            let mut bytes = vec![0; 4 * x.len()];
            bytes
                .as_chunks_mut()
                .0
                .iter_mut()
                .zip(x.iter())
                .for_each(|(b, x)| *b = x.to_le_bytes());
            bytes
        }
        Numbers::F64(x) => {
            let mut bytes = vec![0; 8 * x.len()];
            bytes
                .as_chunks_mut()
                .0
                .iter_mut()
                .zip(x.iter())
                .for_each(|(b, x)| *b = x.to_le_bytes());
            bytes
        }
    }
}

fn numbers_of(dtype: Dtype, bytes: &[u8]) -> Option<Numbers<'static>> {
    let (four, eight) = (bytes.as_chunks::<4>().0, bytes.as_chunks::<8>().0);
    match dtype {
        Dtype::F32 => Some(Numbers::F32(four.iter().map(|b| f32::from_le_bytes(*b)).collect())),
        Dtype::F64 => Some(Numbers::F64(eight.iter().map(|b| f64::from_le_bytes(*b)).collect())),
        _ => None,
    }
}

/// One SHA-256 over everything, with the length of each part before it.
struct Digests(Sha256);

impl Digests {
    fn new(owner: &Owner, step: u64, state: &str) -> Self {
        let mut digests = Digests(Sha256::new());
        let own = format!("{} {} {} {step}", owner.cell, owner.seed, owner.results_version);
        digests.take(&own, state.as_bytes());
        digests
    }

    fn take(&mut self, name: &str, bytes: &[u8]) {
        for part in [name.as_bytes(), bytes] {
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
    }

    fn hex(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
