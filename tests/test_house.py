"""House rules of style.md that a machine can check: the shape of the code and its documents.

Each failure is the sentence that a reviewer would have written. Where a rule is broken for a
reason, the reason stands in a dict here, and an entry that is no longer needed fails as well.
"""

import ast
import re

import pytest
from django.core.management import call_command
from django.db import migrations
from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED
from django.template.loader import get_template

from portal import celery, letters
from tests import audience, source

# The top layer of the kernel may import every app and is imported by nobody but itself.
TOP_LAYER = {
    "portal.urls": "addresses of all apps",
    "portal.pages": "start, towns and service pages show rows of all apps",
    "portal.demo": "examples of all apps",
    "portal.data_papers": "papers about the forms of all apps",
    "portal.management.commands": "commands of all apps",
}
DOWNWARD = {
    "portal": set(),
    "initiatives": {"portal"},
    "volunteers": {"portal", "initiatives"},
    "seminars": {"portal", "initiatives"},
}
# Inside an app: what answers requests and the clock → forms and verbs (any other name) → models.
DOORS = {"views", "admin", "tasks", "urls"}
LATE_IMPORTS = {
    "portal.models: allauth.account.models.EmailAddress": "allauth's models need our User first",
    "portal.sheets: openpyxl.Workbook": "9 MiB of each process and 0.1 s of each start; few export",
    "portal.sheets: openpyxl.styles.Alignment": "the same",
    "portal.sheets: openpyxl.styles.Font": "the same",
    "portal.sheets: openpyxl.utils.get_column_letter": "the same",
}
SENDS_MAIL = {
    "portal.delivery": "the one place that sends",
    "portal.mailfiles": "is a mail backend: what delivery sends with on a laptop",
    "portal.mime": "packs what delivery sends; of Django it takes the check of an address",
}
LONG_MODULES = {
    "initiatives.models": "the nouns of initiatives, ideas and know-how stand together, with their constraints",
    "portal.models": "the nouns that everybody shares stand together",
    "portal.privacy": "export, erasure and the deletion classes: an officer reads them from top to bottom",
    "portal.scoping": "what every list, form and page of the Redaktion has from one base",
    "portal.settings": "one typed module: an operator reads it from top to bottom",
    "portal.slots": "the two abstract nouns of the seats engine stand together",
    "seminars.models": "the nouns of seminars stand together, with their constraints",
    "volunteers.models": "the nouns of help wanted stand together, with their constraints",
}
LONG_FUNCTIONS = {
    "portal.registering.register": "a third is its signature and docstring; the rest is one transaction",
}
NEAR_300 = 340  # lines of a module; an entry above that is below 300 again is out of date
MAX_FUNCTION = 50  # lines
EMPTY_NAMES = {"utils", "util", "helpers", "services", "common", "core", "misc"}
MARKED_SAFE = {
    "portal.markdown": "nh3 cleaned it in the line before",
    "portal.templatetags.lists": "a cell that Django made, and our own words",
    "portal.templatetags.linked_data": "JSON in which < > & are escapes",
    "portal.templatetags.remembered": "crispy drew the empty field, and the value in it is escaped",
}
UNDOCUMENTED_VARIABLES = {
    "DJANGO_SETTINGS_MODULE": "Django's own",
    "CELERY_SKIP_CHECKS": "set by the process itself",
}


def none(wrong, sentence):
    """Fails with the sentence and a line for each place."""
    if wrong:
        pytest.fail("\n".join([sentence, *sorted(map(str, wrong))]), pytrace=False)


def layer(module):
    return next((top for top in TOP_LAYER if f"{module}.".startswith(f"{top}.")), None)


def edges():
    return [
        (module, target, line)
        for module, targets in source.graph().items()
        for target, line in targets.items()
    ]


# --- imports --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_apps_import_each_other_only_downward():
    wrong = []
    for module, target, line in edges():
        app, other = module.split(".")[0], target.split(".")[0]
        if app != other and not layer(module) and other not in DOWNWARD[app]:
            wrong.append(f"{module}:{line} imports {target}: {app} stands below {other}, or beside it.")
    none(wrong, "apps import each other only downward (style.md 7):")


def test_nobody_imports_the_top_layer():
    wrong = [
        f"{module}:{line} imports {target}, which belongs to the top layer and is imported by nobody."
        for module, target, line in edges()
        if layer(target) and not layer(module)
    ]
    none(wrong, "The top layer is at the top:")


