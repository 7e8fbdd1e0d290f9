"""Which view a stack of a running server belongs to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_stacks import (
    CLASS_VIEW,
    ENTRIES,
    HANDLER,
    IDLE,
    IN_LOOP,
    IN_THREAD,
    IN_VIEW,
    LISTS,
    PACKAGES,
    REST_VIEW,
    SERVER,
    STDLIB,
    WAITS,
    own,
)

from djtune.profiling.live.places import HANDLING, HANDOVER, RENDERING, Views, is_application
from djtune.profiling.live.places import locate as locate_frames
from djtune.servers.sampler import Frame

KNOWN, UNKNOWN = Views(ENTRIES), Views([])


def locate(*stack, views=KNOWN):
    found = locate_frames([Frame.parse(text) for text in stack], views)
    return found and found[0]


@pytest.mark.parametrize(
    ("stack", "name", "routes"),
    [
        ((*IN_VIEW, own("listing")), "listing", ["goods/"]),
        ((*IN_VIEW, own("listing"), own("help", "goods/tools.py")), "listing", ["goods/"]),
        ((*IN_LOOP, own("listing")), "listing", ["goods/"]),
        ((*IN_THREAD, own("listing")), "listing", ["goods/"]),
        ((*IN_VIEW, own("cached.<locals>.inner"), own("listing")), "listing", ["goods/"]),
        ((*SERVER, own("listing.<locals>.parts")), "listing", ["goods/"]),
        ((*IN_VIEW, *REST_VIEW, own("Acts.list")), "Acts.list", ["acts/"]),
        ((*IN_VIEW, *REST_VIEW, own("Acts.retrieve")), "Acts.retrieve", ["acts/<pk>/"]),
    ],
    ids=[
        "a function",
        "a function that calls another",
        "an async view on the event loop",
        "a sync view in a thread of an ASGI server",
        "a decorated function",
        "a generator that streams the response, after the handler",
        "an action of a viewset",
        "another action of it, which is another route",
    ],
)
def test_a_view_is_known_by_its_own_code(stack, name, routes):
    place = locate(*stack)
    assert (place.kind, place.name, list(place.routes)) == ("view", name, routes)


def test_a_view_is_known_where_the_server_runs_in_another_folder():
    place = locate(*IN_VIEW, own("listing", root="/app"))
    assert place.routes == ("goods/",)


def test_a_function_of_that_name_in_another_file_is_not_the_view():
    place = locate(*IN_VIEW, own("listing", "other/views.py"))
    assert (place.kind, place.routes) == ("untold", ())


@pytest.mark.parametrize(
    ("deeper", "kind", "routes"),
    [
        ([own("Page.work")], "view", ["page/"]),
        ([own("Other.work")], "view", ["other/"]),
        ([own("Other.work"), own("Page.work")], "view", ["other/"]),
        ([], "untold", ["page/", "other/"]),
    ],
    ids=["its base's own", "its own", "its own, which calls its base's", "neither"],
)
def test_views_that_share_a_method_are_told_apart_by_what_it_calls(deeper, kind, routes):
    place = locate(*IN_VIEW, *CLASS_VIEW, own("Page.get"), *deeper)
    assert (place.kind, list(place.routes)) == (kind, routes)


def test_a_method_inherited_from_a_framework_is_told_by_what_it_calls():
    assert locate(*IN_VIEW, *REST_VIEW, LISTS, own("Rest.get_queryset")).routes == ("rest/",)


def test_where_nothing_tells_them_apart_all_are_named_with_the_code_that_ran():
    place = locate(*IN_VIEW, *REST_VIEW, LISTS, own("Row.get_price", "goods/rows.py"))
    assert (place.kind, place.routes) == ("untold", ("rest/", "more/"))
    assert place.name == "ListAPIView.get → Row.get_price"


def test_without_the_project_a_view_is_named_by_its_code():
    stack = (*IN_VIEW, own("cached.<locals>.inner", "goods/tools.py"), own("listing"))
    place = locate(*stack, views=UNKNOWN)
    assert (place.kind, place.name, place.routes) == ("untold", "listing", ())


def test_work_that_an_async_view_hands_to_a_thread_is_named_by_itself():
    place = locate(*IN_THREAD, own("resize", "goods/images.py"))
    assert (place.kind, place.name) == ("untold", "resize")


@pytest.mark.parametrize(
    "stack",
    [
        HANDLER,
        (*HANDLER, own("Slow.__call__", "goods/middleware.py")),
        (*IN_VIEW, f"BaseHandler.resolve_request ({PACKAGES}/django/core/handlers/base.py:309)"),
        (*IN_VIEW, f"URLResolver.resolve ({PACKAGES}/django/urls/resolvers.py:668)"),
        (*IN_THREAD, own("Slow.process_request", "goods/middleware.py")),
    ],
    ids=[
        "the handler",
        "the app's middleware",
        "its own resolving",
        "resolving",
        "middleware of an ASGI server in a thread",
    ],
)
def test_what_is_before_the_view_is_handling(stack):
    assert locate(*stack) == HANDLING


@pytest.mark.parametrize("root", [IN_VIEW, IN_THREAD], ids=["WSGI", "ASGI"])
def test_a_response_that_is_rendered_late_is_of_no_view(root):
    render = f"SimpleTemplateResponse.render ({PACKAGES}/django/template/response.py:114)"
    assert locate(*root, render, own("Row.get_price", "goods/rows.py")) == RENDERING


def test_a_thread_that_waits_for_an_async_view_is_not_counted():
    crossing = f"AsyncToSync.__call__ ({PACKAGES}/asgiref/sync.py:367)"
    assert locate(*IN_VIEW, crossing, WAITS) is HANDOVER
    assert locate(*IN_THREAD, own("Slow.__call__", "m.py"), crossing, WAITS) is HANDOVER


def test_code_that_waits_for_a_lock_of_its_own_is_counted():
    assert locate(*IN_VIEW, own("listing"), WAITS).routes == ("goods/",)


@pytest.mark.parametrize("stack", [IDLE, SERVER, (own("collect", "goods/metrics.py"),)])
def test_threads_without_a_request_belong_to_none(stack):
    assert locate(*stack) is None


FRAMES = st.sampled_from(
    [*IN_VIEW, *IN_THREAD, *IN_LOOP, *CLASS_VIEW, LISTS, WAITS, own("listing"), own("Page.get")]
) | st.text(max_size=20)


@given(st.lists(FRAMES, min_size=1, max_size=8))
def test_torn_stacks_belong_somewhere_or_nowhere(stack):
    frames = [Frame.parse(text) for text in stack]
    found = locate_frames(frames, KNOWN)
    if found is not None:
        _, inside = found
        assert list(inside) == frames[len(frames) - len(inside) :]


@pytest.mark.parametrize(
    ("file", "own_code"),
    [
        ("/srv/shop/goods/views.py", True),
        ("/srv/shop/templates/page.jinja2", True),
        (f"{PACKAGES}/django/db/models/query.py", False),
        (f"{STDLIB}/json/__init__.py", False),
        ("<frozen importlib._bootstrap>", False),
        ("/usr/lib/x86_64-linux-gnu/libc.so.6", False),
        ("", False),
    ],
)
def test_the_applications_own_code(file, own_code):
    assert is_application(file) is own_code
