"""The routes of an app, as the walk of its URLconf describes them."""

from typing import Any

import pytest
from shop_session import TESTS, ShopSession


@pytest.fixture(scope="module")
def routes(shop: ShopSession) -> dict[str, dict[str, Any]]:
    return {route["route"]: route for route in shop.describe_routes()}


def recipes(route: dict[str, Any]) -> dict[str, Any]:
    return {param["name"]: param["recipe"] for param in route["params"]}


def test_a_route_is_named_as_django_names_it_when_it_resolves_a_path(
    shop: ShopSession, routes: dict[str, Any]
) -> None:
    for path in (
        "/shop/orders/on/2025-01-03/",
        "/api/products/product-1/reviews/",
        "/archive/2024/page-2/",
        "/en/help/returns/",
        "/legacy/7/",
    ):
        match = shop.resolves_to(path=path)
        assert match["view"] == routes[match["route"]]["name"]


@pytest.mark.parametrize(
    ("route", "view", "methods"),
    [
        ("shop/", "catalogue.views.front_page", ["GET"]),
        ("shop/products/<slug:slug>/", "catalogue.views.ProductPage", ["GET", "HEAD"]),
        ("shop/basket/add/", "catalogue.views.add_to_basket", ["POST"]),
        ("api/search/", "catalogue.views.search", ["GET", "POST"]),
        ("api/stock/", "catalogue.views.StockView", ["GET", "HEAD"]),
        ("api/products/$", "catalogue.views.ProductViewSet", ["GET", "HEAD", "POST"]),
        (
            "api/products/(?P<slug>[^/.]+)/$",
            "catalogue.views.ProductViewSet",
            ["GET", "HEAD", "PUT", "PATCH", "DELETE"],
        ),
        (
            "api/categories/<slug:name>/",
            "catalogue.views.CategoryDetail",
            ["GET", "HEAD", "PATCH"],
        ),
        (
            "shop/categories/<slug:category_slug>/products/<int:pk>/",
            "catalogue.views.product_in_category",
            ["GET"],
        ),
    ],
)
def test_views_are_seen_through_their_decorators_with_the_methods_they_answer(
    routes: dict[str, Any], route: str, view: str, methods: list[str]
) -> None:
    assert (routes[route]["view"], routes[route]["methods"]) == (view, methods)


def test_the_methods_named_are_those_that_are_not_refused(
    shop: ShopSession, routes: dict[str, Any]
) -> None:
    for route, path in (
        ("api/search/", "/api/search/"),
        ("api/products/$", "/api/products/"),
        ("api/categories/<slug:name>/", "/api/categories/name-1/"),
        ("api/stock/", "/api/stock/"),
    ):
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            refused = shop.status(method=method, path=path) == 405
            assert refused == (method not in routes[route]["methods"]), (method, path)


def test_the_place_of_a_view_is_a_file_of_the_project_and_a_line(routes: dict[str, Any]) -> None:
    route = routes["shop/products/<slug:slug>/"]
    source = (TESTS / "projects" / "shop" / route["file"]).read_text().splitlines()
    assert source[route["line"] - 1] == "class ProductPage(DetailView):"


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        # SingleObjectMixin.queryset, with its constant condition
        (
            "shop/products/<slug:slug>/",
            {"slug": {"model": "catalogue.Product", "field": "slug", "filter": {"on_sale": True}}},
        ),
        # lookup_field of a viewset and of a generic view
        (
            "api/products/(?P<slug>[^/.]+)/$",
            {"slug": {"model": "catalogue.Product", "field": "slug"}},
        ),
        (
            "api/categories/<slug:name>/",
            {"name": {"model": "catalogue.Category", "field": "name"}},
        ),
        # a viewset that has its model from its serializer alone
        ("api/reviews/(?P<pk>[^/.]+)/$", {"pk": {"model": "catalogue.Review", "field": "pk"}}),
        # the source of a function: get_object_or_404(Category, slug=category)
        (
            "shop/categories/<slug:category>/products/",
            {"category": {"model": "catalogue.Category", "field": "slug"}},
        ),
        # the source of a class: Product.objects.filter(category_id=self.kwargs["pk"])
        (
            "shop/categories/<int:pk>/",
            {
                "pk": {
                    "model": "catalogue.Product",
                    "field": "category_id",
                    "filter": {"on_sale": True},
                }
            },
        ),
        # the name of the parameter alone
        (
            "shop/orders/<uuid:order_id>/",
            {"order_id": {"model": "catalogue.Order", "field": "pk"}},
        ),
        (
            "api/stock/<int:product_pk>/",
            {"product_pk": {"model": "catalogue.Product", "field": "pk"}},
        ),
        ("people/<str:username>/", {"username": {"model": "auth.User", "field": "username"}}),
        # a field of the view's own model by its name
        ("cards/<str:number>/", {"number": {"model": "catalogue.Card", "field": "number"}}),
        # a custom converter
        ("shop/orders/on/<isodate:day>/", {"day": {"model": "catalogue.Order", "field": "day"}}),
    ],
)
def test_a_parameter_gets_a_recipe_where_the_view_says_what_it_looks_up(
    routes: dict[str, Any], route: str, expected: dict[str, Any]
) -> None:
    assert recipes(routes[route]) == expected


