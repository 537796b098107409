"""Quests: training data files, validated into one inner form and kept by sha256.

`intake` takes files in, `library` keeps and reads quests, `example` is the inner form. Knows no tokenizer, no model, no
database and no queue.
"""

from realm.quests.example import Example, is_trained
from realm.quests.intake import Preview, admit, inspect, write_generated
from realm.quests.library import (
    INCOMING,
    QuestManifest,
    decode_shard,
    display_name,
    read_manifest,
    read_shard,
    shard_path,
    sweep,
)

__all__ = [
    "INCOMING",
    "Example",
    "Preview",
    "QuestManifest",
    "admit",
    "decode_shard",
    "display_name",
    "inspect",
    "is_trained",
    "read_manifest",
    "read_shard",
    "shard_path",
    "sweep",
    "write_generated",
]
