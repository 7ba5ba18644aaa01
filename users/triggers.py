"""Database triggers of the accounts (why: docs/decisions/0008-sessions.md)."""

import pgtrigger

ACCESS_ENDS = "access_ends"
# Where is said whose account or session changed, by the account's key.
CALLERS = "callers"
_WATCHED = ["password", "is_active", "is_staff", "is_superuser", "is_admin", "is_salesperson"]


def access_ends() -> pgtrigger.Trigger:
    """A new password, a pause or another role moves `token_version`: no token lives on.

    It moves for services, the admin and `QuerySet.update()` alike, and never back: a stale form
    that is saved must not make ended tokens good again.
    """
    old, new = (", ".join(f"{row}.{name}" for name in _WATCHED) for row in ("OLD", "NEW"))
    return pgtrigger.Trigger(
        name=ACCESS_ENDS,
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func=f"""
            IF ({old}) IS DISTINCT FROM ({new}) THEN
                NEW.token_version = OLD.token_version + 1;
            ELSE
                NEW.token_version = GREATEST(NEW.token_version, OLD.token_version);
            END IF;
            RETURN NEW;
        """,
    )
