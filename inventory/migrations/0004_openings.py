"""What there is becomes the ledger's first movements; what it is worth, its first valuation."""

from django.db import migrations

STORES = """
INSERT INTO vendors_vendorstore (
    created_at, updated_at, version, is_deleted, name, slug, type, address, currency, is_active,
    is_default, vendor_id
)
SELECT now(), now(), 1, false, vendor.name, 'main-' || vendor.id, 'retail', '', vendor.currency, true, true,
    vendor.id
FROM vendors_vendor AS vendor
WHERE vendor.id IN (SELECT vendor_id FROM inventory_collectible WHERE quantity > 0)
    AND NOT EXISTS (
        SELECT FROM vendors_vendorstore AS store
        WHERE store.vendor_id = vendor.id AND store.is_default AND NOT store.is_deleted
    )
"""
LOTS = """
INSERT INTO inventory_stocklot (
    item_id, store_id, received, unit_cost, landed_costs, cost, currency, remaining,
    remaining_cost, received_at, reference
)
SELECT item.id, store.id, item.quantity, 0, '[]', 0, item.currency, 0, 0, item.created_at, ''
FROM inventory_collectible AS item
JOIN vendors_vendorstore AS store
    ON store.vendor_id = item.vendor_id AND store.is_default AND NOT store.is_deleted
WHERE item.quantity > 0
ORDER BY item.id
"""
# What an item starts with is no new version of it (`core.triggers.counts_changes`).
OPENING = "SELECT set_config('omni_stock.opening', 'true', true)"
# The movements bring it back.
EMPTY = "UPDATE inventory_collectible SET quantity = 0 WHERE quantity > 0"
MOVEMENTS = """
INSERT INTO inventory_stockmovement (
    item_id, store_id, lot_id, kind, quantity, cost, reason, reference, note, actor_id, occurred_at
)
SELECT lot.item_id, lot.store_id, lot.id, 'opening', lot.received, 0, '', '', '',
    item.created_by_id, item.created_at
FROM inventory_stocklot AS lot JOIN inventory_collectible AS item ON item.id = lot.item_id
ORDER BY lot.id
"""
VALUATIONS = """
INSERT INTO inventory_valuation (item_id, amount, currency, source, valued_at, actor_id)
SELECT id, value, currency, 'catalog', updated_at, updated_by_id
FROM inventory_collectible WHERE value > 0 ORDER BY id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0003_stock_ledger'),
        ('vendors', '0002_members'),
    ]

    operations = [
        migrations.RunSQL([STORES, LOTS, OPENING, EMPTY, MOVEMENTS, VALUATIONS], migrations.RunSQL.noop),
    ]
