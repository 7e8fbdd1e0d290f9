"""Where the site keeps its data, as the environment says."""

from pathlib import Path

import pytest

from sample_site.streaming.environment import DATA_FOLDER, data_directory, database, recordings


def test_data_goes_where_the_environment_says(tmp_path):
    assert data_directory({"SITE_DATA": str(tmp_path / "a")}, Path("/")) == tmp_path / "a"


def test_data_is_looked_for_upwards(tmp_path):
    inner = tmp_path / "project" / "sample_site"
    inner.mkdir(parents=True)
    assert data_directory({}, inner) == inner / DATA_FOLDER
    (tmp_path / DATA_FOLDER).mkdir()
    assert data_directory({}, inner) == tmp_path / DATA_FOLDER


def test_sqlite_is_the_default(tmp_path):
    found = database({}, tmp_path, persistent=True)
    assert found["ENGINE"] == "django.db.backends.sqlite3"
    assert found["NAME"] == tmp_path / "site.sqlite3"


def test_postgresql_by_url(tmp_path):
    environ = {"DATABASE_URL": "postgres://me:p%40ss@db.example.org:5433/lumen?sslmode=require"}
    found = database(environ, tmp_path, persistent=False)
    assert found == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "lumen",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "db.example.org",
        "PORT": "5433",
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"sslmode": "require"},
    }


def test_postgresql_on_a_socket(tmp_path):
    environ = {"DATABASE_URL": "postgresql:///lumen?host=/run/postgresql&port=5434"}
    found = database(environ, tmp_path, persistent=True)
    assert (found["HOST"], found["PORT"], found["OPTIONS"]) == ("/run/postgresql", "5434", {})


def test_other_databases_are_refused(tmp_path):
    with pytest.raises(ValueError, match="mysql:// is not supported"):
        database({"DATABASE_URL": "mysql://localhost/lumen"}, tmp_path, persistent=True)


def test_nothing_is_recorded_unless_asked_for():
    assert recordings({}) == {}


def test_its_cache_is_recorded_where_the_environment_says(tmp_path):
    asked = recordings({"SITE_RECORD_CACHE": str(tmp_path), "SITE_RECORD_SAMPLE": "0.1"})
    assert asked == {"CACHE": {"DIRECTORY": tmp_path, "SAMPLE": 0.1}}


@pytest.mark.parametrize("sample", ["0", "2", "some", "nan"])
def test_a_sample_that_is_no_part_is_refused(sample, tmp_path):
    with pytest.raises(ValueError, match="must be a part of all keys"):
        recordings({"SITE_RECORD_CACHE": str(tmp_path), "SITE_RECORD_SAMPLE": sample})
