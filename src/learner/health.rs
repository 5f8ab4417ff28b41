//! Plain words about runs of language models that go wrong, from what was measured.

/// What may be wrong with a run; each is told once, where it is first seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ailment {
    /// The chosen responses of the fixed pairs lose probability while the margin grows.
    ChosenFalls,
    /// Prompts teach nothing: rewards all alike, or no pair.
    NothingToLearn,
    /// Responses have no end token.
    NoEnd,
    /// Responses say nothing.
    Empty,
    /// The divergence to π_ref is estimated below 0.
    NegativeDivergence,
    /// The divergence to π_ref is as large as where language ends.
    LargeDivergence,
    /// Most tokens of a clipped policy gradient are clipped.
    MostlyClipped,
    /// A few responses carry nearly all weight.
    FewWeights,
}

/// A warning about a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Warning {
    /// The measured step at which it is first seen.
    pub step: u64,
    /// What may be wrong.
    pub ailment: Ailment,
    /// The same in plain words, with its numbers and the remedy.
    pub text: String,
}

/// A fall of the chosen responses' mean log-probability that is no noise (nats).
const FALL: f64 = 5.0;
/// A share of prompts that teach nothing, which is most of a round.
const IDLE: f64 = 0.5;
/// A share of responses without an end, which leaves hardly a length to tell.
const CUT: f64 = 0.9;
/// A mean length at which nothing is said (tokens).
const NOTHING_SAID: f64 = 1.0;
/// An estimate below 0 that is no noise of a few responses (nats).
const BELOW_ZERO: f64 = -1.0;
/// A divergence of a short response at which texts are of another language (nats).
const FAR: f64 = 30.0;
/// The same of a long one, for each of its tokens (nats).
const FAR_A_TOKEN: f64 = 0.5;
/// A share of clipped tokens at which a round has little left to teach.
const CLIPPED: f64 = 0.3;
/// A share of effective samples below which a few responses decide.
const FEW: f64 = 0.1;

/// What is wrong with a run, in the order of steps; `series` gives the steps and values of a metric, none where
/// it was not measured.
pub fn warnings(series: impl Fn(&str) -> Vec<(u64, f64)>) -> Vec<Warning> {
    let simple = [
        simple(
            &series,
            "idle_prompts",
            Ailment::NothingToLearn,
            |x| x >= IDLE,
            |x| {
                format!(
                    "{:.0} % of the prompts teach nothing: their rewards are all alike, or no pair is left. A policy \
                 that has arrived does so; before that, draw more responses to a prompt, or take a reward that tells \
                 them apart",
                    100.0 * x
                )
            },
        ),
        simple(
            &series,
            "completions/clipped_ratio",
            Ailment::NoEnd,
            |x| x >= CUT,
            |x| {
                format!(
                    "{:.0} % of the answers were cut without an end token. Raise max_new_tokens, or look whether the \
                 end is trained on",
                    100.0 * x
                )
            },
        ),
        simple(
            &series,
            "completions/mean_length",
            Ailment::Empty,
            |x| x < NOTHING_SAID,
            |x| {
                format!(
                    "answers are empty ({x:.1} tokens on average). The reward may ask for that; the model is of no \
                 other use any more"
                )
            },
        ),
        simple(
            &series,
            "kl",
            Ailment::NegativeDivergence,
            |x| x < BELOW_ZERO,
            |x| {
                format!(
                    "the divergence to π_ref is estimated at {x:.1} nats, and it cannot be below 0: there are few \
                 evaluation prompts, π_ref is not the model that the run began with, or temperature, top_k or top_p \
                 has answers drawn from another policy than π"
                )
            },
        ),
        far(&series),
        simple(
            &series,
            "ratio_clipped",
            Ailment::MostlyClipped,
            |x| x > CLIPPED,
            |x| {
                format!(
                    "{:.0} % of the tokens lie outside the clip: those that have gone further than it the way they are \
                 pushed have no gradient any more. Fewer passes, smaller rounds or a lower learning rate would use them",
                    100.0 * x
                )
            },
        ),
        simple(
            &series,
            "effective_samples",
            Ailment::FewWeights,
            |x| x < FEW,
            |x| {
                if x == 0.0 {
                    return "every weight is 0: nothing is learned. Raise the temperature"
                        .to_owned();
                }
                let share = match 100.0 * x {
                    few if few < 1.0 => format!("{few:.1}"),
                    share => format!("{share:.0}"),
                };
                format!(
                    "the weights are worth {share} % of the responses: a few decide. Raise the temperature, or clip the \
                     weights"
                )
            },
        ),
    ];
    let mut found: Vec<Warning> =
        simple.into_iter().flatten().chain(chosen_falls(&series)).collect();
    found.sort_by_key(|warning| (warning.step, warning.ailment));
    found
}

