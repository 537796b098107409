"""`python -m skills.lexicon_build`: fill in the columns of lexicon.tsv that are looked up, not written.

Needs the packages of the extra `lexicon`. Words keep their order: by syllables, then the most frequent first.
"""

from __future__ import annotations

import csv
import sys

from skills.lexicon import PATH

FIELDS = ("word", "syllables", "zipf", "rhyme", "category", "definition", "synonym", "antonym", "example")


def main() -> None:
    import pronouncing
    import wordfreq

    with PATH.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    for row in rows:
        phones = pronouncing.phones_for_word(row["word"])
        row["zipf"] = str(wordfreq.zipf_frequency(row["word"], "en"))
        row["rhyme"] = pronouncing.rhyming_part(phones[0]).replace(" ", "-") if phones else ""
    rows.sort(key=lambda row: (row["syllables"].count("-"), -float(row["zipf"]), row["word"]))
    with PATH.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, delimiter="\t", quoting=csv.QUOTE_NONE, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} words in {PATH}", file=sys.stderr)


if __name__ == "__main__":
    main()
