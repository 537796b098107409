"""Solvers of the passives about reasoning and words that read the prompt alone; as `passive_solvers`."""

from __future__ import annotations

import re
from itertools import permutations, product

from passive_solvers import NAME, NUMBER, WORD, YES_NO, Solver

from skills.lexicon import lexicon

# Logic


def ranked(text: str, wanted: str) -> str:
    """Who is where in the only order of four that the comparisons allow."""
    pairs = re.findall(r"(\w+) is (\w+) than (\w+)\.", text)
    people = sorted({name for first, _, second in pairs for name in (first, second)})
    fitting = [
        order
        for order in permutations(people)
        if all(order.index(first) < order.index(second) for first, _, second in pairs)
    ]
    assert len(people) == 4
    assert len(fitting) == 1
    places = {"tallest": 0, "oldest": 0, "fastest": 0, "shortest": 3, "youngest": 3, "slowest": 3}
    return fitting[0][1 if wanted.startswith("second ") else places[wanted]]


def claimed(claim: str, speaker: str, honest: dict[str, bool]) -> bool:
    """Whether what somebody says is true."""
    if match := re.fullmatch(r"(\w+) lies", claim):
        return not honest[match[1]]
    if match := re.fullmatch(r"(\w+) tells the truth", claim):
        return honest[match[1]]
    if match := re.fullmatch(r"(\w+) and (\w+) both lie", claim):
        return not honest[match[1]] and not honest[match[2]]
    if match := re.fullmatch(r"at least one of (\w+) and (\w+) lies", claim):
        return not honest[match[1]] or not honest[match[2]]
    if match := re.fullmatch(r"exactly (\d) of us three lies?", claim):
        return list(honest.values()).count(False) == int(match[1])
    match = re.fullmatch(r"exactly one of (\w+) and me lies", claim)
    assert match is not None, claim
    return honest[match[1]] != honest[speaker]


def lies(people: str, said: str, wanted: str) -> str:
    names = re.findall(r"[A-Z]\w+", people)
    claims = re.findall(r"(\w+) says: ([^.]+)\.", said)
    worlds = [dict(zip(names, world, strict=True)) for world in product((False, True), repeat=3)]
    fitting = [w for w in worlds if all(w[who] == claimed(claim, who, w) for who, claim in claims)]
    assert len({world[wanted] for world in fitting}) == 1, said
    return "no" if fitting[0][wanted] else "yes"


def owned(people: str, things: str, facts: str, asked: str) -> str:
    """Who has what in the only way that the facts leave."""
    names, kinds = re.findall(r"[A-Z]\w+", people), re.findall(r"the (\w+)", things)
    denied = {
        (name, thing) for name, rest in re.findall(r"(\w+) (?:has neither|does not have) ([^.]+)\.", facts)
        for thing in re.findall(r"the (\w+)", rest)
    }  # fmt: skip
    ways = [dict(zip(names, way, strict=True)) for way in permutations(kinds)]
    fitting = [way for way in ways if not denied & set(way.items())]
    assert len(fitting) == 1
    owners = {thing: name for name, thing in fitting[0].items()}
    return fitting[0].get(asked) or owners[asked]


def implied(text: str) -> str:
    """Over all truth values of the events that obey every condition and what is known."""
    conditions = re.findall(r"Whenever ([^,]+), ([^.]+)\.", text)
    known = re.search(r"Now ([^.]+)\.|It is not so that ([^.]+)\.", text)
    asked = re.search(r"Is it (certain|possible) that ([^?]+)\?", text)
    assert known is not None
    assert asked is not None
    events = sorted({event for pair in conditions for event in pair})
    fitting = [
        world
        for values in product((False, True), repeat=len(events))
        for world in [dict(zip(events, values, strict=True))]
        if all(not world[cause] or world[effect] for cause, effect in conditions)
        and (world[known[1]] if known[1] else not world[known[2]])
    ]
    found = [world[asked[2]] for world in fitting]
    return "yes" if (all(found) if asked[1] == "certain" else any(found)) else "no"


def faced(start: str, turns: str) -> str:
    x, y = {"north": (0, 1), "east": (1, 0), "south": (0, -1), "west": (-1, 0)}[start]
    for turn in turns.split(", then "):
        x, y = {"right": (y, -x), "left": (-y, x), "around": (-x, -y)}[turn]
    return {(0, 1): "north", (1, 0): "east", (0, -1): "south", (-1, 0): "west"}[x, y]


