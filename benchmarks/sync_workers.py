"""How gunicorn serves plain and the limit: one request at a time, the quickest way there is."""

worker_class = "sync"
workers = 2
preload_app = True
loglevel = "warning"
control_socket_disable = True
