"""Tasks of a request end as they would without anybody looking."""

import asyncio
import warnings
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from djtune.agent import markers
from djtune.agent.clock import CURRENT, Clock
from djtune.agent.markers import marker
from djtune.agent.probes import tasks

Factory = Callable[..., Any]


def timed() -> Factory:
    CURRENT.set(Clock())
    return tasks.task_factory


def marked() -> Factory:
    markers._CHAIN.set((marker("GET /"),))
    return markers.task_factory


async def never() -> None:
    raise AssertionError("this is not to run")


async def one(number: int) -> int:
    await asyncio.sleep(0)
    return number


@pytest.mark.parametrize("observed", [timed, marked])
def test_a_task_that_is_cancelled_before_it_begins_is_told_to_no_one(
    observed: Callable[[], Factory],
) -> None:
    async def serve() -> bool:
        asyncio.get_running_loop().set_task_factory(observed())
        task = asyncio.create_task(never())
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert asyncio.run(serve())
    assert [str(warning.message) for warning in warned] == []


@pytest.mark.parametrize("observed", [timed, marked])
def test_a_generator_that_is_cancelled_before_it_closes_ends_as_ever(
    observed: Callable[[], Factory],
) -> None:
    async def close(factory: Factory | None) -> tuple[list[str], bool]:
        steps = []

        async def numbers() -> AsyncGenerator[int, None]:
            try:
                yield 1
            finally:
                steps.append("closing")
                await asyncio.sleep(0)
                steps.append("closed")

        generator = numbers()
        await anext(generator)
        asyncio.get_running_loop().set_task_factory(factory)
        task = asyncio.get_running_loop().create_task(generator.aclose())
        task.cancel()
        await asyncio.wait([task])
        return steps, task.cancelled()

    async def observe() -> tuple[list[str], bool]:
        return await close(observed())

    # It differs from one version of Python to the next.
    assert asyncio.run(observe()) == asyncio.run(close(None))


@pytest.mark.parametrize("observed", [timed, marked])
def test_tasks_have_their_results(observed: Callable[[], Factory]) -> None:
    async def serve() -> list[int]:
        asyncio.get_running_loop().set_task_factory(observed())
        return await asyncio.gather(one(1), one(2))

    assert asyncio.run(serve()) == [1, 2]
