"""How gunicorn serves plain and the limit: one request at a time, on connections that are kept.

Measured beside sync workers, which hang up after each answer: the limit does half as many again,
plain the same. On processors of their own, and staying with a connection, as ours.
"""

from core.processors import assign as pre_fork
from core.processors import stay as post_fork

__all__ = ["post_fork", "pre_fork"]

worker_class = "core.staying.StayingWorker"
threads = 1
workers = 2
keepalive = 5
preload_app = True
loglevel = "warning"
control_socket_disable = True
