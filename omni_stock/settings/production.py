"""For strangers to reach: no default for any secret, and every switch on its safe side."""

from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from omni_stock.settings.base import *
from omni_stock.settings.environment import MAIL_PORTS

if missing := ENV.missing_for_production():
    raise ImproperlyConfigured(f"Set these before starting in production: {', '.join(missing)}.")
if "*" in CORS_ALLOWED_ORIGINS:
    raise ImproperlyConfigured("CORS_ORIGINS may not be *: credentials are allowed.")

DEBUG = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.trusted_proxies else None
SECURE_SSL_REDIRECT = ENV.secure_ssl_redirect
# Probes of a balancer speak plain HTTP to the process itself.
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = ENV.secure_hsts_seconds
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = ENV.secure_hsts_preload
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True

# Without a mail server nothing is sent: printing mails would put reset links into the log.
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
if ENV.email_url:
    _mail = urlsplit(ENV.email_url.get_secret_value())
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _mail.hostname or "localhost"
    EMAIL_PORT = _mail.port or MAIL_PORTS[_mail.scheme]
    EMAIL_HOST_USER = unquote(_mail.username or "")
    EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
    EMAIL_USE_TLS = _mail.scheme == "smtp+tls"
    EMAIL_USE_SSL = _mail.scheme == "smtps"
