from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sales', '0005_things_are_of_one_shop'),
    ]

    operations = [
        migrations.AlterField(
            model_name='orderline',
            name='sku',
            field=models.CharField(help_text='As it was then.', max_length=100),
        ),
    ]
