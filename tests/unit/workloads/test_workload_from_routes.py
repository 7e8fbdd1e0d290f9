"""The workload of an app that nobody described."""

from djtune.model.routes import Param, Route
from djtune.workloads.urlconf import from_routes


def route(
    path: str, *params: Param, methods: tuple[str, ...] = ("GET", "HEAD"), left_out: str = ""
):
    return Route(path, "", "shop.views.page", "shop/views.py", 1, [*methods], [*params], left_out)


PK = Param("pk", "int", recipe={"model": "shop.Product", "field": "pk"})
TOPIC = Param("topic", "str", reason="the view's model could not be told")
PAGE = Param("page", "regex", optional=True)


def test_every_route_is_asked_for_as_often_as_any_other() -> None:
    workload, skipped = from_routes([route("a/"), route("b/<int:pk>/", PK)])
    assert skipped == []
    assert workload.weights_from == "uniform"
    assert [(j.name, j.weight, len(j.steps)) for j in workload.journeys] == [
        ("GET a/", 1, 1),
        ("GET b/<int:pk>/", 1, 1),
    ]
    assert workload.journeys[1].steps[0].params == {"pk": PK.recipe}


def test_optional_parameters_are_left_out() -> None:
    workload, _ = from_routes([route("^a/(?P<page>x)?", PAGE)])
    assert workload.journeys[0].steps[0].params == {}


def test_a_route_without_a_recipe_is_apart_with_the_reason() -> None:
    workload, (skipped,) = from_routes([route("help/<topic>/<int:pk>/", TOPIC, PK)])
    assert workload.journeys == []
    assert skipped.reason == "needs a recipe for topic (the view's model could not be told)"
    assert skipped.params == [TOPIC, PK]


def test_routes_left_out_or_that_answer_none_of_the_methods_are_apart() -> None:
    routes = [route("admin/", left_out="admin"), route("add/", methods=("POST",))]
    _, skipped = from_routes(routes)
    assert [one.reason for one in skipped] == ["left out: admin", "answers POST only"]
    assert all(one.params == [] for one in skipped)


def test_the_first_method_that_a_route_answers_is_used() -> None:
    workload, _ = from_routes(
        [route("a/"), route("b/", methods=("POST",))], methods=("HEAD", "POST")
    )
    assert [journey.steps[0].method for journey in workload.journeys] == ["HEAD", "POST"]
