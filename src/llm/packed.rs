//! Prompts with their responses as rows without padding.

use super::kernels::attention::{Group, Segment};
use crate::policy::Batch;
use std::ops::Range;
use std::sync::Arc;

/// Tokens of a prompt or of a response.
pub type Tokens = Box<[u32]>;

/// Prompts, each with the responses to it.
pub type Sequences = Batch<Tokens, Tokens>;

/// Consecutive sequences that go through a model together: as many as have no more than `limit` rows, or one
/// that has more. `rows` are those of each sequence.
pub fn pieces(rows: impl IntoIterator<Item = usize>, limit: usize) -> Vec<Range<usize>> {
    let mut pieces: Vec<Range<usize>> = Vec::new();
    let mut filled = 0;
    for (i, own) in rows.into_iter().enumerate() {
        match pieces.last_mut() {
            Some(piece) if filled + own <= limit => {
                piece.end = i + 1;
                filled += own;
            }
            _ => {
                pieces.push(i..i + 1);
                filled = own;
            }
        }
    }
    pieces
}

/// A batch as rows: each prompt once, then its responses without their last tokens, which predict
/// nothing.
#[derive(Debug, Clone)]
pub struct Packed {
    /// The token of each row.
    pub tokens: Vec<u32>,
    /// Its position in its sequence.
    pub positions: Arc<Vec<u32>>,
    /// Who attends to whom.
    pub groups: Arc<Vec<Group>>,
    /// The row that predicts each token of the responses: `[targets]`.
    pub rows: Vec<u32>,
    /// Every token of the responses, one response after another: `[targets]`.
    pub targets: Vec<u32>,
    /// The targets of response `i` are `offsets[i]..offsets[i + 1]`.
    pub offsets: Vec<usize>,
}

impl Packed {
    /// Packs the prompts at some places of a batch; prompts must not be empty.
    pub fn new(batch: &Sequences, prompts: Range<usize>) -> Self {
        let mut packed = Packed {
            tokens: Vec::new(),
            positions: Arc::default(),
            groups: Arc::default(),
            rows: Vec::new(),
            targets: Vec::new(),
            offsets: vec![0],
        };
        let (mut positions, mut groups) = (Vec::new(), Vec::new());
        for p in prompts {
            let prompt = &batch.prompts()[p];
            let responses = &batch.responses()[batch.range(p)];
            groups.push(packed.push(prompt, responses, &mut positions));
        }
        packed.positions = Arc::new(positions);
        packed.groups = Arc::new(groups);
        packed
    }

    /// Adds a prompt with its responses.
    fn push(&mut self, prompt: &[u32], responses: &[Tokens], positions: &mut Vec<u32>) -> Group {
        let start = self.tokens.len();
        let prefix = start..start + prompt.len();
        self.tokens.extend(prompt);
        positions.extend(0..prompt.len() as u32);
        let mut segments =
            vec![Segment { queries: prefix.clone(), prefix: 0..0, own: prefix.clone() }];
        for response in responses {
            let first = self.tokens.len();
            let inner = response.len().saturating_sub(1);
            self.tokens.extend(&response[..inner]);
            positions.extend((0..inner).map(|t| (prompt.len() + t) as u32));
            let rows = first..first + inner;
            if !rows.is_empty() {
                let (queries, own) = (rows.clone(), rows);
                segments.push(Segment { queries, prefix: prefix.clone(), own });
            }
            let predecessors = std::iter::once(prefix.end - 1).chain(first..first + inner);
            self.rows.extend(predecessors.take(response.len()).map(|row| row as u32));
            self.targets.extend(response.iter());
            self.offsets.push(self.targets.len());
        }
        Group { rows: start..self.tokens.len(), segments }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_full_and_a_long_sequence_stands_alone() {
        assert_eq!(pieces([3, 4, 9, 1, 1], 7), [0..2, 2..3, 3..5]);
        assert!(pieces([], 7).is_empty());
    }

    /// Prompt 7 8 with responses 1 2 3 and 4, by hand: rows 7 8 1 2; 3 and 4 predict nothing. Token 1
    /// is predicted by row 1 (8), 2 by row 2 (1), 3 by row 3 (2), and 4 by row 1 again.
    #[test]
    fn a_prompt_stands_once_and_last_tokens_not_at_all() {
        let mut batch = Sequences::default();
        batch.push([7, 8].into(), [[1, 2, 3].as_slice().into(), [4].as_slice().into()]);
        let packed = Packed::new(&batch, 0..1);
        assert_eq!(packed.tokens, [7, 8, 1, 2]);
        assert_eq!(*packed.positions, [0, 1, 2, 3]);
        assert_eq!(packed.rows, [1, 2, 3, 1]);
        assert_eq!(packed.targets, [1, 2, 3, 4]);
        assert_eq!(packed.offsets, [0, 3, 4]);
        assert_eq!(packed.groups[0].segments.len(), 2);
    }
}
