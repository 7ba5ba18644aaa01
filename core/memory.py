"""What a process finds out once, and remembers for the calls to come."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

_V = TypeVar("_V")


def recall(memory: dict[Any, Any], key: Hashable, make: Callable[[], _V], most: int = 100) -> _V:
    """What is remembered under the key; if there is nothing, what is made now, which then is.

    A full memory begins anew. Other threads may empty it at any time, so it is looked into once.
    """
    found: _V | None = memory.get(key)
    if found is None:
        if len(memory) >= most:
            memory.clear()
        found = memory[key] = make()
    return found
