"""An SMTP server whose answers the test decides, and which says when something happens."""

import asyncio
import logging
import queue
import threading
from dataclasses import dataclass

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from tests.servers import free_port, read_mail, wait_until

logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd writes down every line

HANG = "hang"  # no answer until `release` is set
CLOSE = "close"  # the connection ends instead of an answer; at phase "data" the mail has been taken
KEEP = "keep"  # at phase "data": the mail is taken, and its 250 waits until `release` is set


@dataclass
class Plan:
    phase: str  # "connect", "mail", "rcpt" or "data"
    answer: str  # "451 später", HANG, CLOSE or KEEP
    to: str | None  # only for this address; "connect" and "mail" come before any address is known
    times: int


class _Session(SMTP):
    """One connection: it may be refused before it is greeted, and says when the 250 of a mail has gone out."""

    def __init__(self, server, *arguments, **options):
        self.server, self.taking = server, None  # whose mail it is about to take
        super().__init__(server, *arguments, **options)

    def connection_made(self, transport):
        super().connection_made(transport)
        self.server.open.add(self)

    def eof_received(self):
        self.server.open.discard(self)
        return super().eof_received()

    def connection_lost(self, error):
        self.server.open.discard(self)
        super().connection_lost(error)

    async def _handle_client(self):
        if answer := await self.server._answer("connect", self, None):
            await self.push(answer)
            self.transport.close()
        else:
            await super()._handle_client()

    async def push(self, status):
        await super().push(status)
        if status == TAKEN:
            self.server.moments.put(("taken", self.taking))


TAKEN = "250 2.0.0 taken"  # the answer to a body


class MailServer:
    """Takes everything, unless planned otherwise.

    smtp.plan("data", "451 4.3.0 später", times=3)
    smtp.plan("rcpt", "550 5.1.1 unbekannt", to="poison@example.org")
    smtp.plan("data", KEEP)
    smtp.wait_for_moment("data")  # or "connect", "mail", "rcpt": before the answer; "taken": after the 250
    """

    def __init__(self, tls=None):
        self.tls = tls  # an ssl.SSLContext: nothing is taken before STARTTLS
        self.messages = []  # email.message.EmailMessage, in order of arrival, as taken by the server
        self.moments = queue.Queue()  # (phase, address), put before the answer; ("taken", …) after it
        self.release = threading.Event()
        self.connections = 0  # so far
        self.open = set()  # those whose client has not gone away
        self._plans = []
        self._controller = None

    def plan(self, phase, answer, *, to=None, times=1):
        self._plans.append(Plan(phase, answer, to, times))

    def wait_for(self, count=1, *, seconds=20):
        """All messages, as soon as there are `count`."""
        wait_until(lambda: len(self.messages) >= count, seconds=seconds, what=f"{count} mails")
        return self.messages

    def wait_for_moment(self, phase, address=None, *, seconds=60):
        """Return as soon as it was reached; queue.Empty fails the test that waits in vain."""
        while True:
            reached, whose = self.moments.get(timeout=seconds)
            if reached == phase and address in (None, whose):
                return

    def forget(self):
        """Whoever hangs is answered, and no plan or moment is left for the next test."""
        self._plans.clear()
        self.release.set()
        self.release = threading.Event()
        while not self.moments.empty():
            self.moments.get_nowait()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self):
        self.port = free_port()
        server = self

        class Counting(Controller):
            def factory(self):
                server.connections += 1
                options = {"tls_context": server.tls, "require_starttls": bool(server.tls)}
                return _Session(server, hostname="localhost", timeout=120, loop=self.loop, **options)

        self._controller = Counting(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()
        self.connections = 0  # the controller tried it once itself
        self.forget()
        return self

    def __exit__(self, *_):
        self.release.set()
        self._controller.stop()

    async def handle_MAIL(self, server, session, envelope, address, options):
        envelope.mail_from = address
        return await self._answer("mail", server, None) or "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if answer := await self._answer("rcpt", server, address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        server.taking, taken = envelope.rcpt_tos[0], read_mail(envelope.content)
        planned = self._planned("data", envelope.rcpt_tos[0])
        if planned in (None, CLOSE, KEEP):
            self.messages.append(taken)
        return await self._carry_out("data", server, envelope.rcpt_tos[0], planned) or TAKEN

    async def _answer(self, phase, server, address):
        return await self._carry_out(phase, server, address, self._planned(phase, address))

    def _planned(self, phase, address):
        for plan in self._plans:
            if plan.phase == phase and plan.to in (None, address) and plan.times > 0:
                plan.times -= 1
                return plan.answer
        return None

    async def _carry_out(self, phase, server, address, planned):
        self.moments.put((phase, address))
        if planned in (HANG, KEEP):
            release = self.release
            while not release.is_set():
                await asyncio.sleep(0.02)
            return None if planned == KEEP or phase == "connect" else "451 4.3.0 released"
        if planned == CLOSE:
            server.transport.abort()
        return planned
