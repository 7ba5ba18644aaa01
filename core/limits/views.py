"""What the caller may still do."""

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.throttles import (
    AnonThrottle,
    BurstThrottle,
    CheckEmailThrottle,
    CodeThrottle,
    LoginThrottle,
    SignupThrottle,
    UserThrottle,
    admit,
)

# Those that hang on who calls; what else a call may say, such as a name, is not known here. Asked
# separately, for while Redis is away they are counted in two places.
DOORS = [LoginThrottle, SignupThrottle, CodeThrottle, CheckEmailThrottle]
CALLS = [AnonThrottle, UserThrottle, BurstThrottle]


class PolicySerializer(serializers.Serializer):
    name = serializers.CharField(source="policy.name", help_text="As in the `RateLimit` headers.")
    quota = serializers.IntegerField(source="policy.quota", help_text="So many calls …")
    window = serializers.IntegerField(source="policy.seconds", help_text="… in so many seconds.")
    remaining = serializers.IntegerField(help_text="Calls left now.")
    reset = serializers.IntegerField(help_text="Seconds until there is one more; 0 when unused.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Signed in",
            {
                "enabled": True,
                "policies": [
                    {"name": "burst", "quota": 60, "window": 60, "remaining": 42, "reset": 17},
                    {"name": "user", "quota": 1000, "window": 3600, "remaining": 871, "reset": 204},
                ],
            },
        )
    ]
)
class RateLimitsSerializer(serializers.Serializer):
    enabled = serializers.BooleanField(help_text="False when this server limits nobody.")
    policies = PolicySerializer(source="verdicts", many=True)


class RateLimitsView(APIView):
    permission_classes = [AllowAny]
    throttle_classes = []

    @extend_schema(
        tags=["limits"],
        summary="Your limits, and what is left of them",
        description="Without a token, those of your address. The call itself is not counted.",
        responses=RateLimitsSerializer,
    )
    def get(self, request: Request) -> Response:
        doors, calls = [
            admit(request, [throttle() for throttle in group], count=False).verdicts
            for group in (DOORS, CALLS)
        ]
        body = {"enabled": settings.RATE_LIMIT_ENABLED, "verdicts": [*calls, *doors]}
        return Response(RateLimitsSerializer(body).data, headers={"Cache-Control": "no-store"})
