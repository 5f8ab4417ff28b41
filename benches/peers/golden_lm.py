"""Golden numbers of tiny decoders, from transformers, PEFT and a PyTorch GPT-nano, for the tests of `src/llm/`.

    python golden_lm.py             writes tests/golden/decoders.json (a few seconds)
    python golden_lm.py mutations   how far log-probs move in single precision, and if one thing is wrong: where tolerances belong

Weights are no file: flat element i of the tensor named n is 0.15 sin(1 + 0.37 i + 0.11 h), h the sum of n's bytes, in double,
rounded to single; weights of norms are 1 + 0.1 sin(same). Everything after that is double precision throughout, also where
transformers would compute in single (norms, softmax, angles of positions).
"""

import argparse
import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import peft
import torch
import transformers
from torch import Tensor, nn
from transformers import modeling_rope_utils
from transformers.models.gpt_neox import modeling_gpt_neox
from transformers.models.llama import modeling_llama
from transformers.models.qwen2 import modeling_qwen2
from transformers.models.qwen3 import modeling_qwen3

import nano

OUTPUT = Path(__file__).parents[2] / "tests/golden/decoders.json"
MODULES = [modeling_rope_utils, modeling_gpt_neox, modeling_llama, modeling_qwen2, modeling_qwen3]
SEQUENCES = [[3, 17, 42, 8, 60], [1, 5, 5, 29, 60, 0, 33, 12, 48, 7, 20]]
NANO_SEQUENCES = [[3, 17, 42, 8, 99], [50, 93, 0, 27, 27, 8, 61, 99, 14, 72]]

SIZES = {"vocab_size": 61, "num_hidden_layers": 2, "max_position_embeddings": 64, "bos_token_id": 1, "eos_token_id": 2}
LLAMA = SIZES | {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "rope_scaling": None,
    "attention_bias": False,
    "mlp_bias": False,
    "tie_word_embeddings": False,
}
LLAMA3_ROPE = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}
QWEN2 = LLAMA | {
    "architectures": ["Qwen2ForCausalLM"],
    "model_type": "qwen2",
    "rms_norm_eps": 1e-6,
    "rope_theta": 1000000.0,
    "use_sliding_window": False,
    "tie_word_embeddings": True,
}
QWEN2 = {key: value for key, value in QWEN2.items() if key not in ("attention_bias", "mlp_bias")}
QWEN3 = LLAMA | {
    "architectures": ["Qwen3ForCausalLM"],
    "model_type": "qwen3",
    "hidden_size": 40,
    "head_dim": 12,  # 4 heads of 12 on a width of 40
    "rms_norm_eps": 1e-6,
    "rope_theta": 1000000.0,
    "use_sliding_window": False,
}
QWEN3 = {key: value for key, value in QWEN3.items() if key != "mlp_bias"}
NEOX = SIZES | {
    "architectures": ["GPTNeoXForCausalLM"],
    "model_type": "gpt_neox",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_attention_heads": 2,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-5,
    "rotary_pct": 0.25,
    "rotary_emb_base": 10000,
    "use_parallel_residual": True,
    "tie_word_embeddings": False,
}
CONFIGURATIONS = {
    "llama": LLAMA,
    "llama-tied": LLAMA | {"tie_word_embeddings": True},
    "llama-rope-llama3": LLAMA | {"rope_theta": 500000.0, "rope_scaling": LLAMA3_ROPE},
    "llama-rope-linear": LLAMA | {"rope_scaling": {"rope_type": "linear", "factor": 2.0}},
    "qwen2": QWEN2,
    "qwen3": QWEN3,
    "gpt-neox-parallel": NEOX,
    "gpt-neox-sequential": NEOX | {"hidden_size": 48, "rotary_pct": 1.0, "use_parallel_residual": False},
}


class DoubleTorch:
    """The torch module, whose single precision is double."""

    float = float32 = torch.float64

    def __getattr__(self, name: str) -> object:
        return getattr(torch, name)


@contextmanager
def double_precision() -> Iterator[None]:
    """Lets transformers' own casts to single precision be casts to double."""
    for module in MODULES:
        module.torch = DoubleTorch()
    try:
        yield
    finally:
        for module in MODULES:
            module.torch = torch


def formula(name: str, shape: torch.Size) -> Tensor:
    """The weight of this name and shape: double numbers that single precision holds exactly."""
    i = np.arange(shape.numel(), dtype=np.float64)
    wave = np.sin(1.0 + 0.37 * i + 0.11 * sum(name.encode()))
    is_norm = len(shape) == 1 and name.endswith(".weight")  # no other vector's name ends so
    value = 1.0 + 0.1 * wave if is_norm else 0.15 * wave
    return torch.from_numpy(value.astype(np.float32).astype(np.float64)).reshape(shape)


@torch.no_grad()
def fill(model: nn.Module) -> nn.Module:
    """The model in double precision with its weights by formula."""
    model = model.double().eval()
    for name, weight in model.named_parameters():
        weight.copy_(formula(name, weight.shape))
    return model


