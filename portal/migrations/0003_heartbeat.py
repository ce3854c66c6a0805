from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portal", "0002_seminars")]

    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        choices=[
                            ("clock", "Uhr"),
                            ("reminders", "Erinnerungen"),
                            ("deletion", "Löschung"),
                            ("journal", "Journal"),
                            ("backup", "Sicherung"),
                        ],
                        max_length=12,
                        unique=True,
                        verbose_name="was",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="zuletzt")),
            ],
            options={"verbose_name": "Lebenszeichen", "verbose_name_plural": "Lebenszeichen", "ordering": ["name"]},
        ),
    ]
