"""Text of tokens as they come: whole characters, cut before a stop string."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from realm.errors import HeroError, RequestError
from realm.inference.text import Detokenizer, StopStrings, whole_text
from realm.models.chat import chat_ids, token_ids
from realm.models.hero import load_tokenizer


@pytest.fixture(scope="module")
def tokenizer(mote_folder: Path) -> PreTrainedTokenizerBase:
    return load_tokenizer(mote_folder)


def pieces_of(tokenizer: PreTrainedTokenizerBase, tokens: list[int]) -> list[str]:
    detokenizer = Detokenizer(tokenizer)
    return [*map(detokenizer.push, tokens), detokenizer.flush()]


def byte_tokens(tokenizer: PreTrainedTokenizerBase, data: bytes) -> list[int]:
    return [int(tokenizer.convert_tokens_to_ids(f"<0x{byte:02X}>")) for byte in data]  # pyright: ignore


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd"), max_size=20))
def test_characters_come_whole_with_their_last_byte(tokenizer, text):
    said = ""
    detokenizer = Detokenizer(tokenizer)
    for character in text:
        *begun, last = token_ids(tokenizer, character)
        assert [detokenizer.push(token) for token in begun] == [""] * len(begun)
        assert detokenizer.push(last) == character
        said += character
    assert detokenizer.flush() == ""
    assert whole_text(tokenizer, token_ids(tokenizer, text)) == said == text


@settings(max_examples=200, deadline=None)
@given(tokens=st.lists(st.integers(0, 382), max_size=40))
def test_of_any_tokens_the_pieces_are_the_text(tokenizer, tokens):
    pieces = pieces_of(tokenizer, tokens)
    assert "".join(pieces) == whole_text(tokenizer, tokens)
    assert sum(map(len, pieces)) <= sum(map(len, tokenizer.convert_ids_to_tokens(tokens)))


def test_broken_bytes_take_no_whole_character_with_them(tokenizer):
    tokens = (
        byte_tokens(tokenizer, b"\xff\xe2\x82\xac") + token_ids(tokenizer, "a") + byte_tokens(tokenizer, b"\xe2\x82")
    )
    pieces = pieces_of(tokenizer, tokens)
    assert "".join(pieces).startswith("\ufffd€a")
    assert "\ufffd" not in "".join(pieces[4:-1])
    assert pieces[-1].strip("\ufffd") == ""
    assert pieces[-1], "half a character is said at the end, as what it is"


def test_special_tokens_say_nothing(tokenizer):
    tokens = token_ids(tokenizer, "a<|pad|><|user|><|pad|><|user|><|pad|>b")
    assert "".join(pieces_of(tokenizer, tokens)) == "ab"


@settings(max_examples=300, deadline=None)
@given(
    text=st.text("abc", max_size=20),
    stops=st.lists(st.text("abc", min_size=1, max_size=4), max_size=3),
    cuts=st.lists(st.integers(0, 20), max_size=8),
)
def test_however_text_is_cut_it_ends_before_the_stop_string_that_is_complete_first(text, stops, cuts):
    ends = sorted((at + len(stop), at) for stop in stops for at in range(len(text)) if text.startswith(stop, at))
    expected = text[: ends[0][1]] if ends else text
    borders = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    matcher, said = StopStrings(stops), ""
    for begin, end in pairwise(borders):
        said += matcher.push(text[begin:end])
        assert expected.startswith(said), "what was said is never taken back"
        if matcher.met:
            break
    said += matcher.flush()
    assert (said, matcher.met) == (expected, bool(ends))


def test_a_conversation_becomes_tokens(tokenizer):
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "1+1"}]
    assert tokenizer.decode(chat_ids(tokenizer, messages)) == "<|system|>s<|user|>1+1<|assistant|>"
    with pytest.raises(RequestError, match="template"):
        chat_ids(tokenizer, [{"content": "1+1"}])


def test_a_tokenizer_without_a_template_says_so(mote_folder):
    bare = load_tokenizer(mote_folder)
    bare.chat_template = None
    with pytest.raises(HeroError, match="no chat template"):
        chat_ids(bare, [{"role": "user", "content": "1+1"}])
