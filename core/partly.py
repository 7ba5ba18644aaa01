"""Rows of which some columns are read."""

from collections.abc import Collection
from typing import Any, Self

from django.db import models
from django.db.models.base import ModelState


class PartlyRead(models.Model):
    """Made of the columns that were read: Django's way asks each of all that a model has whether it
    is among them, which for three of twenty-five is most of what a row of a thousand costs.

    The others are read when they are asked for, as ever. For models without `post_init` receivers,
    such as image fields with dimensions have.
    """

    class Meta:
        abstract = True

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **how: Any
    ) -> Self:
        if len(values) == len(cls._meta.concrete_fields):
            return super().from_db(db, field_names, values, **how)
        row = cls.__new__(cls)
        vars(row).update(zip(field_names, values, strict=True))
        state = row._state = ModelState()  # noqa: SLF001 (as Django's own leaves it)
        state.adding, state.db = False, db
        return row
