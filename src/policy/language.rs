//! Language models as a scenario writes them; what acts by these settings stands in `llm`.

use super::FitSpec;
use serde::{Deserialize, Serialize};

/// `[policy.nano]`: GPT-nano, the released code's network for tokens.
///
/// *Source* the released code of arXiv 2404.14367: minGPT's `gpt-nano`, 94,992 parameters with 100
/// tokens and a context of 10.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NanoSpec {
    /// How the network first fits π_ref: KL(π‖π_ref) at every position of the first training prompts'
    /// responses.
    ///
    /// *Reading* What makes π equal to π_ref before step 0; `kl` at step 0 tells how well, over a whole
    /// response.
    ///
    /// *Wrong* `kl` above 0.1 at step 0: raise the steps, or log-ratios start from the wrong place.
    pub fit: FitSpec,
}

/// `[policy.language-model]`: a model from files, trained whole or by adapters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageModelSpec {
    /// A folder of Hugging Face files, a .gguf file, the name of a model that `modeseek llm get` knows, or
    /// `nano`, a small Llama that learns to answer the program's own prompts in seconds.
    ///
    /// *Reading* A name is looked for below `--models`, and `nano` is taught there at its first use. A cell is named by what is written here, not by
    /// the weights: results of one name are taken to be of one model.
    ///
    /// *Wrong* Other weights under the same path: finished runs are not computed again. Use --fresh, or
    /// another path.
    pub model: String,
    /// Adapters that are trained in place of the model's own weights.
    ///
    /// *Reading* With adapters the base is frozen and serves as π_ref too: a third of the memory of
    /// training all weights.
    ///
    /// *Wrong* Without the table every weight is trained, with a second copy of the model as π_ref: see
    /// what `modeseek llm info` says of memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lora: Option<LoraSpec>,
    /// A response without an end token is cut after so many tokens.
    ///
    /// *Reading* Generation costs about this many passes a round; completions/clipped_ratio tells how
    /// many responses were cut.
    ///
    /// *Wrong* Nearly all are cut, so that rewards of length are all alike and nothing is learned.
    #[serde(default = "max_new_tokens")]
    pub max_new_tokens: usize,
    /// Responses are drawn from softmax(logits / temperature).
    ///
    /// *Reading* At 1 responses are draws of the very policy that is trained. Log-probabilities of the
    /// objectives are always those at 1.
    ///
    /// *Wrong* At any other value on-policy samples are off-policy to the objective: `modeseek check`
    /// warns.
    #[serde(default = "one")]
    pub temperature: f64,
    /// Only the so many likeliest tokens are drawn; 0: all.
    ///
    /// *Reading* A cut of the tail, for looking at texts; training draws from all tokens.
    ///
    /// *Wrong* With a cut the samples are of another policy than the trained one, and what the tail
    /// holds is never seen.
    #[serde(default)]
    pub top_k: usize,
    /// Only the likeliest tokens that together have this probability are drawn; 1: all.
    ///
    /// *Reading* A cut of the tail that widens where the model is unsure.
    ///
    /// *Wrong* Below 1 rare good responses are never drawn, which is what on-policy sampling was to
    /// find.
    #[serde(default = "one")]
    pub top_p: f64,
    /// The system message before every prompt, in place of the chat template's own; a prompt that has one of its own
    /// keeps that.
    ///
    /// *Reading* Part of the prompt: π_ref and π both see it, and it is never trained on.
    ///
    /// *Wrong* A model without a chat template has no place for it and refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// What a backward pass finds of the forward pass.
    ///
    /// *Reading* The same numbers either way; `recomputed` takes a third more time and a fraction of the
    /// memory.
    ///
    /// *Wrong* Out of memory with `kept`: write `recomputed`, or lower rows_at_once.
    #[serde(default)]
    pub activations: Activations,
    /// A forward or backward pass takes minibatches in parts of at most so many tokens.
    ///
    /// *Reading* Memory grows with it, results do not change but for rounding: gradients of the parts are
    /// added up.
    ///
    /// *Wrong* Smaller than one response with its prompt: that response is a part of its own, and
    /// memory is what it needs.
    #[serde(default = "rows_at_once")]
    pub rows_at_once: usize,
}

