"""The language-model workloads of modeseek once more, in PyTorch and transformers: the peer its engine is timed against.

    python lm_twin.py step                  one optimizer step, everything trained: forward, backward, fused AdamW
    python lm_twin.py lora                  the same with LoRA (r = 8) on queries and values of a frozen base
    python lm_twin.py forward               log-probs alone
    python lm_twin.py generate --batch 8    64 new tokens after a prompt of 32, sampled at temperature 1
    python lm_twin.py nano                  one optimizer step of GPT-nano on [100 x 10] tokens
    python lm_twin.py check                 that the two models below are the same function, gradients included

The model has the sizes of SmolLM2-135M and random weights, on which speed does not depend. `--model transformers` is
LlamaForCausalLM as it comes; `--model plain` the same decoder written for speed in plain PyTorch. Prints one JSON object.
"""

import argparse
import ctypes
import json
import resource
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import nano

VOCABULARY, WIDTH, LAYERS, HEADS, KV_HEADS, MLP = 49_152, 576, 30, 9, 3, 1536
HEAD, CONTEXT, THETA, EPSILON = 64, 8192, 100_000.0, 1e-5
ROWS, TOKENS = 8, 64
PROMPT, NEW_TOKENS = 32, 64
LORA_RANK, LORA_ALPHA = 8, 16.0
NANO_ROWS, NANO_TOKENS = 100, 10
BASE_MB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # torch's own libraries


class Lora(nn.Module):
    """(alpha / r) B A x. B is not zero here: the gradients of both would be, in part, and that is no typical step."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.randn(LORA_RANK, inputs) * 0.02)
        self.b = nn.Parameter(torch.randn(outputs, LORA_RANK) * 0.02)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(F.linear(x, self.a), self.b * (LORA_ALPHA / LORA_RANK))


class LoraLinear(nn.Module):
    """A linear layer and its adapter."""

    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.base, self.lora = base, Lora(base.in_features, base.out_features)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.lora(x)


def transformers_model() -> nn.Module:
    """LlamaForCausalLM with fused attention, as it comes."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        intermediate_size=MLP,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=KV_HEADS,
        max_position_embeddings=CONTEXT,
        rms_norm_eps=EPSILON,
        rope_theta=THETA,
        tie_word_embeddings=True,
    )
    config._attn_implementation = "sdpa"
    return LlamaForCausalLM(config)