def test_inside_an_app_doors_import_verbs_and_verbs_import_models():
    wrong = []
    for module, target, line in edges():
        app, _, name = module.partition(".")
        other, _, below = target.partition(".")
        if app != other or layer(module) or not below or not name:
            continue
        if below in DOORS and name not in DOORS:
            wrong.append(f"{module}:{line} imports {target}: views, admin and tasks are imported by nobody.")
        if name == "models" and app != "portal":
            wrong.append(f"{module}:{line} imports {target}: models stand at the bottom of their app.")
    none(wrong, "views, admin, tasks → forms, verbs → models (architecture.md):")


def test_no_module_imports_itself_through_others():
    circle = source.cycle()
    assert not circle, "These import each other, so one of them stands in the wrong place: " + " → ".join(
        circle
    )


def test_imports_stand_at_the_top():
    late = {
        f"{module}: {imported}"
        for module, (_path, tree) in source.product().items()
        for imported, _line, top in source.imports(tree)
        if not top
    }
    none(late ^ set(LATE_IMPORTS), "Import at the top, or say in LATE_IMPORTS why not (style.md 7).")


def test_only_delivery_imports_django_mail():
    senders = {
        module
        for module, (_path, tree) in source.product().items()
        if any(imported.startswith("django.core.mail") for imported, _line, _top in source.imports(tree))
    }
    none(senders - set(SENDS_MAIL), "Mail leaves only through the outbox (style.md 26).")


# --- shape ----------------------------------------------------------------------------------------


def test_modules_are_named_after_concepts():
    names = {path for path, _tree in source.product().values()} | set(source.files(".py"))
    wrong = [str(path) for path in names if path.stem in EMPTY_NAMES or EMPTY_NAMES & set(path.parts[:-1])]
    none(wrong, "Such a name accepts anything: name the module after its concept (style.md 2).")


def test_modules_stay_near_300_lines_or_say_why():
    lines = {module: source.read(path).count("\n") for module, (path, _tree) in source.product().items()}
    long = {module for module, n in lines.items() if n > NEAR_300}
    none(long - set(LONG_MODULES), "Split a module near 300 lines, or say here why not (style.md 5).")
    none([m for m in LONG_MODULES if lines.get(m, 0) < 300], "Short again: take it off LONG_MODULES.")


def test_functions_stay_below_50_lines_or_say_why():
    long = {
        f"{module}.{name}"
        for module, (_path, tree) in source.product().items()
        for name, node in source.functions(tree)
        if node.end_lineno - node.lineno + 1 > MAX_FUNCTION
    }
    none(long ^ set(LONG_FUNCTIONS), "Explain anything over 50 lines in LONG_FUNCTIONS (style.md 5).")


def test_modules_and_public_functions_say_what_becomes_true():
    """Functions of one statement speak for themselves."""
    silent = []
    for module, (path, tree) in source.product().items():
        if tree.body and not ast.get_docstring(tree) and path.name not in ("__init__.py", "apps.py"):
            silent.append(f"{module}: the module has no docstring.")
        for name, node in source.functions(tree):
            public = not name.startswith("_") and "." not in name
            if public and len(node.body) > 1 and not ast.get_docstring(node):
                silent.append(f"{module}:{node.lineno} {name}: a public function without a docstring.")
    none(silent, "What becomes true, what is raised, where a rule comes from (style.md 15)?")


def test_signatures_are_annotated():
    bare = [
        f"{module}.{name}"
        for module, (_path, tree) in source.product().items()
        for name, node in source.functions(tree)
        if node.returns is None and node.name != "__init__"
    ]
    none(bare, "Annotate every signature (style.md 8).")


VERBS = {"signups", "rescheduling", "privacy", "outbox", "notices", "reminders", "delivery", "letters"}


def test_request_never_travels_below_the_view():
    wrong = [
        f"{module}.{name}"
        for module, (_path, tree) in source.product().items()
        if module.rpartition(".")[2] in VERBS
        for name, node in source.functions(tree)
        if "request" in {argument.arg for argument in [*node.args.args, *node.args.kwonlyargs]}
    ]
    none(wrong, "A verb that takes a request could be called by no task and no command (style.md 9).")


