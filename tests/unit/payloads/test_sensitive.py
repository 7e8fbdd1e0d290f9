import pytest

from djtune.payloads.sensitive import sensitive


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("email", "contact data"),
        ("contactEmail", "contact data"),
        ("api_key", "a secret"),
        ("apiKey", "a secret"),
        ("user-name", "who somebody is"),
        ("date_of_birth", ""),
        ("birthDate", "who somebody is"),
        ("recipient", ""),
        ("IPAddress", "where somebody is"),
        ("title", ""),
    ],
)
def test_a_name_is_looked_up_word_by_word(key, reason):
    assert sensitive(("rows", "[]", key)) == reason


def test_elements_of_an_array_are_called_as_it_is():
    assert sensitive(("emails", "[]")) == ""
    assert sensitive(("phone", "[]")) == "contact data"
