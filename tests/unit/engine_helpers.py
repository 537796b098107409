"""Heroes whose greedy answers are lively and without near ties, and what their own `generate` says."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from realm.errors import RealmError
from realm.inference.requests import Completion, Piece
from realm.models.hero import Hero, load_hero, load_tokenizer

CPU = torch.device("cpu")


def loud_hero(folder: Path) -> Hero:
    """MOTE with weights so large that each token depends on all before it, as of a trained model."""
    torch.set_num_threads(1)
    hero = load_hero(folder, torch.float32, CPU)
    with torch.no_grad():
        for name, parameter in hero.model.named_parameters():
            if parameter.dim() == 2:
                parameter.mul_(4.0 if "embed" in name else 6.0)
    hero.model.eval()
    return hero


def tiny_hero(folder: Path) -> Hero:
    """One layer in float64, in which the shape of a batch changes no logit by more than 1e-12."""
    torch.set_num_threads(1)
    tokenizer = load_tokenizer(folder)
    torch.manual_seed(5)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=64,
        tie_word_embeddings=True,
        initializer_range=1.0,
        bos_token_id=None,
        eos_token_id=1,
        pad_token_id=0,
    )
    return Hero(model=Qwen3ForCausalLM(config).double().eval(), tokenizer=tokenizer, device=CPU)


def ragged_prompts(count: int, longest: int, seed: int = 0) -> list[tuple[int, ...]]:
    """Prompts of 1 to `longest` printable characters."""
    rng = random.Random(seed)
    return [tuple(rng.randrange(270, 360) for _ in range(rng.randint(1, longest))) for _ in range(count)]


def own_answer(hero: Hero, prompt: Sequence[int], max_tokens: int) -> list[int]:
    """What `model.generate` answers greedily, without the end token."""
    ids = torch.tensor([list(prompt)])
    out = hero.model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=max_tokens, do_sample=False)
    answer = out[0, len(prompt) :].tolist()
    return answer[:-1] if answer and answer[-1] == 1 else answer


class Kept:
    """A sink that keeps what comes."""

    def __init__(self) -> None:
        self.cancelled = False
        self.pieces: list[Piece] = []
        self.completion: Completion | None = None
        self.error: RealmError | None = None

    @property
    def ends(self) -> int:
        return (self.completion is not None) + (self.error is not None)

    def piece(self, piece: Piece) -> None:
        assert not self.ends
        self.pieces.append(piece)

    def end(self, completion: Completion) -> None:
        assert not self.ends
        self.completion = completion

    def fail(self, error: RealmError) -> None:
        assert not self.ends
        self.error = error


@contextmanager
def gated(hero: Hero) -> Iterator[threading.Semaphore]:
    """The model waits before each forward pass for one release of the semaphore; at the end it waits no more."""
    passes, opened = threading.Semaphore(0), threading.Event()

    def wait(*_: object) -> None:
        if not opened.is_set():
            passes.acquire()

    hook = hero.model.base_model.register_forward_pre_hook(wait)
    try:
        yield passes
    finally:
        opened.set()
        passes.release()
        hook.remove()
