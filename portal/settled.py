"""Fields that stand firm once somebody counts on them: they change on pages that show first what would happen."""

from typing import Any, ClassVar

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from portal.slots import Signup

COUNT_ON_IT = ~Q(status=Signup.Status.ENDED)


def counted_on(signups: QuerySet[Any]) -> QuerySet[Any]:
    """Those of these sign-ups that count on their date, the unconfirmed too."""
    return signups.filter(COUNT_ON_IT)


class SettledForm(forms.ModelForm):
    """Once somebody signed up, what is SETTLED changes only on the pages that show first what would happen.

    Until then it is typed here like everything else. Who had the page open before that is told, and nothing is lost.
    """

    SETTLED: ClassVar[tuple[str, ...]] = ()
    settled_help = _("Steht fest, weil schon jemand angemeldet ist. Ändern: unten über „Wer kommt?“")
    settled_words = _(
        "Inzwischen ist jemand angemeldet. Bitte ändern Sie das über „Wer kommt?“: Dort sehen Sie vorher, wer welche "
        "Mail bekommt."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and self.has_people():
            for name in set(self.SETTLED) & set(self.fields):
                self.fields[name].disabled = True
                self.fields[name].help_text = self.settled_help

    def has_people(self) -> bool:
        """Whether somebody counts on it: has a seat, waits, or was asked to confirm."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for name in set(self.SETTLED) & set(self.fields):
            if self.fields[name].disabled and self._was_typed(name):
                self.add_error(name, str(self.settled_words))
        return data

    def _was_typed(self, name: str) -> bool:
        """Whether the browser sent something else than what stands there; of a field that is closed it sends nothing."""
        field, bound = self.fields[name], self[name]
        typed = field.widget.value_from_datadict(self.data, self.files, bound.html_name)
        if typed is None:
            return False
        before = self.data.get(bound.html_initial_name) if field.show_hidden_initial else bound.initial
        try:
            return bool(field.to_python(typed) != field.to_python(before))
        except forms.ValidationError:
            return True
