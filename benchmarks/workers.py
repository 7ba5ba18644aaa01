"""How gunicorn serves plain and the limit: one request at a time, on connections that are kept.

Measured beside sync workers, which hang up after each answer: the limit does half as many again,
plain the same.
"""

worker_class = "gthread"
threads = 1
workers = 2
keepalive = 5
preload_app = True
loglevel = "warning"
control_socket_disable = True