LOGIC: dict[str, Solver] = {
    rf"(.+) Who is the ([a-z ]+) of the four\?{NAME}": ranked,
    rf"Who is the ([a-z ]+)\? (.+){NAME}": lambda wanted, text: ranked(text, wanted),
    rf"(.+) each either always lie or always tell the truth\. (.+) Does (\w+) lie\?{YES_NO}": lies,
    rf"Of (.+), each is a liar, who only says what is false, or honest, who only says what is true\. (.+) "
    rf"Is (\w+) a liar\?{YES_NO}": lies,
    rf"([A-Z][^.]+) have (the [^.]+), one each\. (.+) Who has the (\w+)\?{NAME}": owned,
    rf"([A-Z][^.]+) have (the [^.]+), one each\. (.+) What does (\w+) have\?{WORD}": owned,
    rf"((?:Whenever|Now|It is not so).+Is it (?:certain|possible) that [^?]+\?){YES_NO}": implied,
    rf"\w+ faces (\w+) and turns (.+)\. Which way does \w+ face now\?{WORD}": faced,
    rf"A robot looks (\w+)\. It turns (.+)\. Where does it look in the end\?{WORD}": faced,
}

# Memory

NTH = "first second third fourth fifth sixth seventh eighth"
PLACES = {word: at for at, word in enumerate(NTH.split())}


def paired(text: str, asked: str) -> str:
    pairs = dict(each.split(" has ") for each in text.split(", "))
    return pairs.get(asked) or {colour: name for name, colour in pairs.items()}[asked]


def beside(text: str, side: str, word: str) -> str:
    words = text.split(", ")
    return words[words.index(word) + {"after": 1, "before": -1}[side]]


def holder(first: str, text: str, asked: str) -> str:
    holders = [first, *re.findall(r"gives it to (\w+)\.", text)]
    assert re.findall(r"(\w+) gives it", text) == holders[:-1]
    match = re.fullmatch(r"From whom did (\w+) get the \w+", asked)
    return holders[holders.index(match[1]) - 1] if match else holders[-1]


def swapped(text: str, first: str, second: str, asked: str) -> str:
    has = dict(each.split(" has the ") for each in text.split(", "))
    has[first], has[second] = has[second], has[first]
    return has[asked]


MEMORY: dict[str, Solver] = {
    rf"(?:Remember: )?(.+ has .+)\. Which colour does (\w+) have\?{WORD}": paired,
    rf"Remember: (.+)\. What is (\w+)'s colour\?{WORD}": paired,
    rf"([^:]+)\. Who has (\w+)\?{NAME}": paired,
    rf"Remember: (.+)\. Whose colour is (\w+)\?{NAME}": paired,
    rf"List: (.+)\. What is the (\w+) word of the list\?{WORD}": lambda text, nth: text.split(", ")[PLACES[nth]],
    rf"Somebody wrote down (.+)\. Which word was the (\w+)\?{WORD}": lambda text, nth: text.split(", ")[PLACES[nth]],
    rf"List: (.+)\. Which word comes right (after|before) (\w+)\?{WORD}": beside,
    rf"Read this: (.+)\. Now name the word directly (after|before) (\w+)\.{WORD}": beside,
    rf"The number on the door is ([\d ]+)\. What is its (\w+) digit\?{NUMBER}": lambda text, nth: text[2 * PLACES[nth]],
    rf"Digits: ([\d ]+)\. Which one is the (\w+)\?{NUMBER}": lambda text, nth: text[2 * PLACES[nth]],
    rf"(\w+) has the \w+\. ((?:\w+ gives it to \w+\. )+)([^?]+)\?{NAME}": holder,
    rf"(.+ has the .+)\. (\w+) and (\w+) swap what they have\. What does (\w+) have now\?{WORD}": swapped,
}

# String craft

LETTER, LETTERS = "\nAnswer with a letter.", "\nAnswer with the letters alone."
COUNTS = {"the next letter": 1, "the letter 2 places later": 2, "the letter 3 places later": 3}


def shifted(word: str, places: str) -> str:
    return "".join(chr((ord(letter) - 97 + COUNTS[places]) % 26 + 97) for letter in word)


def dropped(word: str, what: str) -> str:
    gone = re.findall(r"\b[a-z]\b", what)
    return re.sub(f"[{''.join(gone)}]", "", word)


def reformed(word: str, what: str) -> str:
    if what == "in capital letters":
        return word.upper()
    if what == "with a hyphen between all letters":
        return re.sub("(?<=.)(?=.)", "-", word)
    if what == "with each letter doubled":
        return re.sub("(.)", r"\1\1", word)
    if what == "with only its last letter in capitals":
        return re.sub(".$", lambda last: last[0].upper(), word)
    if what == "with its first letter moved to the end":
        return re.sub("(.)(.+)", r"\2\1", word)
    assert what == "with its last letter moved to the front"
    return re.sub("(.+)(.)", r"\2\1", word)


