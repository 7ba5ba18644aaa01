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


class CategoryGone(InvalidInput):
    """The category was deleted while the item was being put into it."""

    def __init__(self) -> None:
        text = str(_("This vendor has no such category."))
        super().__init__(errors=[FieldError("category", "unknown", text)])


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


class InsufficientStock(ConflictError):
    """More is asked for than is there and not promised; `available` is how many are."""

    code = "insufficient_stock"
    detail = _("There is not enough stock.")

    def __init__(self, available: int, *, item: int, store: int) -> None:
        super().__init__(available=available, item=item, store=store)


class StockFull(ConflictError):
    """There would be more of it than can be counted."""

    code = "stock_full"
    detail = _("There cannot be more than 1,000,000,000 units of an item.")


class StaleQuantity(ConflictError):
    """The level is not what the caller thought; `quantity` is what it is."""

    code = "stale_quantity"
    detail = _("The quantity has changed meanwhile.")

    def __init__(self, quantity: int) -> None:
        super().__init__(quantity=quantity)


class LotUsed(ConflictError):
    """What came in by a movement has partly left again, so it cannot be taken back."""

    code = "lot_used"
    detail = _("Units of this lot have left already.")


class AlreadyCorrected(ConflictError):
    """A movement is corrected once."""

    code = "already_corrected"
    detail = _("This movement has been corrected already.")


class NotCorrectable(ConflictError):
    """Sales are returned and transfers sent back; only what was entered is corrected."""

    code = "not_correctable"
    detail = _("This kind of movement is not corrected but answered by another.")


class ReturnExceedsSale(ConflictError):
    """More comes back than went; `left` is how many still can."""

    code = "return_exceeds_sale"
    detail = _("More is returned than was sold.")

    def __init__(self, left: int) -> None:
        super().__init__(left=left)


class StoreClosed(ConflictError):
    """Units would come into a store that is closed, where nobody gets at them.

    `store` is which; None where the database refused a new item.
    """

    code = "store_closed"
    detail = _("The store has been closed.")

    def __init__(self, store: int | None = None) -> None:
        super().__init__(store=store)


class TransferEnded(ConflictError):
    """The transfer was received before."""

    code = "transfer_ended"
    detail = _("This transfer has been received already.")
