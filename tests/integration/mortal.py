"""Variants of a project whose processes die as its settings say."""

import sys
from pathlib import Path
from typing import Any

import msgspec
from helpers import PROJECTS

from djtune.experiments.allocation import RouteCost
from djtune.experiments.blocks import BlockPlan, again
from djtune.model.app import App
from djtune.model.variant import Variant
from djtune.model.workload import Journey, Step, Workload

ASKED = Workload([Journey("page", [Step("page/")])])
COSTS = [RouteCost(0.001, 0.0005)]


class Mortal:
    """The project, and a plan of short blocks of its variants."""

    def __init__(self, starts: Path) -> None:
        env = {"MORTAL_STARTS": str(starts)}
        self.app = App(str(PROJECTS / "mortal"), "conf", sys.executable, env=env)
        self.baseline = Variant("as it is", self.app, "wsgi")

    def variant(self, name: str, **settings: Any) -> Variant:
        return Variant(name, msgspec.structs.replace(self.app, overrides=settings), "wsgi")

    def plan(self, *variants: Variant, **options: Any) -> BlockPlan:
        twice = (self.baseline, again(self.baseline))
        names = tuple(variant.name for variant in twice)
        # Where starting takes more than there is, blocks are as short as can be.
        options = {"blocks": 2, "seconds": 600.0, "start_seconds": 9999.0, **options}
        return BlockPlan([*twice, *variants], ASKED, skip=[], baseline=names, **options)
