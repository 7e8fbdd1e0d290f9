"""Paths built from a route and the values of its parameters."""

from typing import Any

import pytest
from shop_session import AgentSaid, ShopSession

ARCHIVE = r"^archive/(?P<year>[0-9]{4})/(?:page-(?P<page>\d+)/)?$"


@pytest.mark.parametrize(
    ("route", "params", "path"),
    [
        ("shop/", {}, "/shop/"),
        ("shop/products/<slug:slug>/", {"slug": "blue-cup"}, "/shop/products/blue-cup/"),
        ("api/stock/<int:product_pk>/", {"product_pk": 7}, "/api/stock/7/"),
        ("shop/orders/on/<isodate:day>/", {"day": "2025-01-03"}, "/shop/orders/on/2025-01-03/"),
        (ARCHIVE, {"year": 2024}, "/archive/2024/"),
        (ARCHIVE, {"year": 2024, "page": 3}, "/archive/2024/page-3/"),
        (r"^legacy/(\d+)/$", {"_0": 12}, "/legacy/12/"),
        ("api/products/(?P<slug>[^/.]+)/$", {"slug": "blå kopp"}, "/api/products/bl%C3%A5%20kopp/"),
        ("en/help/<slug:topic>/", {"topic": "returns"}, "/en/help/returns/"),
    ],
)
def test_a_path_leads_back_to_its_route(
    shop: ShopSession, route: str, params: dict[str, Any], path: str
) -> None:
    assert shop.build_path(route=route, params=params) == path
    assert shop.resolves_to(path=path.replace("%C3%A5%20", "å "))["route"] == route


@pytest.mark.parametrize(
    ("route", "params", "said", "hint"),
    [
        ("shop/prodcts/<slug:slug>/", {}, "no route", "shop/products/<slug:slug>/"),
        ("shop/products/<slug:slug>/", {}, "needs a value for 'slug'", "params"),
        ("shop/products/<slug:slug>/", {"slug": "a", "pk": 1}, "no parameter 'pk'", ""),
        ("shop/products/<slug:slug>/", {"slug": "a b"}, "does not match", ""),
        ("api/stock/<int:product_pk>/", {"product_pk": "x"}, "does not match", ""),
        (ARCHIVE, {"page": 3}, "needs a value for 'year'", ""),
        ("shop/orders/on/<isodate:day>/", {"day": 3}, "IsoDate of 'day' cannot write 3", ""),
        ("^(?:about|contact)/$", {}, "no path can be derived", ""),
    ],
)
def test_what_is_missing_or_does_not_fit_is_named(
    shop: ShopSession, route: str, params: dict[str, Any], said: str, hint: str
) -> None:
    with pytest.raises(AgentSaid) as error:
        shop.build_path(route=route, params=params)
    assert said in error.value.message
    assert hint in error.value.hint
