"""What a journey asks for again, and what of it may be said."""

from djtune.agent.repeats import Repeats, key_pattern, sql_pattern


def journeys(*asked: list[tuple[int, str, int]]) -> list[dict[str, object]]:
    """Each journey as (step, SQL, parameter)."""
    repeats = Repeats()
    for journey in asked:
        repeats.start_journey()
        for step, sql, parameter in journey:
            repeats.start_step(step)
            repeats.note_query("default", sql, (parameter,))
    return repeats.summary()


def test_a_value_asked_for_at_two_steps_is_a_repeat() -> None:
    (found,) = journeys([(0, "SELECT a", 1), (1, "SELECT a", 1)])
    assert (found["steps"], found["times"]) == ({"0": 1.0, "1": 1.0}, 1.0)


def test_the_first_time_of_every_value_is_no_repeat() -> None:
    asked = [(step, "SELECT a", value) for step in (0, 1) for value in range(5)]
    (found,) = journeys(asked)
    assert found["times"] == 5.0


def test_other_values_and_single_steps_are_no_repeats() -> None:
    assert journeys([(0, "SELECT a", 1), (1, "SELECT a", 2), (0, "SELECT a", 1)]) == []


def test_what_only_some_journeys_ask_again_is_left_out() -> None:
    again = [(0, "SELECT a", 1), (1, "SELECT a", 1)]
    assert journeys(again, [(0, "SELECT a", 1)]) == []


def test_a_write_cannot_be_cached() -> None:
    assert journeys([(0, "UPDATE a SET b = 1", 1), (1, "UPDATE a SET b = 1", 1)]) == []


def test_of_a_cache_key_only_the_name_before_the_first_colon_is_shown() -> None:
    assert key_pattern("profile:12345") == "profile:*"
    assert key_pattern("profile:ada@customers.example:devices") == "profile:*"
    assert key_pattern(("profile:7", b"region")) == "profile:* *"
    assert key_pattern("ada@customers.example") == "*"
    assert key_pattern("Ada:1") == "*"


def test_literals_in_sql_are_masked() -> None:
    sql = "SELECT a1 FROM t WHERE email = 'ada''s@customers.example' AND n > 42 AND m = %s"
    assert sql_pattern(sql) == "SELECT a1 FROM t WHERE email = ? AND n > ? AND m = %s"
