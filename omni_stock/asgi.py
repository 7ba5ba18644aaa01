"""The ASGI entry point: `omni_stock.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omni_stock.settings.production")

application = get_asgi_application()
