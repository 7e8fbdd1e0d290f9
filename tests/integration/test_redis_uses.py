"""Which Redis servers a project names, as its settings have them."""

import sys
from pathlib import Path

import pytest

from djtune.errors import DjtuneError
from djtune.model.app import App
from djtune.redis_memory.named import Named, address_of, joined, named_servers
from djtune.redis_memory.observed import Use

MINIMAL = "SECRET_KEY = 'x'\nINSTALLED_APPS = []\n"


def servers(folder: Path, settings: str, celery: str = "") -> list[Named]:
    package = folder / "made"
    package.mkdir()
    (package / "__init__.py").write_text("from made.celery import app\n" if celery else "")
    (package / "celery.py").write_text(celery)
    (package / "settings.py").write_text(MINIMAL + settings)
    return named_servers(App(str(folder), "made.settings", sys.executable))


def roles(named: Named) -> set[tuple[str, str]]:
    return {(use.where, use.role) for use in named.uses}


def test_caches_and_the_sessions_in_them(tmp_path: Path) -> None:
    (named,) = servers(
        tmp_path,
        "CACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache', 'KEY_PREFIX': 'shop',"
        " 'LOCATION': ['redis://cache.example:6380/1'], 'OPTIONS': {'PASSWORD': 'p@ss'}}}\n"
        "SESSION_ENGINE = 'django.contrib.sessions.backends.cached_db'\n",
    )
    assert roles(named) == {("CACHES['default']", "cache"), ("SESSION_ENGINE", "session")}
    assert named.url == "redis://:p%40ss@cache.example:6380/1"
    assert {use.key_prefix for use in named.uses} == {"shop:1:"}


def test_celery_set_up_in_settings_and_channels(tmp_path: Path) -> None:
    first, second = servers(
        tmp_path,
        "CELERY_BROKER_URL = 'redis://one/0'\nCELERY_RESULT_BACKEND = 'redis://one/1'\n"
        "CHANNEL_LAYERS = {'default': {'BACKEND': 'channels_redis.core.RedisChannelLayer',"
        " 'CONFIG': {'hosts': [('two', 6379)]}}}\n",
    )
    assert roles(first) == {("CHANNEL_LAYERS['default']", "channels")}
    assert roles(second) == {("CELERY_BROKER_URL", "broker"), ("CELERY_RESULT_BACKEND", "results")}


def test_celery_set_up_in_code(tmp_path: Path) -> None:
    (named,) = servers(
        tmp_path, "", "from celery import Celery\napp = Celery('made', broker='redis://queue:7/2')"
    )
    assert roles(named) == {("Celery's broker_url", "broker")}


def test_dicts_of_host_and_port_and_urls_deep_inside(tmp_path: Path) -> None:
    named = servers(
        tmp_path,
        "RQ_QUEUES = {'default': {'HOST': 'rq', 'PORT': 6379, 'DB': 0, 'PASSWORD': 'x'}}\n"
        "EXTRA = {'locks': {'where': ['unix:///run/redis.sock?db=2']}}\n"
        "DATABASES = {'default': {'ENGINE': 'postgresql', 'HOST': 'db', 'PORT': 5432}}\n",
    )
    assert [(each.url, roles(each)) for each in named] == [
        ("unix:///run/redis.sock?db=2", {("EXTRA", "own")}),
        ("redis://:x@rq:6379/0", {("RQ_QUEUES", "broker")}),
    ]


def test_tls_is_asked_for_as_the_settings_do(tmp_path: Path) -> None:
    urls = [
        each.url
        for each in servers(
            tmp_path,
            "CACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache',"
            " 'LOCATION': 'rediss://cache:6380/1',"
            " 'OPTIONS': {'CONNECTION_POOL_KWARGS': {'ssl_cert_reqs': None}}}}\n"
            "RQ_QUEUES = {'default': {'HOST': 'rq', 'PORT': 6379, 'DB': 0, 'SSL': True}}\n",
        )
    ]
    assert urls == ["rediss://cache:6380/1?ssl_cert_reqs=none", "rediss://rq:6379/0"]


def test_a_project_without_redis_is_told_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(DjtuneError, match="name no Redis") as refused:
        servers(tmp_path, "")
    assert "redis://" in refused.value.hint


def test_databases_of_one_server_are_one_server() -> None:
    cache, queue = Use("CACHES['default']", "cache"), Use("CELERY_BROKER_URL", "broker")
    assert joined([("redis://h:6379/0", cache), ("redis://u:p@H/1", queue)]) == [
        Named("redis://h:6379/0", (cache, queue))
    ]


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://h", "h:6379"),
        ("rediss://user:p@w@h:7000/3?ssl_cert_reqs=none", "h:7000"),
        ("redis://[::1]:6379/0", "[::1]:6379"),
        ("unix://user:pw@/run/r.sock?db=1", "/run/r.sock"),
    ],
)
def test_an_address_has_no_secret(url: str, address: str) -> None:
    assert address_of(url) == address
