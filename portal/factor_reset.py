"""A second factor that is lost, reset by the association after a call back (rule 36).

The call goes out, to a number that the association had before: who calls in and asks may be anybody. The number
and the reason stand in the access log of the person's organisations, where their colleagues can read them.
"""

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import accesslog, dates, letters, outbox
from portal.association import association
from portal.models import Organisation, User


class Reason(models.TextChoices):
    LOST = "lost", _("Gerät verloren oder gestohlen")
    REPLACED = "replaced", _("neues Gerät, das alte ist weg")
    USED_UP = "used-up", _("gedruckte Codes aufgebraucht oder verloren")
    OTHER = "other", _("anderer Grund")


@transaction.atomic
def reset(user: User, *, by: User, called: str, reason: Reason, now: datetime) -> None:
    """The next login enrols anew, sessions are led there at once; it is logged, and told to owner and colleagues."""
    Authenticator.objects.filter(user=user).delete()
    facts = {"n": user.pk, "phone": called, "reason": reason.label}
    about = gettext("Zugang %(n)s, Rückruf unter %(phone)s, %(reason)s") % facts
    own = Organisation.objects.filter(memberships__user=user).distinct().order_by("pk")
    readers: list[Organisation | None] = [*own]
    for organisation in readers or [None]:
        accesslog.record(
            by,
            action=gettext("Zweiten Faktor zurückgesetzt"),
            about=about,
            organisation=organisation,
            now=now,
        )
    _tell(user, by=by, now=now)


def _tell(user: User, *, by: User, now: datetime) -> None:
    """Queue a mail to the owner and to each other active member of the same organisations."""
    ours = association()
    phone = ours.contact_phone and gettext("Telefon %s") % ours.contact_phone
    facts = {
        "account": user.email,
        "done_by": by.name or by.email,
        "done_at": f"{dates.day(now)}, {dates.clock(now)}",
        "contact": ", ".join(filter(None, (ours.name, phone, ours.contact_email))),
        "staff_url": settings.SITE_URL + reverse("admin:index"),
    }
    colleagues = User.objects.filter(
        is_active=True, memberships__organisation__in=user.memberships.values("organisation")
    ).exclude(pk=user.pk)
    for reader in [user, *colleagues.distinct().order_by("pk")]:
        own = {"own": "1"} if reader == user else {}
        outbox.queue(
            key=f"factor-reset:{user.pk}:{reader.pk}:{now.timestamp():.3f}",
            kind="factor-reset",
            to=reader.email,
            letter=letters.write("staff/factor-reset", facts | own, organisation=ours),
            now=now,
            organisation=ours,
            about=f"user:{user.pk}",
        )
