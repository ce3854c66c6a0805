"""Settings: one typed module, safe by default, chosen by the environment.

Nothing set: a laptop (SQLite, files for mail, Celery inside the one process, demo data).
`DATABASE_URL` and `REDIS_URL` set: a server. Every variable stands in the README's table;
`tests/test_house.py` holds this file against it.
"""

import os
import re
import secrets
import sys
import tomllib
from contextlib import suppress
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from environs import Env, EnvError, validate

BASE_DIR = Path(__file__).resolve().parent.parent


def _stop(sentence: str) -> SystemExit:
    """One clear line instead of a traceback, whatever is starting: name the variable and what is wrong."""
    return SystemExit(f"Einstellung: {sentence}")


def _unreadable(error: EnvError) -> SystemExit:
    """What environs says in English, for people: which variable needs what."""
    name = re.findall(r'"(\w+)"', str(error))[0]
    limits = re.findall(r"or equal to (\d+)", str(error))
    needed = "1 oder 0 (ja oder nein)" if "boolean" in str(error) else "eine ganze Zahl"
    if limits:
        needed += f" von {limits[0]} bis {limits[1]}" if limits[1:] else f" ab {limits[0]}"
    return _stop(f"{name} braucht {needed}, nicht „{dict(os.environ)[name]}“.")


def _parts(name: str, url: str) -> SplitResult:
    """The parts of a URL whose host and port can be read."""
    try:
        parts = urlsplit(url)
        if parts.port == 0:
            raise ValueError
    except ValueError:
        raise _stop(f"{name} hat keinen gültigen Host oder Port (1 bis 65535).") from None
    return parts


env = Env()
try:
    # --- where things are -------------------------------------------------------------------
    VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()
    JOURNAL_DIR = Path(env.str("JOURNAL_DIR", default=str(VAR_DIR / "journal"))).resolve()
    STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(VAR_DIR / "static"))).resolve()
    PREPARE = env.bool("PREPARE", default=True)
    DATABASE_URL = env.str("DATABASE_URL", default="")
    REDIS_URL = env.str("REDIS_URL", default="")
    EMAIL_URL = env.str("EMAIL_URL", default="")
    SECRET_KEY = env.str("SECRET_KEY", default="")
    SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
    PORT = env.int("PORT", default=8000, validate=validate.Range(min=1, max=65535))
    SITE_URL = env.str("SITE_URL", default=f"http://localhost:{PORT}").rstrip("/")
    ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[])
    TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0, validate=validate.Range(min=0))
    DEBUG = env.bool("DEBUG", default=False)
    DEMO = env.bool("DEMO", default=not (DATABASE_URL or SECRET_KEY))
    BIND = env.str("BIND", default="127.0.0.1")
    DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", default="")
    SECURITY_CONTACT = env.str("SECURITY_CONTACT", default="")
    DATABASE_POOL_SIZE = env.int("DATABASE_POOL_SIZE", default=8, validate=validate.Range(min=1))
    WEB_CONCURRENCY = env.int("WEB_CONCURRENCY", default=1, validate=validate.Range(min=1))
    WEB_THREADS = env.int("WEB_THREADS", default=8, validate=validate.Range(min=1))
    LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
    CHECK_LINKS = env.bool("CHECK_LINKS", default=bool(DATABASE_URL))
    LOG_FORMAT = env.str("LOG_FORMAT", default="json" if DATABASE_URL else "line")
except EnvError as error:
    raise _unreadable(error) from None

if LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR"):
    raise _stop(f"LOG_LEVEL ist DEBUG, INFO, WARNING oder ERROR, nicht „{env.str('LOG_LEVEL')}“.")
if LOG_FORMAT not in ("line", "json"):
    raise _stop(f"LOG_FORMAT ist line oder json, nicht „{LOG_FORMAT}“.")
_site = _parts("SITE_URL", SITE_URL)
HTTPS = _site.scheme == "https"
if _site.scheme not in ("http", "https") or not _site.hostname or _site.path or _site.query:
    raise _stop("SITE_URL braucht die Form https://portal.example.de (ohne Pfad am Ende).")
for _name, _value, _schemes in [
    ("DATABASE_URL", DATABASE_URL, ("postgres", "postgresql")),
    ("REDIS_URL", REDIS_URL, ("redis", "rediss", "unix")),
    ("EMAIL_URL", EMAIL_URL, ("smtp", "smtps", "smtp+tls", "smtp+ssl", "submission")),
]:
    if _value and _parts(_name, _value).scheme not in _schemes:
        raise _stop(f"{_name} beginnt mit keinem von: {', '.join(s + '://' for s in _schemes)}.")
if EMAIL_URL and not urlsplit(EMAIL_URL).hostname:
    raise _stop("EMAIL_URL nennt keinen Host: smtp+tls://name:passwort@mail.example.de:587.")
