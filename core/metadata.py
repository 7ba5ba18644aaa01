"""What OPTIONS tells."""

from typing import TYPE_CHECKING, Any

from rest_framework.metadata import SimpleMetadata
from rest_framework.request import Request

if TYPE_CHECKING:  # rest_framework.views reads this module while it is being imported
    from rest_framework.views import APIView


def forms_of_patch(view: "APIView") -> str:
    """`Accept-Patch` (RFC 5789): what the body of a PATCH may be."""
    return ", ".join(str(parser.media_type) for parser in view.get_parsers())


class PatchMetadata(SimpleMetadata):
    """DRF's description, and the forms that a PATCH may have."""

    def determine_metadata(self, request: Request, view: "APIView") -> Any:
        if "PATCH" in view.allowed_methods:
            view.headers["Accept-Patch"] = forms_of_patch(view)
        return super().determine_metadata(request, view)
