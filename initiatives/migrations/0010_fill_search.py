"""The words of every row as `Initiative.save()` writes them from now on: whole words, topics, idea, Landkreis."""

from django.db import migrations

from portal import search

AT_ONCE = 500


def fill(apps, schema_editor):
    model = apps.get_model("initiatives", "Initiative")
    rows = model.objects.select_related("municipality__district", "idea").prefetch_related("topics")
    batch = []
    for row in rows.iterator(AT_ONCE):
        district, topics = row.municipality.district, [topic.name for topic in row.topics.all()]
        above = [row.title, row.place, row.municipality.name]
        names = [district.name if district else "", row.idea.name if row.idea else "", *topics]
        row.search_title = search.column(*above)
        row.search_text = search.column(*above, row.summary, row.text, row.carrier, *names)
        batch.append(row)
        if len(batch) == AT_ONCE:
            model.objects.bulk_update(batch, ["search_title", "search_text"])
            batch = []
    model.objects.bulk_update(batch, ["search_title", "search_text"])


class Migration(migrations.Migration):
    dependencies = [("initiatives", "0009_search_title")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
