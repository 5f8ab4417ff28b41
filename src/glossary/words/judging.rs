//! Words of how runs are named, summarised and judged.

use super::{NONE, Word};

const OURS: &str = "this program's own";
const PRECIPICE: &str = "arXiv 2108.13264";

/// In the order in which one meets them.
pub(super) const WORDS: [Word; 17] = [
    Word {
        name: "scenario",
        what: "A TOML file that says what is run, what is drawn and which findings are expected.",
        see: "modeseek list; modeseek check SCENARIO",
        source: OURS,
        ..NONE
    },
    Word {
        name: "sweep",
        also: "grid",
        what: "A grid over any keys; a key applies to the methods that have it. Precedence: file < \
               method < when < sweep < --set.",
        formula: "cells = product of the lists, later keys fastest",
        unit: "cells",
        see: "[sweep] in a scenario; --set KEY=V1,V2",
        source: OURS,
    },
    Word {
        name: "when",
        also: "condition",
        what: "Keys that hold only where the swept keys have the values of `where`.",
        see: "[[when]] in a scenario, over the method's keys and under the sweep's",
        source: OURS,
        ..NONE
    },
    Word {
        name: "cell",
        what: "One experiment with every key filled in, named by the hash of its content without id, \
               title, figure, claims and seeds.",
        unit: "cells; cells × seeds runs",
        see: "modeseek check SCENARIO --full; cells.csv of a run folder",
        source: OURS,
        ..NONE
    },
    Word {
        name: "seed",
        what: "A number that names all random streams of a run. Methods and settings share the \
               streams of a seed, so that their differences are paired.",
        unit: "seeds",
        see: "[seeds] in a scenario; --seeds 0..10, half-open",
        source: OURS,
        ..NONE
    },
    Word {
        name: "claim",
        also: "finding",
        what: "A finding as a number: the mean over seeds of better − worse, with a margin.",
        formula: "effect = mean over seeds of (better − worse), minus that of a second pair if there is one",
        unit: "that of the metric; steps or queries with steps_to, queries_to",
        see: "[[claim]] in a scenario; modeseek claims",
        source: OURS,
    },
    Word {
        name: "effect",
        also: "paired difference",
        what: "The mean over seeds of better − worse (worse − better for steps_to and queries_to, where \
               fewer are better), with its 95 % bootstrap interval.",
        formula: "(1/n) Σ_seed (better − worse)",
        unit: "that of what is compared",
        see: "modeseek claims; claims.csv",
        source: OURS,
    },
    Word {
        name: "interaction",
        also: "main effect, factorial",
        what: "What two factors do together beyond what each does alone, in cells that are a balanced \
               factorial of their high and low levels.",
        formula: "F = mean of F high − mean of F low\nF×G = ½·[(HH − LH) − (HL − LL)], HL: F high, G low",
        unit: "that of the metric",
        see: "[[factor]] in a scenario, and a [[panel]] of kind `effects`",
        source: "Box, Hunter and Hunter, Statistics for Experimenters, ch. 5",
    },
    Word {
        name: "multiverse",
        also: "settings",
        what: "A claim in every combination of the values of its `across` keys; a setting in which a \
               run failed or is missing has no verdict, and the claim does not hold there.",
        unit: "settings",
        see: "the last column of modeseek claims; a [[panel]] of kind `verdicts`",
        source: OURS,
        ..NONE
    },
    Word {
        name: "interquartile mean",
        also: "IQM",
        what: "The mean without the ⌊n/4⌋ lowest and highest values: `statistic = \"iqm\"`.",
        unit: "that of the metric",
        see: "`statistic` of a [[panel]]; modeseek figure --table",
        source: PRECIPICE,
        ..NONE
    },
    Word {
        name: "probability of improvement",
        what: "How likely a run of one method ends above a run of another at the same settings.",
        formula: "(1/n²) Σᵢ Σⱼ [xᵢ > yⱼ] + ½[xᵢ = yⱼ]",
        unit: "a probability",
        see: "modeseek figure --table",
        source: PRECIPICE,
        ..NONE
    },
    Word {
        name: "bootstrap",
        also: "interval, band, confidence interval",
        what: "Seeds are resampled with replacement, by a seeded stream; the interval runs from the \
               2.5 % to the 97.5 % quantile of the statistic.",
        unit: "that of the metric",
        see: "bands of figures; `low` and `high` of claims.csv",
        source: PRECIPICE,
        ..NONE
    },
    Word {
        name: "Holm",
        also: "Holm-adjusted, holm adjustment",
        what: "An adjustment of p-values for being read together: a verdict whose adjusted p-value \
               exceeds 0.05 becomes inconclusive.",
        formula: "p̃₍ᵢ₎ = max over j ≤ i of min(1, (m − j + 1)·p₍ⱼ₎),  p₍₁₎ ≤ … ≤ p₍ₘ₎",
        unit: "probabilities",
        see: "modeseek claims: the Holm column",
        source: "S. Holm, Scandinavian Journal of Statistics 6 (1979)",
    },
    Word {
        name: "censored",
        what: "A run that never reaches the level of steps_to or queries_to; its length is taken, so \
               that the effect is a lower bound in size.",
        unit: "runs",
        see: "modeseek claims",
        source: OURS,
        ..NONE
    },
    Word {
        name: "same bytes",
        also: "reproducible",
        what: "The same binary on the same kind of CPU writes equal metrics.csv, cells.csv, SVG and PNG \
               for any --jobs and after any kill.",
        see: "modeseek run; manifests, timings and locks are not covered",
        source: OURS,
        ..NONE
    },
    Word {
        name: "shard",
        what: "Every N-th run of a scenario, beginning with the K-th, for several machines.",
        unit: "runs",
        see: "modeseek run --shard K/N; modeseek merge",
        source: OURS,
        ..NONE
    },
    Word {
        name: "tuning",
        what: "A scenario that chooses each method's values by one rule and one grid for all, with \
               seeds that are not the reporting ones.",
        see: "tag `tuning`: modeseek list --tag tuning; modeseek reproduce --tuning",
        source: OURS,
        ..NONE
    },
];
