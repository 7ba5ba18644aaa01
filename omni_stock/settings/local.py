"""For one's own machine: works without any environment; nothing here is secret."""

import os
from pathlib import Path

# While `make run` runs, manage.py uses its servers.
_word = Path(os.environ.get("OMNI_STOCK_VAR", "var")) / "servers.env"
if _word.exists():
    for _line in _word.read_text(encoding="utf-8").splitlines():
        os.environ.setdefault(*_line.split("=", 1))

from omni_stock.settings.base import *

SECRET_KEY = SECRET_KEY or "local-only-key-that-signs-nothing-anyone-else-trusts"
ALLOWED_HOSTS = ALLOWED_HOSTS or ["*"]
LOGGING = logging_config(
    style=ENV.log_format if "log_format" in ENV.model_fields_set else "console",
    level=ENV.log_level,
)
if ENV.database_url is None and ENV.db_password is None:
    DATABASES["default"]["PASSWORD"] = "password"
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
SECURITY_CONTACT = SECURITY_CONTACT or "mailto:security@omni-stock.example"
DEMO_ADMINISTRATOR = True
