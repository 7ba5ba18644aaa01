from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.serializers import StrictSerializer
from users.api.fields import password_field

MAILED = "mCkR1bqkV6wJ9c0mB3d2m2o5w0yUe1Zt9a7Xq4n8LpE"
NEW = "a-shelf-of-greener-bricks"


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Old and new", {"current_password": "shelf-of-blue-bricks", "new_password": NEW}
        )
    ]
)
class PasswordChangeSerializer(StrictSerializer):
    current_password = password_field()
    new_password = password_field()


@extend_schema_serializer(examples=[OpenApiExample("An address", {"email": "ann@example.com"})])
class AddressSerializer(StrictSerializer):
    email = serializers.EmailField(max_length=254)


@extend_schema_serializer(
    examples=[OpenApiExample("From the mail", {"token": MAILED, "password": NEW})]
)
class PasswordResetSerializer(StrictSerializer):
    token = serializers.CharField(max_length=200, help_text="From the link in the mail.")
    password = password_field()


@extend_schema_serializer(examples=[OpenApiExample("From the mail", {"token": MAILED})])
class EmailTokenSerializer(StrictSerializer):
    token = serializers.CharField(max_length=200, help_text="From the link in the mail.")


@extend_schema_serializer(examples=[OpenApiExample("It is free", {"available": True})])
class AvailabilitySerializer(serializers.Serializer):
    available = serializers.BooleanField(help_text="Nobody has registered with it.")
