"""Runs in the shop's process: loads the agent as a worker does and answers calls on stdin."""

import dataclasses
import importlib.util
import json
import sys
from pathlib import Path

BOOTSTRAP = Path(__file__).parents[3] / "djtune" / "agent" / "bootstrap.py"


def load_agent():
    sys.path.insert(0, str(Path.cwd()))
    spec = importlib.util.spec_from_file_location("bootstrap", BOOTSTRAP)
    bootstrap = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bootstrap)
    bootstrap.load_agent()


def start_app():
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    from catalogue.seed import seed

    seed()


def describe_routes():
    from djtune_agent.urlconf import describe_routes

    return describe_routes()


def build_path(route, params):
    from djtune_agent.paths import build_path

    return build_path(route, params)


def resolves_to(path):
    from django.urls import resolve

    match = resolve(path)
    return {"route": match.route, "view": match.view_name}


def status(method, path, user=None):
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    if user is not None:
        client.force_login(get_user_model().objects.get(pk=user))
    return client.generic(method, path).status_code


def play(workload, seed, draws, captured=None, journey=0):
    from djtune_agent.player import Player

    player = Player(workload, seed)
    requests = [
        dataclasses.asdict(step.request(captured or {}))
        for _ in range(draws)
        for step in player.draw(journey)
    ]
    return {"requests": requests, "distinct": player.distinct()}


def check_workload(workload):
    from djtune_agent.player import check_workload

    return check_workload(workload)


def interleaved(workload, seed, order):
    from djtune_agent.player import Player

    player = Player(workload, seed)
    return [[step.request({}).path for step in player.draw(journey)] for journey in order]


def queries(workload, draws):
    """Count the queries of prepare() and of the draws after it."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from djtune_agent.player import Player

    player = Player(workload, 1)
    with CaptureQueriesContext(connection) as preparing:
        player.prepare()
    with CaptureQueriesContext(connection) as drawing:
        for _ in range(draws):
            [step.request({}) for step in player.draw(0)]
    return {
        "prepare": [query["sql"] for query in preparing.captured_queries],
        "draw": [query["sql"] for query in drawing.captured_queries],
    }


def sample(spec, seed=1):
    from djtune_agent.recipes import compile_recipe
    from djtune_agent.rows import sample_rows

    recipe = compile_recipe(spec)
    rows = sample_rows(recipe.source, {recipe.field}, seed)
    return [row[recipe.field] for row in rows.rows]


def with_many_products(count, spec):
    """Sample a table of ``count`` more rows than the seed's, which is left as it was."""
    from catalogue.models import Category, Product
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    with transaction.atomic():
        category = Category.objects.first()
        Product.objects.bulk_create(
            Product(category=category, slug=f"more-{n}", title="more") for n in range(count)
        )
        with CaptureQueriesContext(connection) as context:
            values = sample(spec)
        transaction.set_rollback(True)
    return {"values": values, "queries": [query["sql"] for query in context.captured_queries]}


def products(**filters):
    from catalogue.models import Product

    found = Product.objects.filter(**filters).order_by("pk")
    return [[product.pk, product.category.slug] for product in found]


def main():
    load_agent()
    start_app()
    from djtune_agent.errors import AgentError

    for line in sys.stdin:
        frame = json.loads(line)
        try:
            answer = {"result": globals()[frame["call"]](**frame["args"])}
        except AgentError as error:
            answer = {"said": {"message": error.message, "hint": error.hint}}
        print(json.dumps(answer, default=lambda v: v.decode() if isinstance(v, bytes) else str(v)))  # noqa: T201
        sys.stdout.flush()


if __name__ == "__main__":
    main()