/// The first step at which a metric is as it should not be.
fn simple(
    series: &impl Fn(&str) -> Vec<(u64, f64)>,
    metric: &str,
    ailment: Ailment,
    is: impl Fn(f64) -> bool,
    text: impl Fn(f64) -> String,
) -> Option<Warning> {
    let (step, value) = series(metric).into_iter().find(|(_, value)| is(*value))?;
    Some(Warning { step, ailment, text: text(value) })
}

/// The value of a series at a step.
fn at(series: &[(u64, f64)], step: u64) -> Option<f64> {
    series.iter().find(|(measured, _)| *measured == step).map(|(_, value)| *value)
}

/// The first step at which answers are far from what π_ref says, for their length.
fn far(series: &impl Fn(&str) -> Vec<(u64, f64)>) -> Option<Warning> {
    let lengths = series("completions/mean_length");
    let is_far =
        |(step, kl): &(u64, f64)| *kl > FAR.max(FAR_A_TOKEN * at(&lengths, *step).unwrap_or(0.0));
    let (step, kl) = series("kl").into_iter().find(is_far)?;
    let text = format!(
        "answers are {kl:.0} nats away from π_ref. Read some of them; lower the learning rate, stop earlier, or add a \
         KL penalty"
    );
    Some(Warning { step, ailment: Ailment::LargeDivergence, text })
}

