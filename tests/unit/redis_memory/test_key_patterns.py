"""Names of keys become patterns that say what the keys are, and nothing of whose they are."""

import random
import string
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.redis_memory.looking.patterns import MOST_NAMES, Group, Patterns
from djtune.redis_memory.looking.shapes import masked
from djtune.redis_memory.looking.tree import SUPPORT

SESSION = string.ascii_lowercase + string.digits


def grouped(names: list[str], **options) -> dict[str, Group]:
    patterns = Patterns(options.pop("globs", ()), options.pop("prefixes", ()), seed=1)
    names = random.Random(1).sample(names, len(names))
    for begin in range(0, len(names), 500):
        patterns.add([name.encode() for name in names[begin : begin + 500]], (0, 0))
    return {group.pattern: group for group in patterns.groups(**options)}


def token(rng: random.Random, letters: str, length: int) -> str:
    return "".join(rng.choices(letters, k=length))


@pytest.mark.parametrize(
    ("make", "pattern", "kind"),
    [
        (
            lambda r: ":1:django.contrib.sessions.cache" + token(r, SESSION, 32),
            ":1:django.contrib.sessions.cache*",
            "session",
        ),
        (
            lambda r: "django.contrib.sessions.cached_db" + token(r, SESSION, 32),
            "django.contrib.sessions.cached_db*",
            "session",
        ),
        (
            lambda r: (
                f":1:views.decorators.cache.cache_page..GET.{r.getrandbits(128):032x}"
                f".{r.getrandbits(128):032x}.en-us.UTC"
            ),
            ":1:views.decorators.cache.cache_page..GET.*.en-us.UTC",
            "page",
        ),
        (
            lambda r: f"shop:2:template.cache.sidebar.{r.getrandbits(128):032x}",
            "shop:2:template.cache.sidebar.*",
            "cache",
        ),
        (
            lambda r: f"celery-task-meta-{uuid.UUID(int=r.getrandbits(128))}",
            "celery-task-meta-*",
            "result",
        ),
        (lambda r: f":1:throttle_anon_10.0.0.{r.randrange(255)}", ":1:throttle_anon_*", "counter"),
        (lambda r: f"asgi:group:room_{r.randrange(10**6)}", "asgi:group:room_*", "channels"),
        (lambda r: f"{{tenant{r.randrange(10**6)}}}:cart", "{*}:cart", "other"),
        (lambda r: f"user:{r.randrange(10**6)}:profile", "user:*:profile", "other"),
        (lambda r: f"login:{token(r, SESSION, 6)}.b@mail.example:tries", "login:*:tries", "other"),
        (lambda r: f"seen:{token(r, string.ascii_letters, 7)}", "seen:*", "other"),
        (lambda r: f"stats:2026-{r.randrange(10, 13)}-0{r.randrange(1, 10)}", "stats:*", "other"),
    ],
)
def test_names_of_one_making_are_one_pattern(make, pattern, kind):
    rng = random.Random(5)
    names = sorted({make(rng) for _ in range(3000)})

    found = grouped(names)

    assert list(found) == [pattern]
    assert (found[pattern].keys, found[pattern].kind) == (len(names), kind)


def test_a_queue_and_its_bindings_keep_their_names():
    names = ["celery", "celery\x06\x163", "_kombu.binding.celery", "unacked", "unacked_mutex"]

    found = grouped(names)

    assert set(found) == {*names, "celery\\x06\\x16*"} - {"celery\x06\x163"}
    assert {group.kind for group in found.values()} == {"queue"}


@pytest.mark.parametrize(
    "name",
    [
        "alice",
        ":1:alice",
        "shop:1:alice",
        "alice:cart",
        "user:alice",
        "profile_alice:settings",
        "cart:alice:7",
        "a/alice/b",
        ":1:friends:of:alice",
    ],
)
def test_a_persons_name_is_never_shown(name):
    others = [f"user:{number}" for number in range(100)]

    assert not [text for text in grouped([name, *others]) if "alice" in text]