if DEFAULT_FROM_EMAIL:
    try:
        validate_email(parseaddr(DEFAULT_FROM_EMAIL)[1])
    except ValidationError:
        raise _stop(f"MAIL_FROM braucht eine E-Mail-Adresse, nicht „{DEFAULT_FROM_EMAIL}“.") from None
if SECURITY_CONTACT and not SECURITY_CONTACT.startswith("https://"):
    try:
        validate_email(SECURITY_CONTACT)
    except ValidationError:
        raise _stop(
            f"SECURITY_CONTACT ist eine E-Mail-Adresse oder https://…, nicht „{SECURITY_CONTACT}“."
        ) from None
if bool(DATABASE_URL) != bool(REDIS_URL):
    raise _stop("DATABASE_URL und REDIS_URL gehören zusammen: auf einem Server sind beide gesetzt.")
if DATABASE_URL and not SECRET_KEY:
    raise _stop("SECRET_KEY fehlt; mit DATABASE_URL ist es nötig (mindestens 40 zufällige Zeichen).")
if DATABASE_URL and DEMO:
    raise _stop("DEMO und DATABASE_URL schließen einander aus: DEMO=0 setzen.")
if DEMO and BIND not in ("127.0.0.1", "localhost", "::1"):
    raise _stop("DEMO läuft nur auf diesem Rechner: BIND=127.0.0.1 oder DEMO=0 setzen.")
if DATABASE_URL and not (EMAIL_URL and DEFAULT_FROM_EMAIL):
    raise _stop("EMAIL_URL und MAIL_FROM fehlen; ein Server braucht beide.")
if SECRET_KEY and len(SECRET_KEY) < 40:
    raise _stop("SECRET_KEY ist zu kurz (mindestens 40 Zeichen).")
if not SECRET_KEY:
    _key_file = VAR_DIR / "secret_key"
    try:
        if not _key_file.exists():
            # Linked into place whole: of two first starts at once, both use the key of the earlier one.
            VAR_DIR.mkdir(parents=True, exist_ok=True)
            _new_key = VAR_DIR / f".secret_key.{secrets.token_hex(4)}"
            _new_key.touch(mode=0o600)
            _new_key.write_text(secrets.token_urlsafe(60))
            with suppress(FileExistsError):
                _key_file.hardlink_to(_new_key)
            _new_key.unlink()
        SECRET_KEY = _key_file.read_text().strip()
    except OSError as error:
        raise _stop(f"VAR_DIR lässt sich nicht benutzen: {_key_file} ({error.strerror}).") from None

VERSION = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
SITE_NAME = "Aktive Bürger – Starke Kommunen"
ASSOCIATION = "Hessischer Städte- und Gemeindebund"
DEFAULT_FROM_EMAIL = DEFAULT_FROM_EMAIL or "portal@localhost"
ALLOWED_HOSTS = [*ALLOWED_HOSTS, _site.hostname, "localhost", "127.0.0.1", "[::1]"]
TESTING = "pytest" in sys.modules

# --- application --------------------------------------------------------------------------------
INSTALLED_APPS = [
    "portal.apps.AdminSite",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "crispy_forms",
    "csp",
    "portal",
    "initiatives",
    "volunteers",
    "seminars",
]
MIDDLEWARE = [
    "portal.middleware.Numbered",
    "portal.middleware.Headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.ContentSecurity",
    "portal.packing.Compressed",
    "django.middleware.http.ConditionalGetMiddleware",
    "portal.middleware.PlainInput",
    "portal.middleware.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.middleware.Outages",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "portal.context.site",
                # The admin needs these two; public pages are session-blind and never touch them.
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "kern"
CRISPY_TEMPLATE_PACK = "kern"

# --- database -----------------------------------------------------------------------------------
LOCK_TIMEOUT = 4  # seconds; then once more, then `Busy` (architecture.md „Seats")
STATEMENT_TIMEOUT = 15  # seconds; the server's. How long we wait for a silent one says portal/deadlines.py
if DATABASE_URL:
    DATABASES = {"default": env.dj_db_url("DATABASE_URL", conn_max_age=0, engine="portal.postgresql")}
    DATABASES["default"] |= {
        # A host that vanished without a word is noticed in half a minute, not in two hours.
        "OPTIONS": DATABASES["default"].get("OPTIONS", {})
        | {
            "connect_timeout": LOCK_TIMEOUT,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
            # Who asks after an outage tries anew at once; psycopg alone waits as long again as it lasted.
            "pool": {
                "min_size": 1,
                "max_size": DATABASE_POOL_SIZE,
                "timeout": LOCK_TIMEOUT,
                "reconnect_timeout": LOCK_TIMEOUT,
            },
            "options": f"-c lock_timeout={LOCK_TIMEOUT}s -c statement_timeout={STATEMENT_TIMEOUT}s",
        },
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": VAR_DIR / "portal.sqlite3",
            "CONN_MAX_AGE": None,  # opening it and its three PRAGMAs cost 3 ms, a third of a request
            "OPTIONS": {
                "timeout": LOCK_TIMEOUT,
                "transaction_mode": "IMMEDIATE",
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=4000; "
                    "PRAGMA secure_delete=ON;"  # what is erased is gone from the file, too
                ),
            },
            # A file, not memory: threads and processes of the tests meet the real locks.
            "TEST": {"NAME": VAR_DIR / "test.sqlite3"},
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- memory --------------------------------------------------------------------------------------
# Thresholds of the garbage collector, in web processes and workers: with Python's own, it was a tenth of a registration.
COLLECT = (20_000, 20, 20)

# --- cache, sessions ----------------------------------------------------------------------------
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "portal.redis_cache.Cache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            # With Django's 300 a stranger's many counts would push out those of a login under attack.
            "OPTIONS": {"MAX_ENTRIES": 20_000},
        }
    }
