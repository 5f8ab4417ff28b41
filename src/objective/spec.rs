//! An objective as written in a scenario, and what it asks of whoever feeds it.

use super::{
    AdvantageSpec, BaselineSpec, BestOfN, BinaryFeedme, CriticSpec, Dpo, DpoSpec, ForwardKl,
    GroupScale, Grpo, GrpoSpec, Hinge, HingeSpec, Ipo, IpoSpec, KlSpec, Objective, ObjectiveError,
    Ppo, PpoSpec, PrefFt, RatioClip, Reinforce, ReinforceSpec, ReverseKl, Rwr, RwrSpec, Sft,
    Standardise, TokenSum, Unlikelihood, UnlikelihoodSpec,
};
use serde::{Deserialize, Serialize};

/// An objective as written: `objective.best-of-n = {}`, `objective.ipo = { target_margin = 10.0 }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ObjectiveSpec {
    /// Maximum likelihood of every response.
    Sft {},
    /// Maximum likelihood of the chosen response of every pair.
    PrefFt {},
    /// Maximum likelihood of every response that wins at least one pair.
    BinaryFeedme {},
    /// Maximum likelihood of the best response of every prompt.
    BestOfN {},
    /// Reward-weighted regression.
    Rwr(RwrSpec),
    /// The policy gradient; RLOO with a leave-one-out baseline.
    Reinforce(ReinforceSpec),
    /// The clipped policy gradient.
    Ppo(PpoSpec),
    /// The clipped policy gradient with each prompt's own mean as baseline.
    Grpo(GrpoSpec),
    /// Direct preference optimisation.
    Dpo(DpoSpec),
    /// Identity preference optimisation.
    Ipo(IpoSpec),
    /// The hinge loss of SLiC and RSO.
    Hinge(HingeSpec),
    /// Best-of-N with an explicit push on other responses.
    Unlikelihood(UnlikelihoodSpec),
    /// KL(target‖π), exact.
    ForwardKl {},
    /// KL(π‖target), exact.
    ReverseKl {},
}

/// What an objective reads beside log π and the rewards; all `false` by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// Comparisons between the responses of a prompt.
    pub pairs: bool,
    /// Advantages, computed once per round.
    pub advantage: bool,
    /// log π of every token when the round began.
    pub old_log_probs: bool,
    /// log π_ref of every response.
    pub reference: bool,
    /// log π_ref of every token.
    pub token_reference: bool,
    /// The log-probability of every response under a target distribution.
    pub target: bool,
    /// A law: all responses listed with their probabilities.
    pub law: bool,
    /// Samples of the current policy: an entropy bonus or a KL penalty is refused for offline data.
    pub on_policy: bool,
}

impl ObjectiveSpec {
    /// Checks the parameters and builds the objective.
    pub fn build(&self) -> Result<Box<dyn Objective>, ObjectiveError> {
        Ok(match *self {
            ObjectiveSpec::Sft {} => Box::new(Sft),
            ObjectiveSpec::PrefFt {} => Box::new(PrefFt),
            ObjectiveSpec::BinaryFeedme {} => Box::new(BinaryFeedme),
            ObjectiveSpec::BestOfN {} => Box::new(BestOfN),
            ObjectiveSpec::Rwr(spec) => Box::new(Rwr::new(spec)?),
            ObjectiveSpec::Reinforce(spec) => Box::new(Reinforce::new(spec)?),
            ObjectiveSpec::Ppo(spec) => Box::new(Ppo::new(spec)?),
            ObjectiveSpec::Grpo(spec) => Box::new(Grpo::new(spec)?),
            ObjectiveSpec::Dpo(spec) => Box::new(Dpo::new(spec)?),
            ObjectiveSpec::Ipo(spec) => Box::new(Ipo::new(spec)?),
            ObjectiveSpec::Hinge(spec) => Box::new(Hinge::new(spec)?),
            ObjectiveSpec::Unlikelihood(spec) => Box::new(Unlikelihood::new(spec)?),
            ObjectiveSpec::ForwardKl {} => Box::new(ForwardKl),
            ObjectiveSpec::ReverseKl {} => Box::new(ReverseKl),
        })
    }

