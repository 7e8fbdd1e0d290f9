"""The workload that ships with the site."""

import re

import msgspec
import pytest
import yaml

from djtune.agent.recipes import compile_recipe
from djtune.model.workload import Journey, Workload
from sample_site import ROOT

WORKLOAD = msgspec.convert(yaml.safe_load((ROOT / "workload.yaml").read_text()), Workload)
ROUTES = set(re.findall(r'path\("([^"]*)",', (ROOT / "streaming/urls.py").read_text()))
LAUNCH = ["api/auth/", "api/profile/", "api/channels/", "api/epg/", "api/stream/<slug:channel>/"]


def steps():
    return [(journey, step) for journey in WORKLOAD.journeys for step in journey.steps]


def test_the_launch_comes_first_and_most_often():
    launch = WORKLOAD.journeys[0]
    assert [step.route for step in launch.steps] == LAUNCH
    assert launch.weight > sum(journey.weight for journey in WORKLOAD.journeys[1:]) / 2


def test_every_route_but_the_admin_is_asked_for():
    assert {step.route for _, step in steps()} == ROUTES - {"admin/"}


@pytest.mark.parametrize("journey", WORKLOAD.journeys, ids=lambda journey: journey.name)
def test_a_journey_names_its_pool_where_it_signs_in(journey: Journey):
    signs_in = journey.steps[0].route == "api/auth/"
    assert journey.user == ("viewers" if signs_in else "")


@pytest.mark.parametrize(("journey", "step"), steps(), ids=lambda each: getattr(each, "route", ""))
def test_its_recipes_are_recipes(journey, step):
    body = step.body or {}
    for recipe in [*step.params.values(), *step.query.values(), *body.values()]:
        compile_recipe(recipe)