SESSION_COOKIE_AGE = 20 * 3600  # no time limit below 20 hours (trust.md „Accessibility“, WCAG 2.2.1)
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = [SITE_URL]
# One message cookie less: messages live in the session, which only staff pages have.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- security headers (trust.md „Security") ------------------------------------------------------
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 63072000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

# --- accounts (allauth; architecture.md „Second factor") -----------------------------------------
AUTH_USER_MODEL = "portal.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
# scrypt keeps a login at some 50 ms; Django's default of a million PBKDF2 rounds takes a second here
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "portal.passwords.NotOnlyNames"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
ACCOUNT_ADAPTER = "portal.accounts.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "portal.password_links.PasswordLinks"  # noqa: S105  # a class
PASSWORD_RESET_TIMEOUT = 14 * 24 * 3600  # of an invitation; `password_links.py` ends others sooner
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_RATE_LIMITS = {"reset_password": "20/m/ip,3/d/key"}  # no mail cannon (trust.md)
MFA_ADAPTER = "portal.factors.SecondFactor"
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_FORMS = {
    "add_webauthn": "portal.factors.NewPasskey",
    "edit_webauthn": "portal.factors.RenamedPasskey",
    "authenticate_webauthn": "portal.factors.PasskeyAtLogin",
    "reauthenticate_webauthn": "portal.factors.PasskeyAgain",
    "generate_recovery_codes": "portal.factors.PrintedCodes",
}
MFA_WEBAUTHN_USER_VERIFICATION = "preferred"  # why: portal/factors.py
MFA_TRUST_ENABLED = True
MFA_TRUST_COOKIE_AGE = 30 * 24 * 3600
MFA_TRUST_COOKIE_SECURE = HTTPS
MFA_TRUST_COOKIE_NAME = "__Host-mfa_trusted" if HTTPS else "mfa_trusted"
MFA_TOTP_ISSUER = SITE_NAME
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

# --- language, time -----------------------------------------------------------------------------
LANGUAGE_CODE = "de"
LANGUAGES = [("de", "Deutsch")]
TIME_ZONE = "Europe/Berlin"
USE_TZ = True
USE_I18N = True

# --- files --------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # halves the first start: nothing asks for the plain names

# --- mail ---------------------------------------------------------------------------------------
EMAIL_TIMEOUT = 10  # seconds, each phase of SMTP
if EMAIL_URL:
    _email = env.dj_email_url("EMAIL_URL")
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _email["EMAIL_HOST"]
    EMAIL_PORT = _email["EMAIL_PORT"]
    EMAIL_HOST_USER = _email["EMAIL_HOST_USER"]
    EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_PASSWORD"]
    EMAIL_USE_TLS = _email["EMAIL_USE_TLS"]
    EMAIL_USE_SSL = _email["EMAIL_USE_SSL"]
    if DEMO:
        raise _stop("DEMO verschickt keine echten Mails: EMAIL_URL weglassen oder DEMO=0 setzen.")
else:
    EMAIL_BACKEND = "portal.mailfiles.EmailBackend"
    EMAIL_FILE_PATH = VAR_DIR / "mail"

# --- Celery (architecture.md „Outbox") ------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL or "memory://localhost/"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TIMEZONE = "UTC"  # interval schedules in UTC: local crontabs skip 90 minutes in October
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 0}
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "socket_timeout": 1,
        "socket_connect_timeout": 1,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.1,
        "retry_on_timeout": False,
    }
    if REDIS_URL
    else {}
)

# --- logs: no personal data, no tokens ------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"anonymous": {"()": "portal.logs.Anonymous"}},
    "formatters": {
        "line": {"class": "portal.logs.Line", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {"()": "portal.logs.Json"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["anonymous"]},
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": ["console"], "level": LOG_LEVEL, "propagate": False},
        "celery": {"level": "WARNING"},
        "fido2": {"level": "WARNING"},  # it names the keys that people log in with
    },
}
LOG_REQUESTS = bool(DATABASE_URL)  # a line for each; a laptop has one visitor
SILENCED_SYSTEM_CHECKS: list[str] = []
