"""How references are named."""

import gc
from functools import partial
from types import FunctionType
from typing import Any

from django.utils.functional import SimpleLazyObject

from djtune.agent.garbage import cycles
from djtune.agent.garbage.cycles import links_of
from djtune.agent.garbage.links import definer, members, origin_of


class Base:
    def take(self, owner: Any) -> None:
        self.owner = owner


class Special(Base):
    def __init__(self) -> None:
        self.secret = "a value"

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise AssertionError("code of the app's has been run")


class Slotted:
    __slots__ = ("other", "unset")


def garbage(*roots: Any) -> list[Any]:
    """What the roots hold, in the order in which it is found."""
    found: dict[int, Any] = {}
    left = list(roots)
    while left:
        each = left.pop(0)
        outside = type(each) is FunctionType or issubclass(type(each), type)
        if outside or id(each) in found or not gc.is_tracked(each):
            continue
        found[id(each)] = each
        left += gc.get_referents(each)
    return list(found.values())


def names(*roots: Any, needed: bool = False) -> set[str]:
    links = links_of(garbage(*roots))["links"]
    return {f"{each['owner']}.{each['attribute']}" for each in links if each["needed"] >= needed}


def test_an_attribute_belongs_to_the_class_that_sets_it():
    assert definer(Special, "owner") is Base
    assert definer(Special, "secret") is Special
    assert definer(Special, "unheard_of") is None


def test_inherited_attributes_are_one_link():
    one, other = Special(), Special()
    one.take(other)
    other.take(one)
    assert names(one) == {"Base.owner"}
    del one.owner


def test_a_slot_is_named_like_an_attribute():
    one = Slotted()
    one.other = one
    assert names(one) == {"Slotted.other"}
    assert dict(members(one)) == {"other": one}
    del one.other


def test_lists_and_dictionaries_are_seen_through_and_their_keys_stay_unsaid():
    one = Base()
    one.take([{"a customer's name": one}])
    assert names(one) == {"Base.owner"}
    del one.owner


def test_a_list_that_nobody_holds_is_named_by_its_type():
    one: list[Any] = []
    one.append(one)
    assert names(one) == {"list.[…]"}
    one.clear()


def test_a_bound_method_is_seen_through():
    one = Base()
    one.take(one.take)
    assert names(one) == {"Base.owner"}
    del one.owner


def test_links_that_can_be_spared_are_not_needed():
    parent, child = Base(), Special()
    parent.take(child)
    child.take(parent)
    links = links_of(garbage(parent))
    assert [link["needed"] for link in links["links"]] == [True]
    assert links["in_cycles"] >= 2
    del parent.owner


def test_lazy_objects_stay_lazy():
    one = Base()
    one.take(SimpleLazyObject(partial(_evaluated, one)))
    assert names(one) == {"Base.owner", "SimpleLazyObject._setupfunc"}
    del one.owner


def _evaluated(_: Any) -> Any:
    raise AssertionError("a lazy object has been evaluated")


def test_of_more_objects_than_can_be_looked_at_the_oldest_are(monkeypatch):
    monkeypatch.setattr(cycles, "MOST_OBJECTS", 4)
    pairs = [(Base(), Base()) for _ in range(10)]
    for one, other in pairs:
        one.take(other)
        other.take(one)
    found = links_of([each for pair in pairs for one in pair for each in (one, vars(one))])
    assert found["looked_at"] == 4
    assert [link["count"] for link in found["links"]] == [2]
    for one, _ in pairs:
        del one.owner


def test_nothing_is_linked_in_what_is_no_cycle():
    assert links_of([[1], [2]])["links"] == []


def test_modules_are_told_apart_by_whose_they_are():
    assert origin_of("django.db.models") == "django"
    assert origin_of("rest_framework.fields") == "rest_framework"
    assert origin_of("builtins") == origin_of("collections.abc") == "python"
    assert origin_of("hypothesis.strategies") == "library"
    assert origin_of(__name__) == "app"
