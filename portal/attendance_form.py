"""The form „Wer war da?": three answers for everybody who had a seat, and how many came unannounced.

It says what the page showed. Only what was answered otherwise is noted, so two people who tick at the same
time do not undo each other.
"""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal import attendance
from portal.slots import Signup, Slot

CAME, STAYED_AWAY, UNKNOWN = "ja", "nein", ""
ANSWERS = [(CAME, _("war da")), (STAYED_AWAY, _("kam nicht")), (UNKNOWN, _("weiß nicht"))]
_MEANS = {CAME: True, STAYED_AWAY: False, UNKNOWN: None}
_SAYS = {means: word for word, means in _MEANS.items()}


def short_names(signups: list[Signup]) -> dict[int, str]:
    """Sign-up → „Kim M.", in full where two would be called the same: enough to tick, and no more."""
    short = {signup.pk: _short(signup.booking.name) for signup in signups}
    called = list(short.values())
    return {
        signup.pk: short[signup.pk] if called.count(short[signup.pk]) == 1 else signup.booking.name
        for signup in signups
    }


def _short(name: str) -> str:
    *first, last = name.split() or [""]
    return f"{' '.join(first)} {last[0]}." if first else last


class AttendanceForm(forms.Form):
    """`changes()` and `walk_ins()` say what this page's reader answered otherwise than it showed."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    walk_in = forms.IntegerField(
        label=_("Wie viele kamen ohne Anmeldung dazu?"),
        required=False,
        min_value=0,
        max_value=attendance.MOST,
    )

    def __init__(self, data: Any = None, *, slot: Slot, names: dict[int, str], signups: list[Signup]) -> None:
        shown = {str(signup.pk): _SAYS[signup.attended] for signup in signups}
        shown["dazu"] = str(slot.walk_ins)
        seen = ",".join(f"{key}={answer}" for key, answer in shown.items())
        super().__init__(data, initial={"seen": seen, "walk_in": slot.walk_ins}, auto_id="%s")
        self.signups, self.names = signups, names
        for signup in signups:
            self.fields[f"war_{signup.pk}"] = forms.ChoiceField(
                label=names[signup.pk],
                choices=ANSWERS,
                required=False,
                widget=forms.RadioSelect,
                initial=shown[str(signup.pk)],
            )

    @property
    def people(self) -> list[tuple[Signup, forms.BoundField]]:
        """Each with the three answers, as the page lists them."""
        return [(signup, self[f"war_{signup.pk}"]) for signup in self.signups]

    def _showed(self) -> dict[str, str]:
        pairs = (pair.partition("=") for pair in self.cleaned_data["seen"].split(","))
        return {key: answer for key, _equals, answer in pairs}

    def changes(self) -> dict[int, bool | None]:
        """Sign-up → came, did not, unknown: where the answer is not the one that was shown."""
        showed = self._showed()
        said = {signup.pk: self.cleaned_data[f"war_{signup.pk}"] for signup in self.signups}
        return {pk: _MEANS[word] for pk, word in said.items() if word != showed.get(str(pk), UNKNOWN)}

    def walk_ins(self) -> int | None:
        """How many came unannounced; None where that is what was shown."""
        said = self.cleaned_data["walk_in"] or 0
        return None if str(said) == self._showed().get("dazu") else said