/// Chosen responses fall while the margin grows: what both sides lose goes to responses of no pair.
fn chosen_falls(series: &impl Fn(&str) -> Vec<(u64, f64)>) -> Option<Warning> {
    let (chosen, rejected) = (series("log_ratio/chosen"), series("log_ratio/rejected"));
    let both = |(step, value): &(u64, f64)| Some((*step, *value, at(&rejected, *step)?));
    let sides: Vec<(u64, f64, f64)> = chosen.iter().filter_map(both).collect();
    let &(_, chosen_0, rejected_0) = sides.first()?;
    let lost = |&(step, w, l): &(u64, f64, f64)| (step, chosen_0 - w, rejected_0 - l);
    // The margin grows by what the rejected responses lose more.
    let falls = |&(_, lost, lost_too): &(u64, f64, f64)| lost > FALL && lost_too > lost;
    let (step, lost, lost_too) = sides.iter().map(lost).find(falls)?;
    let grown = lost_too - lost;
    let gone = 100.0 * (1.0 - (-lost).exp());
    let gone = if gone > 99.9 { "over 99.9".to_owned() } else { format!("{gone:.1}") };
    let text = format!(
        "chosen responses have lost {lost:.0} nats while the margin grew by {grown:.0} (rejected ones lost \
         {lost_too:.0}): {gone} % of the probability that a chosen one had, in the geometric mean, has gone to \
         responses of no pair. Lower the learning rate, raise β, or take pairs that differ more"
    );
    Some(Warning { step, ailment: Ailment::ChosenFalls, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said where some metrics have these values at steps 0, 10, 20.
    fn said(measured: &[(&str, [f64; 3])]) -> Vec<Warning> {
        warnings(|metric: &str| {
            let own = measured.iter().filter(|(name, _)| *name == metric);
            own.flat_map(|(_, values)| [0, 10, 20].into_iter().zip(*values)).collect()
        })
    }

    fn found(measured: &[(&str, [f64; 3])]) -> Vec<(u64, Ailment)> {
        said(measured).into_iter().map(|warning| (warning.step, warning.ailment)).collect()
    }

    fn texts(measured: &[(&str, [f64; 3])]) -> Vec<String> {
        said(measured).into_iter().map(|warning| warning.text).collect()
    }

    #[test]
    fn each_fault_is_told_once_where_it_is_first_seen() {
        let healthy = [
            ("idle_prompts", [0.0, 0.2, 0.4]),
            ("completions/clipped_ratio", [0.5, 0.3, 0.1]),
            ("completions/mean_length", [30.0, 12.0, 3.0]),
            ("kl", [0.0, -0.4, 12.0]),
            ("ratio_clipped", [0.0, 0.1, 0.2]),
            ("effective_samples", [0.9, 0.5, 0.2]),
            ("log_ratio/chosen", [0.0, 3.0, -0.5]),
            ("log_ratio/rejected", [0.0, -3.0, -9.0]),
        ];
        assert_eq!(found(&healthy), []);
        let ill = [
            ("idle_prompts", [0.0, 1.0, 1.0]),
            ("completions/clipped_ratio", [0.95, 0.3, 0.99]),
            ("completions/mean_length", [30.0, 12.0, 0.2]),
            ("kl", [-2.0, 31.0, 50.0]),
            ("ratio_clipped", [0.0, 0.1, 0.5]),
            ("effective_samples", [0.9, 0.05, 0.02]),
        ];
        let wanted = [
            (0, Ailment::NoEnd),
            (0, Ailment::NegativeDivergence),
            (10, Ailment::NothingToLearn),
            (10, Ailment::LargeDivergence),
            (10, Ailment::FewWeights),
            (20, Ailment::Empty),
            (20, Ailment::MostlyClipped),
        ];
        assert_eq!(found(&ill), wanted);
        let told = [
            "95 % of the answers were cut",
            "estimated at -2.0 nats",
            "100 % of the prompts teach nothing",
            "31 nats away from π_ref",
            "worth 5 % of the responses",
            "empty (0.2 tokens",
            "50 % of the tokens lie outside the clip",
        ];
        let texts = texts(&ill);
        assert_eq!(texts.len(), told.len());
        texts.iter().zip(told).for_each(|(text, part)| assert!(text.contains(part), "{text}"));
    }

    /// Weights that are all 0 are told apart from those that one response carries.
    #[test]
    fn weights_of_nothing_are_told() {
        let told = |share: f64| texts(&[("effective_samples", [0.9, share, 0.9])]).concat();
        assert!(told(0.0).contains("every weight is 0"), "{}", told(0.0));
        assert!(told(0.03).contains("worth 3 % of the responses"), "{}", told(0.03));
        assert!(told(0.002).contains("worth 0.2 % of the responses"), "{}", told(0.002));
    }

    /// 40 nats are far for an answer of 10 tokens, not for one of 100: 50 are 0.5 a token.
    #[test]
    fn long_answers_may_go_further() {
        let kl = ("kl", [0.0, 20.0, 40.0]);
        let of = |length: f64| found(&[kl, ("completions/mean_length", [length; 3])]);
        assert_eq!(of(10.0), [(20, Ailment::LargeDivergence)]);
        assert_eq!(of(100.0), []);
    }

    /// Both sides fall: that is told if the margin grows, with what is left of the chosen ones.
    #[test]
    fn chosen_responses_that_fall_with_a_growing_margin_are_told() {
        let rejected = ("log_ratio/rejected", [0.0, -2.5, -22.0]);
        for (chosen, gone) in [(-6.0, "99.8 %"), (-7.0, "over 99.9 %")] {
            let falls = [("log_ratio/chosen", [0.0, -0.5, chosen]), rejected];
            assert_eq!(found(&falls), [(20, Ailment::ChosenFalls)]);
            // 1 − e^-6 = 0.9975; the rejected ones lost 22 nats.
            let told = texts(&falls).concat();
            let [lost, grown] = [-chosen, 22.0 + chosen];
            assert!(told.contains(&format!("lost {lost:.0} nats")), "{told}");
            assert!(
                told.contains(&format!("grew by {grown:.0} (rejected ones lost 22): {gone} of")),
                "{told}"
            );
        }
        assert_eq!(found(&[("log_ratio/chosen", [0.0, -4.5, -37.0]), rejected]), []);
    }
}
