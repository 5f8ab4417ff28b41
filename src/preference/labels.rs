//! Who wins a comparison of two responses of unequal reward.

use crate::numerics::sigmoid;
use serde::{Deserialize, Serialize};

/// How an annotator labels, as written: `pairs.labels = "exact"`,
/// `pairs.labels.bradley-terry = { temperature = 20.0 }`, `pairs.labels.flipped = { rate = 0.1 }`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LabelSpec {
    /// The response of higher reward always wins.
    ///
    /// *Reading* The response of higher reward wins, always: contrastive margins have no limit but
    /// the loss's own.
    ///
    /// *Wrong* DPO with exact labels never comes to rest; a difference of 1e-9 in reward counts
    /// like one of 1.
    #[default]
    Exact,
    /// The better one wins with probability σ((r − r′)/temperature).
    ///
    /// *Reading* Close pairs are nearly coin flips, clear pairs nearly certain: r_φ gets units
    /// from its temperature.
    ///
    /// *Wrong* A temperature above the differences in reward is noise: proxy_correlation/data
    /// falls.
    BradleyTerry(BradleyTerrySpec),
    /// The worse one wins with a fixed probability.
    ///
    /// *Reading* Wrong at one rate for all pairs, close or clear.
    ///
    /// *Wrong* Near 0.5 nothing can be learned; Pref-FT loses some 20 tokens at 0.2 on Min Length,
    /// DPO 90.
    Flipped(FlippedSpec),
}

/// Labels of the Bradley–Terry model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BradleyTerrySpec {
    /// The reward difference that makes the odds e to 1 (reward units).
    ///
    /// *Reading* A difference of one temperature wins 73 % of the time, of three 95 %. 20 tokens
    /// on lengths.
    ///
    /// *Wrong* It also scales r_φ: with 1 on lengths labels are all but exact and r_φ is steep in
    /// places it never saw.
    pub temperature: f64,
}

/// Labels that are wrong at a fixed rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlippedSpec {
    /// The share of wrong labels, below one half.
    ///
    /// *Reading* The share of wrong labels; DPO's label_smoothing of the same size is made for it.
    ///
    /// *Wrong* Compare with 0 at the same seeds: a method that does not react has stopped at its
    /// own margin, as IPO does.
    pub rate: f64,
}

/// A number of `[pairs]` that is not allowed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{key} is {given}; allowed is {allowed}")]
pub struct PairError {
    /// The key below `pairs`.
    pub key: &'static str,
    /// What was given.
    pub given: f64,
    /// What is allowed.
    pub allowed: &'static str,
}

impl LabelSpec {
    /// Checks the numbers.
    pub fn check(&self) -> Result<(), PairError> {
        let fault = |key, given, allowed| Err(PairError { key, given, allowed });
        match *self {
            LabelSpec::BradleyTerry(BradleyTerrySpec { temperature: t })
                if !(t > 0.0 && t.is_finite()) =>
            {
                fault("labels.bradley-terry.temperature", t, "a finite number above 0")
            }
            LabelSpec::Flipped(FlippedSpec { rate }) if !(0.0..0.5).contains(&rate) => {
                fault("labels.flipped.rate", rate, "a share from 0 to below 0.5")
            }
            _ => Ok(()),
        }
    }

    /// Whether no label is ever wrong.
    pub fn is_exact(&self) -> bool {
        *self == LabelSpec::Exact
    }

    /// Whether the first of two responses wins, given `gap` = its reward − the other's, not zero;
    /// `uniform` is asked once unless labels are exact.
    pub(super) fn first_wins(&self, gap: f64, uniform: &mut impl FnMut() -> f64) -> bool {
        match self {
            LabelSpec::Exact => gap > 0.0,
            LabelSpec::BradleyTerry(_) => uniform() < self.chance(gap),
            LabelSpec::Flipped(spec) => (gap > 0.0) != (uniform() < spec.rate),
        }
    }

    /// The probability that the first of two responses wins, given `gap` = its reward − the other's, not zero.
    pub fn chance(&self, gap: f64) -> f64 {
        let better = f64::from(u8::from(gap > 0.0));
        match self {
            LabelSpec::Exact => better,
            LabelSpec::BradleyTerry(spec) => sigmoid(gap / spec.temperature),
            LabelSpec::Flipped(spec) => better + spec.rate * (1.0 - 2.0 * better),
        }
    }

    /// The reward difference that is worth odds of e to 1, where labels have one.
    pub fn temperature(&self) -> Option<f64> {
        match self {
            LabelSpec::BradleyTerry(spec) => Some(spec.temperature),
            LabelSpec::Exact | LabelSpec::Flipped(_) => None,
        }
    }
}
