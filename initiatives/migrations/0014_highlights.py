import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """„Im Blick" on the start page, and an index for what is newest (feeds)."""

    dependencies = [
        ("initiatives", "0013_wishes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Highlight",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "sentence",
                    models.CharField(
                        blank=True,
                        help_text="Ein Satz für die Startseite. Leer: der Anfang der Zusammenfassung.",
                        max_length=150,
                        verbose_name="Warum gerade jetzt?",
                    ),
                ),
                ("starts_on", models.DateField(verbose_name="auf der Startseite ab")),
                ("ends_on", models.DateField(verbose_name="bis einschließlich")),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="highlights",
                        to="initiatives.initiative",
                        verbose_name="Initiative",
                    ),
                ),
            ],
            options={
                "verbose_name": "Eintrag „Im Blick“",
                "verbose_name_plural": "Im Blick",
                "ordering": ["-starts_on", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gte", models.F("starts_on"))),
                        name="highlight_ends_after_start",
                        violation_error_message="Der letzte Tag liegt vor dem ersten.",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="initiative",
            index=models.Index(fields=["state", "-published_at", "-id"], name="initiative_newest"),
        ),
    ]