def test_periodic_tasks_stand_in_one_dict():
    elsewhere = [
        f"{path}: „{word}“"
        for path, _tree in source.product().values()
        for word in ("beat_schedule", "add_periodic_task", "crontab(", "on_after_configure")
        if word in source.read(path).replace('`crontab("*/30")`', "") and path.name != "celery.py"
    ]
    none(elsewhere, "All periodic tasks stand in PERIODIC of portal/celery.py (style.md 28).")
    celery.app.loader.import_default_modules()
    none(set(celery.PERIODIC) - set(celery.app.tasks), "Periodic tasks that nobody wrote:")
    assert {entry["task"] for entry in celery.app.conf.beat_schedule.values()} == set(celery.PERIODIC)


# --- addresses, mails, settings --------------------------------------------------------------------


def test_every_address_is_listed_with_its_audience():
    unlisted = [name for name in audience.url_names() if audience.page_of(name) is None]
    none(unlisted, "Whose page is this? Say so in tests/audience.py (style.md 35).")


def test_audience_lists_no_address_that_is_gone():
    none(set(audience.PAGES) - set(audience.url_names()), "tests/audience.py lists what is no address:")


MAILS = sorted(path.relative_to("templates/mail") for path in source.files(".txt") if "mail" in path.parts)


@pytest.mark.parametrize("mail", MAILS, ids=str)
def test_mail_template_renders(mail):
    """With every fact there is; what each mail says is in test_mails.py."""
    facts = {
        name: f"https://portal.example.org/{name}/" if name.endswith("_url") else name
        for name in letters.FACTS
    }
    letter = letters.write(str(mail.with_suffix("")), facts, organisation=None)
    assert {key: bool(letter[key].strip()) for key in ("subject", "text", "html")} == {
        "subject": True,
        "text": True,
        "html": True,
    }
    assert "\n" not in letter["subject"]


@pytest.mark.slow
def test_templates_compile():
    for path in source.files(".html"):
        if path.parts[0] == "templates":
            get_template(str(path.relative_to("templates")))


def _variables_read():
    """Environment variables that the settings, the code and `./run` ask for."""
    found = set()
    for path, tree in source.product().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                asked = ast.unparse(node.func)
                env = path.name == "settings.py" and re.fullmatch(r"env\.\w+", asked)
                if env or asked in ("os.environ.get", "os.getenv", "os.environ.setdefault"):
                    found.add(node.args[0].value)
            if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
                found.add(ast.literal_eval(node.slice))
    found |= set(re.findall(r"\$\{([A-Z][A-Z_]+):-", source.read("run")))
    return found - set(UNDOCUMENTED_VARIABLES)


@pytest.mark.slow
def test_every_variable_is_documented_and_every_documented_one_is_read():
    table = re.findall(r"^\| *`([A-Z][A-Z_]+)` *\|", source.read("README.md"), re.MULTILINE)
    none({name for name in table if table.count(name) > 1}, "Twice in the README's table:")
    none(_variables_read() - set(table), "Variables that the README's table does not explain:")
    none(set(table) - _variables_read(), "The README explains variables that nobody reads:")


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


# What old code could not live with, while an update rolls; each with the release that stopped using it.
CONTRACTED: dict[str, str] = {}
CONTRACTING = (
    migrations.RemoveField, migrations.RenameField, migrations.DeleteModel, migrations.RenameModel,
    migrations.AddConstraint,
)  # fmt: skip


def test_a_migration_breaks_nothing_that_old_code_does():
    """Old processes read and write the new schema for a while (expand → fill → contract)."""
    wrong = []
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        made = {op.name.lower() for op in migration.operations if isinstance(op, migrations.CreateModel)}
        if app not in source.APPS or name == "0001_initial":
            continue
        for operation in migration.operations:
            if (
                isinstance(operation, CONTRACTING)
                and getattr(operation, "model_name", "").lower() not in made
            ):
                wrong.append(f"{app} {name}: {operation.describe()}")
            field = getattr(operation, "field", None)
            added = isinstance(operation, migrations.AddField) and not (field.null or field.many_to_many)
            if added and field.db_default is NOT_PROVIDED:
                wrong.append(f"{app} {name}: {operation.model_name}.{operation.name} has no `db_default`")
    none(
        {line for line in wrong if line not in CONTRACTED},
        "Expand first, contract with a later release (style.md 19):",
    )


# --- templates and texts ----------------------------------------------------------------------------

TEMPLATES = [path for path in source.files(".html", ".txt", ".svg") if path.parts[0] == "templates"]
PAGES = [path for path in TEMPLATES if path.parts[1] != "mail" and path.suffix == ".html"]


def _found(pattern, paths):
    expression = re.compile(pattern, re.IGNORECASE)
    return [
        f"{path}: {found.group(0)[:60]}" for path in paths for found in expression.finditer(source.read(path))
    ]


