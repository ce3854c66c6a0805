"""Mail as files: one whole file per message, sorted by time."""

from email import message_from_bytes, policy

from django.core.mail import EmailMultiAlternatives, get_connection


def test_each_mail_is_one_file_in_order_of_time(tmp_path, settings):
    settings.EMAIL_FILE_PATH = tmp_path / "neu" / "mail"
    mails = []
    for number in range(3):
        mail = EmailMultiAlternatives(
            f"Platz sicher: {number}", "Grüße", "a@example.org", [f"{number}@example.org"]
        )
        mail.attach_alternative("<p>Grüße</p>", "text/html")
        mails.append(mail)
    assert get_connection("portal.mailfiles.EmailBackend").send_messages(mails) == 3
    files = sorted(settings.EMAIL_FILE_PATH.iterdir())
    assert [file.suffix for file in files] == [".eml"] * 3
    read = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    assert [(mail["Subject"], mail["To"]) for mail in read] == [
        (f"Platz sicher: {number}", f"{number}@example.org") for number in range(3)
    ]
    assert read[0].get_body(("plain",)).get_content() == "Grüße"
    assert settings.EMAIL_FILE_PATH.stat().st_mode & 0o077 == 0
