//! Words of how a policy is trained.

use super::{NONE, Word};

const ALGORITHM_1: &str = "arXiv 2404.14367, Algorithm 1";
const TABLE_1: &str = "arXiv 2404.14367, Table 1";
const SECTION_6: &str = "arXiv 2404.14367, §6";

/// In the order in which one meets them.
pub(super) const WORDS: [Word; 27] = [
    Word {
        name: "policy",
        also: "π, π_θ",
        what: "Who acts: log-probabilities of responses to a prompt, with parameters θ.",
        unit: "log π in nats",
        see: "[policy.tabular], [policy.unimodal] or [policy.mlp]",
        source: "arXiv 2404.14367, §3",
        ..NONE
    },
    Word {
        name: "reference policy",
        also: "π_ref, pi_ref, reference",
        what: "The policy before preference fine-tuning: where training begins, where offline data \
               are drawn from, and what divergences are measured to.",
        formula: "tanh(Cauchy(−0.7, 0.4)) in 100 equal bins of [−1, 1]",
        unit: "probabilities",
        see: "`reference` of a problem; metrics forward_kl_ref, reverse_kl_ref; panels of kind `density`",
        source: "arXiv 2404.14367, §4 and figure 2",
    },
    Word {
        name: "prompt",
        also: "context, state",
        what: "What is responded to. A bandit's prompt is a vector of features, which the rewards ignore.",
        formula: "x ~ U[0, 1]^context",
        unit: "prompts; B/C a round",
        see: "data.prompts, policy.mlp.context, measure.states",
        source: "arXiv 2404.14367, §4",
    },
    Word {
        name: "response",
        also: "arm, action, sample",
        what: "What is answered: of a bandit one arm, numbered from 0. B, C and M count responses.",
        unit: "responses",
        see: "schedule.samples_per_round, schedule.responses_per_prompt, schedule.minibatch",
        source: ALGORITHM_1,
        ..NONE
    },
    Word {
        name: "reward",
        also: "r, gold reward",
        what: "What is to be maximised. The true one is called gold; metrics measure its exact expectation.",
        formula: "E_π[r] = Σ_a π(a)·r(a)",
        unit: "reward units (the bumps lie in 0 to 1)",
        see: "problem.bumps.reward, problem.table.rewards; metric gold_reward",
        source: "arXiv 2404.14367, §3",
    },
    Word {
        name: "target",
        also: "q, π*",
        what: "The distribution that the divergence objectives aim at and the *_target metrics measure to.",
        formula: "q(a) ∝ π_ref(a)·exp(r(a)/target_temperature), unless the problem gives one",
        unit: "probabilities",
        see: "problem.bumps.target_temperature, problem.table.target; metrics forward_kl_target, reverse_kl_target",
        source: "arXiv 2404.14367, Lemma 6.1",
    },
    Word {
        name: "coefficient",
        also: "cᵢ, ci",
        what: "How hard a response is pulled up (c < 0) or pushed down (c > 0): all that an objective \
               tells the policy.",
        formula: "cᵢ = ∂loss/∂log π(yᵢ);   ∇θ loss = Σ cᵢ ∇θ log π(yᵢ)",
        unit: "loss per nat",
        see: "modeseek loss METHOD FILE.csv; metrics negative_gradient_fraction, negative_gradient_mass",
        source: "arXiv 2404.14367, Lemma 6.2 (c₁ and c₂)",
    },
    Word {
        name: "negative gradient",
        also: "push down",
        what: "A response is pushed down: its coefficient is above zero. Maximum likelihood never \
               does; contrastive losses and policy gradients do.",
        formula: "some cᵢ = ∂loss/∂log π(yᵢ) > 0",
        unit: "metrics: a share from 0 to 1",
        see: "metrics negative_gradient_fraction, negative_gradient_mass; Table 1 of each objective",
        source: "arXiv 2404.14367, Table 1 and §5.2",
    },
    Word {
        name: "on-policy",
        also: "onpolicy, on-policyness",
        what: "The responses of a round are drawn from π_θ at the start of that round. The larger B is \
               at fixed M, the staler they get.",
        formula: "yᵢ ~ π_θ",
        unit: "staleness, in steps",
        see: "schedule.data = \"on-policy\"; schedule.samples_per_round; metric staleness/mean",
        source: "arXiv 2404.14367, §5.1",
    },
    Word {
        name: "offline",
        also: "off-policy",
        what: "A data set of data.prompts × C responses is drawn once from π_ref, or read from a file, \
               before step 0; each round takes the next B in seeded, shuffled order.",
        formula: "yᵢ ~ π_ref",
        unit: "staleness counts from step 0",
        see: "schedule.data = \"offline\"; data.prompts; data.preferences",
        source: ALGORITHM_1,
    },
    Word {
        name: "sample reuse",
        also: "reuse",
        what: "The same responses are used for more than one step, T passes over each round.",
        formula: "T·B/M steps a round",
        unit: "passes",
        see: "schedule.passes; Table 1 of each objective",
        source: "arXiv 2404.14367, Table 1 and §5.1",
    },
    Word {
        name: "staleness",
        what: "How many steps ago a sample of the minibatch was drawn, mean and largest.",
        formula: "step − step at which it was drawn; M = B and T = 1 give 0; offline counts from step 0",
        unit: "steps",
        see: "metrics staleness/mean, staleness/max",
        source: "arXiv 2404.14367, §5.1, for the question",
        ..NONE
    },
    Word {
        name: "queries",
        what: "Distinct responses that the reward has scored so far: 45 pairs of 10 responses cost \
               10. Offline data count at step 0, evaluation never.",
        unit: "responses",
        see: "column `queries` of metrics.csv; x = \"queries\" of a [[panel]]; queries_to of a [[claim]]",
        source: ALGORITHM_1,
        ..NONE
    },
    Word {
        name: "round",
        what: "One draw of B responses, then T passes over them in minibatches of M.",
        formula: "T·B/M steps",
        unit: "rounds",
        see: "column `round` of metrics.csv; schedule.samples_per_round, schedule.passes",
        source: ALGORITHM_1,
        ..NONE
    },
    Word {
        name: "step",
        what: "One update by the optimizer, on one minibatch. A minibatch without units (every pair \
               dropped) is no step.",
        unit: "steps",
        see: "column `step` of metrics.csv; schedule.steps",
        source: ALGORITHM_1,
        ..NONE
    },
    Word {
        name: "pair",
        also: "chosen, rejected, y_w, y_l, preference",
        what: "Two responses to one prompt: the chosen one, y_w, was preferred to the rejected one, y_l.",
        formula: "all pairs of a minibatch: (M/C)·C(C−1)/2",
        unit: "pairs",
        see: "[pairs] in a scenario; metrics logps/chosen, logps/rejected",
        source: "arXiv 2404.14367, §3",
    },
    Word {
        name: "log-ratio",
        also: "log ratio",
        what: "How far a response has moved from the reference. Unlike an implicit reward it needs no β.",
        formula: "log π(y) − log π_ref(y)",
        unit: "nats",
        see: "metrics log_ratio/chosen, log_ratio/rejected, log_ratio/rest",
        source: "arXiv 2404.14367, figure 16",
    },
    Word {
        name: "implicit reward",
        what: "What DPO takes for the reward; it exists only where a β does, so figures across \
               methods show log-ratios.",
        formula: "β·(log π(y) − log π_ref(y))",
        unit: "reward units",
        see: "objective.dpo.beta; metrics log_ratio/chosen, log_ratio/rejected",
        source: "arXiv 2305.18290, eq. 7",
        ..NONE
    },
    Word {
        name: "h",
        also: "pair margin",
        what: "The difference of the two log-ratios of a pair: what every contrastive loss is a function of.",
        formula: "h = (log π(y_w) − log π_ref(y_w)) − (log π(y_l) − log π_ref(y_l))",
        unit: "nats",
        see: "metric margin, its mean over the evaluation pairs",
        source: "arXiv 2305.18290, eq. 7",
    },
    Word {
        name: "advantage",
        also: "A",
        what: "How much better than a baseline a response is; below zero it is pushed down.",
        formula: "A = r − b;   standardised: (A − mean A)/(sd A + 1e−8)",
        unit: "reward units",
        see: "objective.reinforce.baseline, objective.ppo.baseline",
        source: "arXiv 2404.14367, §3; leave-one-out: arXiv 2402.14740",
    },
    Word {
        name: "evaluation pairs",
        also: "rest",
        what: "One fixed set of pairs drawn from π_ref, the same for every method of a seed. The rest \
               is the mass of all other responses.",
        formula: "rest = 1 − π(y_w) − π(y_l)",
        unit: "pairs",
        see: "measure.pairs; metrics logps/rest, log_ratio/rest",
        source: "arXiv 2404.14367, figures 15 and 16",
    },
    Word {
        name: "mode-seeking",
        what: "Moves mass quickly onto some peaks of the target and off what the target lacks: reverse \
               KL, on-policy sampling, negative gradients.",
        formula: "reverse KL: KL(π‖q) = Σ π·(log π − log q)",
        unit: "nats",
        see: "objective reverse-kl; metrics reverse_kl_target, entropy",
        source: SECTION_6,
        ..NONE
    },
    Word {
        name: "mode-covering",
        what: "Spreads mass over everything that the target has: forward KL, maximum likelihood.",
        formula: "forward KL: KL(q‖π) = Σ q·(log q − log π)",
        unit: "nats",
        see: "objective forward-kl; metrics forward_kl_target, entropy",
        source: SECTION_6,
        ..NONE
    },
    Word {
        name: "forward KL",
        also: "forward Kullback-Leibler",
        what: "Divergence of the policy from q, weighted by q: covers modes.",
        formula: "KL(q‖π) = Σ_a q(a)·(log q(a) − log π(a))",
        unit: "nats",
        see: "objective forward-kl; metrics forward_kl_ref (q = π_ref), forward_kl_target",
        source: SECTION_6,
    },
    Word {
        name: "reverse KL",
        also: "reverse Kullback-Leibler",
        what: "Divergence of the policy from q, weighted by the policy: seeks modes. Rewards with a KL \
               penalty minimise it.",
        formula: "KL(π‖q) = Σ_a π(a)·(log π(a) − log q(a));   one softmax step: Δf = η·π·(log(q/π) + KL)",
        unit: "nats",
        see: "objective reverse-kl; metrics reverse_kl_ref (q = π_ref), reverse_kl_target",
        source: "arXiv 2404.14367, Lemma 6.1",
    },
    Word {
        name: "fixed point",
        also: "optimum",
        what: "The distribution at which an offline loss comes to rest, exact for any rewards.",
        formula: "Σ cᵢ ∇θ log π(yᵢ) = 0 in expectation over the data",
        unit: "probabilities",
        see: "schedule.expectation = \"fixed-point\"",
        source: "this program's own",
    },
    Word {
        name: "method",
        also: "approach",
        what: "An objective with a data source and a way to reuse samples, such as `on-policy ipo`.",
        see: "[[method]] in a scenario: a unique name, and any keys of an experiment",
        source: TABLE_1,
        ..NONE
    },
];
