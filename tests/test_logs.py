"""Tokens of mail links reach no log: not in messages, arguments or tracebacks."""

import logging

import pytest

from portal import links
from portal.logs import MaskTokens, mask
from tests import make


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("GET /anmeldung/meine/12-0.Zm9v_bar-1/ 200", "GET /anmeldung/meine/…/ 200"),
        ("/anmeldung/kalender/12-0.abc/termine.ics", "/anmeldung/kalender/…/termine.ics"),
        ("/konto/password/reset/key/3-abc123/", "/konto/password/reset/key/…/"),
        ("token 12-0.abcdefghijklmnopqrstuvwxyz0123456789 unknown", "token … unknown"),
        ("MQ:1abCde:k8F_hJ2lqQ7vT0s3mP5xYzAbCdEfGhIjKlMnOpQrStU", "…"),
        (
            "GET /mitmachen/bachputz-lich-2026/?ort=35423 200",
            "GET /mitmachen/bachputz-lich-2026/?ort=35423 200",
        ),
        ("2026-11-22 10:00:00 portal.delivery 3 mails", "2026-11-22 10:00:00 portal.delivery 3 mails"),
    ],
)
def test_only_the_secret_part_is_masked(written, masked):
    assert mask(written) == masked


@pytest.mark.django_db
def test_a_real_token_is_masked_in_message_and_traceback(capsys):
    token = links.make(links.MANAGE, make.booking())
    handler = logging.StreamHandler()
    handler.addFilter(MaskTokens())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    try:
        raise ValueError(f"no such page: /anmeldung/meine/{token}/")
    except ValueError:
        logger.warning("refused %s", f"/anmeldung/bestaetigen/{token}/", exc_info=True)
    said = capsys.readouterr().err
    assert token not in said
    assert said.splitlines()[0] == "refused /anmeldung/bestaetigen/…/"
    assert said.splitlines()[-1] == "ValueError: no such page: /anmeldung/meine/…/"