class Hidden(nn.Module):
    """What a LlamaForCausalLM gives its head."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor) -> Tensor:
        return self.model.model(tokens, use_cache=False).last_hidden_state

    def head_weight(self) -> Tensor:
        return self.model.lm_head.weight

    def add_lora(self) -> None:
        for layer in self.model.model.layers:
            attention = layer.self_attn
            attention.q_proj, attention.v_proj = LoraLinear(attention.q_proj), LoraLinear(attention.v_proj)


class PlainBlock(nn.Module):
    """A Llama block whose three projections of attention are one matrix, and gate and up another."""

    def __init__(self) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = nn.Parameter(torch.ones(WIDTH)), nn.Parameter(torch.ones(WIDTH))
        self.qkv = nn.Linear(WIDTH, (HEADS + 2 * KV_HEADS) * HEAD, bias=False)
        self.out = nn.Linear(WIDTH, WIDTH, bias=False)
        self.gate_up = nn.Linear(WIDTH, 2 * MLP, bias=False)
        self.down = nn.Linear(MLP, WIDTH, bias=False)
        self.lora_q = self.lora_v = None

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor], cache: tuple[Tensor, Tensor, int] | None) -> Tensor:
        """`[batch, tokens, width]` to the same; with a cache (keys, values, place) its keys and values are stored there."""
        batch, tokens, _ = x.shape
        normed = F.rms_norm(x, (WIDTH,), self.norm_1, EPSILON)
        projected = self.qkv(normed)
        q, k, v = projected.view(batch, tokens, -1, HEAD).split([HEADS, KV_HEADS, KV_HEADS], dim=2)
        if self.lora_q is not None:
            q = q + self.lora_q(normed).view(q.shape)
            v = v + self.lora_v(normed).view(v.shape)
        q, k = rotate(q, *rotation).transpose(1, 2), rotate(k, *rotation).transpose(1, 2)  # [batch, heads, tokens, HEAD]
        mixed = self.attend(q, k, v.transpose(1, 2), cache)
        x = x + self.out(mixed.reshape(batch, tokens, WIDTH))
        gate, up = self.gate_up(F.rms_norm(x, (WIDTH,), self.norm_2, EPSILON)).chunk(2, dim=-1)
        return x + self.down(F.silu(gate) * up)

    @staticmethod
    def attend(q: Tensor, k: Tensor, v: Tensor, cache: tuple[Tensor, Tensor, int] | None) -> Tensor:
        """Causal attention: `[batch, tokens, heads, HEAD]`."""
        batch, _, tokens, _ = q.shape
        if cache is not None:
            keys, values, at = cache
            keys[:, :, at : at + tokens], values[:, :, at : at + tokens] = k, v
            if tokens == 1:  # one query sees all keys; those of a group are rows of one product
                k, v = keys[:, :, : at + 1], values[:, :, : at + 1]
                return F.scaled_dot_product_attention(q.view(batch, KV_HEADS, -1, HEAD), k, v)
        groups = HEADS // KV_HEADS
        k, v = k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)
        return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """RoPE: `[batch, tokens, heads, HEAD]`, the halves of each head against each other."""
    low, high = x.chunk(2, dim=-1)
    return torch.cat((low * cos - high * sin, high * cos + low * sin), dim=-1)


class Plain(nn.Module):
    """The same decoder in plain PyTorch."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.blocks = nn.ModuleList(PlainBlock() for _ in range(LAYERS))
        self.norm = nn.Parameter(torch.ones(WIDTH))
        angles = torch.outer(torch.arange(128.0), THETA ** (-torch.arange(0, HEAD, 2) / HEAD))
        self.register_buffer("cos", angles.cos()[:, None], persistent=False)  # [tokens, 1, HEAD / 2]
        self.register_buffer("sin", angles.sin()[:, None], persistent=False)

    def forward(self, tokens: Tensor, caches: list[tuple[Tensor, Tensor]] | None = None, at: int = 0) -> Tensor:
        x = self.embedding(tokens)
        places = slice(at, at + tokens.shape[1])
        rotation = self.cos[places], self.sin[places]
        for i, block in enumerate(self.blocks):
            x = block(x, rotation, None if caches is None else (*caches[i], at))
        return F.rms_norm(x, (WIDTH,), self.norm, EPSILON)

    def head_weight(self) -> Tensor:
        return self.embedding.weight

    def add_lora(self) -> None:
        for block in self.blocks:
            block.lora_q, block.lora_v = Lora(WIDTH, HEADS * HEAD), Lora(WIDTH, KV_HEADS * HEAD)

    @torch.no_grad()
    def copy_from(self, model: nn.Module) -> None:
        """Takes the weights of a LlamaForCausalLM."""
        self.embedding.weight.copy_(model.model.embed_tokens.weight)
        self.norm.copy_(model.model.norm.weight)
        for block, layer in zip(self.blocks, model.model.layers):
            attention, network = layer.self_attn, layer.mlp
            block.qkv.weight.copy_(torch.cat([attention.q_proj.weight, attention.k_proj.weight, attention.v_proj.weight]))
            block.out.weight.copy_(attention.o_proj.weight)
            block.gate_up.weight.copy_(torch.cat([network.gate_proj.weight, network.up_proj.weight]))
            block.down.weight.copy_(network.down_proj.weight)
            block.norm_1.copy_(layer.input_layernorm.weight)
            block.norm_2.copy_(layer.post_attention_layernorm.weight)


def build(args: argparse.Namespace) -> nn.Module:
    return Plain() if args.model == "plain" else Hidden(transformers_model())


def log_probs(model: nn.Module, tokens: Tensor) -> Tensor:
    """log p of every token but the first: `[batch, tokens - 1]`. The last token is never an input."""
    return gathered(F.linear(model(tokens[:, :-1]), model.head_weight()), tokens)


