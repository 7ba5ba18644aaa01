"""What happens to every request before a view sees it, and to every answer after."""

from core.middleware.bodies import RequestBodyMiddleware, RequestSizeLimitMiddleware
from core.middleware.caching import CacheHeadersMiddleware
from core.middleware.compression import CompressionMiddleware
from core.middleware.headers import HttpsMiddleware, SecurityHeadersMiddleware
from core.middleware.language import LanguageMiddleware
from core.middleware.log import RequestLogMiddleware
from core.middleware.origins import CorsMiddleware

__all__ = [
    "CacheHeadersMiddleware",
    "CompressionMiddleware",
    "CorsMiddleware",
    "HttpsMiddleware",
    "LanguageMiddleware",
    "RequestBodyMiddleware",
    "RequestLogMiddleware",
    "RequestSizeLimitMiddleware",
    "SecurityHeadersMiddleware",
]
