"""Requests drawn from a workload, inside the process of an app."""

import json
from collections import Counter
from typing import Any

import pytest
from shop_session import AgentSaid, ShopSession

PRODUCT = "shop/products/<slug:slug>/"
IN_CATEGORY = "shop/categories/<slug:category_slug>/products/<int:pk>/"
SLUG = {"model": "catalogue.Product", "field": "slug"}


def one_step(user: str = "", **step: Any) -> dict[str, Any]:
    step.setdefault("route", "shop/")
    journey = {"name": "one", "steps": [step], "user": user}
    return {"journeys": [journey], "users": {"buyers": {"login": "session"}}}


def test_a_seed_asks_for_the_same_and_another_for_something_else(shop: ShopSession) -> None:
    workload = one_step("buyers", route=PRODUCT, params={"slug": SLUG})
    first, again, other = (shop.play(workload=workload, seed=s, draws=20) for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_journeys_draws_do_not_depend_on_what_else_is_drawn(shop: ShopSession) -> None:
    steps = [{"route": PRODUCT, "params": {"slug": SLUG}}]
    workload = {"journeys": [{"name": "a", "steps": steps}, {"name": "b", "steps": steps}]}
    alone = shop.interleaved(workload=workload, seed=4, order=[0, 0, 0])
    mixed = shop.interleaved(workload=workload, seed=4, order=[1, 0, 1, 1, 0, 0])
    assert [mixed[n] for n in (1, 4, 5)] == alone


def test_the_database_is_asked_while_preparing_alone(shop: ShopSession) -> None:
    workload = one_step(
        "buyers",
        route=PRODUCT,
        params={"slug": SLUG},
        query={"name": {"user": "username"}, "again": SLUG},
    )
    asked = shop.queries(workload=workload, draws=50)
    assert asked["draw"] == []
    assert len(asked["prepare"]) == 3  # the products, the users' keys, the users


def test_parent_and_child_come_from_one_row(shop: ShopSession) -> None:
    params = {
        "category_slug": {"model": "catalogue.Product", "field": "category__slug"},
        "pk": {"model": "catalogue.Product"},
    }
    played = shop.play(workload=one_step(route=IN_CATEGORY, params=params), seed=1, draws=40)
    pairs = {(r["path"].split("/")[5], r["path"].split("/")[3]) for r in played["requests"]}
    assert len(pairs) > 10
    assert pairs <= {(str(pk), slug) for pk, slug in shop.products()}


def test_a_skewed_recipe_asks_for_few_values_often(shop: ShopSession) -> None:
    def shares(skew: float) -> list[int]:
        params = {"slug": {**SLUG, "skew": skew}}
        played = shop.play(workload=one_step(route=PRODUCT, params=params), seed=1, draws=600)
        return [n for _, n in Counter(r["path"] for r in played["requests"]).most_common()]

    assert shares(1.5)[0] > 5 * shares(0)[0]


def test_a_step_becomes_a_request(shop: ShopSession) -> None:
    workload = one_step(
        "buyers",
        method="POST",
        route="shop/basket/add/",
        query={"q": ["a b", "é"], "page": {"choice": [2]}, "none": None, "yes": True},
        headers={"Authorization": "Token {token}", "X-Key": "${SHOP_KEY}"},
        body={"name": {"user": "username"}, "token": {"capture": "token"}, "deep": {"n": [1]}},
        expect=[200, 201],
        capture={"id": "order.id"},
    )
    auth = {"route": "shop/", "capture": {"token": "token"}}
    workload["journeys"][0]["steps"].insert(0, auth)
    played = shop.play(workload=workload, seed=1, draws=1, captured={"token": "t-1"})
    _, request = played["requests"]
    body = json.loads(request.pop("body"))
    assert body["name"].startswith("user-")
    assert (body["token"], body["deep"]) == ("t-1", {"n": [1]})
    assert isinstance(request.pop("user_pk"), int)
    assert request == {
        "step": 1,
        "route": "shop/basket/add/",
        "method": "POST",
        "path": "/shop/basket/add/",
        "query": "q=a+b&q=%C3%A9&page=2&yes=true",
        "headers": {"Authorization": "Token t-1", "X-Key": "k-123"},
        "content_type": "application/json",
        "login": "session",
        "expect": [200, 201],
        "capture": {"id": "order.id"},
    }


def test_a_form_is_sent_as_a_form(shop: ShopSession) -> None:
    workload = one_step(method="POST", form=True, body={"a": "x y", "b": [1, 2]})
    (request,) = shop.play(workload=workload, seed=1, draws=1)["requests"]
    assert request["body"] == "a=x+y&b=1&b=2"
    assert request["content_type"] == "application/x-www-form-urlencoded"


def test_a_visitor_without_a_pool_is_anonymous(shop: ShopSession) -> None:
    (request,) = shop.play(workload=one_step(), seed=1, draws=1)["requests"]
    assert (request["user_pk"], request["login"]) == (None, "none")


def test_users_are_drawn_from_the_active_ones_of_their_pool(shop: ShopSession) -> None:
    workload = one_step("buyers", query={"name": {"user": "username"}})
    everyone = shop.play(workload=workload, seed=1, draws=200)
    assert {r["query"] for r in everyone["requests"]} == {f"name=user-{n}" for n in range(10)}
    workload["users"]["buyers"]["filter"] = {"card__isnull": False}
    with_card = shop.play(workload=workload, seed=1, draws=20)
    assert {r["query"] for r in with_card["requests"]} == {"name=user-0"}


def test_distinct_users_and_values_are_counted(shop: ShopSession) -> None:
    workload = one_step("buyers", route=PRODUCT, params={"slug": {**SLUG, "sample": 3}})
    workload["journeys"][0]["steps"].append({"route": "shop/"})
    assert shop.play(workload=workload, seed=1, draws=300)["distinct"] == {
        "users": 10,
        "params": [3, 1],
    }


def test_a_large_table_is_not_read_as_a_whole(shop: ShopSession) -> None:
    asked = shop.with_many_products(count=6000, spec={"model": "catalogue.Product", "sample": 500})
    assert len(set(asked["values"])) == 500
    assert max(asked["values"]) > 4000, "the sample reaches into the table"
    rows = sum(int(sql.rpartition("LIMIT ")[2]) for sql in asked["queries"] if "LIMIT" in sql)
    assert rows <= 4001
    assert not any("RANDOM" in sql.upper() or "COUNT(" in sql.upper() for sql in asked["queries"])


def test_null_and_empty_values_are_not_drawn(shop: ShopSession) -> None:
    with pytest.raises(AgentSaid, match=r"note of catalogue\.Product is empty"):
        shop.sample(spec={"model": "catalogue.Product", "field": "note"})


@pytest.mark.parametrize(
    ("spec", "said", "hint"),
    [
        ({"model": "catalogue.Produkt"}, "no model 'catalogue.Produkt'", "catalogue.Product"),
        ({**SLUG, "field": "slugg"}, "no field 'slugg'", "'slug'"),
        ({**SLUG, "field": "category__x"}, "catalogue.Product", ""),
        ({**SLUG, "filter": {"slug": "none"}}, 'no row of catalogue.Product matching {"slug"', ""),
        ({**SLUG, "filter": {"colour": 1}}, "filter of catalogue.Product", ""),
        ({**SLUG, "filter": {"pk": "x"}}, "filter of catalogue.Product", ""),
    ],
)
def test_a_source_that_cannot_be_is_named(
    shop: ShopSession, spec: dict[str, Any], said: str, hint: str
) -> None:
    workload = one_step(route=PRODUCT, params={"slug": spec})
    with pytest.raises(AgentSaid) as error:
        shop.play(workload=workload, seed=1, draws=1)
    assert error.value.message.startswith("journey 'one', step 1: ")
    assert said in error.value.message
    assert hint in error.value.hint


@pytest.mark.parametrize(
    ("workload", "said"),
    [
        (one_step(route="nowhere/"), "no route 'nowhere/'"),
        (one_step(route=PRODUCT), "needs a value for 'slug'"),
        (one_step("sellers"), "'sellers', which is no user pool"),
        (one_step(query={"a": "{token}"}), "no earlier step captures 'token'"),
        (one_step(query={"a": {"user": "pk"}}), "the journey has no user"),
        (one_step("buyers", query={"a": {"user": "card.number"}}), "has no card.number"),
        (one_step("buyers", query={"a": {"user": "cards"}}), "no attribute 'cards'"),
        (one_step(headers={"X": "${NO_SUCH_KEY}"}), "NO_SUCH_KEY, which is not set"),
    ],
)
def test_a_workload_that_cannot_be_played_is_told_why(
    shop: ShopSession, workload: dict[str, Any], said: str
) -> None:
    with pytest.raises(AgentSaid) as error:
        shop.play(workload=workload, seed=1, draws=1)
    assert said in error.value.message


def test_a_check_tells_what_there_is_to_draw_from(shop: ShopSession) -> None:
    params = {"slug": {**SLUG, "filter": {"on_sale": True}}}
    workload = one_step("buyers", route=PRODUCT, params=params, capture={"id": "id"})
    workload["journeys"][0]["steps"].append({"route": "shop/", "query": {"id": "{id}"}})
    assert shop.check_workload(workload=workload) == {
        "users": {"buyers": 10},
        "rows": [{"catalogue.Product": 40}, {}],
    }


def test_a_check_finds_values_that_no_path_can_have(shop: ShopSession) -> None:
    params = {"slug": {"model": "catalogue.Product", "field": "title"}}
    with pytest.raises(AgentSaid, match="does not match"):
        shop.check_workload(workload=one_step(route=PRODUCT, params=params))
