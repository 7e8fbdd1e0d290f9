"""What is said of an app beside its figures."""

from types import SimpleNamespace

import pytest

from djtune.agent.facts import _distorting


def distorting(
    *imported: str, apps: tuple[str, ...] = (), middleware: tuple[str, ...] = ()
) -> list[str]:
    settings = SimpleNamespace(INSTALLED_APPS=["shop", *apps], MIDDLEWARE=list(middleware))
    return _distorting(settings, ["django", *imported])


def test_nothing_distorts_a_plain_app() -> None:
    assert distorting() == []


def test_tools_are_known_by_their_app_or_their_middleware() -> None:
    found = distorting(
        apps=("silk", "elasticapm.contrib.django"), middleware=("debug_toolbar.middleware.Any",)
    )
    assert found == ["Elastic APM", "django-debug-toolbar", "django-silk"]


@pytest.mark.parametrize(
    ("module", "label"),
    [("ddtrace", "Datadog APM"), ("newrelic", "New Relic"), ("sentry_sdk", "Sentry")],
)
def test_agents_that_no_setting_names_are_known_by_their_import(module: str, label: str) -> None:
    assert distorting(module) == [label]


@pytest.mark.parametrize("module", ["silk", "elasticapm", "opentelemetry", "scout_apm"])
def test_the_import_of_others_means_nothing(module: str) -> None:
    assert distorting(module) == []


def test_opentelemetry_is_known_by_the_middleware_that_it_adds() -> None:
    added = "opentelemetry.instrumentation.django.middleware.otel_middleware._DjangoMiddleware"
    assert distorting("opentelemetry", middleware=(added,)) == ["OpenTelemetry"]
