from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('sales', '0004_number_in_the_statement'),
    ]

    operations = [
        # As of items and movements: a store and a customer are one shop's.
        migrations.RunSQL(
            [
                'CREATE STATISTICS order_is_of_one_shop (dependencies) ON vendor_id, store_id, customer_id FROM sales_order',
                'ANALYZE sales_order',
            ],
            'DROP STATISTICS order_is_of_one_shop',
        ),
    ]
