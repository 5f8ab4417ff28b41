//! The two orders of rows in which queries, keys and values stand in one matrix.

use super::Config;

/// How the rows of a joint matrix are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `[q | k | v]`, each head by head: how the decoder reads them.
    ByPart,
    /// Head by head, each `[q | k | v]`: GPT-NeoX's files and adapters.
    ByHead,
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
