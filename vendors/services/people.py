"""Writing: what the end of an account means to shops."""

from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from core.audit import AuditEntry, log_many
from core.enums import AuditType
from core.idempotency import forget_answers
from vendors.enums import InviteStatus
from vendors.models import AccessToken, StoreChoice, Vendor, VendorMember, VendorStore

if TYPE_CHECKING:
    from users.models import User


class PersonService:
    @staticmethod
    @transaction.atomic
    def forget(*, user: "User", alias: str, by: "User") -> None:
        """Ends the memberships of somebody who owns no open shop, and drops their invitations.

        Where their address stood, in closed shops too, stands `alias`. The caller holds the lock
        of the account.
        """
        rows = list(VendorMember.all_objects.of_person(user).order_by("pk").select_for_update())
        living = [row for row in rows if not row.is_deleted]
        ended = VendorMember.objects.filter(pk__in=[row.pk for row in living])
        ended.update(invite_status=InviteStatus.REVOKED, updated_by=by)
        ended.delete()
        # Those that were hidden with a shop are not when it comes back.
        told = VendorMember.all_objects.filter(pk__in=[row.pk for row in rows])
        told.update(email=alias, deleted_at=timezone.now())
        shops = Vendor.all_objects.filter(owner=user)
        shops.update(contact_info="")
        stores = VendorStore.all_objects.filter(vendor__owner=user)
        stores.exclude(address="").update(address="")
        StoreChoice.objects.filter(user=user).delete()
        # They say whom the token was for. After the members, as where a shop is closed.
        AccessToken.all_objects.filter(used_by=user).exclude(notes="").update(notes="")
        forget_answers(
            f"user {user.pk}",
            *(f"member {row.pk}" for row in rows),
            *(f"vendor {pk}" for pk in shops.values_list("pk", flat=True)),
            *(f"store {pk}" for pk in stores.values_list("pk", flat=True)),
        )
        after = {"invite_status": InviteStatus.REVOKED}
        entries = [
            AuditEntry(
                f"ended member {row.pk}: the account was deleted",
                row,
                before={"invite_status": row.invite_status},
                after=after,
            )
            for row in living
        ]
        log_many(AuditType.VENDOR, by, entries)


def lock_living(*user_ids: int, paused_too: bool = False) -> set[int]:
    """Which of these accounts are in use; they stay so until the transaction ends.

    Whoever gives a person a shop, or work in one, asks this first: otherwise an account could end
    at that very moment, with the shop in its hands. Locked before anything else, in key order.
    """
    users = get_user_model().objects.filter(pk__in=user_ids, deleted_at=None)
    users = users if paused_too else users.filter(is_active=True)
    return set(users.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
