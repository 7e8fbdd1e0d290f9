"""Which fields have to stay, found by trying sets of them."""

from hypothesis import given
from hypothesis import strategies as st

from djtune.payloads.browser.searching import find_needed

FIELDS = list(range(40))


class Trials:
    """Something differs where one of ``alone`` is gone, or all of one of ``together``."""

    def __init__(self, alone=(), together=()):
        self.alone, self.together, self.made = set(alone), [set(each) for each in together], 0

    def __call__(self, gone):
        self.made += 1
        return bool(self.alone & set(gone)) or any(each <= set(gone) for each in self.together)


def test_one_trial_confirms_that_none_is_needed():
    trials = Trials()
    assert find_needed(FIELDS, trials) == []
    assert trials.made == 1


def test_a_needed_one_is_found_in_few_trials():
    trials = Trials(alone=[17])
    assert find_needed(FIELDS, trials) == [17]
    assert trials.made <= 2 + 2 * 6


def test_no_trial_is_made_of_nothing():
    trials = Trials()
    assert find_needed([], trials) == []
    assert trials.made == 0


def test_of_two_that_stand_in_for_each_other_one_stays():
    assert find_needed(FIELDS, Trials(together=[{3, 30}])) in ([3], [30])


@given(st.sets(st.sampled_from(FIELDS)))
def test_exactly_those_are_found_that_are_needed_by_themselves(alone):
    assert find_needed(FIELDS, Trials(alone)) == sorted(alone)


@given(
    st.sets(st.sampled_from(FIELDS), max_size=4),
    st.lists(st.sets(st.sampled_from(FIELDS), min_size=2, max_size=4), max_size=4),
)
def test_nothing_differs_without_all_the_others(alone, together):
    trials = Trials(alone, together)
    needed = find_needed(FIELDS, trials)
    assert alone <= set(needed)
    assert not trials([field for field in FIELDS if field not in needed])
