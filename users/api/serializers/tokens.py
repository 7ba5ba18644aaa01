from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.conditional import Tagged
from core.etags import digest
from core.serializers import StrictSerializer
from users.api.devices import session_of
from users.api.fields import password_field
from users.models import Session

TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VyX2lkIjoiMyJ9.c2lnbmF0dXJl"  # noqa: S105


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "The sample data's owner",
            {"email": "demo@omni-stock.example", "password": "demo-collector-2026"},
            request_only=True,
        ),
        OpenApiExample(
            "By e-mail",
            {"email": "ann@example.com", "password": "shelf-of-blue-bricks"},
            request_only=True,
        ),
        OpenApiExample(
            "By username",
            {"username": "ann", "password": "shelf-of-blue-bricks"},
            request_only=True,
        ),
    ]
)
class TokenRequestSerializer(StrictSerializer):
    username = serializers.CharField(required=False, max_length=254, help_text="Or the e-mail.")
    email = serializers.CharField(required=False, max_length=254)
    password = password_field()

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        name = attrs.get("username") or attrs.get("email")
        if not name:
            raise serializers.ValidationError({"username": _("Give a username or an e-mail.")})
        return {"name": name, "password": attrs["password"]}


@extend_schema_serializer(examples=[OpenApiExample("A pair", {"access": TOKEN, "refresh": TOKEN})])
class TokenPairSerializer(serializers.Serializer):
    access = serializers.CharField(help_text="Send as `Authorization: Bearer …`; 15 minutes.")
    refresh = serializers.CharField(
        help_text="Buys the next pair, once; good until 7 days after signing in."
    )


@extend_schema_serializer(examples=[OpenApiExample("The refresh token", {"refresh": TOKEN})])
class RefreshSerializer(StrictSerializer):
    refresh = serializers.CharField(max_length=4096)


@extend_schema_serializer(examples=[OpenApiExample("A token", {"token": TOKEN})])
class TokenVerifySerializer(StrictSerializer):
    token = serializers.CharField(max_length=4096)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "This device",
            {
                "id": 12,
                "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Firefox/149.0",
                "ip": "203.0.113.7",
                "created_at": "2026-11-20T09:30:00Z",
                "last_used_at": "2026-11-20T11:45:00Z",
                "expires_at": "2026-11-27T09:30:00Z",
                "current": True,
            },
        )
    ]
)
class SessionSerializer(Tagged, serializers.ModelSerializer):
    current = serializers.SerializerMethodField(help_text="The one that asks.")

    class Meta:
        model = Session
        fields = [
            "id", "user_agent", "ip", "created_at", "last_used_at", "expires_at", "current",
        ]  # fmt: skip
        read_only_fields = fields

    def version_of(self, row: Session) -> str:
        """Every refresh makes another token; which, is not told."""
        return digest(str(row.jti))[:16]

    def beside(self, row: Session) -> object:
        return True if self.get_current(row) else None

    def get_current(self, session: Session) -> bool:
        return session_of(self.context["request"]) == session.pk
