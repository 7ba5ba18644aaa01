"""Our application behind the server of production, which tells the thread that answers."""

import threading
from collections.abc import Iterable
from typing import Any

from omni_stock.wsgi import application as ours


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        return start_response(status, [*headers, ("Thread", threading.current_thread().name)])

    return ours(environ, start)
