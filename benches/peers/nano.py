"""GPT-nano in PyTorch: minGPT's gpt-nano as the paper's N-token bandit uses it, 94,992 parameters.

Names and layouts are modeseek's: projections are `[out, in]`, `qkv` is the blocks [q | k | v], the head is its own matrix.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CONFIG = {
    "model_type": "gpt-nano",
    "vocab_size": 100,
    "n_embd": 48,
    "n_layer": 3,
    "n_head": 3,
    "block_size": 10,
    "layer_norm_epsilon": 1e-5,
}
PARAMETERS = 94_992


class Attention(nn.Module):
    """Causal attention of `n_head` heads: `[batch, tokens, width]` to the same shape."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        q, k, v = self.qkv(x).view(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # [batch, heads, tokens, head width]
        return self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))


class Network(nn.Module):
    """up, GELU by tanh, down."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.gelu(self.up(x), approximate="tanh"))


class Block(nn.Module):
    """x + attention(norm(x)), then that + network(norm(that))."""

    def __init__(self, width: int, heads: int, epsilon: float) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width, epsilon)
        self.attention = Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width, epsilon)
        self.mlp = Network(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Nano(nn.Module):
    """Token ids `[batch, tokens]`, at most `block_size` of them, to logits `[batch, tokens, vocab_size]`."""

    def __init__(self) -> None:
        super().__init__()
        width, epsilon = CONFIG["n_embd"], CONFIG["layer_norm_epsilon"]
        self.wte = nn.Embedding(CONFIG["vocab_size"], width)
        self.wpe = nn.Embedding(CONFIG["block_size"], width)
        self.blocks = nn.ModuleList(Block(width, CONFIG["n_head"], epsilon) for _ in range(CONFIG["n_layer"]))
        self.ln_f = nn.LayerNorm(width, epsilon)
        self.head = nn.Linear(width, CONFIG["vocab_size"], bias=False)
        assert sum(weight.numel() for weight in self.parameters()) == PARAMETERS

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.wte(tokens) + self.wpe.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln_f(x))
