"""The offline IPO workload of modeseek once more, in vectorised PyTorch: the peer its engine is timed against.

    python twin.py step     CPU and wall time of one optimizer step and of one evaluation
    python twin.py run      the whole run as one process: fit to pi_ref, 200 steps, an evaluation after each
    python twin.py gemm     what the matrix products of a step cost alone: the floor of any implementation

Each mode prints one JSON object. Sizes, rewards and settings are those of arXiv 2404.14367 and its released
bandit code; README.md says how the numbers are compared.
"""

import argparse
import json
import os
import statistics
import time
from dataclasses import dataclass

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's products in `gemm`; read once, at its import

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

ARMS = 100
CONTEXT, FEATURES, HIDDEN = 100, 50, 256
STATES = 100  # training states, fitted states and evaluation states alike
RESPONSES = 10  # per training state, all of them compared with each other
STEPS, LEARNING_RATE = 200, 0.003
FIT_STEPS, FIT_LEARNING_RATE = 100, 0.01
PEAKS, WIDTH = {"R1": 70.0, "R2": 20.0}, 10.0


def reference_probabilities() -> np.ndarray:
    """pi_ref, `[arms]`: the exact bins of tanh(Cauchy(-0.7, 0.4)) over 100 equal bins of [-1, 1]."""
    with np.errstate(divide="ignore"):  # the outermost edges are -inf and +inf
        edges = np.arctanh(np.linspace(-1.0, 1.0, ARMS + 1))
    return np.diff(np.arctan((edges + 0.7) / 0.4) / np.pi + 0.5)


def arm_rewards(name: str) -> np.ndarray:
    """R1 or R2, `[arms]`: exp(-((arm - peak) / width)^2)."""
    return np.exp(-(((np.arange(ARMS) - PEAKS[name]) / WIDTH) ** 2))


class Policy(nn.Sequential):
    """The paper's contextual policy: contexts `[states, 100]` to logits `[states, arms]`."""

    def __init__(self) -> None:
        super().__init__(
            nn.Linear(CONTEXT, FEATURES),
            nn.LayerNorm(FEATURES),
            nn.ReLU(),
            nn.Linear(FEATURES, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, ARMS),
        )
        for layer in self:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight, gain=0.01)
                nn.init.zeros_(layer.bias)


@dataclass
class Problem:
    """What is rewarded, and the states on which the policy is measured."""

    reference: Tensor  # pi_ref, [arms]
    log_reference: Tensor  # [arms], nats
    rewards: Tensor  # [arms]
    evaluation: Tensor  # [states, 100]


@dataclass
class Pairs:
    """The fixed data set: contexts, and every comparison that was kept, by its place in `[states * arms]`."""

    contexts: Tensor  # [states, 100]
    chosen: Tensor  # [pairs]
    rejected: Tensor  # [pairs]
    target: Tensor  # [pairs]: the log-ratio difference of pi alone at which a pair's loss is zero


def make_problem(reward: str, rng: np.random.Generator) -> Problem:
    reference = reference_probabilities()
    return Problem(
        reference=torch.tensor(reference, dtype=torch.float32),
        log_reference=torch.tensor(np.log(reference), dtype=torch.float32),
        rewards=torch.tensor(arm_rewards(reward), dtype=torch.float32),
        evaluation=torch.tensor(rng.random((STATES, CONTEXT)), dtype=torch.float32),
    )


def draw_pairs(reward: str, margin: float, gap: float, rng: np.random.Generator) -> Pairs:
    """Draws ten responses a state from pi_ref and orders all pairs by reward; ties and small gaps drop out."""
    reference = reference_probabilities()
    contexts = rng.random((STATES, CONTEXT))
    arms = rng.choice(ARMS, size=(STATES, RESPONSES), p=reference)
    first, second = np.triu_indices(RESPONSES, k=1)
    a, b = arms[:, first], arms[:, second]  # [states, 45]
    difference = arm_rewards(reward)[a] - arm_rewards(reward)[b]
    kept = (difference != 0.0) & (np.abs(difference) >= gap)
    chosen = np.where(difference > 0.0, a, b)[kept]
    rejected = np.where(difference > 0.0, b, a)[kept]
    row = np.broadcast_to(np.arange(STATES)[:, None] * ARMS, kept.shape)[kept]
    # h = (log pi_w - log pi_l) - (log ref_w - log ref_l): the second bracket never changes, so it joins the margin.
    target = margin + np.log(reference[chosen]) - np.log(reference[rejected])
    return Pairs(
        contexts=torch.tensor(contexts, dtype=torch.float32),
        chosen=torch.tensor(row + chosen),
        rejected=torch.tensor(row + rejected),
        target=torch.tensor(target, dtype=torch.float32),
    )