def test_only_the_base_of_all_pages_says_that_a_form_has_errors():
    """A page that says it, too, reads „Fehler: Fehler:" in its title."""
    assert {line.partition(":")[0] for line in _found('translate "Fehler:"', PAGES)} == {
        "templates/base.html",
        "templates/admin/base_site.html",
    }


def test_templates_have_no_inline_style_and_no_inline_script():
    wrong = _found(r"<style\b|\sstyle\s*=|<script(?![^>]*\ssrc=)|\son[a-z]+\s*=\s*[\"']|javascript:", PAGES)
    none(wrong, "The CSP forbids it and style.md 24 too: use portal.css or a small module.")


def test_nothing_is_marked_safe():
    wrong = _found(r"\|\s*safe\b|\{%\s*autoescape\s+off", PAGES)
    none(wrong, "Let the templates escape (style.md 24).")
    code = {
        module
        for module, (path, _tree) in source.product().items()
        if re.search(r"\b(mark_safe|SafeString|SafeText)\(", source.read(path))
    }
    none(code ^ set(MARKED_SAFE), "Say in MARKED_SAFE what cleaned it, or do without (style.md 24).")


_WRAPPED = re.compile(
    r"\{#.*?#\}|\{%\s*comment.*?endcomment\s*%\}|\{%\s*blocktranslate.*?endblocktranslate\s*%\}"
    r"|\{%\s*block bodyclass\s*%\}.*?endblock|\{%.*?%\}|\{\{.*?\}\}|<!--.*?-->|<!doctype[^>]*>|<svg.*?</svg>",
    re.DOTALL | re.IGNORECASE,
)
_SPOKEN = re.compile(r'\s(?:alt|title|placeholder|aria-label|content)="([^"]*)"')
_WORD = re.compile(r"[A-Za-zÄÖÜäöüß]{3,}")
UNTRANSLATED = {
    "Aktive Bürger – Starke Kommunen",
    "Hessischer Städte- und Gemeindebund",
    "width=device-width, initial-scale=1",
    "light dark",
    "noindex",
}


def test_german_in_templates_is_wrapped_for_translation():
    wrong = []
    for path in PAGES:
        if "error_plain.html" in (path.name, *re.findall(r'extends "([^"]*)"', source.read(path))):
            continue  # the page for when nothing works, translation included
        markup = _WRAPPED.sub("\x01", source.read(path))
        spoken = _SPOKEN.findall(markup) + re.split(r"<[^>]*>", markup)
        for text in {part.strip() for run in spoken for part in run.split("\x01")}:
            text = re.sub(r"&\w+;", "", text)
            if _WORD.search(text) and text not in UNTRANSLATED:
                wrong.append(f"{path}: „{' '.join(text.split())[:70]}“")
    none(wrong, "Every word that a person reads is wrapped in gettext (style.md 14).")


# What a Playwright locator says once: it does not wait until that is what the test expects.
SAID_ONCE = {
    "is_visible", "is_hidden", "is_checked", "is_enabled", "is_disabled", "is_editable", "count", "inner_text",
    "inner_html", "text_content", "all_inner_texts", "all_text_contents", "input_value", "get_attribute",
}  # fmt: skip


def test_browser_tests_wait_for_what_they_assert():
    wrong = []
    for path in source.files(".py"):
        if path.parts[:2] == ("tests", "browser"):
            for node in ast.walk(ast.parse(source.read(path))):
                if isinstance(node, ast.Assert):
                    calls = (n for n in ast.walk(node.test) if isinstance(n, ast.Call))
                    names = {getattr(call.func, "attr", "") for call in calls}
                    wrong += [f"{path}:{node.lineno}: {name}" for name in names & SAID_ONCE]
    none(wrong, "A page comes in pieces: `expect(locator)` waits for what is asserted, `assert` looks once.")


def test_no_file_names_a_package_index_or_a_place_of_this_machine():
    hosts = ["pypi" + ".org", "pythonhosted" + ".org", "npm" + "js.", "jsdelivr" + ".", "unpkg" + ".com"]
    places = ["/" + "work/", "/" + "tmp/", "/" + "root/"]
    wrong = []
    for path in source.files():
        try:
            text = source.read(path)
        except UnicodeDecodeError:
            continue
        wrong += [f"{path}: {word}" for word in hosts + places if word in text]
    none(wrong, "Files hold on every machine, and locks name no host (architecture.md).")
