"""Words that made-up titles, names and texts are put together from."""

import random

REGIONS = [
    ("at", "Austria"),
    ("ch", "Switzerland"),
    ("de", "Germany"),
    ("fr", "France"),
    ("it", "Italy"),
    ("pl", "Poland"),
]
ISPS = ["Aurora", "Borealis", "Corvid", "Delta"]
PACKAGES = [("free", "Free"), ("family", "Family"), ("cinema", "Cinema"), ("sport", "Sport")]
GENRES = ["Drama", "Comedy", "Crime", "News", "Sport", "Nature", "History", "Music", "Kids"]
MOODS = ["gripping", "warm", "funny", "dark", "award-winning", "for-families", "true-story"]
DEVICES = [
    ("tv", "Vista 55"),
    ("tv", "Panorama X"),
    ("box", "Lumen Box 2"),
    ("phone", "Pocket 9"),
    ("tablet", "Slate 11"),
]

_CHANNELS = ["Eins", "Nova", "Arena", "Kino", "Terra", "Piccolo", "Chrono", "Lyra", "Metro", "Alp"]
_FIRST = ["Ada", "Björn", "Chloé", "Dario", "Élise", "Franz", "Grażyna", "Hugo", "Inès", "Jörg"]
_LAST = ["Albrecht", "Brâncuși", "Conti", "Dąbrowska", "Estève", "Fischer", "Grüber", "Huber"]
_ADJECTIVES = ["Silent", "Golden", "Lost", "Last", "Hidden", "Bitter", "Bright", "Frozen", "Wild"]
_NOUNS = [
    "River",
    "Harbour",
    "Orchard",
    "Témoin",
    "Valley",
    "Letter",
    "Winter",
    "Königin",
    "Station",
]
_PLACES = ["in Zürich", "of Kraków", "of the North", "in Besançon", "by the Sea", "at Midnight"]
_OPENINGS = [
    "An old friend",
    "A young doctor",
    "The new mayor",
    "A family of four",
    "The night shift",
]
_VERBS = ["returns to", "discovers", "fights for", "runs away from", "has to save", "remembers"]
_OBJECTS = ["a village in the mountains", "the truth about the fire", "the café on the corner"]
_OBJECTS += ["an inheritance", "a forgotten song", "the last ferry", "a secret of the château"]


def title(dice: random.Random) -> str:
    words = f"The {dice.choice(_ADJECTIVES)} {dice.choice(_NOUNS)}"
    return f"{words} {dice.choice(_PLACES)}" if dice.random() < 0.4 else words


def person(dice: random.Random) -> str:
    return f"{dice.choice(_FIRST)} {dice.choice(_LAST)}"


def sentence(dice: random.Random) -> str:
    return f"{dice.choice(_OPENINGS)} {dice.choice(_VERBS)} {dice.choice(_OBJECTS)}."


def text(dice: random.Random, sentences: int) -> str:
    return " ".join(sentence(dice) for _ in range(sentences))


def channel(number: int) -> str:
    series, place = divmod(number - 1, len(_CHANNELS))
    return f"{_CHANNELS[place]} {series + 1}"
