//! Comparisons between arms from a CSV file.

use std::path::{Path, PathBuf};

/// One line of a file of comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArmComparison {
    /// Comparisons with equal numbers share a prompt; without a `prompt` column, the line's number.
    pub prompt: u64,
    /// The preferred arm.
    pub chosen: usize,
    /// The other arm.
    pub rejected: usize,
}

/// A file of comparisons that cannot be used.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{}: {fault}", path.display())]
pub struct ComparisonFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong, with the line where there is one, and the remedy.
    pub fault: String,
}

/// Reads the columns `chosen`, `rejected` and, optionally, `prompt`; lines beginning with `#` are
/// comments, other columns are ignored.
pub fn read_comparisons(
    path: &Path,
    arms: usize,
) -> Result<Vec<ArmComparison>, ComparisonFileError> {
    let fault = |fault: String| ComparisonFileError { path: path.to_path_buf(), fault };
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(|e| fault(format!("cannot be read: {e}")))?;
    let headers = reader.headers().map_err(|e| fault(e.to_string()))?.clone();
    let place = |name: &str| headers.iter().position(|h| h == name);
    let (Some(chosen), Some(rejected)) = (place("chosen"), place("rejected")) else {
        let names: Vec<&str> = headers.iter().collect();
        let names = names.join(", ");
        return Err(fault(format!("needs the columns chosen and rejected; it has {names}")));
    };
    let prompt = place("prompt");
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| fault(e.to_string()))?;
        let line = record.position().map_or(0, |p| p.line());
        let arm = |column: usize| {
            let text = &record[column];
            text.parse::<usize>().ok().filter(|a| *a < arms).ok_or_else(|| {
                fault(format!("line {line}: `{text}` is not an arm; arms are 0 to {}", arms - 1))
            })
        };
        let (chosen, rejected) = (arm(chosen)?, arm(rejected)?);
        if chosen == rejected {
            return Err(fault(format!("line {line}: chosen and rejected are both arm {chosen}")));
        }
        let number = |column: usize| {
            let text = &record[column];
            text.parse::<u64>()
                .map_err(|_| fault(format!("line {line}: prompt `{text}` is not a whole number")))
        };
        let prompt = prompt.map_or(Ok(rows.len() as u64), number)?;
        rows.push(ArmComparison { prompt, chosen, rejected });
    }
    if rows.is_empty() {
        return Err(fault("holds no comparison; give at least one line below the header".into()));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<ArmComparison>, String> {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("pairs.csv");
        std::fs::write(&path, text).expect("written");
        read_comparisons(&path, 100).map_err(|e| e.fault)
    }

    #[test]
    fn prompts_are_read_or_counted() {
        let rows = read("# mine\nrejected,chosen,prompt\n3,70,5\n").expect("valid");
        assert_eq!(rows, [ArmComparison { prompt: 5, chosen: 70, rejected: 3 }]);
        let rows = read("chosen,rejected\n70,3\n71,4\n").expect("valid");
        assert_eq!(rows[1], ArmComparison { prompt: 1, chosen: 71, rejected: 4 });
    }

    #[test]
    fn faults_name_their_line() {
        let message = |text| read(text).expect_err("refused");
        assert_eq!(
            message("chosen,rejected\n1,2\n100,3\n"),
            "line 3: `100` is not an arm; arms are 0 to 99"
        );
        assert_eq!(message("chosen,rejected\n4,4\n"), "line 2: chosen and rejected are both arm 4");
        assert!(message("chosen,lost\n1,2\n").contains("it has chosen, lost"));
        assert!(message("chosen,rejected\n").contains("no comparison"));
    }
}
