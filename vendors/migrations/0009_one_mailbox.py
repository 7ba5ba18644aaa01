import core.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vendors', '0008_cheaper_triggers'),
    ]

    operations = [
        migrations.AlterField(
            model_name='vendormember',
            name='email',
            field=models.EmailField(max_length=254, validators=[core.fields.validate_address]),
        ),
    ]
