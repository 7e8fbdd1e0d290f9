"""Patterns of keys: words of the code are spelt out, nobody's name ever is."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.agent.recorder.cache import Chooser
from djtune.agent.recorder.cache_patterns import (
    FEWEST_WORDS,
    KEYS_OF_A_WORD,
    LONGEST_KEY,
    TALLY,
    WORDS_OF_A_PLACE,
    Patterns,
)

NAMES = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}name" for n in range(3 * WORDS_OF_A_PLACE)]


def digest(key):
    return hashlib.blake2b(key.encode(), digest_size=8).digest()


def all_patterns(keys, prefix=":1:"):
    patterns = Patterns()
    return [patterns.of(key, digest(key), prefix) for key in keys]


def last_pattern(keys, prefix=":1:"):
    return all_patterns(keys, prefix)[-1]


def test_a_word_is_spelt_out_once_enough_keys_agree_on_it():
    enough = KEYS_OF_A_WORD * FEWEST_WORDS
    shown = all_patterns([f":1:show:{number}" for number in range(2 * enough)])
    assert set(shown[: enough - 1]) == {":1:*:*"}
    assert shown[-1] == ":1:show:*"


def test_a_key_that_came_before_its_word_was_known_is_spelt_out_when_it_comes_again():
    keys = [f":1:show:{number}" for number in range(100)]
    assert last_pattern([*keys, keys[0]]) == ":1:show:*"


def test_each_word_of_a_vocabulary_needs_as_many_keys_as_it_has_words():
    def spelt(each):
        keys = [f":1:{name}:{number}" for number in range(each) for name in NAMES[:10]]
        return {shown for shown in all_patterns(keys) if shown != ":1:*:*"}

    assert not spelt(KEYS_OF_A_WORD * 10 - 1)
    assert spelt(KEYS_OF_A_WORD * 10 * 2) == {f":1:{name}:*" for name in NAMES[:10]}


@pytest.mark.parametrize("by_turns", [True, False])
def test_a_few_users_with_a_dozen_keys_each_are_never_spelt_out(by_turns):
    known = [f":1:cart:n{number}" for number in range(100)]
    pairs = [(name, number) for name in ("alice", "bob", "carol") for number in range(12)]
    if by_turns:
        pairs.sort(key=lambda pair: pair[1])
    shown = all_patterns(known + [f":1:cart:{name}:{number}" for name, number in pairs])
    assert set(shown[len(known) :]) == {":1:cart:*:*"}


def test_a_word_goes_back_to_a_star_when_too_many_others_come_by():
    early = [f":1:alice:{number}" for number in range(50)]
    patterns = Patterns()
    for key in early:
        spelt = patterns.of(key, digest(key), ":1:")
    assert spelt == ":1:alice:*"
    for name in NAMES[:8]:
        patterns.of(f":1:{name}", digest(name), ":1:")
    assert patterns.of(early[-1], digest(early[-1]), ":1:") == ":1:*:*"


def test_what_is_learnt_of_keys_is_bounded():
    patterns = Patterns()
    for name in NAMES[:WORDS_OF_A_PLACE]:
        for number in range(200):
            patterns.of(f"{name}:{number}", digest(f"{name}:{number}"))
    words = patterns._places[""]
    assert len(words) == WORDS_OF_A_PLACE
    assert max(tally.bit_length() for tally in words.values()) <= TALLY


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
    keys = [f":1:throttle_anon_127.0.0.{number}" for number in range(100)]
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
