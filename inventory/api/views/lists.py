from functools import cached_property

from core.caching import CachedListMixin
from core.requests import caller
from inventory.api.filters import read_moment
from inventory.selectors import SCOPE, CatalogScope, get_catalog_scope


# No docstring: views inherit it, and show it to readers of the API.
class CatalogListMixin(CachedListMixin):
    read_parameters: tuple[str, ...] = ()

    @property
    def reads_beside(self) -> str:
        return SCOPE

    @cached_property
    def scope(self) -> CatalogScope:
        """The caller's shops, and the versions of their catalogs that the list is kept by."""
        return get_catalog_scope(caller(self.request))

    def get_data_version(self) -> str:
        return self.scope.version

    @property
    def is_versioned(self) -> bool:
        """What is heard of the past later need not change anything of now."""
        return not (self.read_parameters and read_moment(self.request))
