"""MOTE's tokenizer: one token a character, bytes for every other character, and a chat template.

Knows nothing of models. The alphabet is printable ASCII, newline, and what the skills use.
"""

from __future__ import annotations

import string

from tokenizers import AddedToken, Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

PAD, END = "<|pad|>", "<|end|>"
ROLES = ("user", "assistant", "system", "tool")
MARKS = ("<think>", "</think>")

CHAT_TEMPLATE = """\
{%- if tools %}{{ '<|system|>' + (tools | tojson) }}{% endif -%}
{%- for message in messages -%}
{{- '<|' + message['role'] + '|>' -}}
{%- if message['role'] == 'assistant' -%}
{%- generation -%}
{{- message['content'] or '' -}}
{%- for call in message['tool_calls'] or [] -%}
{{- '<tool_call>' + ((call['function'] if 'function' in call else call) | tojson) + '</tool_call>' -}}
{%- endfor -%}
{{- '<|end|>' -}}
{%- endgeneration -%}
{%- else -%}
{{- message['content'] or '' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"""


def build_char_tokenizer(alphabet: str, max_length: int) -> PreTrainedTokenizerFast:
    """A char-level tokenizer over printable ASCII, newline and `alphabet`, with byte fallback.

    Special tokens come first (pad = 0), then 256 bytes, then the characters sorted by code point.
    """
    letters = set(string.ascii_letters + string.digits + string.punctuation + " \n") | set(alphabet)
    special = [PAD, END, *(f"<|{role}|>" for role in ROLES)]
    tokens = [*special, *MARKS, *(f"<0x{byte:02X}>" for byte in range(256)), *sorted(letters)]
    vocab = {token: index for index, token in enumerate(tokens)}
    core = Tokenizer(models.BPE(vocab=vocab, merges=[], byte_fallback=True))
    core.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])  # pyright: ignore[reportAttributeAccessIssue]
    core.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    core.add_tokens([AddedToken(token, special=False, normalized=False) for token in MARKS])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        eos_token=END,
        model_max_length=max_length,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer
