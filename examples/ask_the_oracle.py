"""Ask the Oracle with OpenAI's own client: what the champion and the newest checkpoint say to one question.

`pip install openai`, then `python examples/ask_the_oracle.py ["①+②="]`.
"""

from __future__ import annotations

import sys

from openai import OpenAI

from realm.hosts import get_service_url


def main(question: str = "①+②=") -> None:
    client = OpenAI(base_url=f"{get_service_url('inference')}/v1", api_key="none")
    for model in ("champion", "latest"):
        stream = client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": question}],
            temperature=0,
            max_tokens=64,
            stream=True,
            stream_options={"include_usage": True},
        )
        print(f"{model}: ", end="")
        for chunk in stream:
            for choice in chunk.choices:
                print(choice.delta.content or "", end="", flush=True)
            if chunk.usage is not None:
                print(f"\n  {chunk.model}, {chunk.system_fingerprint}, {chunk.usage.completion_tokens} tokens")


if __name__ == "__main__":
    main(*sys.argv[1:2])
