"""Passive about sequences: the term that continues them. Every rule that can be seen in one gives the same term."""

from __future__ import annotations

from random import Random

from skills.passives.wording import NUMBER
from skills.question import Question, asked

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
SHOWN = 6


def sequence(random: Random) -> Question:
    """Steady, growing and alternating steps, factors, sums of two terms, two sequences in one, letters, cycles."""
    if random.random() < 0.2:
        return random.choice((_letters, _cycle))(random)
    forms = (_steady, _falling, _factor, _growing, _sums, _two_in_one, _factor_and_step, _squares)
    terms = random.choice(forms)(random)
    text = ", ".join(map(str, terms[:SHOWN]))
    wordings = (
        f"Which number comes next? {text}, ...{NUMBER}",
        f"Continue by one number: {text}, ?{NUMBER}",
        f"{text}, ?\nWhich number is ?{NUMBER}",
    )
    return asked(random, text, wordings, terms[SHOWN])


def _steady(random: Random) -> list[int]:
    first, step = random.randint(0, 50), random.randint(2, 15)
    return [first + step * i for i in range(SHOWN + 1)]


def _falling(random: Random) -> list[int]:
    last, step = random.randint(0, 30), random.randint(2, 12)
    return [last + step * i for i in range(SHOWN + 1)][::-1]


def _factor(random: Random) -> list[int]:
    first, factor = random.randint(1, 9), random.randint(2, 4)
    terms = [first * factor**i for i in range(SHOWN + 1)]
    return terms if factor > 2 or random.random() < 0.5 else terms[::-1]


def _growing(random: Random) -> list[int]:
    """The step grows by the same amount each time."""
    first, step, growth = random.randint(0, 20), random.randint(1, 9), random.randint(1, 4)
    return [first + step * i + growth * i * (i - 1) // 2 for i in range(SHOWN + 1)]


def _squares(random: Random) -> list[int]:
    first, add = random.randint(1, 9), random.randint(0, 9)
    return [(first + i) ** 2 + add for i in range(SHOWN + 1)]


def _sums(random: Random) -> list[int]:
    """Each term is the sum of the two before it."""
    terms = [random.randint(1, 12), random.randint(1, 12)]
    while len(terms) <= SHOWN:
        terms.append(terms[-1] + terms[-2])
    return terms


def _two_in_one(random: Random) -> list[int]:
    """Every second term belongs to a steady sequence of its own."""
    (first, other), steps = (random.randint(0, 20) for _ in range(2)), random.sample(range(1, 10), 2)
    return [(first, other)[i % 2] + steps[i % 2] * (i // 2) for i in range(SHOWN + 1)]


def _factor_and_step(random: Random) -> list[int]:
    """Each term is twice or three times the one before it, and a bit."""
    terms, factor, add = [random.randint(1, 9)], random.randint(2, 3), random.randint(1, 5)
    while len(terms) <= SHOWN:
        terms.append(terms[-1] * factor + add)
    return terms


def _letters(random: Random) -> Question:
    """Letters in steady steps through the alphabet, forwards or backwards."""
    step = random.randint(1, 4)
    first = random.randrange(26 - step * 5)
    letters = [ALPHABET[first + step * i] for i in range(6)]
    if random.random() < 0.5:
        letters.reverse()
    text = ", ".join(letters[:5])
    form = "\nAnswer with a letter."
    return asked(random, text, (f"Which letter comes next? {text}, ...{form}", f"{text}, ?{form}"), letters[5])


def _cycle(random: Random) -> Question:
    """Three or four words again and again, at least twice."""
    words = random.sample(("sun", "moon", "star", "rain", "wind", "snow", "fog"), random.randint(3, 4))
    count = random.randint(2 * len(words), 3 * len(words))
    text = ", ".join(words[i % len(words)] for i in range(count))
    form = "\nAnswer with one word."
    wordings = (f"Which word comes next? {text}, ...{form}", f"{text}, ?{form}")
    return asked(random, text, wordings, words[count % len(words)])
