"""What py-spy writes is read back as it was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.servers.pyspy import Options, parse_stacks, read_recording
from djtune.servers.sampler import Frame

NAMES = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters=";()"), min_size=1
) | st.sampled_from(["<module>", "Shop.get", "view.<locals>.parts", "operator()(int)"])
FILES = st.sampled_from(["", "/srv/shop/views.py", "<frozen importlib._bootstrap>", "libc.so.6"])
FRAMES = st.builds(Frame, NAMES, FILES, st.integers(1, 10**6)).map(
    lambda frame: frame if frame.file else Frame(frame.name)
)
STACKS = st.dictionaries(
    st.lists(FRAMES.map(str), min_size=1, max_size=4).map(tuple), st.integers(1, 10**9), max_size=4
)


@given(FRAMES)
def test_a_frame_is_read_as_it_was_written(frame):
    assert Frame.parse(str(frame)) == frame


@given(st.text())
def test_any_text_is_some_frame(text):
    assert Frame.parse(text).name or not text


@given(STACKS)
def test_stacks_are_read_as_they_were_written_and_added_up(stacks):
    text = "".join(f"{';'.join(stack)} {count}\n" for stack, count in stacks.items())
    assert parse_stacks(text) == stacks
    assert parse_stacks(text + text) == {stack: 2 * count for stack, count in stacks.items()}


@given(st.text(st.characters(exclude_categories=("Nd",))))
def test_a_line_without_a_count_is_left_out(text):
    assert parse_stacks(f"{text}\nf (a.py:1) 7\n{text}") == {("f (a.py:1)",): 7}


SAID = """\
py-spy> Sampling process 50 times a second. Press Control-C to exit.

py-spy> 1.25s behind in sampling, results may be inaccurate. Try reducing the sampling rate
py-spy> 980.50ms behind in sampling, results may be inaccurate. Try reducing the sampling rate
py-spy> Stopped sampling because {reason}
py-spy> Wrote raw flamegraph data to 'stacks'. Samples: 7 Errors: 3
"""


def recording(reason):
    return read_recording("f (a.py:1) 7\n", SAID.format(reason=reason), rate=50, seconds=2.0)


def test_what_py_spy_says_beside_the_stacks_is_kept():
    read = recording("Control-C pressed")
    assert (read.samples, read.errors, read.rate, read.seconds) == (7, 3, 50, 2.0)
    assert read.behind == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("reason", "exited"), [("process exited", True), ("Control-C pressed", False)]
)
def test_the_end_of_the_target_is_told_from_the_end_of_the_recording(reason, exited):
    assert recording(reason).exited is exited


def test_by_default_waits_are_recorded_and_nothing_is_read_but_stacks():
    arguments = Options().arguments()
    assert "--idle" in arguments
    assert not any("locals" in argument for argument in arguments)


def test_options_are_given_as_py_spy_takes_them():
    options = Options(rate=50, idle=False, gil=True, nonblocking=True)
    assert set(options.arguments()) == {"--rate=50", "--gil", "--nonblocking"}
