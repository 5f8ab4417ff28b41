//! Table 1 of the paper as data, and what we add to it.

/// What a loss is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Weighted maximum likelihood.
    Supervised,
    /// Losses of the margin between two responses.
    Contrastive,
    /// Log-likelihood weighted by an advantage of either sign.
    PolicyGradient,
    /// Maximum likelihood plus an explicit push on other responses.
    ExplicitNegative,
    /// Divergences to a given distribution.
    Divergence,
}

/// What of the reward reaches the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Only which response is better.
    Ordinal,
    /// How much better it is (for a divergence: the target's probabilities).
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
const PREF_FT: Row = offline("Pref-FT", "pref-ft", Family::Supervised, Signal::Ordinal);
const FEEDME: Row = offline("Binary FeedMe", "binary-feedme", Family::Supervised, Signal::Ordinal);
const RWR: Row = offline("offline RWR", "rwr", Family::Supervised, Signal::Cardinal);
const BEST_OF_N: Row =
    offline("offline Best-of-N", "best-of-n", Family::Supervised, Signal::Ordinal);
const PPO: Row = offline("PPO", "ppo", Family::PolicyGradient, Signal::Cardinal);
const REINFORCE: Row = offline("REINFORCE", "reinforce", Family::PolicyGradient, Signal::Cardinal);
const UNLIKELIHOOD: Row =
    offline("Best-of-N + unlikelihood", "unlikelihood", Family::ExplicitNegative, Signal::Ordinal);
const REVERSE_KL: Row = offline("reverse KL", "reverse-kl", Family::Divergence, Signal::Cardinal);

/// Table 1 of arXiv 2404.14367 in its order, then the rows that are ours.
pub const TABLE_1: [Row; 17] = [
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
