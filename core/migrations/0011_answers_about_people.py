from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0010_unaccent_what_has_accents'),
    ]

    operations = [
        migrations.AddField(
            model_name='idempotencykey',
            name='about',
            field=models.CharField(help_text='Of whom it tells: `customer 12`.', max_length=40, null=True),
        ),
    ]
