from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0012_pages_at_any_depth'),
    ]

    operations = [
        # A category and a store are one shop's: without knowing it PostgreSQL takes what is in one
        # for as rare in its shop as it is among all, reads all of it, and sorts that.
        migrations.RunSQL(
            [
                'CREATE STATISTICS item_is_of_one_shop (dependencies) ON vendor_id, category_id FROM inventory_collectible',
                'CREATE STATISTICS movement_is_of_one_shop (dependencies) ON vendor_id, store_id FROM inventory_stockmovement',
                'ANALYZE inventory_collectible, inventory_stockmovement',
            ],
            ['DROP STATISTICS item_is_of_one_shop', 'DROP STATISTICS movement_is_of_one_shop'],
        ),
    ]
