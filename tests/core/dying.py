"""The application in a worker that dies when it is told to: committed, and not answered yet."""

import os
import signal
from typing import Any

from omni_stock.wsgi import application as real


def application(environ: dict[str, Any], start_response: Any) -> Any:
    answer = real(environ, start_response)
    if "HTTP_X_DIE" in environ:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
