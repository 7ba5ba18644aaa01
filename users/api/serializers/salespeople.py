from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.fields import validate_address
from core.serializers import StrictSerializer
from users.api.fields import password_field


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "With the shop's token",
            {
                "access_token": "7K2P9XQ4AB",
                "email": "bob@example.com",
                "password": "shelf-of-blue-bricks",
            },
        )
    ]
)
class SalespersonSerializer(StrictSerializer):
    access_token = serializers.CharField(
        max_length=20,
        help_text="Ten characters from the shop; small letters, hyphens and spaces do as well.",
    )
    email = serializers.EmailField(max_length=254, validators=[validate_address])
    password = password_field()
