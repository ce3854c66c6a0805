"""The guided way to a passkey and the login with it, as Windows Hello would answer (Chromium's virtual authenticator)."""

from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.inspection import problems, sound
from tests.staffroom import PASSWORD

HELLO = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip
WITHOUT = "delete window.PublicKeyCredential"  # what an old browser does not have


def press(page, words):
    main = page.get_by_role("main")
    main.get_by_role("button", name=words).or_(main.get_by_role("link", name=words)).last.click()


def log_in(page):
    page.goto(reverse("account_login"))
    page.get_by_label("E-Mail-Adresse").fill("neu@lich.example")
    page.get_by_label("Passwort").fill(PASSWORD)
    press(page, "Anmelden")


def test_a_clerk_sets_up_a_passkey_prints_codes_and_logs_in_with_it(visit):
    page = visit()
    hello = page.context.new_cdp_session(page)
    hello.send("WebAuthn.enable")
    hello.send("WebAuthn.addVirtualAuthenticator", {"options": HELLO})
    wrong = []

    def stands(name):
        page.wait_for_url(f"**{reverse(name)}*")
        wrong.extend(f"{name}, {line}" for line in problems(page))

    log_in(page)
    stands("factor_choose")
    press(page, "Passkey einrichten")
    stands("mfa_add_webauthn")
    page.get_by_label("Name des Passkeys").fill("PC im Rathaus")
    press(page, "Jetzt einrichten")
    stands("mfa_view_recovery_codes")
    expect(page.locator(".printed code")).to_have_count(10)
    press(page, "Ich habe sie gedruckt, weiter")
    stands("factor_done")
    press(page, "Zur Redaktion")
    page.wait_for_url(f"**{reverse('admin:index')}")
    page.goto(reverse("mfa_add_webauthn") + "?next=/")
    press(page, "Jetzt einrichten")
    page.get_by_role("alert").get_by_text("Auf diesem Gerät ist schon ein Passkey").wait_for()

    page.goto(reverse("account_logout"))
    press(page, "Jetzt abmelden")
    log_in(page)
    stands("mfa_authenticate")
    press(page, "Mit dem Passkey anmelden")
    stands("mfa_trust")
    press(page, "Nein, jedes Mal fragen")
    page.wait_for_url(f"**{reverse('admin:index')}")
    sound(wrong)


def test_where_passkeys_are_unknown_the_page_says_so_and_the_other_ways_stay(visit):
    page = visit(staff="clerk")
    page.add_init_script(WITHOUT)
    page.goto(reverse("mfa_add_webauthn"))
    press(page, "Jetzt einrichten")
    page.get_by_role("alert").get_by_text("Dieser Browser kann keine Passkeys").wait_for()
    press(page, "Anderen Weg wählen")
    expect(page.get_by_role("heading", level=1)).to_have_text("Womit melden Sie sich an?")
    plain = visit(staff="clerk", java_script_enabled=False)
    plain.goto(reverse("mfa_add_webauthn"))
    press(plain, "Jetzt einrichten")
    told = plain.get_by_text("Ist JavaScript ausgeschaltet, nehmen Sie einen anderen Weg.")
    expect(told.first).to_be_visible()
