//! Which tokens end a response.

use serde::Deserialize;

/// `eos_token_id` as it is written: a number or a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Ids {
    /// One token.
    One(u32),
    /// Several.
    Many(Vec<u32>),
}

impl Ids {
    fn into_vec(self) -> Vec<u32> {
        match self {
            Ids::One(id) => vec![id],
            Ids::Many(ids) => ids,
        }
    }
}

/// The end tokens: the first list that is there, else the tokenizer's own; its own comes first, because that is
/// the one a chat template closes a message with.
pub fn end_tokens(listed: [Option<Ids>; 2], own: Option<u32>) -> Vec<u32> {
    let listed = listed.into_iter().flatten().map(Ids::into_vec).find(|ids| !ids.is_empty());
    let mut ids = listed.unwrap_or_else(|| own.into_iter().collect());
    if let Some(at) = ids.iter().position(|id| Some(*id) == own) {
        ids[..=at].rotate_right(1);
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generation_config_comes_before_the_config_and_both_before_the_tokenizer() {
        let one = |id| Some(Ids::One(id));
        assert_eq!(end_tokens([one(7), one(8)], Some(9)), [7]);
        assert_eq!(end_tokens([None, one(8)], Some(9)), [8]);
        assert_eq!(end_tokens([None, None], Some(9)), [9]);
        assert_eq!(end_tokens([None, None], None), [0; 0]);
    }

    /// Llama 3's generation_config.json and the eos_token of its chat tokenizer.
    #[test]
    fn the_tokenizers_own_end_stands_first() {
        let listed = Some(Ids::Many(vec![128_001, 128_008, 128_009]));
        assert_eq!(end_tokens([listed, None], Some(128_009)), [128_009, 128_001, 128_008]);
    }
}