def ipo_loss(policy: nn.Module, pairs: Pairs) -> Tensor:
    """IPO (arXiv 2310.12036): the mean over pairs of (h - margin)^2, h the log-ratio difference against pi_ref."""
    log_pi = F.log_softmax(policy(pairs.contexts), dim=1).view(-1)
    difference = log_pi.index_select(0, pairs.chosen) - log_pi.index_select(0, pairs.rejected)
    return F.mse_loss(difference, pairs.target)


def fit_loss(policy: nn.Module, contexts: Tensor, log_reference: Tensor) -> Tensor:
    """KL(pi || pi_ref), the mean over states."""
    log_pi = F.log_softmax(policy(contexts), dim=1)
    return (log_pi.exp() * (log_pi - log_reference)).sum(dim=1).mean()


@torch.inference_mode()
def evaluate(policy: nn.Module, problem: Problem) -> dict[str, float]:
    """The exact measurements, each the mean over the evaluation states."""
    log_pi = F.log_softmax(policy(problem.evaluation), dim=1)
    pi = log_pi.exp()
    mean_pi = pi.mean(dim=0)
    reward = torch.dot(mean_pi, problem.rewards)
    entropy = torch.dot(pi.view(-1), log_pi.view(-1)) / -STATES
    reverse = -entropy - torch.dot(mean_pi, problem.log_reference)
    forward = torch.dot(problem.reference, problem.log_reference - log_pi.mean(dim=0))
    names = ("gold_reward", "forward_kl_ref", "reverse_kl_ref", "entropy")
    return dict(zip(names, torch.stack((reward, forward, reverse, entropy)).tolist()))


class Trainer:
    """One run from its seed: the data, the policy fitted to pi_ref, and the optimizer of the offline steps."""

    def __init__(self, options: argparse.Namespace) -> None:
        torch.manual_seed(options.seed)
        rng = np.random.default_rng(options.seed)
        self.fused = options.fused
        self.problem = make_problem(options.reward, rng)
        self.pairs = draw_pairs(options.reward, options.margin, options.gap, rng)
        self.policy = Policy()
        self.loss = torch.compile(ipo_loss) if options.compile else ipo_loss
        self.fit()
        self.optimizer = self.adam(LEARNING_RATE)

    def adam(self, learning_rate: float) -> torch.optim.Adam:
        return torch.optim.Adam(self.policy.parameters(), lr=learning_rate, fused=self.fused or None)

    def fit(self) -> None:
        optimizer = self.adam(FIT_LEARNING_RATE)
        for _ in range(FIT_STEPS):
            optimizer.zero_grad()
            fit_loss(self.policy, self.pairs.contexts, self.problem.log_reference).backward()
            optimizer.step()

    def step(self) -> None:
        self.optimizer.zero_grad()
        self.loss(self.policy, self.pairs).backward()
        self.optimizer.step()

    def evaluate(self) -> dict[str, float]:
        return evaluate(self.policy, self.problem)


def timed(work) -> tuple[float, float]:
    """CPU and wall milliseconds of one call; CPU time counts all threads of the process."""
    cpu, wall = time.process_time_ns(), time.perf_counter_ns()
    work()
    return (time.process_time_ns() - cpu) / 1e6, (time.perf_counter_ns() - wall) / 1e6


def mode_step(options: argparse.Namespace) -> dict:
    """Steps and evaluations alternate as in a run; each is timed alone, and the median is reported."""
    trainer = Trainer(options)
    samples = [(timed(trainer.step), timed(trainer.evaluate)) for _ in range(options.warmup + options.steps)]
    steps, evaluations = zip(*samples[options.warmup :])
    (step_cpu, step_wall), (evaluation_cpu, evaluation_wall) = (
        [statistics.median(column) for column in zip(*kind)] for kind in (steps, evaluations)
    )
    return {
        "pairs": len(trainer.pairs.target),
        "timed_steps": options.steps,
        "step_cpu_ms": round(step_cpu, 4),
        "step_wall_ms": round(step_wall, 4),
        "evaluation_cpu_ms": round(evaluation_cpu, 4),
        "evaluation_wall_ms": round(evaluation_wall, 4),
    }


