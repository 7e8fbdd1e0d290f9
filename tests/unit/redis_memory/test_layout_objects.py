from djtune.redis_memory.layouts.viewing import distinct, objects


def test_the_elements_of_a_list_are_the_objects():
    assert objects([{"id": 1}, {"id": 2}, 3]) == [{"id": 1}, {"id": 2}]


def test_a_page_is_taken_apart():
    assert objects({"count": 2, "next": None, "results": [{"id": 1}]}) == [{"id": 1}]


def test_one_object_is_an_entry_with_all_that_is_in_it():
    profile = {"id": 1, "plan": {"name": "pro"}, "devices": [{"id": 5}]}
    assert objects(profile) == [profile]


def test_what_is_no_object_is_no_entry():
    assert objects("text") == objects([1, 2]) == objects({}) == []


def test_an_object_that_comes_twice_counts_once():
    bodies = [b'[{"a":1},{"a":2}]', b'{"a":2}', b"{cut off"]
    assert distinct(bodies) == [{"a": 1}, {"a": 2}]
    assert len(distinct(bodies, limit=1)) == 1
