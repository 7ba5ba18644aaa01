from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0005_stock_is_derived'),
    ]

    operations = [
        migrations.AddField(
            model_name='importjob',
            name='language',
            field=models.CharField(default='en', editable=False, help_text='Of what its rows are told.', max_length=10),
        ),
    ]
