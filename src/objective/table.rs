//! Table 1 of the paper as data, and what we add to it.

/// What a loss is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Weighted maximum likelihood.
    ///
    /// *Reading* Only pulls: c ≤ 0 everywhere, so negative_gradient_mass is 0. Its optimum is a
    /// reweighting of the data.
    ///
    /// *Wrong* It cannot leave what the data hold; where the peak is rare in them it stops far
    /// away.
    Supervised,
    /// Losses of the margin between two responses.
    ///
    /// *Reading* Pulls and pushes in pairs, negative_gradient_mass is 0.5. Sees which response
    /// won, not by how much.
    ///
    /// *Wrong* Chosen responses may fall along with rejected ones, and without a bound (DPO)
    /// margins grow for ever.
    Contrastive,
    /// Log-likelihood weighted by an advantage of either sign.
    ///
    /// *Reading* Pulls above the baseline and pushes below it. Sees how much better a response is;
    /// made for samples of the policy.
    ///
    /// *Wrong* On offline data the push has no end, and on reused samples only PPO's clip bounds
    /// it.
    PolicyGradient,
    /// Maximum likelihood plus an explicit push on other responses.
    ///
    /// *Reading* A supervised loss with a push added: α against 1, so that the two can be told
    /// apart.
    ///
    /// *Wrong* The push outweighs the pull or falls on responses that carry nothing: then α moves
    /// KL and no reward.
    ExplicitNegative,
    /// Divergences to a given distribution.
    ///
    /// *Reading* Exact, with every response listed: shows what seeking and covering mean without
    /// the noise of sampling.
    ///
    /// *Wrong* It needs the target's probabilities, which no real preference data give.
    Divergence,
}

/// What of the reward reaches the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Only which response is better.
    ///
    /// *Reading* Only the order: losses that see it nearly coincide at equal KL (claim A.1).
    /// Compare them among each other.
    ///
    /// *Wrong* A near tie counts like a clear win, so that much is learned from noise: use
    /// pairs.reward_gap.
    Ordinal,
    /// Nothing: every response counts alike.
    ///
    /// *Reading* Imitation: what it leads to is the data, good and bad.
    ///
    /// *Wrong* A reward that rises all the same: the data are better than π_ref, and nothing else was learned.
    Unread,
    /// How much better it is (for a divergence: the target's probabilities).
    ///
    /// *Reading* Sizes count: one very good response outweighs many, which is why RWR is above all
    /// ordinal losses on R1.
    ///
    /// *Wrong* The reward's scale matters: the same temperature or rate means another strength on
    /// lengths than on bumps.
    Cardinal,
}

/// One approach: an objective with a way to use its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The approach in the paper's words, or ours.
    pub approach: &'static str,
    /// The name of its [`ObjectiveSpec`](super::ObjectiveSpec).
    pub objective: &'static str,
    /// What its loss is made of.
    pub family: Family,
    /// What of the reward reaches the loss.
    pub signal: Signal,
    /// Whether its responses are drawn from the policy: a matter of the schedule.
    pub on_policy: bool,
    /// Whether it uses its samples again; `None` where the paper's table has a dash.
    pub reuse: Option<bool>,
    /// Whether some input with centred rewards gives a coefficient above zero.
    pub negative_gradient: bool,
    /// Whether the row stands in the paper's table.
    pub in_paper: bool,
}

/// An offline row of the paper.
const fn offline(
    approach: &'static str,
    objective: &'static str,
    family: Family,
    signal: Signal,
) -> Row {
    let negative_gradient = !matches!(family, Family::Supervised);
    let (on_policy, reuse, in_paper) = (false, None, true);
    Row { approach, objective, family, signal, on_policy, reuse, negative_gradient, in_paper }
}

/// The same on samples of the policy, which the paper's table counts as reused.
const fn on_policy(approach: &'static str, row: Row) -> Row {
    Row { approach, on_policy: true, reuse: Some(true), ..row }
}

const DPO: Row = offline("DPO", "dpo", Family::Contrastive, Signal::Ordinal);
const IPO: Row = offline("IPO", "ipo", Family::Contrastive, Signal::Ordinal);
const HINGE: Row = offline("hinge (SLiC)", "hinge", Family::Contrastive, Signal::Ordinal);
const SFT: Row = offline("SFT", "sft", Family::Supervised, Signal::Unread);
const PREF_FT: Row = offline("Pref-FT", "pref-ft", Family::Supervised, Signal::Ordinal);
const FEEDME: Row = offline("Binary FeedMe", "binary-feedme", Family::Supervised, Signal::Ordinal);
const RWR: Row = offline("offline RWR", "rwr", Family::Supervised, Signal::Cardinal);
const BEST_OF_N: Row =
    offline("offline Best-of-N", "best-of-n", Family::Supervised, Signal::Ordinal);
const PPO: Row = offline("PPO", "ppo", Family::PolicyGradient, Signal::Cardinal);
const GRPO: Row = offline("GRPO", "grpo", Family::PolicyGradient, Signal::Cardinal);
const REINFORCE: Row = offline("REINFORCE", "reinforce", Family::PolicyGradient, Signal::Cardinal);
const UNLIKELIHOOD: Row =
    offline("Best-of-N + unlikelihood", "unlikelihood", Family::ExplicitNegative, Signal::Ordinal);
const REVERSE_KL: Row = offline("reverse KL", "reverse-kl", Family::Divergence, Signal::Cardinal);

/// Table 1 of arXiv 2404.14367 in its order, then the rows that are ours.
pub const TABLE_1: [Row; 19] = [
    on_policy("PPO", PPO),
    Row { reuse: Some(false), ..on_policy("REINFORCE", REINFORCE) },
    DPO,
    IPO,
    HINGE,
    PREF_FT,
    FEEDME,
    RWR,
    BEST_OF_N,
    on_policy("on-policy RWR", RWR),
    on_policy("ReST, on-policy Best-of-N", BEST_OF_N),
    on_policy("on-policy DPO", DPO),
    on_policy("on-policy IPO", IPO),
    Row { in_paper: false, ..on_policy("on-policy hinge", HINGE) },
    Row { in_paper: false, ..on_policy("GRPO", GRPO) },
    Row { in_paper: false, ..SFT },
    Row { in_paper: false, ..UNLIKELIHOOD },
    Row {
        approach: "forward KL",
        objective: "forward-kl",
        negative_gradient: false,
        in_paper: false,
        ..REVERSE_KL
    },
    Row { in_paper: false, ..REVERSE_KL },
];
