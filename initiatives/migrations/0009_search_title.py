from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("initiatives", "0008_inquiries")]
    operations = [
        migrations.AddField(
            model_name="initiative",
            name="search_title",
            field=models.TextField(db_default="", default="", editable=False),
        ),
    ]