def exchanged(what: str, word: str) -> str:
    if what == "Swap the first and the last letter of":
        return re.sub("(.)(.+)(.)", r"\3\2\1", word)
    if what == "Leave out the first and the last letter of":
        return re.sub("^.|.$", "", word)
    assert what == "Write every second letter, starting with the first, of"
    return "".join(letter for at, letter in enumerate(word) if at % 2 == 0)


def initials(end: str, text: str) -> str:
    return "".join(re.findall(r"\b\w" if end == "first" else r"\w\b", text))


def halves(text: str) -> str:
    if match := re.fullmatch(r"the first three letters of (...)... and of (...)... in turn, one by one", text):
        return "".join(match[1][at] + match[2][at] for at in range(3))
    if match := re.fullmatch(r"the first three letters of (...)..., then the last three of ...(...)", text):
        return match[1] + match[2]
    match = re.fullmatch(r"the last three letters of ...(...), then the first three of (...)...", text)
    assert match is not None
    return match[1] + match[2]


EXCHANGE = (
    "(Swap the first and the last letter of|Leave out the first and the last letter of|"
    "Write every second letter, starting with the first, of)"
)
FORM = "((?:in capital|with a hyphen|with each|with only|with its).+)"
STRING_CRAFT: dict[str, Solver] = {
    rf"What is the (\w+) letter of (\w+)\?{LETTER}": lambda nth, word: word[PLACES[nth]],
    rf"(\w+): (\w+) letter\?{LETTER}": lambda word, nth: word[PLACES[nth]],
    rf"What are the last (\d) letters of (\w+)\?{LETTERS}": lambda n, word: word[len(word) - n :],
    rf"(\w+): last (\d) letters\?{LETTERS}": lambda word, n: word[len(word) - n :],
    rf"What is left of (\w+) without every (.+)\?{LETTERS}": dropped,
    rf"Remove every (.+) from (\w+)\.{LETTERS}": lambda what, word: dropped(word, what),
    rf"Replace each letter of (\w+) by (.+) in the alphabet; after z comes a\.{LETTERS}": shifted,
    rf"Write (\w+) with (.+) of the alphabet for each letter, going on with a after z\.{LETTERS}": shifted,
    rf"Write (\w+) {FORM}\.": reformed,
    rf"How is (\w+) written {FORM}\?": reformed,
    rf"Replace every (\w) in (\w+) by (\w)\.{LETTERS}": lambda old, word, new: re.sub(old, new, word),
    rf"(\w+) with (\w) for (\w)\?{LETTERS}": lambda word, new, old: re.sub(old, new, word),
    rf"{EXCHANGE} (\w+)\.{LETTERS}": exchanged,
    rf"{EXCHANGE} this word: (\w+){LETTERS}": exchanged,
    rf"Join the (first|last) letters of these words: ([a-z ]+){LETTERS}": initials,
    rf"What do the (first|last) letters of ([a-z ]+) spell together\?{LETTERS}": initials,
    rf"Write (the (?:first|last) three .+)\.{LETTERS}": halves,
    rf"Put together (.+)\.{LETTERS}": halves,
}

# Word puzzles: the one option that has the property


def has_property(word: str, what: str, options: list[str]) -> bool:
    if match := re.fullmatch(r"can be made by reordering (\w+)", what):
        return word != match[1] and sorted(word) == sorted(match[1])
    if match := re.fullmatch(r"fits ([a-z_ ]+)", what):
        return re.fullmatch(match[1].replace(" ", "").replace("_", "."), word) is not None
    if match := re.fullmatch(r"rhymes with (\w+)", what):
        return lexicon()[word].rhyme == lexicon()[match[1]].rhyme
    if match := re.fullmatch(r"is hidden in (\w+)", what):
        return word in match[1]
    if match := re.fullmatch(r"can be spelled with some of the letters ([a-z ]+)", what):
        return all(len(re.findall(x, word)) <= len(re.findall(x, match[1])) for x in word)
    if match := re.fullmatch(r"comes (first|last) in alphabetical order", what):
        return word == sorted(options)[0 if match[1] == "first" else -1]
    match = re.fullmatch(r"has (no|a) letter (\w)", what)
    assert match is not None, what
    return (match[2] in word) == (match[1] == "a")


def the_one(options: str, what: str) -> str:
    words = re.split(", | and ", options)
    assert len(words) == len(set(words)) == 4, options
    fitting = [word for word in words if has_property(word, what, words)]
    assert len(fitting) == 1, (options, what)
    return fitting[0]


WORD_PUZZLES: dict[str, Solver] = {
    rf"Which of the words (.+? and \w+) (.+)\?{WORD}": the_one,
    rf"Only one of these words (.+): ([a-z, ]+)\. Which\?{WORD}": lambda what, options: the_one(options, what),
}
