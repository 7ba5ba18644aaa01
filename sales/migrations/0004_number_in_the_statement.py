from django.db import migrations

# Taken in the statement that writes the order: the shop's number is locked no longer than that.
NEXT_NUMBER = """
CREATE FUNCTION sales_next_number(shop bigint, of_year integer) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    number text;
BEGIN
    INSERT INTO sales_ordersequence AS known (vendor_id, year, last) VALUES (shop, of_year, 1)
        ON CONFLICT (vendor_id, year) DO UPDATE SET last = known.last + 1
        RETURNING last INTO number;
    RETURN 'ORD-' || of_year || '-' || lpad(number, GREATEST(6, length(number)), '0');
END
$$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('sales', '0003_cheaper_triggers'),
    ]

    operations = [
        migrations.RunSQL(NEXT_NUMBER, "DROP FUNCTION sales_next_number(bigint, integer)"),
    ]
