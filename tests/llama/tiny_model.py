"""Real GGUF models of a few hundred kilobytes, written in milliseconds.

All are llama models of one layer, with a byte-level vocabulary, so that every text has tokens, the role tokens of Granite
and a chat template. Three kinds: random weights, that say anything; a speaker, whose next word depends on the last one
alone; and a judge, whose attention finds the words by which it tells a request from a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

END, ROLE, ROLE_END = "<|end_of_text|>", "<|start_of_role|>", "<|end_of_role|>"
CONTROL = (END, ROLE, ROLE_END)
TEMPLATE = (
    "{% for turn in messages %}" + ROLE + "{{ turn['role'] }}" + ROLE_END + "{{ turn['content'] }}" + END + "\n{% endfor %}"
    "{% if add_generation_prompt %}" + ROLE + "assistant" + ROLE_END + "{% endif %}"
)  # fmt: skip
LABELS = ("yes", "no", " yes", " no", "Yes", "No")
CONTEXT = 65536
"""More than any test asks for."""

ASKING = ("Give me",)
DECLINING = ("I won't", "I can't")

Matrix = NDArray[np.float32]


def list_tokens(words: Sequence[str]) -> list[str]:
    """The vocabulary: the bytes, by GPT-2's signs for them, then the control tokens, then whole words."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [number for number in range(256) if number not in printable]
    signs = {number: chr(number) for number in printable} | {number: chr(256 + n) for n, number in enumerate(others)}
    return [signs[number] for number in range(256)] + [*CONTROL, *words]


@dataclass
class Weights:
    """The weights of a model with one layer, all zero unless filled in: it then says every token with equal chance."""

    tokens: list[str]
    width: int
    heads: int = 1
    matrices: dict[str, Matrix] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sizes = {"token_embd": (len(self.tokens), self.width), "output": (len(self.tokens), self.width)}
        sizes |= {f"blk.0.attn_{name}": (self.width, self.width) for name in ("q", "k", "v", "output")}
        sizes |= {"blk.0.ffn_gate": (32, self.width), "blk.0.ffn_up": (32, self.width)}
        sizes |= {"blk.0.ffn_down": (self.width, 32)}
        self.matrices = {name: np.zeros(size, np.float32) for name, size in sizes.items()}

    def find(self, token: str) -> int:
        """A token's number; a blank in it is a blank."""
        return self.tokens.index(token)

    def write(self, path: Path) -> Path:
        """Write the model as a GGUF file."""
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_context_length(CONTEXT)
        writer.add_embedding_length(self.width)
        writer.add_block_count(1)
        writer.add_feed_forward_length(32)
        writer.add_head_count(self.heads)
        writer.add_head_count_kv(self.heads)
        writer.add_layer_norm_rms_eps(1e-5)
        writer.add_rope_dimension_count(self.width // self.heads)
        writer.add_rope_freq_base(1e9)  # so that the last two numbers of a head are hardly turned by a token's place
        writer.add_vocab_size(len(self.tokens))
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("refact")  # as Granite's
        writer.add_token_list(self.tokens)
        kinds = [gguf.TokenType.NORMAL] * 256 + [gguf.TokenType.CONTROL] * len(CONTROL)
        writer.add_token_types(kinds + [gguf.TokenType.USER_DEFINED] * (len(self.tokens) - len(kinds)))
        writer.add_token_merges(["t h"])
        writer.add_eos_token_id(self.find(END))
        writer.add_bos_token_id(self.find(END))
        writer.add_add_bos_token(False)
        writer.add_chat_template(TEMPLATE)
        for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
            writer.add_tensor(f"{name}.weight", np.ones(self.width, np.float32))
        for name, matrix in self.matrices.items():
            writer.add_tensor(f"{name}.weight", matrix)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path


def write_random_model(path: Path, *, seed: int = 0) -> Path:
    """A model with random weights: fluent in nothing, and never the same with another seed."""
    weights = Weights(list_tokens(LABELS), 64, heads=2)
    numbers = np.random.default_rng(seed)
    for name, matrix in weights.matrices.items():
        weights.matrices[name] = (numbers.normal(size=matrix.shape) * 0.3).astype(np.float32)
    return weights.write(path)


def write_speaker(path: Path, follows: Mapping[str, Sequence[str]]) -> Path:
    """A model that says one of the words that follow the last one, all with equal chance, and hardly anything else.

    Args:
        follows: for each word or control token, what may come next.
    """
    words = {word for nexts in follows.values() for word in nexts} | set(follows)
    tokens = list_tokens(sorted(words - set(CONTROL)))
    width = -(-len(tokens) // 32) * 32
    weights = Weights(tokens, width)
    weights.matrices["token_embd"][:, : len(tokens)] = np.eye(len(tokens), dtype=np.float32)
    for word, nexts in follows.items():
        for following in nexts:
            weights.matrices["output"][weights.find(following), weights.find(word)] = 18 / np.sqrt(width)
    return weights.write(path)


def write_judge(path: Path) -> Path:
    """A model that wants to say yes where somebody asks (`ASKING`), unless somebody declines (`DECLINING`), and else no.

    Every token has 1 at place 0. Words that ask or decline have their strength at place 1, and 1 or -1 at place 2. The
    attention looks for strength and carries what is at place 2 of the strongest to place 3, from where it decides.
    """
    weights = Weights(list_tokens((*LABELS, *ASKING, *DECLINING)), 64, heads=2)
    tokens = weights.matrices["token_embd"]
    tokens[:, 0] = 1
    for words, strength, sign in ((ASKING, 1, 1), (DECLINING, 2, -1)):
        for word in words:
            tokens[weights.find(word), 1:3] = strength, sign
    steady = weights.width // weights.heads - 2  # the place in the first head that is hardly turned
    weights.matrices["blk.0.attn_q"][steady, 0] = 10
    weights.matrices["blk.0.attn_k"][steady, 1] = 1
    weights.matrices["blk.0.attn_v"][0, 2] = 1
    weights.matrices["blk.0.attn_output"][3, 0] = 1
    for label in LABELS:
        sign = 1 if label.strip().lower() == "yes" else -1
        weights.matrices["output"][weights.find(label), [0, 3]] = -0.5 * sign, sign
    return weights.write(path)
