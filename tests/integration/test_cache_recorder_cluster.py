"""The cache recorder on a cluster: clients and pipelines of both kinds are counted, none fails."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from redis_helpers import cluster, port_of

ASKING = """
    import asyncio, json, sys
    import django, redis, redis.asyncio
    from django.conf import settings

    port, folder = int(sys.argv[1]), sys.argv[2]
    settings.configure(SECRET_KEY="x", DJTUNE={"CACHE": {"DIRECTORY": folder, "SAMPLE": 1}})
    django.setup()
    from djtune.agent.recorder.cache import this_process
    from djtune.cache import recorded_client

    client = recorded_client(redis.RedisCluster(host="127.0.0.1", port=port))
    client.set("a", 1)
    pipeline = client.pipeline()
    answers = [client.get("a"), *pipeline.get("a").get("b").execute()]

    async def ask():
        client = recorded_client(redis.asyncio.RedisCluster(host="127.0.0.1", port=port))
        pipeline = client.pipeline()
        answers = [await client.get("a"), *await pipeline.get("a").get("b").execute()]
        await client.aclose()
        return answers

    answers += asyncio.run(ask())
    (server,) = this_process().servers.values()
    answers = [answer and answer.decode() for answer in answers]
    print(json.dumps([answers, server.totals(), this_process().errors]))
"""


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_what_a_clusters_clients_ask_for_is_counted(tmp_path: Path) -> None:
    with cluster() as nodes:
        command = [sys.executable, "-c", dedent(ASKING), str(port_of(nodes[0])), str(tmp_path)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    answers, totals, errors = json.loads(told)
    assert answers == ["1", "1", None] * 2
    assert (totals["reads"], totals["hits"], errors) == (6, 4, 0)
