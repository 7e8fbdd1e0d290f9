"""A shop to ask: Django is set up in a process of its own, with the agent inside."""

from collections.abc import Iterator

import pytest
from shop_session import ShopSession


@pytest.fixture(scope="session")
def shop() -> Iterator[ShopSession]:
    with ShopSession() as session:
        yield session
