"""The list cache: never another reader's page, never a page older than the data."""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import get_language
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

if TYPE_CHECKING:
    from rest_framework.viewsets import GenericViewSet as _Base
else:
    _Base = object


class CachedListMixin(ListModelMixin, _Base):
    """Keeps a list's answer for `LIST_CACHE_SECONDS` under reader, query and version of the data.

    A view says with `get_data_version` what its list is made of. The version is read before the
    data and moves in the same transaction as the data, so a stale page can never be asked for.
    """

    def get_data_version(self) -> str:
        raise AssertionError(f"{type(self).__name__} must say the version of its data.")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = self._cache_key(request)
        data = cache.get(key)
        if data is None:
            data = super().list(request, *args, **kwargs).data
            cache.set(key, data, settings.LIST_CACHE_SECONDS)
        return Response(data)

    def _cache_key(self, request: Request) -> str:
        parts = [
            request.path,
            request.user.pk,
            self.get_data_version(),
            sorted(request.query_params.lists()),
            get_language(),
        ]
        return "list:" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()
