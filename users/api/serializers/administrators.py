from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.serializers import StrictModelSerializer
from users.api.fields import password_field, username_field
from users.models import User


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "The first one",
            {
                "email": "root@example.com",
                "password": "shelf-of-blue-bricks",
                "setup_secret": "as in SETUP_SECRET",
            },
            request_only=True,
        ),
        OpenApiExample(
            "By another one",
            {"email": "root@example.com", "password": "shelf-of-blue-bricks"},
            request_only=True,
        ),
        OpenApiExample(
            "The account",
            {"id": 4, "username": "root-7k2p9x", "email": "root@example.com"},
            response_only=True,
        ),
    ]
)
class AdministratorSerializer(StrictModelSerializer):
    password = password_field()
    username = username_field()
    setup_secret = serializers.CharField(
        write_only=True, required=False, max_length=256, help_text="Only for the first one."
    )

    class Meta:
        model = User
        fields = ["id", "username", "email", "password", "setup_secret"]
        validators: list[Any] = []  # the database decides what is taken
