"""Passives about reasoning: logic, and memory for what was read before the question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise, product
from random import Random

from skills.passives.wording import COLOURS, NAME, NAMES, NUMBER, THINGS, WORD, YES_NO, listed
from skills.question import Question, asked

MEASURES = (("taller", "tallest", "shortest"), ("older", "oldest", "youngest"), ("faster", "fastest", "slowest"))
DIRECTIONS = ("north", "east", "south", "west")
TURNS = {"right": 1, "left": 3, "around": 2}
CLAIM_DRAWS = 15
"""Sets of claims drawn before one is taken that always shows a liar."""


def logic(random: Random) -> Question:
    """Orders from comparisons, liars, elimination, chains of conditions, turns."""
    return random.choice((_order, _liars, _elimination, _chain, _turns))(random)


def _order(random: Random) -> Question:
    """Four people in a row, by the three neighbouring pairs."""
    order = random.sample(NAMES, 4)
    more, most, least = random.choice(MEASURES)
    pairs = [f"{x} is {more} than {y}." for x, y in pairwise(order)]
    random.shuffle(pairs)
    wanted, answer = random.choice([(most, order[0]), (f"second {most}", order[1]), (least, order[3])])
    text = " ".join(pairs)
    wordings = (
        f"{text} Who is the {wanted} of the four?{NAME}",
        f"Who is the {wanted}? {text}{NAME}",
    )
    return asked(random, f"{wanted}: {' '.join(sorted(pairs))}", wordings, answer)


Claim = tuple[str, Callable[[tuple[bool, ...]], bool]]
"""What somebody says, and whether that is true when each of the people is truthful or not."""


def _liars(random: Random) -> Question:
    """Three people of whom each always lies or never does; what two of them say decides about the one in question."""
    names, honest = random.sample(NAMES, 3), random.random() < 0.5
    speakers = random.sample(range(3), 2)
    for _ in range(CLAIM_DRAWS):
        claims = [_claim(random, names, speaker) for speaker in speakers]
        worlds = _worlds(speakers, claims)
        decided = [who for who in range(3) if {world[who] for world in worlds} == {honest}]
        if decided:
            wanted = random.choice(decided)
            break
    else:
        wanted, honest, speakers = speakers[1], False, speakers[:1]
        claims = [_only_one_lies(names, speakers[0], wanted)]
    said = " ".join(f"{names[who]} says: {text}." for who, (text, _) in zip(speakers, claims, strict=True))
    people = listed(names)
    wordings = (
        f"{people} each either always lie or always tell the truth. {said} Does {names[wanted]} lie?{YES_NO}",
        f"Of {people}, each is a liar, who only says what is false, or honest, who only says what is true. {said} "
        f"Is {names[wanted]} a liar?{YES_NO}",
    )
    return asked(random, f"{said} {names[wanted]}?", wordings, "no" if honest else "yes")


def _claim(random: Random, names: Sequence[str], speaker: int) -> Claim:
    first, second = random.sample([who for who in range(3) if who != speaker], 2)
    count = random.randint(1, 2)
    return random.choice(
        [
            (f"{names[first]} lies", lambda world: not world[first]),
            (f"{names[first]} tells the truth", lambda world: world[first]),
            (f"{names[first]} and {names[second]} both lie", lambda world: not world[first] and not world[second]),
            (
                f"at least one of {names[first]} and {names[second]} lies",
                lambda world: not (world[first] and world[second]),
            ),
            (f"exactly {count} of us three lie{'s' if count == 1 else ''}", lambda world: world.count(False) == count),
            _only_one_lies(names, speaker, first),
        ]
    )


def _only_one_lies(names: Sequence[str], speaker: int, other: int) -> Claim:
    """Whoever says this of somebody and themself shows the other to lie, whether it is true or not."""
    return f"exactly one of {names[other]} and me lies", lambda world: world[speaker] != world[other]


def _worlds(speakers: list[int], claims: list[Claim]) -> list[tuple[bool, ...]]:
    """Who may be truthful: whoever is says what is true, whoever is not says what is false."""
    return [
        world
        for world in product((False, True), repeat=3)
        if all(world[who] == holds(world) for who, (_, holds) in zip(speakers, claims, strict=True))
    ]


def _elimination(random: Random) -> Question:
    """Three people, three things; two statements leave one way."""
    names, things = random.sample(NAMES, 3), random.sample(THINGS, 3)
    first = random.choice((0, 1))
    facts = [
        f"{names[0]} has neither the {things[1]} nor the {things[2]}.",
        f"{names[1 + first]} does not have the {things[2 - first]}.",
    ]
    random.shuffle(facts)
    owner = random.randrange(3)
    people, what = listed(random.sample(names, 3)), listed([f"the {thing}" for thing in random.sample(things, 3)])
    given = f"{people} have {what}, one each. {' '.join(facts)}"
    key = f"{' '.join(sorted(names))} {' '.join(sorted(things))} {' '.join(sorted(facts))}"
    if random.random() < 0.5:
        return asked(random, f"{key} {things[owner]}", (f"{given} Who has the {things[owner]}?{NAME}",), names[owner])
    wordings = (f"{given} What does {names[owner]} have?{WORD}",)
    return asked(random, f"{key} {names[owner]}", wordings, things[owner])


def _chain(random: Random) -> Question:
    """Conditions that lead from one to the next; the last one is asked about, or the first one by its contrary."""
    events = random.sample(
        (
            "the bell rings", "the cat wakes", "the dog barks", "the lamp burns", "the door opens", "the rain stops",
            "the wind turns", "the train leaves",
        ),
        random.randint(3, 4),
    )  # fmt: skip
    links = [f"Whenever {x}, {y}." for x, y in pairwise(events)]
    random.shuffle(links)
    text = " ".join(links)
    given, wanted, answer = random.choice(
        [
            (f"Now {events[0]}.", f"Is it certain that {events[-1]}?", "yes"),
            (f"It is not so that {events[-1]}.", f"Is it possible that {events[0]}?", "no"),
            (f"Now {events[-1]}.", f"Is it certain that {events[0]}?", "no"),
            (f"It is not so that {events[0]}.", f"Is it possible that {events[-1]}?", "yes"),
        ]
    )
    wordings = (f"{text} {given} {wanted}{YES_NO}", f"{given} {text} {wanted}{YES_NO}")
    return asked(random, f"{' '.join(sorted(links))} {given} {wanted}", wordings, answer)


def _turns(random: Random) -> Question:
    at = start = random.randrange(4)
    turns = random.choices(list(TURNS), k=random.randint(3, 5))
    for turn in turns:
        at = (at + TURNS[turn]) % 4
    text, name = ", then ".join(turns), random.choice(NAMES)
    wordings = (
        f"{name} faces {DIRECTIONS[start]} and turns {text}. Which way does {name} face now?{WORD}",
        f"A robot looks {DIRECTIONS[start]}. It turns {text}. Where does it look in the end?{WORD}",
    )
    return asked(random, f"{DIRECTIONS[start]} {' '.join(turns)}", wordings, DIRECTIONS[at])


def memory(random: Random) -> Question:
    """Look-ups in a list by name and place, neighbours, digits, and what changed hands since."""
    return random.choice((_look_up, _place, _neighbour, _digits, _hand_over, _swap))(random)


def _look_up(random: Random) -> Question:
    count = random.randint(3, 7)
    names, colours = random.sample(NAMES, count), random.sample(COLOURS, count)
    text = ", ".join(f"{name} has {colour}" for name, colour in zip(names, colours, strict=True))
    name, colour = random.choice(list(zip(names, colours, strict=True)))
    if random.random() < 0.5:
        wordings = (
            f"{text}. Which colour does {name} have?{WORD}",
            f"Remember: {text}. What is {name}'s colour?{WORD}",
        )
        return asked(random, f"{text}. {name}?", wordings, colour)
    wordings = (f"{text}. Who has {colour}?{NAME}", f"Remember: {text}. Whose colour is {colour}?{NAME}")
    return asked(random, f"{text}. {colour}?", wordings, name)


ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def _place(random: Random) -> Question:
    things = random.sample(THINGS, random.randint(4, 8))
    at, text = random.randrange(len(things)), ", ".join(things)
    wordings = (
        f"List: {text}. What is the {ORDINALS[at]} word of the list?{WORD}",
        f"Somebody wrote down {text}. Which word was the {ORDINALS[at]}?{WORD}",
    )
    return asked(random, f"{text} {at}", wordings, things[at])


def _neighbour(random: Random) -> Question:
    things = random.sample(THINGS, random.randint(4, 8))
    at, text = random.randrange(1, len(things)), ", ".join(things)
    side, known, answer = random.choice([("after", at - 1, at), ("before", at, at - 1)])
    wordings = (
        f"List: {text}. Which word comes right {side} {things[known]}?{WORD}",
        f"Read this: {text}. Now name the word directly {side} {things[known]}.{WORD}",
    )
    return asked(random, f"{text} {side} {things[known]}", wordings, things[answer])


def _digits(random: Random) -> Question:
    digits = [str(random.randrange(10)) for _ in range(random.randint(4, 8))]
    at, text = random.randrange(len(digits)), " ".join(digits)
    wordings = (
        f"The number on the door is {text}. What is its {ORDINALS[at]} digit?{NUMBER}",
        f"Digits: {text}. Which one is the {ORDINALS[at]}?{NUMBER}",
    )
    return asked(random, f"{text} {at}", wordings, digits[at])


def _hand_over(random: Random) -> Question:
    """One thing goes from hand to hand; the last holder, or the one before, is asked for."""
    names, thing = random.sample(NAMES, random.randint(4, 6)), random.choice(THINGS)
    text = " ".join(f"{giver} gives it to {taker}." for giver, taker in pairwise(names))
    start = f"{names[0]} has the {thing}."
    at = random.randint(1, len(names) - 1)
    wanted, answer = random.choice(
        [(f"Who has the {thing} now?", names[-1]), (f"From whom did {names[at]} get the {thing}?", names[at - 1])]
    )
    return asked(random, f"{start} {text} {wanted}", (f"{start} {text} {wanted}{NAME}",), answer)


def _swap(random: Random) -> Question:
    """Each has something, then two of them swap."""
    names, things = random.sample(NAMES, 4), random.sample(THINGS, 4)
    text = ", ".join(f"{name} has the {thing}" for name, thing in zip(names, things, strict=True))
    first, second = random.sample(range(4), 2)
    at = random.choice((first, second, random.randrange(4)))
    now = {first: second, second: first}.get(at, at)
    swap = f"{names[first]} and {names[second]} swap what they have."
    wordings = (f"{text}. {swap} What does {names[at]} have now?{WORD}",)
    return asked(random, f"{text}. {swap} {names[at]}", wordings, things[now])
