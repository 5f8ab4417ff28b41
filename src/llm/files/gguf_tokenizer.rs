//! A tokenizer rebuilt from a GGUF file's metadata.

use super::end::{self, Ids};
use super::faults::{fault, unknown_word};
use super::gguf::{Gguf, whole};
use crate::llm::{LlmError, Tokenizer};
use candle_core::quantized::gguf_file::Value;
use tokenizers::AddedToken;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::unicode::NFC;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;

/// The pre-tokenizers that are known.
const PRE: [&str; 9] =
    ["smollm", "gpt-2", "gpt2", "default", "olmo", "qwen2", "llama-bpe", "llama3", "llama-v3"];
/// Qwen2's split, from its tokenizer.json.
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Llama 3's split, from its tokenizer.json: up to three digits together.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// llama.cpp's types of tokens that are matched in the text before anything is split.
const CONTROL: usize = 3;
const USER_DEFINED: usize = 4;

/// How text is cut before tokens are merged.
struct Pipeline {
    /// Whether text is brought into Unicode's composed form first.
    composed: bool,
    /// Whether a piece that is a token as a whole is not merged from its bytes.
    whole_pieces: bool,
    pieces: PreTokenizerWrapper,
}

/// Rebuilds the tokenizer.
pub fn tokenizer_of(file: &Gguf) -> Result<Tokenizer, LlmError> {
    let model = file.required("tokenizer.ggml.model", file.text("tokenizer.ggml.model")?)?;
    if model != "gpt2" {
        return Err(fault(
            file.path(),
            format!("its tokenizer is of the kind `{model}`"),
            "`gpt2`: byte-level pairs",
            "use the Hugging Face folder of the model, whose tokenizer.json is read as it is",
        ));
    }
    let tokens = texts(file, "tokenizer.ggml.tokens")?;
    let pipeline = pipeline(file)?;
    let vocabulary: Vocab = tokens.iter().cloned().zip(0..).collect();
    let bpe = BPE::builder()
        .vocab_and_merges(vocabulary, merges(file)?)
        .ignore_merges(pipeline.whole_pieces)
        .build()
        .map_err(|e| unusable(file, &e))?;
    let mut inner = tokenizers::Tokenizer::new(bpe);
    if pipeline.composed {
        inner.with_normalizer(Some(NFC)).map_err(|e| unusable(file, &e))?;
    }
    inner.with_pre_tokenizer(Some(pipeline.pieces));
    inner.with_decoder(Some(ByteLevel::default()));
    add_special(file, &tokens, &mut inner)?;
    let text = |id: Option<usize>| id.and_then(|id| tokens.get(id)).cloned();
    let bos = text(file.whole("tokenizer.ggml.bos_token_id")?);
    let eos = text(file.whole("tokenizer.ggml.eos_token_id")?);
    // llama.cpp's own default: Llama 3 begins with its token, other byte-level tokenizers do not.
    let begins = file.truth("tokenizer.ggml.add_bos_token")?.unwrap_or(pipeline.whole_pieces);
    Ok(Tokenizer::new(inner, bos, eos, begins))
}

/// The tokens that end a response: of the text and of a turn.
pub fn end_tokens_of(file: &Gguf) -> Result<Vec<u32>, LlmError> {
    let id = |key: &str| Ok::<_, LlmError>(file.whole(key)?.and_then(|id| u32::try_from(id).ok()));
    let own = id("tokenizer.ggml.eos_token_id")?;
    let turn = id("tokenizer.ggml.eot_token_id")?.filter(|turn| Some(*turn) != own);
    let all: Vec<u32> = own.into_iter().chain(turn).collect();
    Ok(end::end_tokens([Some(Ids::Many(all)), None], own))
}

fn pipeline(file: &Gguf) -> Result<Pipeline, LlmError> {
    // Files from before this key existed hold GPT-2's split.
    let pre = file.text("tokenizer.ggml.pre")?.unwrap_or("gpt-2");
    let prefix = file.truth("tokenizer.ggml.add_space_prefix")?.unwrap_or(false);
    let bytes = ByteLevel::new(prefix, true, true);
    let (composed, whole_pieces, pieces) = match pre {
        "gpt-2" | "gpt2" | "default" => (false, false, bytes.into()),
        // GPT-NeoX's and Pythia's tokenizer.json compose their text.
        "olmo" => (true, false, bytes.into()),
        "smollm" => {
            let steps = vec![Digits::new(true).into(), bytes.into()];
            (false, false, Sequence::new(steps).into())
        }
        "qwen2" => (true, false, split(file, QWEN2, prefix)?),
        "llama-bpe" | "llama3" | "llama-v3" => (false, true, split(file, LLAMA3, prefix)?),
        other => return Err(unknown_word(file.path(), "the tokenizer.ggml.pre", other, &PRE)),
    };
    Ok(Pipeline { composed, whole_pieces, pieces })
}

/// Cut by an expression, then written as bytes.
fn split(file: &Gguf, expression: &str, prefix: bool) -> Result<PreTokenizerWrapper, LlmError> {
    let pattern = SplitPattern::Regex(expression.to_owned());
    let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false)
        .map_err(|e| unusable(file, &e))?;
    Ok(Sequence::new(vec![split.into(), ByteLevel::new(prefix, true, false).into()]).into())
}

/// Control and user-defined tokens are found in the text before it is cut.
fn add_special(
    file: &Gguf,
    tokens: &[String],
    inner: &mut tokenizers::Tokenizer,
) -> Result<(), LlmError> {
    let types = file.list("tokenizer.ggml.token_type")?.unwrap_or_default();
    let of_type = |wanted: usize| {
        let typed = tokens.iter().zip(types).filter(move |(_, kind)| whole(kind) == Some(wanted));
        let added = typed.map(|(token, _)| AddedToken::from(token.clone(), wanted == CONTROL));
        added.map(|token| token.normalized(false)).collect::<Vec<_>>()
    };
    inner.add_special_tokens(of_type(CONTROL)).map_err(|e| unusable(file, &e))?;
    inner.add_tokens(of_type(USER_DEFINED)).map_err(|e| unusable(file, &e))?;
    Ok(())
}

/// The pairs that are merged, in order.
fn merges(file: &Gguf) -> Result<Vec<(String, String)>, LlmError> {
    let key = "tokenizer.ggml.merges";
    let pairs = texts(file, key)?;
    let pair = |text: String| {
        let parts = text.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned()));
        parts.ok_or_else(|| file.wrong_type(key, "a list of pairs"))
    };
    pairs.into_iter().map(pair).collect()
}

/// A list of texts that must be there.
fn texts(file: &Gguf, key: &str) -> Result<Vec<String>, LlmError> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        _ => Err(file.wrong_type(key, "a list of texts")),
    };
    file.required(key, file.list(key)?)?.iter().map(text).collect()
}

/// Tokens and merges that do not fit together.
fn unusable(file: &Gguf, error: &dyn std::fmt::Display) -> LlmError {
    let found = format!("its tokenizer cannot be rebuilt: {error}");
    let help = "convert the model again with a current llama.cpp";
    fault(file.path(), found, "tokens and merges of one tokenizer", help)
}
