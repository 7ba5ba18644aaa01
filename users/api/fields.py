from rest_framework import serializers


def password_field() -> serializers.CharField:
    """Taken as typed, never given back."""
    return serializers.CharField(
        write_only=True, max_length=256, trim_whitespace=False, style={"input_type": "password"}
    )
