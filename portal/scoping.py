"""Separation per organisation in the Redaktion, everywhere (the site itself is in `redaktion.py`).

`get_queryset` alone is not separation (trust.md „Town separation"): a foreign key posted by hand,
list filters, autocompletes, the view-on-site shortcut and delete pages would still name foreign
rows. So every model here says whose its rows are (`scope`), and every door asks `rows()`.
What is not mine does not exist: 404, also where Django answers 403.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured, PermissionDenied
from django.db import OperationalError, transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import accounts, roles, search
from portal.association import association
from portal.models import Organisation
from portal.read_only import NamingForm
from portal.refused import Busy, Refused
from portal.roles import Reach
from portal.seats import is_busy
from portal.widgets import FORMFIELDS, StaffField

NONE, EVERY = Q(pk__in=[]), Q(pk__isnull=False)  # not Q(): an empty condition vanishes in an "or"
FIRST, SOON, LATER = range(3)  # how pressing a line of the start page is
BUSY = _(
    "Gerade ändert jemand anderes denselben Termin. Bitte speichern Sie in einigen Sekunden noch einmal."
)


def rows(request: HttpRequest, action: str, model_admin: Any, label: str = "") -> Q:
    """Which rows of an admin's model the person may do this to, as a condition for a queryset.

    With `label` the right is that to rows of another model which hang on these: the people of a date.
    """
    allowed = NONE
    asked = roles.reaches(accounts.person(request), action, label or model_admin.opts.label_lower)
    for reach, organisation, only in asked:
        if reach is Reach.ALL:
            allowed |= EVERY & only
            continue
        if model_admin.scope is None or organisation is None:
            continue
        mine = Q(**{model_admin.scope: organisation.pk}) & only
        if reach is Reach.TRUST:
            mine &= ~Q(**{f"{model_admin.town}__organisation__isnull": False})
        allowed |= mine
    return allowed & model_admin.limit(request)  # type: ignore[no-any-return]


class Rights:
    """The permissions of an admin or inline, asked of `roles.py` for the row itself."""

    scope: ClassVar[str | None] = "organisation"
    town: ClassVar[str] = "municipality"
    model: Any
    opts: Any

    def limit(self, request: HttpRequest) -> Q:
        """A further condition that holds for every action, whatever the role."""
        return EVERY

    def allows(self, request: HttpRequest, action: str, obj: Any = None) -> bool:
        """Whether there is such a right, and for a saved row: whether it reaches this one."""
        if not roles.may(accounts.person(request), action, self.opts.label_lower):
            return False
        if obj is None or obj.pk is None:
            return True
        asked: dict[Any, bool] = request.__dict__.setdefault("_asked", {})
        key = (self.opts.label_lower, action, obj.pk)
        if key not in asked:
            mine = self.model._default_manager.filter(rows(request, action, self))
            asked[key] = mine.filter(pk=obj.pk).exists()
        return asked[key]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = self.choices(db_field, request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = self.choices(db_field, request)
        kwargs["widget"] = forms.CheckboxSelectMultiple
        field = super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]
        field.bound_field_class = StaffField
        return field

    def choices(self, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        """What a relation may be set to: rows of the related admin that one may view or choose."""
        related = admin.site._registry.get(db_field.remote_field.model)
        if related is None:
            raise ImproperlyConfigured(f"{db_field}: no admin says whose these rows are")
        nameable = rows(request, "view", related) | rows(request, "choose", related)
        return related.model._default_manager.filter(nameable)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Without the pop-up buttons beside relations: they need scripts, and clerks no second window."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field


class ScopedAdmin(Rights, admin.ModelAdmin):
    """A model admin that shows, names and changes only rows that the person's roles reach.

    `scope` is the path from a row to its organisation („pk" where it is one; None: rows belong to
    nobody, only Reach.ALL sees them); `town` the path to its municipality.
    """

    actions = None
    place = 50  # in the navigation: small numbers first
    has_dates = False  # whether its rows are dates with people, which the start page shows
    menu: ClassVar[Any] = ""  # its name there, after the task; without one it is the operator's alone
    begins_at = ""  # where a new row begins, if not with Django's form: the name of an address
    formfield_overrides = FORMFIELDS
    lead: ClassVar[Any] = ""  # what its list is about, where nobody else says it
    has_history = True  # whether it is typed here, so that there is something to read in its history
    stays: ClassVar[Any] = ""  # what does not go with a row that is deleted, in a sentence
    view_on_site = False
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.allows(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "delete", obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "view", obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.allows(request, "view")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(rows(request, "view", self))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """A list is headed by what it lists."""
        return super().changelist_view(
            request, {"title": self.opts.verbose_name_plural, **(extra_context or {})}
        )

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """A filter over a relation names only what one's own rows have."""
        return [self._only_mine(item) for item in super().get_list_filter(request)]

    def _only_mine(self, item: Any) -> Any:
        if not isinstance(item, str):
            return item
        try:
            field = self.opts.get_field(item.split("__")[0])
        except FieldDoesNotExist:
            return item
        return (item, admin.RelatedOnlyFieldListFilter) if field.is_relation else item

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Longer input is cut, not refused: a thousand words are too much for a database."""
        return super().get_search_results(request, queryset, search_term[: search.MAX_QUERY])

    def lookup_allowed(self, lookup: str, value: str, request: Any = None) -> bool:
        """Only what a filter of the list offers: Django would answer any question about a row's own columns.

        „?password__startswith=…“ and „?text__contains=…“ tell a hash or a masked link letter by letter.
        """
        offered = [
            item[0] if isinstance(item, tuple) else getattr(item, "parameter_name", item)
            for item in self.get_list_filter(request)
        ]
        is_offered = any(lookup == name or lookup.startswith(f"{name}__") for name in offered)
        return is_offered and super().lookup_allowed(lookup, value, request)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form; when a verb refused, it carries the sentence so that the page keeps the input."""
        form = super().get_form(request, obj, change=change, **kwargs)
        refused = getattr(request, "refused", "")
        return type("Form", (_Refusable, form), {"refused": refused}) if refused else form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Saving and the verbs it calls are one transaction; a refusal undoes all and is shown in the form."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refused as refused:
            request.refused = str(refused)  # type: ignore[attr-defined]
        except Busy:
            request.refused = str(BUSY)  # type: ignore[attr-defined]
        except OperationalError as error:  # a plain save waited too long for a row that a verb holds
            if not is_busy(error):
                raise
            request.refused = str(BUSY)  # type: ignore[attr-defined]
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The server says who answers for a new row; what is saved must be mine afterwards too."""
        if not change and self.scope == "organisation":
            obj.organisation = self.organisation_for(request, obj)
        self.store(obj, form, change)
        request.__dict__.pop("_asked", None)
        if not self.allows(request, "change" if change else "add", obj):
            raise PermissionDenied

    def store(self, obj: Any, form: Any, change: bool) -> None:
        """Write the row; an admin whose rows have columns that only verbs change writes less."""
        obj.save()

    def organisation_for(self, request: HttpRequest, obj: Any) -> Organisation:
        """Of a new row: the town's own organisation if the person writes for it, else the association."""
        found = roles.reaches(accounts.person(request), "add", self.opts.label_lower)
        town_s = obj.municipality.organisation
        if town_s and any(town_s == mine or reach is Reach.ALL for reach, mine, _only in found):
            return town_s  # type: ignore[no-any-return]
        ours = [org for _reach, org, _only in found if org and org.kind == Organisation.Kind.ASSOCIATION]
        if ours:
            return ours[0]
        if any(reach is Reach.ALL for reach, _organisation, _only in found):
            return association()
        raise PermissionDenied

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What would go, without naming rows of others that hang on it."""
        _names, _counts, perms_needed, protected = super().get_deleted_objects(objs, request)
        own = [str(obj) for obj in objs]
        held = [_("Anmeldungen oder andere Einträge")] if protected else []
        return own, {self.opts.verbose_name_plural: len(own)}, perms_needed, held

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> Any:
        raise Http404

    def heading(self, obj: Any) -> str:
        """What its pages call a row."""
        return str(obj)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Named as the button that leads here."""
        words = {"title": gettext("%s anlegen") % self.opts.verbose_name}
        return super().add_view(request, form_url, words | (extra_context or {}))  # type: ignore[no-any-return]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        words = {"title": gettext("Frühere Änderungen")}
        return self._with_heading(super().history_view(request, object_id, words | (extra_context or {})))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        words = {"stays": self.stays}
        return self._with_heading(super().delete_view(request, object_id, words | (extra_context or {})))

    def _with_heading(self, response: Any) -> Any:
        """The page with the heading of its row; other answers as they are."""
        if shown := getattr(response, "context_data", None):
            shown["heading"] = self.heading(shown["object"])
        return response

    def buttons(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        """Further buttons below the form of a row: name, label and, where it goes elsewhere, formaction."""
        return []

    def tools(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        """Further pages of a row, beside its form: url and label."""
        return []

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        shown = context["adminform"]
        context["adminform"] = NamingForm(
            shown.form, shown.fieldsets, {}, shown.readonly_fields, model_admin=self
        )
        context["buttons"] = self.buttons(request, context["original"])
        context["tools"] = self.tools(request, context["original"]) if context["original"] else []
        context["has_history"] = self.has_history
        if context["original"]:
            context["heading"] = context["subtitle"] = self.heading(context["original"])
        return super().render_change_form(request, context, *args, **kwargs)

    # What follows is this model's part of the start page (`redaktion.py` collects it): each answers about
    # rows that are mine, with a number of queries that does not grow with them.

    def todo_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        """What is to be done: url, text („1 Vorschlag wartet …"), note (may be empty) and action („Ansehen").

        `order` says FIRST or LATER where it is more, or less, pressing than the rest.
        """
        return []

    def date_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Dates to come, soonest first: starts, when, url, title, facts (a list of words), links (url, label)."""
        return []

    def offers(self, request: HttpRequest) -> list[dict[str, str]]:
        """What one may begin here: url and label, as a clerk would say it („Initiative vorstellen")."""
        return []

    def page_facts(self, request: HttpRequest) -> list[str]:
        """What one's own public page shows and does not show yet, in a few words each."""
        return []


class ScopedInline(Rights, InlineModelAdmin):
    """Rows under a row that is mine: their right is asked for the parent by its own admin."""

    formfield_overrides = FORMFIELDS
    view_on_site = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "change")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "delete")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "view")


class _Refusable:
    """Puts the sentence of a refusing verb at the head of the form."""

    refused = ""

    def clean(self) -> Any:
        raise forms.ValidationError(self.refused)


def atomically(verb: Callable[[], object]) -> str:
    """Run a verb for a page that shows its refusal; the sentence, or empty when it was done."""
    try:
        with transaction.atomic():
            verb()
    except Refused as refused:
        return str(refused)
    except Busy:
        return str(BUSY)
    return ""