    /// The name it is written under.
    pub fn name(&self) -> &'static str {
        match self {
            ObjectiveSpec::Sft {} => "sft",
            ObjectiveSpec::PrefFt {} => "pref-ft",
            ObjectiveSpec::BinaryFeedme {} => "binary-feedme",
            ObjectiveSpec::BestOfN {} => "best-of-n",
            ObjectiveSpec::Rwr(_) => "rwr",
            ObjectiveSpec::Reinforce(_) => "reinforce",
            ObjectiveSpec::Ppo(_) => "ppo",
            ObjectiveSpec::Grpo(_) => "grpo",
            ObjectiveSpec::Dpo(_) => "dpo",
            ObjectiveSpec::Ipo(_) => "ipo",
            ObjectiveSpec::Hinge(_) => "hinge",
            ObjectiveSpec::Unlikelihood(_) => "unlikelihood",
            ObjectiveSpec::ForwardKl {} => "forward-kl",
            ObjectiveSpec::ReverseKl {} => "reverse-kl",
        }
    }

    /// How rewards become advantages, where the objective reads advantages.
    pub fn advantage(&self) -> Option<AdvantageSpec> {
        let round = |standardise| if standardise { Standardise::Round } else { Standardise::No };
        let (baseline, standardise) = match self {
            ObjectiveSpec::Reinforce(spec) => (spec.baseline, round(spec.standardise)),
            ObjectiveSpec::Ppo(spec) => (spec.baseline, round(spec.standardise)),
            ObjectiveSpec::Grpo(spec) => (
                BaselineSpec::PromptMean,
                match spec.scale {
                    GroupScale::Deviation => Standardise::Prompt,
                    GroupScale::Nothing => Standardise::No,
                },
            ),
            _ => return None,
        };
        Some(AdvantageSpec { baseline, standardise })
    }

    /// The penalty for departing from π_ref, if there is one.
    pub fn kl(&self) -> Option<KlSpec> {
        match self {
            ObjectiveSpec::Reinforce(spec) => spec.kl,
            ObjectiveSpec::Ppo(spec) => spec.kl,
            ObjectiveSpec::Grpo(spec) => spec.kl,
            _ => None,
        }
    }

    /// Whether the weights of a prompt's responses sum to their number, so that one response alone has weight 1
    /// whatever its reward.
    pub fn weighs_within_prompts(&self) -> bool {
        matches!(self, ObjectiveSpec::Rwr(spec) if spec.normalise)
    }

    /// The critic whose values are the baseline, if there is one.
    pub fn critic(&self) -> Option<CriticSpec> {
        match self {
            ObjectiveSpec::Ppo(spec) => spec.critic,
            _ => None,
        }
    }

    /// The β of an implicit reward β·log π(y)/π_ref(y), if its loss has one; IPO's is τ. A loss of means over
    /// tokens has none: its β is per token.
    pub fn implicit_beta(&self) -> Option<f64> {
        let (beta, tokens) = match self {
            ObjectiveSpec::Dpo(spec) => (Some(spec.beta), spec.tokens),
            ObjectiveSpec::Hinge(spec) => (Some(spec.beta), spec.tokens),
            ObjectiveSpec::Ipo(spec) => {
                let tau = spec.target_margin.map(|margin| 1.0 / (2.0 * margin));
                (spec.tau.or(tau), spec.tokens)
            }
            _ => return None,
        };
        beta.filter(|_| tokens == TokenSum::Sum)
    }

    /// The ε of a clipped ratio, if it has one.
    pub fn clip(&self) -> Option<f64> {
        let clip = match self {
            ObjectiveSpec::Ppo(spec) => spec.ratio_clip,
            ObjectiveSpec::Grpo(spec) => spec.ratio_clip,
            _ => return None,
        };
        match clip {
            RatioClip::Within(epsilon) => Some(epsilon),
            RatioClip::None => None,
        }
    }

    /// The key by which it asks for samples of the current policy, if it does.
    pub fn on_policy_key(&self) -> Option<&'static str> {
        let bonus = match self {
            ObjectiveSpec::Reinforce(spec) => spec.entropy_bonus,
            ObjectiveSpec::Ppo(spec) => spec.entropy_bonus,
            _ => 0.0,
        };
        if bonus > 0.0 { Some("entropy_bonus") } else { self.kl().map(|_| "kl") }
    }

    /// What the objective reads beside log π and the rewards.
    pub fn needs(&self) -> Needs {
        let none = Needs::default();
        match self {
            ObjectiveSpec::PrefFt {} | ObjectiveSpec::BinaryFeedme {} => {
                Needs { pairs: true, ..none }
            }
            ObjectiveSpec::Sft {}
            | ObjectiveSpec::BestOfN {}
            | ObjectiveSpec::Rwr(_)
            | ObjectiveSpec::Unlikelihood(_) => none,
            ObjectiveSpec::Reinforce(_) | ObjectiveSpec::Ppo(_) | ObjectiveSpec::Grpo(_) => {
                let is_clipped = !matches!(self, ObjectiveSpec::Reinforce(_));
                Needs {
                    advantage: true,
                    old_log_probs: is_clipped || self.kl().is_some_and(|kl| kl.reads_old()),
                    token_reference: self.kl().is_some(),
                    on_policy: self.on_policy_key().is_some(),
                    ..none
                }
            }
            ObjectiveSpec::Dpo(_) | ObjectiveSpec::Ipo(_) | ObjectiveSpec::Hinge(_) => {
                Needs { pairs: true, reference: true, ..none }
            }
            ObjectiveSpec::ForwardKl {} | ObjectiveSpec::ReverseKl {} => {
                Needs { target: true, law: true, ..none }
            }
        }
    }
}
