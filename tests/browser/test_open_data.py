"""Open data in a real browser: a town's list in a frame of another site, and data blocks under the strict policy."""

import contextlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from playwright.sync_api import expect

from tests.browser.inspection import problems, sound, stored


@contextlib.contextmanager
def site_of_the_town(*frames):
    """Another origin whose only page frames these addresses."""
    body = "".join(f'<iframe src="{url}" title="Liste {n}"></iframe>' for n, url in enumerate(frames))
    page = f'<!doctype html><html lang="de"><title>Stadt</title><h1>Stadt</h1>{body}'.encode()

    class Town(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_said):
            pass

    server = HTTPServer(("127.0.0.1", 0), Town)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_list_stands_in_a_frame_of_another_site_and_other_pages_do_not(visit, started):
    page = visit()
    addresses = started.addresses
    with site_of_the_town(page.base + addresses["embed"], page.base + addresses["start"]) as town:
        page.goto(town)
        page.wait_for_load_state("networkidle")
        shown = page.frame_locator('iframe[title="Liste 0"]')
        heading = shown.get_by_role("heading", level=1)
        expect(heading).to_have_text(re.compile("^Mithelfen und Initiativen: "))
        assert len(page.complaints) == 1  # of the start page
        assert "frame-ancestors 'none'" in page.complaints[0]
        sound(stored(page))
        shown.get_by_role("link", name="im Portal").click()
        page.wait_for_url(f"{page.base}/orte/**")  # in the whole window, not in the frame


def test_data_block_is_there_and_the_policy_has_nothing_against_it(visit, started):
    page = visit()
    page.goto(started.addresses["initiatives:detail"])
    said = json.loads(page.locator('script[type="application/ld+json"]').text_content())
    assert (said["@context"], said["@type"]) == ("https://schema.org", "Article")
    assert page.complaints == []


def test_list_to_embed_is_accessible_by_itself(visit, started):
    page = visit()
    page.goto(started.addresses["embed"])
    sound(problems(page))
