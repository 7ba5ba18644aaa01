"""The WSGI entry point: `omni_stock.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omni_stock.settings.production")

application = get_wsgi_application()
