from django.utils.translation import gettext_lazy as _

from core.exceptions import ConflictError, FieldError, InvalidInput


class SkuTaken(ConflictError):
    """Another living item of the vendor has the SKU."""

    code = "sku_taken"
    detail = _("Another item of this vendor has this SKU.")

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("sku", self.code, str(self.detail))])


class StaleVersion(ConflictError):
    """The item is at another version than the one expected."""

    code = "stale_version"
    detail = _("The item has changed since you read it.")


class CategoryTaken(ConflictError):
    """Another living category of the vendor has the name."""

    code = "category_taken"
    detail = _("Another category of this vendor has this name.")

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("name", self.code, str(self.detail))])


class FileRefused(InvalidInput):
    """The table cannot be imported as a whole: unreadable, too large, or without usable columns."""

    code = "file_refused"

    def __init__(self, detail: object, field: str = "file") -> None:
        text = str(detail)
        super().__init__(text, errors=[FieldError(field, self.code, text)])


class DuplicateImage(ConflictError):
    """The item has this very picture already; `image` is its id."""

    code = "duplicate_image"
    detail = _("The item has this picture already.")

    def __init__(self, image_id: int) -> None:
        super().__init__(errors=[FieldError("file", self.code, str(self.detail))], image=image_id)