def test_parent_and_child_are_drawn_from_one_row(routes: dict[str, Any]) -> None:
    found = recipes(routes["shop/categories/<slug:category_slug>/products/<int:pk>/"])
    sources = [
        {key: value for key, value in recipe.items() if key != "field"} for recipe in found.values()
    ]
    assert [recipe["field"] for recipe in found.values()] == ["category__slug", "pk"]
    assert sources[0] == sources[1]


def test_a_parameter_without_a_recipe_says_why(routes: dict[str, Any]) -> None:
    year, page = routes["^archive/(?P<year>[0-9]{4})/(?:page-(?P<page>\\d+)/)?$"]["params"]
    assert (year["recipe"], year["reason"]) == (None, "the view's model could not be told")
    assert (year["optional"], page["optional"]) == (False, True)


def test_a_parameter_of_a_model_without_rows_says_so(routes: dict[str, Any]) -> None:
    (pk,) = routes["groups/<int:pk>/"]["params"]
    assert (pk["recipe"], pk["reason"]) == (None, "no row of auth.Group")


@pytest.mark.parametrize(
    ("route", "reason"),
    [
        ("admin/catalogue/product/", "admin"),
        ("api/products\\.(?P<format>[a-z0-9]+)/?$", "format suffix of another route"),
        ("api/<drf_format_suffix:format>", "format suffix of another route"),
        ("^media/(?P<path>.*)$", "static files"),
        ("errors/500/", "error page"),
    ],
)
def test_what_is_not_the_apps_own_is_left_out(
    routes: dict[str, Any], route: str, reason: str
) -> None:
    assert routes[route]["left_out"] == reason


def test_no_code_of_the_views_is_run(routes: dict[str, Any]) -> None:
    """``GuardedPage.queryset`` and ``ReviewViewSet.get_queryset`` raise when they are."""
    assert recipes(routes["guarded/<int:pk>/"]) == {"pk": None}
    assert recipes(routes["api/reviews/(?P<pk>[^/.]+)/$"])["pk"]


def test_a_pattern_that_cannot_be_reversed_is_left_out(routes: dict[str, Any]) -> None:
    assert "no path can be derived" in routes["^(?:about|contact)/$"]["left_out"]


def test_what_is_described_can_be_asked_for(shop: ShopSession) -> None:
    """Every recipe found leads to a page, not to a 404."""
    for route in shop.describe_routes():
        complete = all(param["recipe"] or param["optional"] for param in route["params"])
        if route["left_out"] or not complete or "GET" not in route["methods"]:
            continue
        params = {
            param["name"]: param["recipe"] for param in route["params"] if not param["optional"]
        }
        step = {"route": route["route"], "params": params}
        journey = {"name": "one", "steps": [step], "user": "anyone"}
        played = shop.play(
            workload={"journeys": [journey], "users": {"anyone": {}}}, seed=5, draws=8
        )
        for request in played["requests"]:
            assert shop.resolves_to(path=request["path"])["route"] == route["route"]
            if not route["route"].startswith("api/reviews/"):  # its view fails on purpose
                status = shop.status(method="GET", path=request["path"], user=request["user_pk"])
                assert status == (302 if route["name"] == "shop:old" else 200), request