def gathered(logits: Tensor, tokens: Tensor) -> Tensor:
    """log p of the tokens that follow, from logits `[batch, tokens - 1, vocabulary]`."""
    return -F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="none").view(tokens.shape[0], -1)


def objective(values: Tensor, coefficients: Tensor) -> Tensor:
    """The surrogate that modeseek's coefficients stand for."""
    return (coefficients * values).sum()


def compiled(function: Callable, args: argparse.Namespace) -> Callable:
    return torch.compile(function) if args.compile else function


def training_step(args: argparse.Namespace, model: nn.Module, log_probs_of: Callable, shape: tuple) -> Callable[[], None]:
    """One optimizer step on random tokens."""
    vocabulary = VOCABULARY if args.mode != "nano" else nano.CONFIG["vocab_size"]
    tokens = torch.randint(vocabulary, shape)
    coefficients = torch.randn(shape[0], shape[1] - 1) / shape[0]
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-6, weight_decay=0.0, fused=True)
    loss = compiled(lambda: objective(log_probs_of(model, tokens), coefficients), args)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        optimizer.step()

    return step


def step_work(args: argparse.Namespace) -> tuple[Callable[[], None], int]:
    model = build(args)
    if args.mode == "lora":
        model.requires_grad_(False)
        model.add_lora()
    return training_step(args, model, log_probs, (ROWS, TOKENS)), ROWS * TOKENS


def nano_log_probs(model: nn.Module, tokens: Tensor) -> Tensor:
    return gathered(model(tokens[:, :-1]), tokens)


def nano_work(args: argparse.Namespace) -> tuple[Callable[[], None], int]:
    return training_step(args, nano.Nano(), nano_log_probs, (NANO_ROWS, NANO_TOKENS)), NANO_ROWS * NANO_TOKENS


def forward_work(args: argparse.Namespace) -> tuple[Callable[[], object], int]:
    model, tokens = build(args), torch.randint(VOCABULARY, (ROWS, TOKENS))
    function = compiled(lambda: log_probs(model, tokens), args)
    return torch.inference_mode()(function), ROWS * TOKENS


def sampled(hidden: Tensor, head: Tensor) -> tuple[Tensor, Tensor]:
    """A token of each row by inverse CDF, and its log-prob, from the last hidden states `[batch, width]`."""
    probabilities = F.linear(hidden, head).softmax(dim=-1)
    cumulative = probabilities.cumsum(dim=-1)
    uniform = torch.rand(hidden.shape[0], 1) * cumulative[:, -1:]
    token = torch.searchsorted(cumulative, uniform).clamp_(max=VOCABULARY - 1)  # [batch, 1]
    return token, probabilities.gather(-1, token).log()


def turn_weights(model: Plain) -> Tensor:
    """Stores every matrix transposed, which few rows multiply faster; returns the head `[vocabulary, width]`, stored so too."""
    for block in model.blocks:
        for layer in (block.qkv, block.out, block.gate_up, block.down):
            layer.weight.data = layer.weight.data.t().contiguous().t()
    return model.head_weight().data.t().contiguous().t()


def generate_plain(model: Plain, head: Tensor, prompt: Tensor) -> Tensor:
    """The prompt with its new tokens; keys and values go to preallocated places."""
    batch, length = prompt.shape[0], PROMPT + NEW_TOKENS
    caches = [(torch.empty(batch, KV_HEADS, length, HEAD), torch.empty(batch, KV_HEADS, length, HEAD)) for _ in range(LAYERS)]
    pieces, new = [prompt], prompt
    for i in range(NEW_TOKENS):
        at = 0 if i == 0 else PROMPT + i - 1
        new, _ = sampled(model(new, caches, at)[:, -1], head)
        pieces.append(new)
    return torch.cat(pieces, dim=1)


def generate_transformers(model: Hidden, prompt: Tensor) -> Tensor:
    """transformers' own `generate`, with its growing cache (faster on a CPU than its static one)."""
    return model.model.generate(
        prompt, do_sample=True, temperature=1.0, top_k=0, top_p=1.0, min_new_tokens=NEW_TOKENS, max_new_tokens=NEW_TOKENS,
        attention_mask=torch.ones_like(prompt), pad_token_id=0, cache_implementation=None,
    )  # fmt: skip


