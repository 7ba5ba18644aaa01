from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from core.requests import caller
from vendors.api.serializers import AbilitiesSerializer
from vendors.selectors import get_vendors_with_role


@extend_schema(
    tags=["vendors"],
    summary="What you may do in each of your shops",
    responses=AbilitiesSerializer(many=True),
)
@api_view(["GET", "HEAD"])
def abilities(request: Request) -> Response:
    """For showing only what will be allowed; every call asks again."""
    vendors = get_vendors_with_role(caller(request))
    data = AbilitiesSerializer(vendors, many=True).data
    return Response(data, headers={"Cache-Control": "private, no-store"})
