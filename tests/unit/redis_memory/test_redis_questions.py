"""How many large keys are asked about in one batch."""

from itertools import chain

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from djtune.redis_memory.server.questions import ELEMENTS_AT_ONCE, few_elements


@given(st.lists(st.floats(0, ELEMENTS_AT_ONCE) | st.just(float("nan")), min_size=1))
def test_no_batch_of_several_keys_has_more_elements_than_the_server_counts_in_a_moment(
    elements: list[float],
) -> None:
    batches = list(few_elements(range(len(elements)), np.array(elements)))
    assert list(chain(*batches)) == list(range(len(elements)))
    for batch in batches:
        assert len(batch) == 1 or np.nansum([elements[i] for i in batch]) <= ELEMENTS_AT_ONCE


def test_small_keys_share_a_batch() -> None:
    assert len(list(few_elements(range(200), np.full(200, 100.0)))) == 1
