//! Metrics as event files of TensorBoard.

use super::{ResultsError, Run, atomic};
use crate::scenario::Cell;
use std::path::{Path, PathBuf};

/// What every event file begins with.
const VERSION: &str = "brain.Event:2";
/// TensorBoard looks for files whose names hold `tfevents`.
const FILE: &str = "events.out.tfevents.modeseek";

/// Writes a folder for each cell and seed of a run below `out`, named by method, settings and seed; existing files
/// are replaced. Returns the folders.
///
/// The time of an event is its step, so that the same runs give the same bytes.
pub fn tensorboard(run: &Run, out: &Path) -> Result<Vec<PathBuf>, ResultsError> {
    let mut folders = Vec::new();
    for cell in &run.scenario.cells {
        for seed in run.seeds(&cell.name) {
            let name = format!("{} seed {seed}", cell.description());
            let folder = out.join(run.scenario.run_folder_name()).join(plain(&name));
            std::fs::create_dir_all(&folder).map_err(ResultsError::io("create", &folder))?;
            atomic::write(&folder.join(FILE), &events(run, cell, seed))?;
            folders.push(folder);
        }
    }
    Ok(folders)
}

/// A name without what paths and TensorBoard's filters trip over.
fn plain(name: &str) -> String {
    let name = name.replace('`', "").replace("method ", "");
    name.chars().map(|c| if c.is_alphanumeric() || " ._=-".contains(c) { c } else { '_' }).collect()
}

/// The records of one seed, by metric and step.
fn events(run: &Run, cell: &Cell, seed: u64) -> Vec<u8> {
    let mut records = record(&event(0.0, 0, &text(3, VERSION.as_bytes())));
    for metric in run.metrics() {
        let Some(series) = run.series(&cell.name, &metric) else { continue };
        let values = series.of_seed(seed).unwrap_or_default();
        let points = series.points.iter().zip(values).filter(|(_, value)| value.is_finite());
        for (point, value) in points {
            records.extend(record(&scalar(point.step, &metric, value as f32)));
        }
    }
    records
}

/// A length, its checksum, the data and theirs: TFRecord.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked(&length), data, &masked(data)].concat()
}

/// CRC-32C, rotated and shifted as TFRecord wants it.
fn masked(data: &[u8]) -> [u8; 4] {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// `Event` with one number: `summary.value { tag, simple_value }`.
fn scalar(step: u64, tag: &str, value: f32) -> Vec<u8> {
    let number = [&[FIXED_32 | 2 << 3][..], &value.to_le_bytes()].concat();
    let value = [text(1, tag.as_bytes()), number].concat();
    event(step as f64, step, &text(5, &text(1, &value)))
}

/// Wire types of protocol buffers, in the low bits of a field's key.
const VARINT: u8 = 0;
const FIXED_64: u8 = 1;
const LENGTH: u8 = 2;
const FIXED_32: u8 = 5;

/// `Event { wall_time = 1, step = 2 }` and one field more; numbers that are 0 are left out, as the format does.
fn event(time: f64, step: u64, field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    if time != 0.0 {
        bytes.push(FIXED_64 | 1 << 3);
        bytes.extend(time.to_le_bytes());
    }
    if step != 0 {
        bytes.push(VARINT | 2 << 3);
        bytes.extend(varint(step));
    }
    bytes.extend(field);
    bytes
}

/// A field of bytes.
fn text(number: u8, content: &[u8]) -> Vec<u8> {
    [&[LENGTH | number << 3][..], &varint(content.len() as u64), content].concat()
}

/// Seven bits a byte, the lowest first.
fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of TensorBoard 2.21.0: its `RecordWriter` on its own `Event`s of version and of gold_reward =
    /// −1.5 at step 300.
    #[test]
    fn records_are_those_of_tensorboard() {
        const THEIRS: &str = "0f000000000000006d532b091a0d627261696e2e4576656e743a32fc985129\
                              220000000000000078113dfd090000000000c0724010ac022a140a120a0b676f6c645f726577617264150000c0bf186dc58d";
        let ours = [
            record(&event(0.0, 0, &text(3, VERSION.as_bytes()))),
            record(&scalar(300, "gold_reward", -1.5)),
        ];
        let hex: String = ours.concat().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, THEIRS);
    }

    #[test]
    fn names_of_folders_are_plain() {
        assert_eq!(
            plain("method `on-policy dpo`, a.b = \"x/y\" seed 3"),
            "on-policy dpo_ a.b = _x_y_ seed 3"
        );
    }
}
