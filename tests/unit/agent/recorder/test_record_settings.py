"""``DJTUNE = {"RECORD": {…}}``: a mistake in it is said as the service starts."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from djtune.agent.recorder.settings import DEFAULTS, read


def record(**given):
    return read({"RECORD": {"DIRECTORY": "/var/log/app", **given}})


def test_what_is_not_given_has_a_default():
    settings = record(SAMPLE=0.5)
    assert settings.sample == 0.5
    assert settings.directory == Path("/var/log/app")
    assert settings.max_bytes == DEFAULTS["MAX_BYTES"]


@pytest.mark.parametrize(
    "setting",
    [{}, {"RECORD": {}}, {"RECORD": {"DIRECTORY": None}}, {"RECORD": {"DIRECTORY": ""}}],
)
def test_without_a_directory_there_is_no_recording(setting):
    assert read(setting) is None


def test_a_sample_of_nothing_is_no_recording():
    assert record(SAMPLE=0) is None


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ([], "DJTUNE must be a dict"),
        ({"RECORD": "/var/log"}, r"DJTUNE\['RECORD'\] must be a dict"),
        ({"RECROD": {}}, "no key 'RECROD'. Did you mean 'RECORD'"),
        ({"RECORD": {"DIRECTROY": "/"}}, "no key 'DIRECTROY'. Did you mean 'DIRECTORY'"),
        ({"RECORD": {1: "/"}}, "has no key 1"),
    ],
)
def test_unknown_keys_are_refused(setting, said):
    with pytest.raises(ImproperlyConfigured, match=said):
        read(setting)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DIRECTORY", 7),
        ("RECORDING", ""),
        ("RECORDING", "../elsewhere"),
        ("RECORDING", "a" * 65),
        ("RECORDING", None),
        ("SAMPLE", 1.1),
        ("SAMPLE", -0.1),
        ("SAMPLE", "0.1"),
        ("SAMPLE", True),
        ("SAMPLE", float("nan")),
        ("MAX_BYTES", 999),
        ("MAX_BYTES", 1000.5),
        ("MAX_TOTAL_BYTES", None),
        ("MAX_SECONDS", 0),
        ("MAX_SECONDS", float("inf")),
        ("BUFFER_LINES", 0),
        ("BUFFER_SECONDS", -1),
    ],
)
def test_values_that_cannot_be_are_refused(name, value):
    with pytest.raises(ImproperlyConfigured, match=rf"DJTUNE\['RECORD'\]\['{name}'\] must be"):
        record(**{name: value})


def test_caches_have_a_section_of_their_own():
    setting = {"RECORD": {"SAMPLE": 1}, "CACHE": {"DIRECTORY": "/var/log/app"}}
    assert read(setting) is None
    caches = read(setting, "CACHE")
    assert (caches.sample, caches.ending) == (0.01, ".cache.jsonl")
    with pytest.raises(ImproperlyConfigured, match=r"DJTUNE\['CACHE'\]\['SAMPLE'\] must be"):
        read({"CACHE": {"SAMPLE": 2}}, "CACHE")
