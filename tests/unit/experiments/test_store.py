"""An experiment's file: whole or refused, of the same experiment or refused, and without values."""

import json
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.errors import DjtuneError
from djtune.experiments import store
from djtune.experiments.blocks import Block, BlockPlan, Blocks, Failure, again
from djtune.model.app import App
from djtune.model.noise import Noise
from djtune.model.policy import GcPolicy
from djtune.model.samples import PHASES, Memory, Pause, Sample, Trial
from djtune.model.variant import Variant
from djtune.model.workload import Journey, Step, Workload

SECRET = "a-secret"
NONE = [0] * len(PHASES)
SAMPLE = Sample(
    0, False, True, 200, 9, 8, 0, NONE, {"default": 2}, {}, 0, 0, 1, 1, -1, [0, 0, 0], 0, NONE
)
TRIAL = Trial(
    [SAMPLE],
    asked={0: 77},
    pauses=[Pause(2, 9, 1, 0, -1)],
    memory=Memory(1, 3, 2, points=[(1, 2)]),
)
APP = App(
    "/home/ada/shop",
    "shop.settings",
    "python3",
    env={"DATABASE_URL": SECRET},
    overrides={"SECRET_KEY": SECRET},
)
BASELINE = Variant("default", APP, "wsgi")
MADE_WITH = {"Python": "3.13.0", "Django": "6.0"}


def plan(**changes: Any) -> BlockPlan:
    workload = Workload([Journey("front", [Step("shop/", params={"name": SECRET})])])
    variants = [BASELINE, again(BASELINE), Variant("freeze", APP, "wsgi", GcPolicy(freeze=True))]
    options = {
        "variants": variants,
        "workload": workload,
        "skip": [],
        "blocks": 8,
        "seconds": 60.0,
        "start_seconds": 1.0,
        "sign_in": {"user": SECRET},
        **changes,
    }
    return BlockPlan(**options)


def identity(made_with: dict[str, str] = MADE_WITH, **changes: Any) -> dict[str, str]:
    return store.identity(plan(**changes), made_with)


def some_blocks() -> Blocks:
    trials = dict.fromkeys(("default", "default again", "freeze"), TRIAL)
    return Blocks(
        [Block(trials, complete=True), Block({"default": TRIAL})],
        [Noise(0.2, 0, 0.0, 0.0, 0.0)],
        [Failure("freeze", 1, "killed")],
    )


def loaded(path: Path, identity: dict[str, str]) -> Blocks:
    found = Blocks()
    store.load(path, identity, found)
    return found


def test_complete_blocks_come_back_as_they_were(tmp_path: Path) -> None:
    path, blocks = tmp_path / "experiment.json", some_blocks()
    store.save(path, identity(), blocks)
    found = loaded(path, identity())
    (block,), (original,) = found.blocks, blocks.complete
    for name, trial in original.trials.items():
        assert block.trials[name] == msgspec.structs.replace(trial, asked={})
    assert (found.noises, found.failures) == (blocks.noises, blocks.failures)
    assert [each.name for each in tmp_path.iterdir()] == ["experiment.json"]


def test_what_requests_asked_for_could_not_be_guessed_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "experiment.json"
    store.save(path, identity(), some_blocks())
    trials = json.loads(path.read_bytes())["blocks"][0]["trials"].values()
    assert not any(trial["asked"] for trial in trials)


def test_a_file_that_is_not_there_has_no_blocks(tmp_path: Path) -> None:
    assert loaded(tmp_path / "nothing.json", identity()) == Blocks()


def test_a_file_tells_whose_blocks_it_keeps(tmp_path: Path) -> None:
    path = tmp_path / "experiment.json"
    store.save(path, identity(), some_blocks())
    assert store.variants(path) == ["default", "default again", "freeze"]


@pytest.mark.parametrize("content", ["", "{}", '{"identity": 1}', "\udcff"])
def test_a_file_that_cannot_be_read_keeps_nobodys_blocks(tmp_path: Path, content: str) -> None:
    path = tmp_path / "experiment.json"
    assert store.variants(path) == []
    path.write_text(content, errors="surrogateescape")
    assert store.variants(path) == []


def test_no_value_of_the_users_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "experiment.json"
    store.save(path, identity(), some_blocks())
    for value in (SECRET, "ada", "shop", "DATABASE_URL"):
        assert value not in path.read_text()


def test_more_blocks_and_more_time_are_the_same_experiment() -> None:
    assert identity(blocks=99, seconds=999.0, start_seconds=9.0) == identity()


OTHER = [BASELINE, again(BASELINE), Variant("freeze", APP, "wsgi", GcPolicy((1, 2, 3)))]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"variants": [BASELINE]}, "variants default, default again, freeze, now default"),
        ({"variants": OTHER}, "not the same variant freeze"),
        ({"workload": Workload([])}, "not the same workload"),
        ({"skip": [1]}, "not the same steps that are left out"),
        ({"sign_in": None}, "not the same sign-in"),
        ({"settle": True}, "not the same way of measuring"),
        ({"seed": 2}, "seed 1, now 2"),
        ({"made_with": {**MADE_WITH, "Django": "5.2"}}, "Django 6.0, now 5.2"),
        ({"made_with": {"Python": "3.13.0"}}, "Django 6.0, now unknown"),
    ],
)
def test_a_file_of_another_experiment_is_refused_with_what_differs(
    tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    path = tmp_path / "experiment.json"
    store.save(path, identity(), some_blocks())
    with pytest.raises(DjtuneError) as refused:
        loaded(path, identity(**changes))
    assert refused.value.message == f"{path} is of another experiment: {says}"


IDENTITY = identity()
CONTENT = msgspec.json.encode(store.Saved(IDENTITY, some_blocks().complete, [], []))


@given(st.integers(0, len(CONTENT) - 1))
def test_a_file_that_was_cut_short_is_refused(length: int) -> None:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(CONTENT[:length])
        with pytest.raises(DjtuneError, match="not a whole one"):
            loaded(Path(file.name), IDENTITY)


def test_what_is_no_experiment_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    for content in (b"{}", b"[1]", b"\xff\xfe", b'{"identity": {}}'):
        path.write_bytes(content)
        with pytest.raises(DjtuneError, match="no experiment"):
            loaded(path, identity())


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(DjtuneError, match="cannot be written"):
        store.save(tmp_path / "nowhere" / "experiment.json", identity(), some_blocks())
