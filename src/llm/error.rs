//! What can go wrong with language models.

/// What can go wrong with language models; messages say what was found, what is allowed and the
/// remedy.
#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    /// The user's model, data or settings cannot be used.
    #[error("{message}\n  allowed: {allowed}\n  help: {help}")]
    Input {
        /// What was found.
        message: String,
        /// What is allowed.
        allowed: String,
        /// The remedy.
        help: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The tensor library refused.
    #[error("candle: {0}")]
    Candle(#[from] candle_core::Error),
}

impl LlmError {
    /// The input cannot be used: what was found, what is allowed, the remedy.
    pub fn input(
        message: impl Into<String>,
        allowed: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        LlmError::Input { message: message.into(), allowed: allowed.into(), help: help.into() }
    }

    /// A file that could not be read or written.
    pub fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        LlmError::File { path: path.display().to_string(), source }
    }
}