/// `[policy.reward-model]`: a model from files with a head that reads one number off a response.
///
/// *Formula* r(x, y) = w·h(x, y), h the hidden row of y's last token and w = 0 at the start.
///
/// *Source* arXiv 2009.01325, §3.4.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoringModelSpec {
    /// The model below the head: as policy.language-model.model.
    ///
    /// *Reading* The very base model of the policy that will be rewarded: both must read the same tokens.
    ///
    /// *Wrong* A model that never saw chat judges chat by its first words: take an instruction-tuned one.
    pub model: String,
    /// Adapters that are trained beside the head, in place of the model's own weights.
    ///
    /// *Reading* A third of the memory of training all weights; the head is always trained, at the same rate.
    ///
    /// *Wrong* Without the table every weight is trained: a few hundred comparisons are soon known by heart,
    /// `log_loss` rises while `loss` falls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lora: Option<LoraSpec>,
    /// Responses of π_ref that are compared are cut after so many tokens; comparisons of a file by
    /// data.preferences.max_response_tokens.
    ///
    /// *Reading* Only where no comparisons are given: the model below draws them, and the reward of
    /// problem.prompts compares them.
    ///
    /// *Wrong* Nearly all are cut and rewards of length are all alike: no pair is left.
    #[serde(default = "max_new_tokens")]
    pub max_new_tokens: usize,
    /// The system message before every prompt, in place of the chat template's own; a prompt that has one of its own
    /// keeps that.
    ///
    /// *Reading* Part of the prompt that is scored: write the same as the policy has.
    ///
    /// *Wrong* Another one than the policy's: rewards are those of another conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// What a backward pass finds of the forward pass.
    ///
    /// *Reading* The same scores either way; `recomputed` takes a third more time and a fraction of the memory.
    ///
    /// *Wrong* Out of memory with `kept`: write `recomputed`, or lower rows_at_once.
    #[serde(default)]
    pub activations: Activations,
    /// A forward or backward pass takes minibatches in parts of at most so many tokens.
    ///
    /// *Reading* A step that fits into one part costs a third less than one of several, whose scores are
    /// computed before their gradients; memory grows with it.
    ///
    /// *Wrong* Smaller than one comparison with its prompt: that comparison is a part of its own.
    #[serde(default = "rows_at_once")]
    pub rows_at_once: usize,
}

impl ScoringModelSpec {
    /// The settings of the model below the head.
    pub fn as_language_model(&self) -> LanguageModelSpec {
        LanguageModelSpec {
            model: self.model.clone(),
            lora: self.lora.clone(),
            max_new_tokens: self.max_new_tokens,
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            system: self.system.clone(),
            activations: self.activations,
            rows_at_once: self.rows_at_once,
        }
    }
}

impl LanguageModelSpec {
    /// The name of the model that the program teaches itself.
    pub const NANO: &str = "nano";

    /// Whether it is that model, which knows the prompts that the program makes.
    pub fn is_nano(&self) -> bool {
        self.model == Self::NANO
    }
}

/// `[policy.language-model.lora]`: what is added to a frozen model, and where.
///
/// *Formula* `y = x·Wᵀ + (alpha/rank)·(x·Aᵀ)·Bᵀ`, with B = 0 at the start and A uniform in
/// ±1/√inputs.
///
/// *Source* LoRA, arXiv 2106.09685; names are PEFT's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoraSpec {
    /// Rank of the addition.
    ///
    /// *Reading* 8 is enough for short runs; memory and moments grow with it.
    ///
    /// *Wrong* Twice the rank at the same alpha halves the addition: alpha / rank is its scale.
    #[serde(default = "rank")]
    pub rank: usize,
    /// Scale of the addition, times the rank.
    ///
    /// *Reading* alpha / rank multiplies the addition, and so the effect of a learning rate.
    ///
    /// *Wrong* Changed between training and merging it changes the model: it is kept in
    /// adapter_config.json.
    #[serde(default = "alpha")]
    pub alpha: f64,
    /// Names of the projections that get an addition.
    ///
    /// *Reading* Queries and values, as in the LoRA paper; more of them learn more in a step.
    ///
    /// *Wrong* A name that the model does not have is refused with those that it has.
    #[serde(default = "targets")]
    pub targets: Vec<String>,
}

/// What a backward pass finds of the forward pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activations {
    /// Everything.
    #[default]
    Kept,
    /// The input of each block; the rest is computed again: a third more arithmetic, a fraction of
    /// the memory.
    Recomputed,
}

fn max_new_tokens() -> usize {
    256
}
fn one() -> f64 {
    1.0
}
fn rows_at_once() -> usize {
    2048
}
fn rank() -> usize {
    8
}
fn alpha() -> f64 {
    16.0
}
fn targets() -> Vec<String> {
    vec!["q_proj".to_owned(), "v_proj".to_owned()]
}

impl Default for LoraSpec {
    fn default() -> Self {
        LoraSpec { rank: rank(), alpha: alpha(), targets: targets() }
    }
}
