//! The two orders of rows in which queries, keys and values stand in one matrix.

use super::{Architecture, Config};

/// How the rows of a joint matrix are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `[q | k | v]`, each head by head: how the decoder reads them.
    ByPart,
    /// Head by head, each `[q | k | v]`: GPT-NeoX's files and adapters.
    ByHead,
}

/// Whether files keep the rows of a weight head by head: GPT-NeoX's joint matrices and biases, and B of adapters
/// on them.
pub fn stands_by_head(config: &Config, name: &str) -> bool {
    config.architecture == Architecture::GptNeoX
        && name.contains(".query_key_value.")
        && !name.contains(".lora_A.")
}

/// Brings the rows of a joint matrix (or the numbers of its bias) from the other order into `order`.
pub fn reordered(config: &Config, rows: &[f32], order: Order) -> Vec<f32> {
    const PARTS: usize = 3;
    let (heads, width) = (config.heads, config.head_width);
    let row = rows.len() / (PARTS * heads * width).max(1);
    let mut out = Vec::with_capacity(rows.len());
    let mut push = |head: usize, part: usize| {
        let by_head = (head * PARTS + part) * width;
        let by_part = (part * heads + head) * width;
        let from = if order == Order::ByPart { by_head } else { by_part };
        out.extend_from_slice(&rows[from * row..(from + width) * row]);
    };
    match order {
        Order::ByPart => (0..PARTS).for_each(|p| (0..heads).for_each(|h| push(h, p))),
        Order::ByHead => (0..heads).for_each(|h| (0..PARTS).for_each(|p| push(h, p))),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `GPTNeoXModel.modify_tensors` of llama.cpp's converter: of (heads 2, 3, width 2) all queries, then all
    /// keys, all values.
    #[test]
    fn queries_keys_and_values_stand_together_and_apart() {
        let config = Config { heads: 2, head_width: 2, ..Config::nano(10, 4) };
        let by_part = [0., 1., 6., 7., 2., 3., 8., 9., 4., 5., 10., 11.];
        let by_head: Vec<f32> = (0..12).map(|x| x as f32).collect();
        assert_eq!(reordered(&config, &by_part, Order::ByHead), by_head);
        assert_eq!(reordered(&config, &by_head, Order::ByPart), by_part);
    }
}
