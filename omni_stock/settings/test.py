"""For the test suite: real servers from DATABASE_URL and REDIS_URL, quick hashes, no throttling.

Tests of a limit switch it on themselves.
"""

import tempfile

from omni_stock.settings.base import *

DEBUG = False
SECRET_KEY = "test-only-key-that-is-long-enough-for-hs256"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]
RATE_LIMIT_ENABLED = False
# A busy machine is no outage; tests of outages have servers and patience of their own.
CACHES["default"]["OPTIONS"] |= {"SOCKET_CONNECT_TIMEOUT": 5, "SOCKET_TIMEOUT": 5}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_TASK_ALWAYS_EAGER = True
DATABASES["default"]["OPTIONS"].pop("pool", None)
# Races on a busy machine wait for long; the test of the limit sets its own.
DATABASES["default"]["OPTIONS"]["options"] = "-c lock_timeout=30s -c pgtrigger.ignore={}"
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
_files_root = Path(tempfile.mkdtemp(prefix="omni-test-"))
MEDIA_ROOT = _files_root / "media"
PRIVATE_ROOT = _files_root / "private"
STORAGES["default"] = on_disk(MEDIA_ROOT)
STORAGES["private"] = on_disk(PRIVATE_ROOT)
STATIC_ROOT = _files_root / "static"
STATIC_ROOT.mkdir()
DEMO_ADMINISTRATOR = True
