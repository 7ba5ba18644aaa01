import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0004_openings'),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name='collectible',
            trigger=pgtrigger.compiler.Trigger(name='starts_without_stock', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NEW.quantity <> 0 OR NEW.allocated <> 0)', func="\n    IF pg_trigger_depth() < 2 THEN\n        RAISE EXCEPTION '% follows from the stock ledger and is not written', TG_TABLE_NAME\n            USING ERRCODE = 'restrict_violation';\n    END IF;\n    RETURN COALESCE(NEW, OLD);\n", hash='f8a2343347367a4e23b382fd82b4654ae5576901', operation='INSERT', pgid='pgtrigger_starts_without_stock_3af87', table='inventory_collectible', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='collectible',
            trigger=pgtrigger.compiler.Trigger(name='stock_is_derived', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.quantity <> NEW.quantity OR OLD.allocated <> NEW.allocated)', func="\n    IF pg_trigger_depth() < 2 THEN\n        RAISE EXCEPTION '% follows from the stock ledger and is not written', TG_TABLE_NAME\n            USING ERRCODE = 'restrict_violation';\n    END IF;\n    RETURN COALESCE(NEW, OLD);\n", hash='2f761225224e09aa60e7920ede045e8956444e78', operation='UPDATE', pgid='pgtrigger_stock_is_derived_dc1eb', table='inventory_collectible', when='BEFORE')),
        ),
    ]
