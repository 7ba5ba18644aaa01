"""What every way of running Omni-Stock has in common."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from celery.schedules import crontab

from core.deprecation import Deprecation
from core.logging import logging_config
from omni_stock.settings.environment import Environment
from omni_stock.settings.openapi import SPECTACULAR_SETTINGS  # noqa: F401
from omni_stock.settings.security import *
from omni_stock.settings.storages import on_disk, on_s3

BASE_DIR = Path(__file__).resolve().parent.parent.parent
ENV = Environment()

SECRET_KEY = ENV.django_secret_key.get_secret_value() if ENV.django_secret_key else ""
DEBUG = ENV.django_debug
ALLOWED_HOSTS = ENV.django_allowed_hosts

INSTALLED_APPS = [
    "omni_stock.staff.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "corsheaders",
    "django_filters",
    "pgtrigger",
    "rest_framework",
    "rest_framework_simplejwt",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "core",
    "vendors",
    "users",
    "inventory",
    "sales",
    "notifications",
    "dashboard",
]

MIDDLEWARE = [
    "core.middleware.SecurityHeadersMiddleware",
    "core.middleware.RequestLogMiddleware",
    "core.versions.ApiVersionMiddleware",
    "core.middleware.CacheHeadersMiddleware",
    "core.middleware.LanguageMiddleware",
    "core.middleware.HttpsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.CorsMiddleware",
    "core.limits.headers.RateLimitMiddleware",
    "core.middleware.RequestSizeLimitMiddleware",
    "core.middleware.RequestBodyMiddleware",
    "core.middleware.CompressionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "core.middleware.pages.CallsMiddleware",  # past the next six
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "core.once.IdempotencyMiddleware",  # the last: it calls the view itself
]

# A POST to an address without its slash would be sent on as a GET, and its body lost.
APPEND_SLASH = False
ROOT_URLCONF = "omni_stock.urls"
WSGI_APPLICATION = "omni_stock.wsgi.application"
ASGI_APPLICATION = "omni_stock.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "omni_stock" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- Data -----------------------------------------------------------------------------------
_database = ENV.database()
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "core.postgres",
        **_database,
        "CONN_MAX_AGE": 0 if ENV.db_pool_size else 600,
        # A pooled one is looked at by our engine, which asks nobody.
        "CONN_HEALTH_CHECKS": not ENV.db_pool_size,
        "OPTIONS": {
            "connect_timeout": ENV.db_connect_timeout,
            # What is hot is planned once per connection (core/prepared.py).
            "prepare_threshold": 5 if ENV.db_prepares else None,
            # Who waits longer for somebody else's lock is told so: 409 `busy`. And triggers ask for
            # the other setting; where it is unknown each question is an error that is caught, and
            # a thousand rows take ten times as long.
            # Compiling a query, or starting processes for a small one, takes longer than most.
            "options": f"-c lock_timeout={ENV.db_lock_timeout}s -c pgtrigger.ignore={{}}"
            " -c jit=off -c parallel_setup_cost=20000",
            **_database["OPTIONS"],
        },
    }
}
if ENV.db_pool_size:
    # The pool keeps connections for ten minutes, as CONN_MAX_AGE=600 would, and rides out a
    # restart of PostgreSQL; five seconds without a free connection is a 503, not a queue.
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": 1,
        "max_size": ENV.db_pool_size,
        "timeout": 5,
        "max_idle": 600,
    }
# Separate databases: emptying the cache must not empty the queue.
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": ENV.redis(0),
        "KEY_PREFIX": "omni",
        "OPTIONS": {
            # JSON, not pickle: who can write to Redis must not be able to run code here.
            "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
            # After one failure its breaker does not ask for a while, so no request waits for more
            # than this and the queue's.
            "SOCKET_CONNECT_TIMEOUT": 0.1,
            "SOCKET_TIMEOUT": 0.1,
            "IGNORE_EXCEPTIONS": True,
            "CONNECTION_POOL_CLASS": "core.breaker.GuardedPool",
        },
    }
}
LIST_CACHE_SECONDS = ENV.list_cache_seconds

CELERY_BROKER_URL = ENV.redis(1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# On SIGQUIT (what run.py and the compose file send) a task has this long to end; then it goes
# back to the queue, where an import is gone on with.
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 1740
CELERY_TASK_SOFT_TIME_LIMIT = 1680
# An unfinished task comes back after this long, so no task may be allowed to run longer.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1800,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    # For requests, which do not wait for a broker that is away: the beat schedule finds what was
    # not queued. Workers and beat have more patience (omni_stock/celery.py).
    "socket_connect_timeout": 0.1,
    "socket_timeout": 0.1,
    "max_retries": 0,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {
    "resume-imports": {"task": "inventory.tasks.resume_imports", "schedule": 60},
    "resume-thumbnails": {"task": "inventory.tasks.resume_thumbnails", "schedule": 60},
    "relay-outbox": {
        "task": "core.tasks.relay_outbox",
        "schedule": 10,
        "options": {"expires": 10},  # a worker that was away does not find a heap of them
    },
    "purge-outbox": {"task": "core.tasks.purge_outbox", "schedule": crontab(hour=3, minute=47)},
    "purge-idempotency-keys": {
        "task": "core.tasks.purge_idempotency_keys",
        "schedule": crontab(minute=37),
    },
    "expire-allocations": {"task": "inventory.tasks.expire_allocations", "schedule": 60},
    "expire-orders": {"task": "sales.tasks.expire_orders", "schedule": 60},
    "close-books": {"task": "inventory.tasks.close_books", "schedule": crontab(hour=0, minute=17)},
    "forget-changes": {
        "task": "inventory.tasks.forget_changes",
        "schedule": crontab(minute=47),
    },
    "watch-stock": {"task": "inventory.tasks.watch_stock", "schedule": crontab(hour=4, minute=7)},
    "purge-notifications": {
        "task": "notifications.tasks.purge_notifications",
        "schedule": crontab(hour=3, minute=57),
    },
    "purge-expired-tokens": {
        "task": "users.tasks.purge_expired_tokens",
        "schedule": crontab(hour=3, minute=17),
    },
    "purge-throttle-log": {
        "task": "core.tasks.purge_throttle_log",
        "schedule": crontab(hour=3, minute=27),
    },
}

# --- Files ----------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = ENV.django_static_root
MEDIA_URL = "/media/"
MEDIA_ROOT = ENV.django_media_root
PRIVATE_ROOT = ENV.django_private_root

# Nothing of the static files is for other origins.
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES: dict[str, dict[str, Any]] = {
    "default": on_s3(ENV, "media") if ENV.s3_bucket else on_disk(MEDIA_ROOT),
    "private": on_s3(ENV, "private") if ENV.s3_bucket else on_disk(PRIVATE_ROOT),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
MAX_REQUEST_SIZE = 10 * 1024 * 1024
IMPORT_CHUNK_ROWS = 1000

# --- Accounts -------------------------------------------------------------------------------
# Whether `seed_demo` may make an administrator whose password everybody knows.
DEMO_ADMINISTRATOR = False
SETUP_SECRET = ENV.setup_secret.get_secret_value() if ENV.setup_secret else ""
AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["users.backends.UsernameOrEmailBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator"},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.NumericPasswordValidator"},
]
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "UPDATE_LAST_LOGIN": True,
    "ISSUER": "omni-stock",
    "AUDIENCE": "omni-stock-api",
    "LEEWAY": 5,
    "AUTH_TOKEN_CLASSES": ("users.tokens.AccessToken",),
}
# Empty: one key, `default`, derived from SECRET_KEY. The first signs, all of them verify.
JWT_SIGNING_KEYS = ENV.signing_keys()
# What an account with an unverified address may do: everything, or not even sign in (`required`).
EMAIL_VERIFICATION = ENV.email_verification
# Where links in mails lead: the first origin that may call, unless it is named.
FRONTEND_URL = (ENV.frontend_url or next(iter(ENV.cors_origins), "")).rstrip("/")
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
# Of each answer of the server: fifteen are to fit into the lease of the mail's row (core/relay.py).
EMAIL_TIMEOUT = 8
DEFAULT_FROM_EMAIL = ENV.default_from_email

# --- The API --------------------------------------------------------------------------------
# A version that will go says since when it is deprecated: `"v1": Deprecation(since=…, …)`.
API_VERSIONS: dict[str, Deprecation | None] = {"v1": None, "v2": None}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "users.authentication.SessionJWTAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["vendors.api.permissions.RolePermission"],
    "DEFAULT_RENDERER_CLASSES": ["core.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.parsers.StrictJSONParser", "core.parsers.MergePatchParser"],
    "DEFAULT_METADATA_CLASS": "core.metadata.PatchMetadata",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "core.negotiation.StrictNegotiation",
    "DEFAULT_PAGINATION_CLASS": "core.pagination.VersionedPagination",
    "DEFAULT_VERSIONING_CLASS": "core.versions.PathVersioning",
    "DEFAULT_VERSION": "v1",
    "ALLOWED_VERSIONS": list(API_VERSIONS),
    "DEFAULT_FILTER_BACKENDS": [
        "core.filters.StrictFilterBackend",
        "core.filters.TextSearchFilter",
        "core.filters.StableOrderingFilter",
    ],
    "DEFAULT_SCHEMA_CLASS": "core.openapi.ProblemAutoSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "core.throttles.AnonThrottle",
        "core.throttles.UserThrottle",
        "core.throttles.BurstThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": ENV.rate_limit_anon,
        "user": ENV.rate_limit_user,
        "burst": ENV.rate_limit_burst,
        "first_party": ENV.rate_limit_first_party,
        "first_party_burst": ENV.rate_limit_first_party_burst,
        "login": ENV.rate_limit_login,
        "signup": ENV.rate_limit_signup,
        "code": ENV.rate_limit_code,
        "check_email": ENV.rate_limit_check_email,
        "access_token": ENV.rate_limit_access_token,
        "invite": ENV.rate_limit_invite,
    },
    "EXCEPTION_HANDLER": "core.problems.exception_handler",
    "NUM_PROXIES": ENV.trusted_proxies,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
RATE_LIMIT_ENABLED = ENV.rate_limit_enabled

# How long a second POST with a key waits for the first one, before it is told to come again.
IDEMPOTENCY_WAIT_SECONDS = 3.0
IDEMPOTENCY_STANDING = "users.selectors.get_standing"

CORS_ALLOWED_ORIGINS = ENV.cors_origins
CSRF_TRUSTED_ORIGINS = ENV.csrf_trusted_origins
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "core.problems.csrf_failure"
SECURITY_CONTACT = ENV.security_contact

# --- Time, language, logs -------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
LOGGING = logging_config(style=ENV.log_format, level=ENV.log_level)