@pytest.mark.parametrize("shape", ["{}", ":1:{}", "{}:cart", ":1:cart:{}:7", "cart_{}"])
def test_a_family_of_names_is_not_shown_either(shape):
    people = ["alice", "bob", "carol", "dave", "erin"]

    for count in (1, 2, 5):
        texts = " ".join(grouped([shape.format(name) for name in people[:count]]))
        assert not [name for name in people if name in texts]


@pytest.mark.parametrize("shape", ["cart:{}:{}", "{}:cart:{}", ":1:{}:{}"])
def test_tenants_are_not_shown_unless_each_has_very_many_keys(shape):
    def patterns(*tenants: tuple[str, int]) -> set[str]:
        return set(grouped([shape.format(name, n) for name, keys in tenants for n in range(keys)]))

    few = SUPPORT * 3 - 1
    assert patterns(("alice", few), ("bob", few), ("carol", few)) == {shape.format("*", "*")}
    assert patterns(("alice", few + 1), ("bob", few), ("carol", 1)) == {
        shape.format("alice", "*"),
        shape.format("*", "*"),
    }


@pytest.mark.parametrize("prefix", ["acme", "acme:shop", "acme-shop"])
def test_a_prefix_that_the_settings_name_is_shown_and_nothing_else_is(prefix):
    names = [f"{prefix}:1:{name}" for name in ("alice", "bob")]

    assert set(grouped(names, prefixes=[prefix, ""])) == {f"{prefix}:*:*"}
    assert "acme" not in " ".join(grouped(names))


def test_the_name_of_a_single_key_is_shown_if_values_are_to_be_kept():
    assert "user:alice" in grouped(["user:alice"], keep_values=True)


def test_a_word_that_many_keys_share_is_a_fixed_part():
    names = [f"zebra:{model}:{n}" for model in ("gnu", "okapi") for n in range(500)]

    assert set(grouped(names)) == {"zebra:gnu:*", "zebra:okapi:*"}


def test_a_crowd_of_words_is_a_varying_part_whatever_the_order():
    rng = random.Random(3)
    people = [token(rng, string.ascii_lowercase, 8) for _ in range(2000)]
    names = [f"zebra:{name}:{part}" for name in people for part in ("cart", "inbox")]

    assert set(grouped(names)) == {"zebra:*:cart", "zebra:*:inbox"}


def test_patterns_of_the_user_come_first():
    names = [f"user:{n}:{part}" for n in range(50) for part in ("cart", "inbox")]

    found = grouped(names, globs=["user:*7:*"])

    assert found["user:*7:*"].keys == 10
    assert found["user:*:cart"].keys == 45


def test_a_version_is_kept_and_a_users_number_is_not():
    names = [f"shop:2:page:{n}" for n in range(100)] + [f"user:{n}:cart" for n in range(1, 9)]

    assert set(grouped(names)) == {"shop:2:page:*", "user:*:cart"}


def test_ten_thousand_shapes_come_to_a_bounded_number_of_patterns():
    rng = random.Random(4)
    names = [":".join(token(rng, "abcdefgh", 3) for _ in range(4)) for _ in range(10_000)]

    found = grouped(names)

    assert len(found) <= 1001
    assert sum(group.keys for group in found.values()) == 10_000


def test_the_names_that_are_held_are_a_bounded_uniform_sample():
    patterns = Patterns(seed=2)
    for begin in range(0, 200_000, 1000):
        patterns.add([b"user:%d" % n for n in range(begin, begin + 1000)], (0, 0))

    (group,) = patterns.groups()
    numbers = [int(draw.name.split(b":")[1]) for draw in group.draws]

    assert group.keys == 200_000
    assert 1000 <= len(numbers) <= MOST_NAMES
    assert abs(sum(numbers) / len(numbers) - 100_000) < 5 * 57_735 / len(numbers) ** 0.5


def test_a_name_that_is_listed_twice_is_one_key():
    assert grouped(["celery", "celery"])["celery"].keys == 1


@given(st.lists(st.binary(max_size=30), max_size=50, unique=True))
def test_any_bytes_can_be_a_name(names):
    assert len(masked(names)) == len(names)
    patterns = Patterns()
    patterns.add(names, (0, 0))
    groups = patterns.groups()
    assert sum(group.keys for group in groups) == len(names)
    assert all(group.pattern.isprintable() for group in groups)
