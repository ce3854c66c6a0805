"""A mail server that only says 250: what is measured is how fast mails leave, not how they are taken."""

import contextlib
import socketserver
import threading

GREETING = b"250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"


class _Conversation(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        with contextlib.suppress(ConnectionError):
            self._talk()

    def _talk(self):
        self.wfile.write(b"220 sink\r\n")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"EHLO":
                self.wfile.write(GREETING)
            elif word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self.server.taken += 1
                self.wfile.write(b"250 taken\r\n")
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 OK\r\n")


class Sink(socketserver.ThreadingTCPServer):
    """`taken` counts; a thread per connection of the process that opens it."""

    daemon_threads = allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.taken = 0
        self.url = f"smtp://127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
