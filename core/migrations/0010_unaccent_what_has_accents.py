from django.db import migrations

# Dictionaries are asked for what has letters that they know: none is ASCII. An item's text is made
# anew with each UPDATE of its row (PostgreSQL cannot know that a BEFORE trigger has not changed what
# it is made of), and most texts are plain.
AFTER = """
CREATE OR REPLACE FUNCTION omni_unaccent(text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT
AS $$
    BEGIN
        IF octet_length($1) = length($1) THEN
            RETURN $1;
        END IF;
        RETURN public.unaccent('public.unaccent', $1);
    END
$$
"""
BEFORE = """
CREATE OR REPLACE FUNCTION omni_unaccent(text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
AS $$ SELECT public.unaccent('public.unaccent', $1) $$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0009_own_audit_rows'),
    ]

    operations = [
        migrations.RunSQL(AFTER, BEFORE),
    ]