def mode_run(options: argparse.Namespace) -> dict:
    """Everything between the start of the interpreter and the last evaluation; the import of torch counts too."""
    import_cpu, wall = time.process_time(), time.perf_counter()
    trainer = Trainer(options)
    curve = [trainer.evaluate()]
    for _ in range(STEPS):
        trainer.step()
        curve.append(trainer.evaluate())
    return {
        "pairs": len(trainer.pairs.target),
        "first": curve[0],
        "last": curve[-1],
        "gold_reward": curve[-1]["gold_reward"],
        "import_cpu_s": round(import_cpu, 3),
        "training_cpu_s": round(time.process_time() - import_cpu, 3),
        "training_wall_s": round(time.perf_counter() - wall, 3),
        "total_cpu_s": round(time.process_time(), 3),
    }


def products() -> list[tuple[str, str, int, int, int]]:
    """The matrix products of one step: (kind, pass, m, k, n) for `[m, k] x [k, n]`."""
    layers = [(CONTEXT, FEATURES), (FEATURES, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, ARMS)]
    found = []
    for index, (inputs, outputs) in enumerate(layers):
        found.append(("Y = X W'", "forward", STATES, inputs, outputs))
        found.append(("dW = dY' X", "backward", outputs, STATES, inputs))
        if index > 0:  # nothing asks for the gradient of the contexts
            found.append(("dX = dY W", "backward", STATES, outputs, inputs))
    return found


def fastest(work, seconds: float = 0.1) -> float:
    """The least CPU milliseconds of one call, over at least 20 calls and `seconds` of them."""
    best, spent, calls = float("inf"), 0.0, 0
    while calls < 20 or spent < seconds * 1e3:
        cpu, _ = timed(work)
        best, spent, calls = min(best, cpu), spent + cpu, calls + 1
    return best


def product_cost(kind: str, m: int, k: int, n: int) -> dict[str, float]:
    """Milliseconds of one product with each library at hand, operands laid out as the layer has them."""
    left = torch.rand(k, m).T if kind.startswith("dW") else torch.rand(m, k)
    right = torch.rand(n, k).T if kind.startswith("Y") else torch.rand(k, n)
    out = torch.empty(m, n)
    a, b, c = left.numpy(), right.numpy(), out.numpy()
    return {
        "torch": fastest(lambda: torch.mm(left, right, out=out)),
        "numpy": fastest(lambda: np.matmul(a, b, out=c)),
    }


def mode_gemm(_: argparse.Namespace) -> dict:
    """Each product takes the faster library's time; their sum is the floor of a step and of an evaluation."""
    floor = {"forward": 0.0, "backward": 0.0}
    flops = dict.fromkeys(floor, 0)
    rows = []
    for kind, part, m, k, n in products():
        cost = product_cost(kind, m, k, n)
        floor[part] += min(cost.values())
        flops[part] += 2 * m * k * n
        rates = {f"{library}_gflops": round(2e-6 * m * k * n / ms, 1) for library, ms in cost.items()}
        rows.append({"product": kind, "m": m, "k": k, "n": n, **rates})
    large = 2e-6 * 768**3 / min(product_cost("large", 768, 768, 768).values())
    total, total_flops = sum(floor.values()), sum(flops.values())
    return {
        "products": rows,
        "step_mflop": round(total_flops / 1e6, 2),
        "evaluation_mflop": round(flops["forward"] / 1e6, 2),
        "gflops": round(total_flops / total / 1e6, 1),
        "large_gflops": round(large, 1),
        "floor_step_ms": round(total, 3),
        "floor_evaluation_ms": round(floor["forward"], 3),
        "floor_step_ms_at_large_rate": round(total_flops / large / 1e6, 3),
    }


MODES = {"step": mode_step, "run": mode_run, "gemm": mode_gemm}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--threads", type=int, default=1, help="threads inside one operation (default 1)")
    parser.add_argument("--fused", action="store_true", help="Adam as one fused kernel")
    parser.add_argument("--compile", action="store_true", help="torch.compile the loss (needs a C++ compiler)")
    parser.add_argument("--reward", choices=PEAKS, default="R1")
    parser.add_argument("--margin", type=float, default=10.0, help="IPO's target margin 1/(2 tau), in nats")
    parser.add_argument("--gap", type=float, default=0.0, help="drop pairs whose rewards differ by less")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=300, help="timed steps of `step`")
    parser.add_argument("--warmup", type=int, default=30, help="steps of `step` before the timed ones")
    return parser.parse_args()


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    # After the mode's own numbers: what produced them.
    settings = {"threads": options.threads, "fused": options.fused, "compile": options.compile}
    report = {"engine": f"torch {torch.__version__}", "mode": options.mode, **settings}
    print(json.dumps(report | MODES[options.mode](options), indent=2))


if __name__ == "__main__":
    main()
