"""The language of an answer."""

from contextlib import nullcontext

from django.conf import settings
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from core.headers import put, vary_on
from core.middleware.log import GetResponse


class LanguageMiddleware:
    """Answers in the one of `LANGUAGES` that `Accept-Language` likes best, and says which.

    Django's also heeds a cookie, and is too far in to translate what other middlewares refuse.
    Files have no language of ours.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        language = _wanted(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))
        # Where it is spoken already nothing is to be changed, and to be changed back.
        spoken = translation.get_language() == language
        with nullcontext() if spoken else translation.override(language):
            response = self.get_response(request)
        if not isinstance(response, FileResponse):
            vary_on(response, "Accept-Language")
            if "Content-Language" not in response:
                put(response, "Content-Language", language)
        return response


def _wanted(accepted: str) -> str:
    for language, _weight in parse_accept_lang_header(accepted):
        try:
            return translation.get_supported_language_variant(language)
        except LookupError:  # not one of ours, or `*`
            continue
    return str(settings.LANGUAGE_CODE)
