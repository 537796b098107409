"""Passive about English: forms of words, agreement, numbers in words, meanings.

Meanings are asked of words that no training puzzle of SY holds, and so are the wrong options: a word that was never
seen is no sign of the right one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Literal

from skills.lexicon import Word, antonyms, lexicon, synonyms, unseen
from skills.passives.wording import NUMBER, WORD, listed
from skills.question import Question, asked

PLURALS_TABLE = """
baby:babies bird:birds box:boxes boy:boys brush:brushes bus:buses calf:calves cat:cats child:children church:churches
city:cities class:classes country:countries crisis:crises day:days deer:deer dish:dishes dog:dogs dress:dresses
family:families foot:feet fox:foxes glass:glasses goose:geese half:halves hand:hands hero:heroes horse:horses
house:houses key:keys knife:knives lady:ladies leaf:leaves life:lives loaf:loaves man:men monkey:monkeys mouse:mice
ox:oxen party:parties peach:peaches photo:photos piano:pianos potato:potatoes radio:radios river:rivers sheep:sheep
shelf:shelves story:stories tax:taxes thief:thieves tomato:tomatoes tooth:teeth toy:toys tree:trees watch:watches
wife:wives witch:witches wolf:wolves woman:women
"""
"""Singular : plural."""
VERBS_TABLE = """
begin:began:begins:beginning break:broke:breaks:breaking bring:brought:brings:bringing buy:bought:buys:buying
carry:carried:carries:carrying catch:caught:catches:catching choose:chose:chooses:choosing come:came:comes:coming
dance:danced:dances:dancing do:did:does:doing draw:drew:draws:drawing drink:drank:drinks:drinking
drive:drove:drives:driving eat:ate:eats:eating fall:fell:falls:falling feel:felt:feels:feeling
fight:fought:fights:fighting find:found:finds:finding fix:fixed:fixes:fixing fly:flew:flies:flying
forget:forgot:forgets:forgetting give:gave:gives:giving go:went:goes:going grow:grew:grows:growing have:had:has:having
hear:heard:hears:hearing hold:held:holds:holding hop:hopped:hops:hopping hope:hoped:hopes:hoping
jump:jumped:jumps:jumping keep:kept:keeps:keeping know:knew:knows:knowing leave:left:leaves:leaving
lose:lost:loses:losing make:made:makes:making meet:met:meets:meeting miss:missed:misses:missing
open:opened:opens:opening pay:paid:pays:paying plan:planned:plans:planning play:played:plays:playing
push:pushed:pushes:pushing ride:rode:rides:riding rise:rose:rises:rising run:ran:runs:running say:said:says:saying
see:saw:sees:seeing sell:sold:sells:selling send:sent:sends:sending shake:shook:shakes:shaking sing:sang:sings:singing
sit:sat:sits:sitting sleep:slept:sleeps:sleeping speak:spoke:speaks:speaking stand:stood:stands:standing
steal:stole:steals:stealing stop:stopped:stops:stopping study:studied:studies:studying swim:swam:swims:swimming
take:took:takes:taking teach:taught:teaches:teaching tell:told:tells:telling think:thought:thinks:thinking
throw:threw:throws:throwing try:tried:tries:trying visit:visited:visits:visiting walk:walked:walks:walking
wash:washed:washes:washing win:won:wins:winning write:wrote:writes:writing
"""
"""Verb : past tense : third person : participle."""
DEGREES_TABLE = """
bad:worse:worst big:bigger:biggest brave:braver:bravest busy:busier:busiest cheap:cheaper:cheapest
clean:cleaner:cleanest cold:colder:coldest dark:darker:darkest deep:deeper:deepest early:earlier:earliest
easy:easier:easiest fast:faster:fastest flat:flatter:flattest funny:funnier:funniest good:better:best
happy:happier:happiest heavy:heavier:heaviest hot:hotter:hottest kind:kinder:kindest large:larger:largest
lazy:lazier:laziest long:longer:longest loud:louder:loudest nice:nicer:nicest rich:richer:richest sad:sadder:saddest
safe:safer:safest short:shorter:shortest slow:slower:slowest small:smaller:smallest soft:softer:softest
strong:stronger:strongest thin:thinner:thinnest warm:warmer:warmest weak:weaker:weakest wet:wetter:wettest
wide:wider:widest wise:wiser:wisest young:younger:youngest
"""
"""Adjective : comparative : superlative."""
ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
COUNTABLE = ("animal", "building", "clothing", "job", "person", "plant", "tool", "vehicle")
SILENT_OR_GLIDING = ("eu", "ew", "h", "one", "u", "y")
"""Beginnings of words whose article the first letter does not give away."""


def _table(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(entry.split(":")) for entry in text.split())


PLURALS, VERBS, DEGREES = _table(PLURALS_TABLE), _table(VERBS_TABLE), _table(DEGREES_TABLE)


def language_basics(random: Random) -> Question:
    """Plurals, verb forms, degrees, is and are, a and an, numbers in words, synonyms, antonyms, definitions."""
    forms = (_plural, _verb, _degree, _agreement, _article, _number, _definition, _synonym, _antonym)
    return random.choice(forms)(random)


def _plural(random: Random) -> Question:
    one, many = random.choice(PLURALS)
    wordings = (f"What is the plural of {one}?{WORD}", f"One {one}, two ...? Write the missing word.{WORD}")
    return asked(random, f"plural {one}", wordings, many)


def _verb(random: Random) -> Question:
    verb, past, third, participle = random.choice(VERBS)
    key, wordings, answer = random.choice(
        [
            (
                "past",
                (f"What is the past tense of {verb}?", f"Today they {verb}, yesterday they ...? Write the past tense."),
                past,
            ),
            (
                "third",
                (
                    f"They {verb}, and she ...? Write the same verb, still in the present.",
                    f"What follows she in the present tense of {verb}?",
                ),
                third,
            ),
            (
                "participle",
                (f"What is the -ing form of {verb}?", f"They {verb}: they are ...? Write the form in -ing."),
                participle,
            ),
        ]
    )
    return asked(random, f"{key} {verb}", [text + WORD for text in wordings], answer)


def _degree(random: Random) -> Question:
    word, more, most = random.choice(DEGREES)
    if random.random() < 0.5:
        wordings = (f"What is the comparative of {word}?{WORD}", f"One is {word}, the other is even ...?{WORD}")
        return asked(random, f"comparative {word}", wordings, more)
    wordings = (f"What is the superlative of {word}?{WORD}", f"All are {word}; this one is the ...?{WORD}")
    return asked(random, f"superlative {word}", wordings, most)


GAPS = (("is", "are", "here"), ("was", "were", "here"), ("has", "have", "been seen"), ("does", "do", "not matter"))


def _agreement(random: Random) -> Question:
    """Nouns that have the same form in singular and plural are left out."""
    one, many = random.choice([pair for pair in PLURALS if pair[0] != pair[1]])
    near = random.choice([each for each, _ in PLURALS if each != one])
    singular, plural, rest = random.choice(GAPS)
    noun, answer = random.choice([(one, singular), (many, plural)])
    form = f"\nAnswer {singular} or {plural}."
    wordings = (
        f"Fill the gap: The {noun} ___ {rest}.{form}",
        f"Fill the gap: The {noun} near the {near} ___ {rest}.{form}",
    )
    return asked(random, f"{singular} {noun}", wordings, answer)


@cache
def _articled() -> tuple[str, ...]:
    words = (word for word in lexicon().values() if word.category in COUNTABLE)
    return tuple(word.word for word in words if not word.word.startswith(SILENT_OR_GLIDING))


def _article(random: Random) -> Question:
    word = random.choice(_articled())
    form = "\nAnswer a or an."
    wordings = (f"Which article comes before {word}?{form}", f"Fill the gap: This is ___ {word}.{form}")
    return asked(random, f"article {word}", wordings, "an" if word[0] in "aeio" else "a")


def _number(random: Random) -> Question:
    number = random.randrange(100)
    words = ONES[number] if number < 20 else TENS[number // 10 - 2] + (f"-{ONES[number % 10]}" if number % 10 else "")
    if random.random() < 0.5:
        return asked(random, f"digits {number}", (f"Write {words} in digits.{NUMBER}",), number)
    wordings = (
        f"Write {number} in words, with a hyphen if there are two.",
        f"Spell out {number} in words, hyphenated if there are two.",
    )
    return asked(random, f"words {number}", wordings, words)


Meaning = Literal["definition", "synonym", "antonym"]
SAID: dict[Meaning, Callable[[Word], str]] = {
    "definition": lambda word: word.word,
    "synonym": lambda word: word.synonym,
    "antonym": lambda word: word.antonym,
}
"""The options to a question about a meaning are these of the word that is asked about and of three others."""


def _might_be_right(word: Word, meaning: Meaning) -> set[str]:
    """What is no wrong option: the word, the answer, and what the lexicon says is like the answer, or like that."""
    near = {*antonyms()[word.word]} if meaning == "antonym" else {word.word}
    for _ in range(2):
        near |= {other for each in near for other in synonyms().get(each, ())}
    return near | {word.word, SAID[meaning](word)}


@cache
def wrong_options(word: Word, meaning: Meaning) -> tuple[tuple[str, ...], ...]:
    """Each once, of words of other categories than the word's: one tuple a category."""
    taken = _might_be_right(word, meaning)
    groups: dict[str, list[str]] = {}
    for other in unseen():
        said = SAID[meaning](other)
        if said and other.category != word.category and not {said, other.word} & taken:
            taken.add(said)
            groups.setdefault(other.category, []).append(said)
    return tuple(map(tuple, groups.values()))


def _meaning(random: Random, meaning: Meaning, what: str) -> Question:
    """Which of four words `what` is said of, once the word or its definition is put in."""
    word = random.choice([word for word in unseen() if SAID[meaning](word)])
    answer = SAID[meaning](word)
    options = [answer, *(random.choice(group) for group in random.sample(wrong_options(word, meaning), 3))]
    random.shuffle(options)
    what = what.format(word=word.word, definition=word.definition)
    wordings = (f"Which of the words {listed(options)} {what}?{WORD}", f"{listed(options, 'or')}: which {what}?{WORD}")
    return asked(random, f"{what}: {' '.join(sorted(options))}", wordings, answer)


def _definition(random: Random) -> Question:
    return _meaning(random, "definition", 'means "{definition}"')


def _synonym(random: Random) -> Question:
    return _meaning(random, "synonym", "is closest in meaning to {word}")


def _antonym(random: Random) -> Question:
    return _meaning(random, "antonym", "is the opposite of {word}")
