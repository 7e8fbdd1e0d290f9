"""Which settings are run for real: the guide's, those asked for, and the simulation's best."""

from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from made_of_garbage import CURRENT, setting, simulation

from djtune.errors import DjtuneError
from djtune.experiments import store
from djtune.garbage import verify
from djtune.garbage.goals import DEFAULT_LIMIT, parse_limit
from djtune.garbage.sweeping import Request, Sweeping
from djtune.model.policy import parse

GUIDE = "10000,100,100"
NEW_BEST = setting("50000,5,2", gc_ns_per_request=1.0)


def sweep(**asked: Any) -> Sweeping:
    fields = {
        "question": cast(Any, None),
        "seconds": 240.0,
        "quick": False,
        "audit_only": False,
        "settings": [],
        "goal": "cpu",
        "limit": parse_limit(DEFAULT_LIMIT),
    }
    return Sweeping(Request(**fields | asked))


def candidates(**asked: Any) -> list[str]:
    sweeping = sweep(**asked)
    sweeping.simulation = simulation(setting(CURRENT, gc_ns_per_request=9.0), NEW_BEST)
    return [candidate.name for candidate in sweeping._candidates()]


def saved(folder: Path, *names: str) -> Path:
    file = folder / "experiment.json"
    identity = {"variants": store.SHOWN + ", ".join(names)}
    file.write_bytes(msgspec.json.encode(store.Saved(identity, [], [], [])))
    return file


def test_the_simulations_best_run_beside_the_guides_and_those_asked_for() -> None:
    assert candidates(settings=[parse("freeze")]) == [GUIDE, "freeze", NEW_BEST.name]


def test_an_experiment_goes_on_with_its_own_settings(tmp_path: Path) -> None:
    file = saved(tmp_path, verify.CURRENT, verify.AGAIN, GUIDE, "freeze+5000,2,2")
    assert candidates(experiment=file) == [GUIDE, "freeze+5000,2,2"]


@pytest.mark.parametrize("names", [[], ["python3.13"], [verify.CURRENT, verify.AGAIN]])
def test_a_file_without_settings_leaves_the_choice_to_the_simulation(tmp_path, names) -> None:
    assert candidates(experiment=saved(tmp_path, *names)) == [GUIDE, NEW_BEST.name]


def test_an_experiment_that_is_not_there_yet_begins_with_the_simulations_best(tmp_path) -> None:
    assert candidates(experiment=tmp_path / "new.json") == [GUIDE, NEW_BEST.name]


def test_a_setting_that_an_experiment_has_not_run_is_refused_before_anything_is_measured(tmp_path):
    file = saved(tmp_path, verify.CURRENT, verify.AGAIN, GUIDE)
    sweep(experiment=file, settings=[parse(GUIDE)]).check_experiment()
    sweep(experiment=tmp_path / "new.json", settings=[parse("freeze")]).check_experiment()
    with pytest.raises(DjtuneError, match="freeze is no part of it"):
        sweep(experiment=file, settings=[parse("freeze")]).check_experiment()
