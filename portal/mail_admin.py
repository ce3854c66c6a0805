"""The e-mail desk: what went to whom, when, and what became of it, in the words of a clerk (rules 18, 34)."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import accesslog, accounts, dates, delivery, mail_words, undelivered
from portal.logs import mask
from portal.mail_filters import AboutFilter, BookingFilter, KindFilter, StateFilter, WhenFilter
from portal.models import Booking, Mail
from portal.scoping import ScopedAdmin, atomically
from portal.standing import signups_of

REFUSED_SHOWN = 200


class MailAdmin(ScopedAdmin):
    """What was written to people: result, reason and, for what failed, „erneut senden" (rule 18)."""

    place = 60
    menu = _("Mails")
    has_history = False
    town = "booking__shiftsignups__slot__opportunity__municipality"
    list_display = ("subject_or_note", "receiver", "kind_in_words", "result", "written")
    list_filter = (StateFilter, WhenFilter, KindFilter, AboutFilter, BookingFilter)
    search_fields = ("subject", "to", "booking__name")
    search_help_text = _("Nach Name, E-Mail-Adresse oder Betreff suchen")
    readonly_fields = (
        "result", "todo", "kind_in_words", "receiver", "subject_or_note", "text_without_links", "written", "sent",
        "failed", "last_error", "attempts",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": readonly_fields[:8]}),
        (
            _("Was der Mailserver sagte (für den Betrieb)"),
            {"classes": ("collapse",), "fields": readonly_fields[8:]},
        ),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def limit(self, request: HttpRequest) -> Q:
        """Mails with a way into an account are for nobody else's eyes."""
        return Q(secret=False)

    def heading(self, obj: Mail) -> str:
        return self.subject_or_note(obj)

    @admin.display(description=_("Betreff"))
    def subject_or_note(self, obj: Mail) -> str:
        return obj.subject or gettext("(Betreff gelöscht)")

    @admin.display(description=_("An"))
    def receiver(self, obj: Mail) -> str:
        return obj.to or gettext("(Adresse gelöscht)")

    @admin.display(description=_("Art"), ordering="kind")
    def kind_in_words(self, obj: Mail) -> str:
        return mail_words.kind(obj.kind)

    @admin.display(description=_("Ergebnis"))
    def result(self, obj: Mail) -> str:
        words = mail_words.result(obj, now=timezone.now())
        return format_html('<strong class="remark">{}</strong>', words) if mail_words.todo(obj) else words

    @admin.display(description=_("Was Sie tun können"))
    def todo(self, obj: Mail) -> str:
        return mail_words.todo(obj) or gettext("Nichts.")

    @admin.display(description=_("Geschrieben"), ordering="queued_at")
    def written(self, obj: Mail) -> str:
        return mail_words.minute(obj.queued_at)

    @admin.display(description=_("Verschickt"))
    def sent(self, obj: Mail) -> str:
        return mail_words.minute(obj.sent_at) or gettext("noch nicht")

    @admin.display(description=_("Gescheitert"))
    def failed(self, obj: Mail) -> str:
        return mail_words.minute(obj.failed_at) or gettext("nein")

    @admin.display(description=_("Text (persönliche Links sind verdeckt)"))
    def text_without_links(self, obj: Mail) -> str:
        return mask(mail_words.text(obj, now=timezone.now()))

    def _log_list(self, request: HttpRequest) -> None:
        user, about = accounts.person(request), gettext("Mails")
        accesslog.list_read(user, model=self.opts.label_lower, about=about, now=timezone.now())

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        self._log_list(request)
        more = {"refused_url": reverse("admin:portal_mail_refused")}
        return super().changelist_view(request, more | (extra_context or {}))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Who reads the mail itself reads an address and, in the text, a name (rule 34)."""
        mail = context["original"]
        accesslog.record(
            accounts.person(request),
            action=gettext("Mail gelesen"),
            about=f"mail:{mail.pk}",
            organisation=mail.organisation,
            now=timezone.now(),
        )
        return super().render_change_form(request, context, *args, **kwargs)

    def todo_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        recent = timezone.now() - undelivered.RECENT
        failed = self.get_queryset(request).filter(failed_at__gt=recent, withdrawn_at=None)
        return undelivered.todo_lines(failed.order_by("-failed_at").values_list("to", "last_error"))

    def get_urls(self) -> list[Any]:
        again = self.admin_site.admin_view(self.send_again)
        refused = self.admin_site.admin_view(self.refused)
        return [
            path("abgelehnt/", refused, name="portal_mail_refused"),
            path("<int:object_id>/resend/", again, name="portal_mail_resend"),
            *super().get_urls(),
        ]

    def refused(self, request: HttpRequest) -> HttpResponse:
        """Addresses that a mail server refused for good, with the dates they are on, and what to do."""
        if not self.has_view_permission(request):
            raise Http404
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        self._log_list(request)
        mails = self.get_queryset(request).exclude(booking=None).order_by()
        rows = Booking.objects.filter(email_refused_at__isnull=False, erased_at=None)
        rows = rows.filter(pk__in=mails.values("booking")).order_by("-email_refused_at", "pk")
        context = self.admin_site.each_context(request) | {
            "title": gettext("Adressen, die keine Mails annehmen"),
            "opts": self.opts,
            "lines": [_refused_line(booking) for booking in rows[:REFUSED_SHOWN]],
            "advice": undelivered.ASK,
        }
        return render(request, "admin/mails_refused.html", context)

    def buttons(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        if obj is None or not obj.failed_at or obj.withdrawn_at or not self.allows(request, "resend", obj):
            return []
        url = reverse("admin:portal_mail_resend", args=[obj.pk])
        return [{"name": "_resend", "label": gettext("Erneut senden"), "formaction": url}]

    def send_again(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """A row that is not mine does not exist, whatever the method."""
        mail = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not self.allows(request, "resend", mail):
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        now = timezone.now()
        if refused := atomically(lambda: delivery.resend(mail, now=now)):
            messages.error(request, refused)
        else:
            accesslog.record(
                accounts.person(request),
                action=gettext("Mail erneut gesendet"),
                about=f"mail:{mail.pk}",
                organisation=mail.organisation,
                now=now,
            )
            messages.success(request, gettext("Die Mail geht noch einmal hinaus."))
        return redirect("admin:portal_mail_change", mail.pk)


def _refused_line(booking: Booking) -> dict[str, Any]:
    """One person whom no mail reaches, and the dates on which they are expected."""
    coming = [s for s in signups_of(booking) if s.is_live and s.slot.ends > timezone.now()]
    return {
        "name": booking.name or gettext("(gelöscht)"),
        "email": booking.email,
        "phone": booking.phone,
        "since": mail_words.minute(booking.email_refused_at),
        "mails_url": f"{reverse('admin:portal_mail_changelist')}?anmeldung={booking.pk}",
        "dates": [
            {"url": s.slot.staff_path, "text": f"{dates.short(s.slot.starts)}: {s.slot.title}"}
            for s in coming
        ],
    }
