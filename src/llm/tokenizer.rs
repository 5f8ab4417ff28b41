//! From text to tokens and back.

use super::LlmError;
use std::collections::BTreeMap;
use std::path::Path;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::tokenizer::DecodeStream;
use tokenizers::{
    DecoderWrapper, ModelWrapper, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper,
};

/// Whether special tokens such as `<|im_end|>` are written in decoded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// As they are spelled.
    Shown,
    /// Left out.
    Hidden,
}

/// A model's tokenizer.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    bos: Option<String>,
    eos: Option<String>,
    /// The token that plain text begins with.
    begin: Option<u32>,
}

impl Tokenizer {
    /// A tokenizer whose first and last special token are spelled `bos` and `eos`; plain text begins
    /// with `bos` if `begins` says so.
    pub(super) fn new(
        inner: tokenizers::Tokenizer,
        bos: Option<String>,
        eos: Option<String>,
        begins: bool,
    ) -> Self {
        let begin = bos.as_ref().filter(|_| begins).and_then(|bos| inner.token_to_id(bos));
        Tokenizer { inner, bos, eos, begin }
    }

    /// Reads a tokenizer.json; what it adds to an empty text tells whether plain text begins with
    /// a token of its own. A truncation or padding that it stores is dropped.
    pub(super) fn from_file(
        path: &Path,
        bos: Option<String>,
        eos: Option<String>,
    ) -> Result<Self, LlmError> {
        let mut inner = tokenizers::Tokenizer::from_file(path).map_err(|error| {
            LlmError::input(
                format!("{}: unreadable tokenizer: {error}", path.display()),
                "a tokenizer.json as the tokenizers library writes it",
                "fetch it again from where the model was published",
            )
        })?;
        // Some trainers leave theirs in the file: it would cut or fill every text without a word.
        inner.with_truncation(None).map_err(|e| unusable(&*e))?;
        inner.with_padding(None);
        let added = inner.encode_fast("", true).map_err(|e| unusable(&e))?;
        let first = added.get_ids().first().copied();
        let bos_id = bos.as_ref().and_then(|bos| inner.token_to_id(bos));
        let begins = first.is_some() && first == bos_id;
        Ok(Tokenizer::new(inner, bos, eos, begins))
    }

    /// The tokens of a text, without any that are not in it; special tokens spelled in it are found.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, LlmError> {
        let encoding = self.inner.encode_fast(text, false).map_err(|e| unusable(&e))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The tokens of a plain text from its beginning: those of [`encode`](Self::encode), after the token
    /// that the model's texts begin with, if it has one.
    pub fn encode_beginning(&self, text: &str) -> Result<Vec<u32>, LlmError> {
        let text = self.encode(text)?;
        let begin = self.begin.filter(|begin| text.first() != Some(begin));
        Ok(begin.into_iter().chain(text).collect())
    }

    /// The text of tokens; bytes that are no character become �.
    pub fn decode(&self, ids: &[u32], special: Special) -> Result<String, LlmError> {
        self.inner.decode(ids, special == Special::Hidden).map_err(|e| unusable(&e))
    }

    /// Text token by token; characters are held back until they are whole.
    pub fn stream(&self, special: Special) -> TextStream<'_> {
        let stream = self.inner.decode_stream(special == Special::Hidden);
        TextStream { tokenizer: self, special, stream, ids: Vec::new(), shown: 0 }
    }

    /// The token that is spelled so.
    pub fn token(&self, name: &str) -> Option<u32> {
        self.inner.token_to_id(name)
    }

    /// How a token is spelled in the vocabulary.
    pub fn spelled(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The special tokens, by their numbers.
    pub fn special_tokens(&self) -> BTreeMap<u32, String> {
        let added = self.inner.get_added_tokens_decoder().into_iter();
        added.filter(|(_, token)| token.special).map(|(id, token)| (id, token.content)).collect()
    }

    /// How the first special token is spelled.
    pub fn bos(&self) -> Option<&str> {
        self.bos.as_deref()
    }

    /// How the last special token is spelled.
    pub fn eos(&self) -> Option<&str> {
        self.eos.as_deref()
    }

    /// One more than its largest token.
    pub fn vocabulary(&self) -> usize {
        let largest = self.inner.get_vocab(true).into_values().max();
        largest.map_or(0, |id| id as usize + 1)
    }

    /// The content of a tokenizer.json that other tools read; what plain text begins with is in it.
    pub fn to_json(&self) -> Result<String, LlmError> {
        let mut inner = self.inner.clone();
        if let (Some(id), Some(bos), None) = (self.begin, &self.bos, inner.get_post_processor()) {
            let template = TemplateProcessing::builder()
                .try_single(vec![bos.clone(), "$A".to_owned()])
                .map_err(|e| unusable(&e))?
                .special_tokens(vec![(bos.clone(), id)])
                .build()
                .map_err(|e| unusable(&e))?;
            inner.with_post_processor(Some(template));
        }
        inner.to_string(true).map_err(|e| unusable(&e))
    }
}

/// What the tokenizers library could not do.
fn unusable(error: &dyn std::fmt::Display) -> LlmError {
    LlmError::input(
        format!("the tokenizer failed: {error}"),
        "a tokenizer that knows every byte or has an unknown token",
        "use the tokenizer that the model was published with",
    )
}

type Decoding<'a> = DecodeStream<
    'a,
    ModelWrapper,
    NormalizerWrapper,
    PreTokenizerWrapper,
    PostProcessorWrapper,
    DecoderWrapper,
>;

/// Text that is written while tokens are drawn.
pub struct TextStream<'a> {
    tokenizer: &'a Tokenizer,
    special: Special,
    stream: Decoding<'a>,
    ids: Vec<u32>,
    /// Bytes that have been handed out.
    shown: usize,
}

impl TextStream<'_> {
    /// The text that a token completes; empty while a character is unfinished.
    pub fn push(&mut self, id: u32) -> Result<String, LlmError> {
        self.ids.push(id);
        let text = self.stream.step(id).map_err(|e| unusable(&e))?.unwrap_or_default();
        self.shown += text.len();
        Ok(text)
    }

    /// What was held back.
    pub fn finish(self) -> Result<String, LlmError> {
        let whole = self.tokenizer.decode(&self.ids, self.special)?;
        Ok(whole.get(self.shown..).unwrap_or_default().to_owned())
    }
}