def decoder(config: dict) -> nn.Module:
    """transformers' model of a config.json object, to be called within `double_precision`."""
    model_class = getattr(transformers, config["architectures"][0])
    parsed = model_class.config_class(**config)
    parsed._attn_implementation = "eager"
    return fill(model_class(parsed))


def log_probs(model: nn.Module, tokens: list[int]) -> Tensor:
    """log p of every token but the first, given those before it: `[tokens - 1]`, nats."""
    output = model(torch.tensor([tokens[:-1]]))
    logits = output if isinstance(output, Tensor) else output.logits
    return logits[0].double().log_softmax(-1).gather(-1, torch.tensor(tokens[1:])[:, None])[:, 0]


def coefficients(count: int) -> Tensor:
    """c_t = 0.3 - 0.1 t for the t-th log-prob."""
    return torch.tensor([0.3 - 0.1 * t for t in range(count)], dtype=torch.float64)


def places(name: str, gradient: Tensor, tokens: list[int]) -> list[int]:
    """Five flat places of a gradient; of an embedding four in rows of the sequence and one in another row."""
    if "embed" in name or name == "wte.weight":
        width = gradient.shape[1]
        absent = next(row for row in range(gradient.shape[0]) if row not in tokens)
        rows = [*tokens[:3], tokens[-2], absent]
        return [row * width + (7 * k + 2) % width for k, row in enumerate(rows)]
    last = gradient.numel() - 1
    return [0, last // 5, last // 3 + 1, (2 * last) // 3, last]


def is_shown(name: str, layers: int) -> bool:
    """Whether five of the tensor's gradients are written down: of every kind that can go wrong alone, one."""
    first = r"layers\.0\..*(q_proj|query_key_value|q_norm)\.|blocks\.0\.attention\.qkv\.|lora_[AB]\."
    last = rf"(layers|blocks)\.{layers - 1}\..*\.(down_proj|dense_4h_to_h|down)\."
    ends = r"(embed_tokens|embed_in|wte|wpe)\.weight|(model\.norm|final_layer_norm|ln_f)\."
    return re.search(f"{first}|{last}|{ends}", name) is not None


def sequence(model: nn.Module, tokens: list[int], layers: int) -> dict:
    """A sequence's log-probs and the gradient of S = sum of c_t log p_t with respect to every trained tensor."""
    model.zero_grad()
    values = log_probs(model, tokens)
    scalar = (coefficients(len(values)) * values).sum()
    scalar.backward()
    gradients = {name: weight.grad for name, weight in model.named_parameters() if weight.requires_grad}
    return {
        "tokens": tokens,
        "log_probs": values.tolist(),
        "scalar": scalar.item(),
        "gradient_norms": {adapter_name(name): gradient.norm().item() for name, gradient in gradients.items()},
        "gradients": {
            adapter_name(name): {str(at): gradient.flatten()[at].item() for at in places(name, gradient, tokens)}
            for name, gradient in gradients.items()
            if is_shown(name, layers)
        },
    }


def adapter_name(name: str) -> str:
    """A tensor's name in files: PEFT's without the adapter's own name."""
    return name.replace(".default.", ".")


def check_gradient(model: nn.Module, tokens: list[int]) -> None:
    """Holds the gradient to central differences along one direction; single precision anywhere would fail."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    kept = [weight.detach().clone() for weight in weights]
    step, values = 1e-6, []
    with torch.no_grad():
        directions = [torch.linspace(-1.0, 1.0, w.numel(), dtype=torch.float64).reshape(w.shape) for w in weights]
        slope = sum((w.grad * d).sum() for w, d in zip(weights, directions)).item()
        for sign in (1.0, -1.0, 0.0):  # the last restores the weights
            for w, before, d in zip(weights, kept, directions):
                w.copy_(before + sign * step * d)
            lp = log_probs(model, tokens)
            values.append((coefficients(len(lp)) * lp).sum().item())
    numeric = (values[0] - values[1]) / (2 * step)
    assert abs(numeric - slope) <= 1e-7 * max(1.0, abs(slope)), (numeric, slope)


def golden(model: nn.Module, sequences: list[list[int]], layers: int) -> list[dict]:
    """The golden numbers of all sequences, after the check."""
    found = []
    for tokens in sequences:
        found.append(sequence(model, tokens, layers))
        check_gradient(model, tokens)
    return found


def adapter() -> dict:
    """LoRA of rank 3 and alpha 8 on the queries and values of `llama`, by PEFT; held to the matrices merged by hand."""
    settings = peft.LoraConfig(r=3, lora_alpha=8, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    model = peft.get_peft_model(decoder(LLAMA), settings).double().eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.requires_grad:
                weight.copy_(formula(adapter_name(name), weight.shape))
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        written = json.loads((Path(folder) / "adapter_config.json").read_text())
    written["target_modules"].sort()  # a set, in any order
    entries = {"config": written, "sequences": golden(model, SEQUENCES, LLAMA["num_hidden_layers"])}
    merged = decoder(LLAMA)
    with torch.no_grad():
        weights = dict(merged.named_parameters())
        factors = {adapter_name(name): weight for name, weight in model.named_parameters() if "lora_" in name}
        for name, a in factors.items():
            if ".lora_A." in name:
                b = factors[name.replace("lora_A", "lora_B")]
                base = name.removeprefix("base_model.model.").replace("lora_A.weight", "weight")
                weights[base].add_(b @ a, alpha=8 / 3)
        for entry in entries["sequences"]:
            by_hand = log_probs(merged, entry["tokens"])
            assert torch.allclose(by_hand, torch.tensor(entry["log_probs"], dtype=torch.float64), atol=1e-12, rtol=0)
    return entries


def write(content: dict) -> None:
    """JSON with lists and places on one line each."""
    text = json.dumps(content, indent=1)
    text = re.sub(r"[\[{][^\[\]{}]*[\]}]", lambda found: re.sub(r"\s*\n\s*", " ", found[0]), text)
    OUTPUT.write_text(text + "\n")


def all_golden() -> dict:
    """The content of the file."""
    with double_precision():
        decoders = {
            name: {
                "config": config,
                "saved_config": json.loads(decoder(config).config.to_json_string()),
                "tensors": {key: list(weight.shape) for key, weight in decoder(config).named_parameters()},
                "sequences": golden(decoder(config), SEQUENCES, config["num_hidden_layers"]),
            }
            for name, config in CONFIGURATIONS.items()
        }
        lora = adapter()
    twin = fill(nano.Nano())
    decoders["gpt-nano"] = {
        "config": nano.CONFIG,
        "tensors": {key: list(weight.shape) for key, weight in twin.named_parameters()},
        "sequences": golden(twin, NANO_SEQUENCES, nano.CONFIG["n_layer"]),
    }
    return {
        "origin": f"benches/peers/golden_lm.py: torch {torch.__version__.split('+')[0]}, transformers "
        f"{transformers.__version__}, peft {peft.__version__}, double precision, eager attention; GPT-nano is "
        "benches/peers/nano.py",
        "configs": "config spells a config.json as published models do, saved_config as this version of transformers saves it",
        "weights": "flat element i of the tensor named n is 0.15 sin(1 + 0.37 i + 0.11 h), h the sum of n's bytes, in double, "
        "rounded to single; of 1-dimensional tensors whose name ends in .weight (norms) it is 1 + 0.1 sin(same)",
        "scalar": "S = sum over t of (0.3 - 0.1 t) log p_t, t = 0 for the second token; gradients are of S by flat place",
        "decoders": decoders,
        "lora": lora,
    }


def mutations() -> dict:
    """Largest change of a log-prob of the longer sequence in single precision, and when one thing is wrong."""

    def moved(config: dict, wrong: dict) -> float:
        right = log_probs(decoder(config), SEQUENCES[1])
        return (log_probs(decoder(config | wrong), SEQUENCES[1]) - right).abs().max().item()

    with torch.no_grad():
        single = {
            f"{name}: single precision": (
                log_probs(decoder(config).float(), SEQUENCES[1]) - log_probs(decoder(config), SEQUENCES[1])
            )
            .abs()
            .max()
            .item()
            for name, config in CONFIGURATIONS.items()
        }
    with double_precision(), torch.no_grad():
        return single | {
            "llama: theta 500000": moved(LLAMA, {"rope_theta": 500000.0}),
            "llama: epsilon 1e-6": moved(LLAMA, {"rms_norm_eps": 1e-6}),
            "llama: tied": moved(LLAMA, {"tie_word_embeddings": True}),
            "llama3: scaling left out": moved(CONFIGURATIONS["llama-rope-llama3"], {"rope_scaling": None}),
            "llama3: high factor 2": moved(
                CONFIGURATIONS["llama-rope-llama3"], {"rope_scaling": LLAMA3_ROPE | {"high_freq_factor": 2.0}}
            ),
            "linear: scaling left out": moved(CONFIGURATIONS["llama-rope-linear"], {"rope_scaling": None}),
            "qwen2: theta 10000": moved(QWEN2, {"rope_theta": 10000.0}),
            "qwen3: theta 10000": moved(QWEN3, {"rope_theta": 10000.0}),
            "gpt-neox: sequential": moved(NEOX, {"use_parallel_residual": False}),
            "gpt-neox: all rotary": moved(NEOX, {"rotary_pct": 1.0}),
            "gpt-neox: GELU by tanh": moved(NEOX, {"hidden_act": "gelu_new"}),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description="Golden numbers of tiny decoders for the tests of src/llm/.")
    parser.add_argument("mode", nargs="?", choices=["write", "mutations"], default="write")
    torch.set_num_threads(1)
    if parser.parse_args().mode == "mutations":
        print(json.dumps(mutations(), indent=1))
    else:
        write(all_golden())


if __name__ == "__main__":
    main()