def generate_work(args: argparse.Namespace) -> tuple[Callable[[], None], int]:
    model, prompt = build(args), torch.randint(VOCABULARY, (args.batch, PROMPT))
    if args.model == "plain":
        head = turn_weights(model) if args.batch > 1 else model.head_weight()

    def work() -> None:
        tokens = generate_plain(model, head, prompt) if args.model == "plain" else generate_transformers(model, prompt)
        assert tokens.shape == (args.batch, PROMPT + NEW_TOKENS)

    return torch.inference_mode()(work), args.batch * NEW_TOKENS


def check() -> dict:
    """Largest differences of log-probs and of the embedding's gradient, and of greedy choices with a cache."""
    theirs = transformers_model()
    ours, peer = Plain(), Hidden(theirs)
    ours.copy_from(theirs)
    tokens = torch.randint(VOCABULARY, (2, TOKENS))
    mine, other = log_probs(ours, tokens), log_probs(peer, tokens)
    mine.sum().backward()
    other.sum().backward()
    gradients = ours.embedding.weight.grad - theirs.model.embed_tokens.weight.grad
    with torch.inference_mode():
        caches = [(torch.empty(2, KV_HEADS, TOKENS, HEAD), torch.empty(2, KV_HEADS, TOKENS, HEAD)) for _ in range(LAYERS)]
        pieces = [ours(tokens[:, :PROMPT], caches, 0)]
        pieces += [ours(tokens[:, at : at + 1], caches, at) for at in range(PROMPT, TOKENS)]
        cached = torch.cat(pieces, dim=1) - ours(tokens)
    return {
        "log_probs": (mine - other).abs().max().item(),
        "embedding_gradient": gradients.abs().max().item() / theirs.model.embed_tokens.weight.grad.abs().max().item(),
        "cached_hidden": cached.abs().max().item(),
    }


def keep_memory() -> None:
    """Lets glibc keep freed memory instead of giving it back to the system and asking for it again in every step."""
    mmap_max, trim_threshold = -4, -1
    libc = ctypes.CDLL(None)
    assert libc.mallopt(mmap_max, 0) and libc.mallopt(trim_threshold, 2**31 - 1)


def measure(args: argparse.Namespace) -> dict:
    """Medians of the repeats after one warm-up."""
    works = {"step": step_work, "lora": step_work, "forward": forward_work, "generate": generate_work, "nano": nano_work}
    work, tokens = works[args.mode](args)
    for _ in range(args.warmup):
        work()
    wall, cpu = [], []
    for _ in range(args.repeats):
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - wall_start)
        cpu.append(time.process_time() - cpu_start)
    wall_s = statistics.median(wall)
    return {
        "engine": f"torch {torch.__version__.split('+')[0]}",
        "mode": args.mode,
        "model": "nano" if args.mode == "nano" else args.model,
        "compile": args.compile,
        "malloc": args.malloc,
        "batch": {"generate": args.batch, "nano": NANO_ROWS}.get(args.mode, ROWS),
        "threads": args.threads,
        "repeats": args.repeats,
        "wall_s": round(wall_s, 5),
        "wall_min_s": round(min(wall), 5),
        "cpu_s": round(statistics.median(cpu), 5),
        "cpu_min_s": round(min(cpu), 5),
        "tokens_per_s": round(tokens / wall_s, 1),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "imports_rss_mb": round(BASE_MB),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="modeseek's language-model workloads in PyTorch.")
    parser.add_argument("mode", choices=["step", "lora", "forward", "generate", "nano", "check"])
    parser.add_argument("--model", choices=["plain", "transformers"], default="plain")
    parser.add_argument("--batch", type=int, default=8, help="rows of `generate`")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--compile", action="store_true", help="torch.compile around the log-probs; not for `generate`")
    parser.add_argument("--malloc", choices=["keep", "return"], default="keep", help="what happens to freed memory (glibc)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.malloc == "keep":
        keep_memory()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    print(json.dumps(check() if args.mode == "check" else measure(args), indent=1))


if __name__ == "__main__":
    main()
