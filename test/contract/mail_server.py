# SPDX-License-Identifier: Apache-2.0
"""A mail server for one recipient at a time: EHLO, STARTTLS, AUTH PLAIN, MAIL, RCPT, DATA (RFC 5321, 3207, 4954)."""
import base64
import email
import email.policy
import queue
import socketserver
import ssl
import threading


class Conversation(socketserver.StreamRequestHandler):
    timeout = 30

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")
        self.wfile.flush()

    def finish(self):
        super().finish()
        self.connection.close()

    def handle(self):
        server, is_secure, user, mail = self.server, False, None, {"to": []}
        self.say("220 mail.test ESMTP")
        while True:
            line = self.rfile.readline().decode().rstrip("\r\n")
            verb, _, rest = line.partition(" ")
            verb = verb.upper()
            if not line or verb == "QUIT":
                return self.say("221 bye") if line else None
            if verb == "EHLO":
                self.say("250-mail.test")
                self.say("250 AUTH PLAIN" if is_secure else "250 STARTTLS")
            elif verb == "STARTTLS":
                self.say("220 go ahead")
                self.connection = server.context.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile, is_secure = self.connection.makefile("rb"), self.connection.makefile("wb"), True
            elif verb == "AUTH" and is_secure:
                words = rest.split(" ")
                if len(words) == 1:
                    self.say("334 ")
                    words.append(self.rfile.readline().decode().strip())
                user = tuple(base64.b64decode(words[1]).decode().split("\0")[1:])
                self.say("235 welcome" if user == server.user else "535 who are you")
            elif verb in ("MAIL", "RCPT") and (not is_secure or user != server.user):
                self.say("530 first STARTTLS, then AUTH")
            elif verb == "MAIL":
                mail["from"] = rest
                self.say("250 ok")
            elif verb == "RCPT" and rest in server.unknown:
                self.say("550 nobody here by that name")
            elif verb == "RCPT":
                mail["to"].append(rest)
                self.say("250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                lines = []
                while (text := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(text[1:] if text.startswith(b".") else text)
                mail["message"] = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
                server.mails.put(dict(mail))
                self.say("250 kept")
            else:
                self.say("250 ok" if verb in ("RSET", "NOOP") else "502 no")


class MailServer(socketserver.ThreadingTCPServer):
    """Accepts mails from one user, over STARTTLS only, into `mails`. Refuses the recipients in `unknown`."""
    allow_reuse_address = daemon_threads = True

    def __init__(self, certificate, key, user):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(str(certificate), str(key))
        self.user, self.mails, self.unknown = user, queue.Queue(), ()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"smtp://localhost:{self.server_address[1]}"
