# The portal as an image: web, worker, beat and the one-shot migrate of docker-compose.yml are this one.
# Debian 12 with its Python 3.11 and PostgreSQL 15 is what the tests run on; pg_dump must not be older than
# the server, so this file, the postgres image and the tests go on to a newer Debian together.
FROM python:3.11-slim-bookworm AS build
RUN python -m venv /opt/venv
COPY requirements.lock /build/
RUN /opt/venv/bin/pip install --no-cache-dir --no-input --require-hashes --requirement /build/requirements.lock
WORKDIR /srv/portal
COPY . .
# Static files are part of the image, hashed and compressed: they always fit the code, and need no volume.
RUN VAR_DIR=/build/var STATIC_ROOT=/srv/static /opt/venv/bin/python manage.py collectstatic --no-input
RUN /opt/venv/bin/python -m compileall -q /srv/portal

FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin portal \
    && install --directory --owner portal --group portal \
        /var/lib/portal /var/lib/portal/media /var/lib/portal/media/public /var/lib/portal/beat
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv /srv
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/srv/portal PYTHONUTF8=1 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENV DEMO=0 PREPARE=0 BIND=0.0.0.0 PORT=8000 VAR_DIR=/var/lib/portal STATIC_ROOT=/srv/static
WORKDIR /srv/portal
USER portal
EXPOSE 8000
# Alive, not ready: a lost database must not make somebody restart the web processes.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "-m", "portal"]
