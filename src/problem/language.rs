//! Problems of language models, as a scenario writes them.

use super::{Bump, ExponentialSpec, ReferenceSpec};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[problem.tokens]`: the paper's N-token bandit.
///
/// *Formula* r(y) = (1/n)·Σ_t bump(y_t), π_ref(y) = Π_t reference(y_t), for the n generated tokens.
///
/// *Source* arXiv 2404.14367, §4, and its released code.
///
/// *Deviations* from the released code: it also scores the prompt's token, so that its reward cannot
/// pass 0.918, and its log-probability gathers the logits of the wrong position. Here the generated
/// tokens are scored, and the log-probability is that of the response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokensSpec {
    /// The reward: the bump of a token's number, mean over the generated tokens.
    ///
    /// *Reading* Every token pays by itself, so that a response pays best with all of them at the
    /// bump's peak. Means over tokens are less spread than single draws: rare rewards are rarer.
    ///
    /// *Wrong* Numbers of the released code beside ours: its best is 0.918 and ours 1, because it
    /// counts the prompt's token.
    pub reward: Bump,
    /// π_ref of every token, whatever stands before it.
    ///
    /// *Reading* Tokens of π_ref are independent draws; a context is something that the network has to
    /// learn to ignore.
    ///
    /// *Wrong* One probability for each of the 100 tokens, all above 0, as with arms.
    #[serde(default)]
    pub reference: ReferenceSpec,
    /// How many tokens are generated after a prompt of one token.
    ///
    /// *Reading* 9 as in the released code; log-probabilities, and with them h and KL, are sums over so
    /// many tokens.
    ///
    /// *Wrong* Longer responses make margins and β of single draws too small: a target margin of 10 nats
    /// is little over 90 tokens.
    #[serde(default = "length")]
    pub length: usize,
}

/// `[problem.prompts]`: prompts from a file, and a reward of the response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptsSpec {
    /// The file: one JSON object a line, with `prompt` as a text or a list of chat messages.
    ///
    /// *Reading* Relative to the scenario file, or to the working directory in `--set`. A shipped
    /// scenario has no file of its own, so there --set problem.prompts.jsonl=FILE must give it. Its
    /// content, not its name, is part of a cell's name. Each prompt counts once. Without it the prompts
    /// are those of `data.preferences.jsonl`, or for the model `nano` the 512 that the program makes.
    ///
    /// *Wrong* A line without `prompt` is refused with its number; other fields are ignored, so that a
    /// file of preferences serves too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jsonl: Option<PathBuf>,
    /// What a response is worth, by its length in tokens without the end token.
    ///
    /// *Reading* The paper's synthetic tasks on a real model: minus a number of tokens, so that the
    /// right end is known.
    ///
    /// *Wrong* Min is won by an empty response: look at the texts and at `kl` before calling that
    /// learning. Only comparisons of a file (`data.preferences`) can do without a reward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward: Option<LengthReward>,
    /// The folder of a reward model whose score is the true reward, in place of `reward`.
    ///
    /// *Reading* What a run of policy.reward-model left in its run folder, or such a model of
    /// transformers; it must read the policy's tokens. Its content, not its name, is part of a cell's
    /// name. "" in a scenario: --set problem.prompts.gold_model=DIR must give it.
    ///
    /// *Wrong* The very model that methods see: then nothing tells whether it is right. Train two, on
    /// different comparisons, and let one judge the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gold_model: Option<PathBuf>,
    /// A shell line (`sh -c`) whose score is the true reward, in place of `reward`: for each row
    /// `{"prompt": …, "response": …}` on its standard input it writes a number a line.
    ///
    /// *Reading* What a program can check: an answer that is right, a form that is kept, a test that passes. It is run
    /// anew for the responses to each prompt, in the working directory, for at most --limit-seconds; what takes long to
    /// load belongs in a server that it asks. `llm eval --reward command="…"` judges by the same. Run scenarios of
    /// people you trust only.
    ///
    /// *Wrong* Nearly all responses to a prompt score alike: nothing is learned from them; give partial credit. The
    /// line, not what it runs, is part of a cell's name: a program that failed and was mended goes on, one that
    /// scores by another measure is run with --fresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gold_command: Option<String>,
    /// The folder of a reward model whose score methods see in place of the true reward: r_φ.
    ///
    /// *Reading* On-policy methods learn from it, and `proxy_reward` is its mean; offline pairs are still
    /// compared by the true reward, which `gold_reward` measures. "" as with gold_model.
    ///
    /// *Wrong* proxy_reward rises and gold_reward falls: the policy found where r_φ is wrong. Stop
    /// earlier, or bound the divergence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_model: Option<PathBuf>,
    /// A reward model that is trained before the first step, in place of `proxy_model`.
    ///
    /// *Reading* r_φ of a run: on-policy methods see it, once for all methods of a seed; gold_reward beside
    /// proxy_reward tells how far it may be trusted.
    ///
    /// *Wrong* gold_reward stops where the responses of its comparisons stop: nothing tells r_φ of what lies
    /// beyond. On nano's Min Length that is at ten tokens, below which π_ref hardly answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned: Option<LearnedRewardSpec>,
    /// In which order the distinct prompts of the file are taken, before `limit` and `test`.
    ///
    /// *Reading* "shuffled" is one order for all seeds and scenarios, so that prompts that are kept for
    /// evaluation here are never trained on elsewhere.
    ///
    /// *Wrong* "file" with a file that is sorted by topic or source: what is measured on is of another kind
    /// than what is trained on.
    #[serde(default, skip_serializing_if = "PromptOrder::is_file")]
    pub order: PromptOrder,
    /// Which of the prompts that are not kept for evaluation are trained on.
    ///
    /// *Reading* With two halves a reward model that judges (gold_model) and one that methods see (proxy_model)
    /// learn from comparisons of different prompts; what is kept for evaluation is the same for both.
    ///
    /// *Wrong* Two reward models with other `order`, `limit` or `test`: their halves overlap.
    #[serde(default, skip_serializing_if = "PromptPart::is_all")]
    pub part: PromptPart,
    /// Only the first so many distinct prompts are read.
    ///
    /// *Reading* Fewer prompts load and evaluate faster; they are the first ones of `order`.
    ///
    /// *Wrong* A file that is sorted by topic or length gives one kind of prompt: write order =
    /// "shuffled".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// How many of them are kept for evaluation, taken from the end.
    ///
    /// *Reading* They are never trained on, and comparisons of them neither; every measured step
    /// generates a response to each of them.
    ///
    /// *Wrong* Many of them and a small measure.every: most of the time goes into measuring.
    #[serde(default = "test")]
    pub test: usize,
}

/// `[problem.prompts.learned]`: r_φ, learned before the first step from comparisons of π_ref's responses, and seen by
/// methods in place of the true reward.
///
/// *Formula* min over φ of −Σ log σ((r_φ(chosen) − r_φ(rejected))/temperature), by Adam
///
/// *Source* arXiv 2404.14367, §2; arXiv 2009.01325, §3.4.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LearnedRewardSpec {
    /// Of how many training prompts the responses are compared, four to a prompt.
    ///
    /// *Reading* The first prompts of the offline data: what offline methods learn from, r_φ learns from too.
    ///
    /// *Wrong* Few prompts and many steps: the comparisons are known by heart and r_φ says nothing of others.
    pub prompts: usize,
    /// Optimizer steps, each of 64 responses.
    ///
    /// *Reading* 200 tell lengths of `nano` apart in nearly all pairs; they take some 5 seconds a seed, once for
    /// all methods.
    ///
    /// *Wrong* Too few: proxy_reward and gold_reward part from the first step on.
    pub steps: u64,
    /// The step size of Adam.
    ///
    /// *Reading* A reward model bears a higher rate than a policy: nothing is sampled from it.
    ///
    /// *Wrong* Far too high: scores are alike again, and proxy_reward stands still.
    pub learning_rate: f64,
}

impl Default for LearnedRewardSpec {
    fn default() -> Self {
        LearnedRewardSpec { prompts: 256, steps: 200, learning_rate: 0.001 }
    }
}

/// `problem.prompts.order`: in which order prompts are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromptOrder {
    /// As they stand in the file.
    ///
    /// *Reading* The file's author has decided.
    ///
    /// *Wrong* The last prompts, which are kept for evaluation, may be of one kind.
    #[default]
    File,
    /// In one random order, the same for every seed.
    ///
    /// *Reading* Prompts to train on and prompts to measure on are alike.
    ///
    /// *Wrong* Another file of the same prompts has another order: what is kept for evaluation in one may
    /// be trained on in the other.
    Shuffled,
}

impl PromptOrder {
    fn is_file(&self) -> bool {
        *self == PromptOrder::File
    }
}

/// `problem.prompts.part`: which prompts are trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromptPart {
    /// All of them.
    ///
    /// *Reading* One model learns from all that there is.
    ///
    /// *Wrong* A judge that learned from all: then nothing is left for a reward model that it could judge.
    #[default]
    All,
    /// The first half in `order`, rounded down.
    ///
    /// *Reading* For the judge, say, with the second half for what is judged.
    ///
    /// *Wrong* Half a file of few comparisons: both models know little.
    FirstHalf,
    /// The rest.
    ///
    /// *Reading* None of its prompts is in the first half: each prompt counts once, wherever it stands.
    ///
    /// *Wrong* The same question in other words counts as another prompt.
    SecondHalf,
}

impl PromptPart {
    fn is_all(&self) -> bool {
        *self == PromptPart::All
    }

    /// The part of some prompts.
    pub(super) fn of<T>(self, mut all: Vec<T>) -> Vec<T> {
        let half = all.len() / 2;
        match self {
            PromptPart::All => all,
            PromptPart::FirstHalf => {
                all.truncate(half);
                all
            }
            PromptPart::SecondHalf => all.split_off(half),
        }
    }
}

impl PromptsSpec {
    /// Prompts without a reward, all of them to train on.
    pub fn unrewarded(jsonl: Option<PathBuf>, limit: Option<usize>) -> Self {
        PromptsSpec {
            jsonl,
            reward: None,
            gold_model: None,
            gold_command: None,
            proxy_model: None,
            learned: None,
            order: PromptOrder::File,
            part: PromptPart::All,
            limit,
            test: 0,
        }
    }
}

/// `problem.prompts.reward`: a reward of a response's length |y| (tokens).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LengthReward {
    /// Min Length: −|y|.
    ///
    /// *Reading* The shorter the better: the paper's task whose peak is far from π_ref.
    ///
    /// *Wrong* Rewards all alike within a prompt: every response was cut at max_new_tokens. Raise it,
    /// or take prompts with short answers.
    Min {},
    /// Mode Length: −||y| − peak|.
    ///
    /// *Reading* The paper's task whose peak lies in π_ref's bulk, if `peak` is a usual length.
    ///
    /// *Wrong* A peak above policy.language-model.max_new_tokens is never reached, and being cut is
    /// then the best response.
    Mode(ModeLengthSpec),
    /// Skew Length: −|y|, learned offline from responses of π_ref that were shortened.
    ///
    /// *Reading* Each response of the offline data is cut at ⌈E⌉ tokens, E exponential, and ends there, so
    /// that the data are short and π_ref is not. Responses of the policy and of evaluation stay whole.
    ///
    /// *Wrong* A mean far below the usual length: all data are alike and hardly a pair is left.
    Skew(ExponentialSpec),
}

/// `problem.prompts.reward.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModeLengthSpec {
    /// The length that pays most (tokens).
    ///
    /// *Reading* Near the model's usual length the reward asks for little; measure
    /// completions/mean_length at step 0 first.
    ///
    /// *Wrong* Words taken for tokens: an English word is about 1.3 of them.
    pub peak: f64,
}

impl LengthReward {
    /// How offline data are shortened, where they are.
    pub fn truncation(self) -> Option<ExponentialSpec> {
        match self {
            LengthReward::Skew(cut) => Some(cut),
            LengthReward::Min {} | LengthReward::Mode(_) => None,
        }
    }

    /// The reward of a response of so many tokens, the end token not counted (minus a number of
    /// tokens, at most 0).
    pub fn of(self, tokens: usize) -> f64 {
        match self {
            LengthReward::Min {} | LengthReward::Skew(_) => -(tokens as f64),
            LengthReward::Mode(ModeLengthSpec { peak }) => -(tokens as f64 - peak).abs(),
        }
    }
}

fn length() -> usize {
    9
}
fn test() -> usize {
    32
}
