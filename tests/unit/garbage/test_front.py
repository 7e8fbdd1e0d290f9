import msgspec
from hypothesis import given
from hypothesis import strategies as st

from djtune.garbage.front import ERROR, front, grid
from djtune.garbage.recording import Curve, Heap, Played, Recording, Simulated
from djtune.model.policy import GcPolicy

MB = 1 << 20


def point(policy: str, time: float, pause: float, size: float) -> Simulated:
    none = (0.0, 0.0, 0.0)
    return Simulated(
        policy=policy,
        requests=1,
        collections=(0, 0, 0),
        visited=(0, 0, 0),
        freed=(0, 0, 0),
        gc_ns=time,
        gc_ns_per_request=time,
        gc_ns_p99=time,
        worst_pause_ns=pause,
        worst_pauses_ns=none,
        peak_bytes=int(size),
        requests_to_full=1,
        reached_full=True,
        why_stopped="full cycle",
    )


figures = st.floats(1e5, 1e9)
points = st.lists(
    st.builds(
        lambda first, time, pause, size: point(f"{first},10,10", time, pause, size),
        st.integers(1, 10**6),
        figures,
        figures,
        st.floats(5 * MB, 1000 * MB),
    ),
    min_size=1,
    max_size=30,
)


def worse_by(one: Simulated, other: Simulated) -> float:
    """How much the one is worse at most, as a part of the other's figure."""
    return max(
        one.gc_ns_per_request / other.gc_ns_per_request,
        one.worst_pause_ns / other.worst_pause_ns,
        one.peak_bytes / other.peak_bytes,
    )


@given(points)
def test_the_front_is_never_empty(made: list[Simulated]) -> None:
    assert front(made)


@given(points)
def test_nothing_on_the_front_beats_another_clearly(made: list[Simulated]) -> None:
    chosen = [made[index] for index in front(made)]
    for one in chosen:
        for other in chosen:
            assert one is other or worse_by(one, other) > 1 / (1 + ERROR)


@given(points)
def test_whatever_is_left_out_has_something_as_good_on_the_front(made: list[Simulated]) -> None:
    chosen = [made[index] for index in front(made)]
    for each in made:
        assert min(worse_by(one, each) for one in chosen) <= (1 + ERROR) * 1.0000001


def test_the_simplest_of_near_ties_stays() -> None:
    tied = [
        point("freeze+9400,7,3", 1e6, 1e6, 50 * MB),
        point("10000,10,10", 1.05e6, 1.05e6, 51 * MB),
        point("default", 2e6, 1.05e6, 51 * MB),
    ]
    assert front(tied) == [1]


def test_less_memory_for_more_time_stays() -> None:
    assert front([point("default", 2e6, 1e6, 20 * MB), point("freeze", 1e6, 1e6, 90 * MB)]) == [
        0,
        1,
    ]


def test_differences_below_a_few_megabytes_are_none() -> None:
    assert front([point("default", 1e6, 1e6, 3 * MB), point("freeze", 1e6, 1e6, 1)]) == [0]


def test_the_grid_lies_on_both_sides_of_a_requests_peak() -> None:
    curve = Curve(step=0, points=[13_000, 5000], garbage=5000)
    recording = Recording(
        python="3.13.0",
        thresholds=(2000, 10, 10),
        heap=Heap(tracked=50_000, bytes_per_object=300.0),
        curves=[curve],
        journeys=[Played(1.0, [0])],
    )
    candidates = grid(recording)
    firsts = {each.thresholds[0] for each in candidates if each.thresholds}
    assert any(11_000 < first < 13_000 for first in firsts)
    assert any(13_000 < first < 16_000 for first in firsts)
    assert GcPolicy() in candidates
    assert GcPolicy((10_000, 100, 100)) in candidates
    assert len(candidates) == len(set(candidates)) > 200
    assert msgspec.json.encode(candidates)
