"""Patterns of keys: words of the code are spelt out, nobody's name ever is."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from djtune.agent.recorder.cache import Chooser
from djtune.agent.recorder.cache_patterns import (
    KEYS_OF_A_WORD,
    LONGEST_KEY,
    WORDS_OF_A_PLACE,
    Patterns,
)

NAMES = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}name" for n in range(3 * WORDS_OF_A_PLACE)]


def digest(key):
    return hashlib.blake2b(key.encode(), digest_size=8).digest()


def last_pattern(keys, prefix=":1:"):
    patterns = Patterns()
    return [patterns.of(key, digest(key), prefix) for key in keys][-1]


def test_a_word_is_spelt_out_once_enough_keys_agree_on_it():
    keys = [f":1:show:{number}" for number in range(KEYS_OF_A_WORD)]
    assert last_pattern(keys[:-1]) == ":1:*:*"
    assert last_pattern(keys) == ":1:show:*"


def test_names_are_never_spelt_out_however_they_are_written():
    keys = [f":1:user:{name}:feed" for name in NAMES]
    assert last_pattern(keys) == ":1:user:*:feed"
    assert last_pattern([f":1:{name}@example.org" for name in NAMES]) == ":1:*"


def test_one_key_that_is_asked_for_often_stays_a_star():
    assert last_pattern([":1:alice"] * 1000) == ":1:*"


def test_what_django_writes_is_known():
    assert last_pattern([":1:django.contrib.sessions.cacheabcdefg"]) == (
        ":1:django.contrib.sessions.cache*"
    )
    page = ":1:views.decorators.cache.cache_page..GET.0a1b.2c3d.en-us.UTC"
    assert last_pattern([page]) == ":1:views.decorators.cache.cache_page.*"


def test_ids_of_several_parts_are_one_star():
    keys = [f":1:throttle_anon_127.0.0.{number}" for number in range(20)]
    assert last_pattern(keys) == ":1:throttle_anon_*"


def test_the_app_does_not_wait_for_the_end_of_a_long_key():
    shown = last_pattern([f":1:token:{'.'.join(NAMES * 1000)}"])
    assert len(shown) <= LONGEST_KEY
    assert shown.startswith(":1:*")


@given(st.lists(st.text(max_size=40), min_size=1, max_size=30))
def test_no_digit_and_nothing_foreign_is_ever_shown(keys):
    patterns = Patterns()
    for key in keys * 10:
        shown = patterns.of(key, digest(key))
        assert not any(
            letter.isdigit() or (ord(letter) > 127 and letter.isalnum()) for letter in shown
        )


def test_the_sample_is_the_part_that_was_asked_for_whatever_the_keys_look_like():
    shapes = ["show:{}", ":1:user:{:08d}:feed", "{}", "a{:x}", "session{:032d}"]
    for secret in (b"one secret", b"another one"):
        chooses = Chooser(hashlib.sha256(secret).digest(), 0.1)
        for shape in shapes:
            chosen = sum(chooses(shape.format(number).encode()) for number in range(20_000))
            assert abs(chosen - 2000) < 5 * (20_000 * 0.1 * 0.9) ** 0.5


def test_a_larger_sample_holds_all_of_a_smaller_one():
    secret = hashlib.sha256(b"a secret").digest()
    keys = [f"show:{number}".encode() for number in range(5000)]
    small, large = ({key for key in keys if Chooser(secret, part)(key)} for part in (0.05, 0.2))
    assert small < large
    assert len([key for key in keys if Chooser(secret, 1)(key)]) == len(keys)
