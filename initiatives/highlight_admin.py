"""„Im Blick" in the Redaktion of the association: which page, why, from when until when."""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from initiatives.models import Highlight, Initiative
from portal import slugs
from portal.scoping import ScopedAdmin

_PAGE = re.compile(r"/initiativen/([-a-zA-Z0-9_]+)/?(?:[?#].*)?$", re.ASCII)


class HighlightForm(forms.ModelForm):
    """The page is named by its address: a choice among thousands of titles would help nobody."""

    page = forms.CharField(
        label=_("Adresse der Seite"),
        max_length=300,
        help_text=_("Öffnen Sie die Initiative im Portal und kopieren Sie die Adresse aus dem Browser."),
    )

    class Meta:
        model = Highlight
        fields = ("sentence", "starts_on", "ends_on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and self.instance.initiative.is_public:
            self.initial["page"] = settings.SITE_URL + self.instance.initiative.get_absolute_url()

    def clean_page(self) -> str:
        """Only what everybody may see already."""
        page: str = self.cleaned_data["page"].strip()
        named = _PAGE.search(page)
        found = slugs.find(Initiative.objects.public(), named[1]) if named else None
        if found is None:
            raise forms.ValidationError(gettext("Diese Adresse führt zu keiner öffentlichen Initiative."))
        self.instance.initiative = found
        return page


class HighlightAdmin(ScopedAdmin):
    place = 66
    stays = _("Die Initiative selbst bleibt, wie sie ist.")
    menu = _("Im Blick")
    scope = None
    form = HighlightForm
    list_display = ("__str__", "starts_on", "ends_on")
    list_select_related = ("initiative",)
    fields = ("page", "sentence", "starts_on", "ends_on")
