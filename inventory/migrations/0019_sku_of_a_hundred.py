from django.db import migrations, models
from django.db.models.functions import Concat, Lower

import inventory.models.catalog

# PostgreSQL does not change the type of what a generated column is made of. It is made again, which
# writes the table anew: twenty seconds for a million items, which are locked so long.
SEARCH_TEXT = models.GeneratedField(
    db_persist=True,
    expression=inventory.models.catalog.Unaccent(
        Lower(Concat(
            'name', models.Value('\n'), 'sku', models.Value('\n'), 'description',
            output_field=models.TextField(),
        ))
    ),
    output_field=models.TextField(),
)


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0018_every_movement_moves_the_version'),
    ]

    operations = [
        migrations.RemoveField(model_name='collectible', name='search_text'),
        migrations.AlterField(
            model_name='collectible',
            name='sku',
            field=models.CharField(default=inventory.models.catalog.new_sku, max_length=100, verbose_name='SKU'),
        ),
        migrations.AddField(model_name='collectible', name='search_text', field=SEARCH_TEXT),
        migrations.AlterField(
            model_name='importrow',
            name='sku',
            field=models.CharField(blank=True, max_length=100),
        ),
    ]
