//! From messages to a prompt.

use super::{LlmError, Tokenizer};
use crate::problem::{Message, Prompt};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value, context};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The name under which the template is kept.
const NAME: &str = "chat_template";

/// A row of a data file: `messages` or `prompt`, and perhaps the `response` to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatRow {
    /// What is to be answered.
    #[serde(alias = "messages")]
    pub prompt: Prompt,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
}

/// How a model wants messages to be written.
pub struct ChatTemplate {
    environment: Environment<'static>,
    bos: String,
    eos: String,
}

impl ChatTemplate {
    /// A Jinja template as transformers renders it: blocks trimmed, `raise_exception` there and Python's
    /// methods of texts and lists; no clock (`strftime_now` is undefined).
    /// `file` is where it stands, for messages.
    pub fn new(file: &Path, template: String, tokenizer: &Tokenizer) -> Result<Self, LlmError> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|e| unreadable(file, &e))?);
        environment.set_undefined_behavior(UndefinedBehavior::Lenient);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", refuse);
        environment.add_template_owned(NAME, template).map_err(|e| unreadable(file, &e))?;
        let text = |token: Option<&str>| token.unwrap_or_default().to_owned();
        Ok(ChatTemplate { environment, bos: text(tokenizer.bos()), eos: text(tokenizer.eos()) })
    }

    /// The template as it was read.
    pub fn source(&self) -> String {
        let template = self.environment.get_template(NAME);
        template.map(|template| template.source().to_owned()).unwrap_or_default()
    }

    /// The text of a conversation, up to where the model's answer begins.
    ///
    /// Refused: no message, and whatever the template refuses (such as a role that it does not know).
    pub fn render(&self, messages: &[Message]) -> Result<String, LlmError> {
        if messages.is_empty() {
            return Err(empty());
        }
        let template = self.environment.get_template(NAME).map_err(|e| refused(&e))?;
        let written =
            |m: &Message| context! { role => m.role.as_str(), content => m.content.as_str() };
        let messages: Vec<Value> = messages.iter().map(written).collect();
        let context = context! {
            messages => messages,
            add_generation_prompt => true,
            bos_token => self.bos.as_str(),
            eos_token => self.eos.as_str(),
        };
        template.render(context).map_err(|e| refused(&e))
    }
}

impl Prompt {
    /// The tokens of the prompt: written by the template, or plain where there is none.
    ///
    /// Refused: an empty prompt, and a conversation of several messages without a template.
    pub fn tokens(
        &self,
        template: Option<&ChatTemplate>,
        tokenizer: &Tokenizer,
    ) -> Result<Vec<u32>, LlmError> {
        if self.is_empty() {
            return Err(empty());
        }
        let ids = match (self, template) {
            (Prompt::Chat(messages), Some(template)) => {
                tokenizer.encode(&template.render(messages)?)
            }
            (Prompt::Text(text), Some(template)) => {
                let message = Message { role: "user".to_owned(), content: text.clone() };
                tokenizer.encode(&template.render(&[message])?)
            }
            (Prompt::Text(text), None) => tokenizer.encode_beginning(text),
            (Prompt::Chat(messages), None) => tokenizer.encode_beginning(plain(messages)?),
        }?;
        if ids.is_empty() { Err(empty()) } else { Ok(ids) }
    }
}

/// The only message, as a plain text.
fn plain(messages: &[Message]) -> Result<&str, LlmError> {
    match messages {
        [message] => Ok(&message.content),
        many => Err(LlmError::input(
            format!("{} messages for a model without a chat template", many.len()),
            "one message, or `prompt` as a text",
            "use an instruction-tuned model, or put chat_template.jinja into the model's folder",
        )),
    }
}

fn empty() -> LlmError {
    LlmError::input(
        "the prompt is empty",
        "a text or a message of at least one token",
        "write what is to be answered, or leave the row out",
    )
}

/// `raise_exception` of transformers' templates.
fn refuse(message: String) -> Result<String, minijinja::Error> {
    Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
}

/// Messages that the template cannot write, without minijinja's words around its own.
fn refused(error: &minijinja::Error) -> LlmError {
    let reason = error.detail().map_or_else(|| error.to_string(), str::to_owned);
    LlmError::input(
        format!("the chat template refuses the messages: {reason}"),
        "the roles and their order that the template knows",
        "change the messages",
    )
}

fn unreadable(file: &Path, error: &minijinja::Error) -> LlmError {
    LlmError::input(
        format!("{}: the chat template cannot be read: {error}", file.display()),
        "a Jinja template as transformers renders it",
        "correct it, or take it from where the model was published",
    )
}
