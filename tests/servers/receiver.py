#!/usr/bin/env python3
"""Who is notified: a webhook and a mail server for tests, on 127.0.0.1. Python's standard library alone.

usage: receiver.py FOLDER --port-file FILE [--secret TEXT] [--tls PEM]

POST /MODE/...   takes events; what was taken is in FOLDER/taken, a JSON line each, before it is answered
GET /stats       {"smtp_port": N, "requests": N, "taken": [...], "mails": [...], "connections": N}

Modes of a webhook:
hook             takes it: 200             statusN      refuses all with status N
firstNxM         status N for the first M requests of a key, then takes it
cutxM            takes it, and closes without an answer for the first M requests of a key
late             takes it, answers after half a second     hang   takes nothing and never answers
twice            takes it, answers twice   moved        302 to /hook/
flood            takes it, answers with a body without an end
only-ID          422 for events of alerts other than ID
but-N            422 for events of number N

Modes of a mail server, by the local part of the first recipient:
anybody          takes it                  refuse       550 for the recipient
tempM            451 for the first M recipients         cutM   takes the first M mails and closes without an answer
hang             never answers to the mail              rude   550 after the mail
mute             takes the mail and never answers
"""

import argparse
import base64
import collections
import hashlib
import hmac
import http.server
import json
import os
import re
import socket
import socketserver
import ssl
import threading
import time

lock = threading.Lock()
seen = collections.Counter()
state = {"requests": 0, "connections": 0, "taken": [], "mails": [], "smtp_port": 0}
arguments = None


def take(kind, entry):
    """What was taken must outlast this process before anybody is told so."""
    with lock:
        state[kind].append(entry)
        with open(os.path.join(arguments.folder, kind), "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


class Webhook(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        with lock:
            state["connections"] += 1

    def answer(self, status, body=b"{}", more=()):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in more:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path != "/stats":
            with lock:
                state["requests"] += 1
            return self.answer(200)
        with lock:
            body = json.dumps(state).encode()
        return self.answer(200, body)

    def entry(self, body):
        stamp = self.headers.get("Pitwatch-Timestamp", "")
        mac = hmac.new(arguments.secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        return {
            "path": self.path,
            "key": self.headers.get("Idempotency-Key", ""),
            "event": self.headers.get("Pitwatch-Event", ""),
            "is_signed": hmac.compare_digest("v1=" + mac, self.headers.get("Pitwatch-Signature", "")),
            "is_recent": stamp.isdigit() and abs(time.time() - int(stamp)) < 60,
            "type": self.headers.get("Content-Type", ""),
            "body": json.loads(body),
        }

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        with lock:
            state["requests"] += 1
        mode = self.path.split("/")[1]
        entry = self.entry(body)
        with lock:
            seen[mode, entry["key"]] += 1
            count = seen[mode, entry["key"]]
        if match := re.fullmatch(r"status(\d+)", mode):
            return self.answer(int(match[1]))
        if match := re.fullmatch(r"first(\d+)x(\d+)", mode):
            if count <= int(match[2]):
                return self.answer(int(match[1]))
        if mode == "moved":
            return self.answer(302, b"", [("Location", "/hook/")])
        if mode == "hang":
            time.sleep(60)
            return None
        if mode.startswith("only-") and entry["body"]["id"] != mode[5:]:
            return self.answer(422)
        if mode.startswith("but-") and entry["body"]["event"]["number"] == mode[4:]:
            return self.answer(422)
        take("taken", entry)
        if match := re.fullmatch(r"cutx(\d+)", mode):
            if count <= int(match[1]):
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return None
        if mode == "late":
            time.sleep(0.5)
        if mode == "twice":
            self.answer(200)
        if mode == "flood":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"x" * 65536)
            except OSError:
                self.close_connection = True
                return None
        return self.answer(200)


class MailHandler(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")
        self.wfile.flush()

    def handle(self):
        self.say("220 receiver")
        recipients, sender, user = [], "", ""
        while line := self.rfile.readline():
            word = line.strip().decode("latin-1")
            verb = word.upper()
            if verb.startswith("EHLO"):
                self.say("250-receiver")
                self.say("250 AUTH PLAIN")
            elif verb.startswith("HELO") or verb == "RSET":
                self.say("250 receiver")
            elif verb.startswith("AUTH PLAIN"):
                given = word.split()[2] if len(word.split()) > 2 else None
                if given is None:
                    self.say("334 ")
                    given = self.rfile.readline().strip().decode()
                user = base64.b64decode(given).decode().split("\0")[1]
                self.say("235 yes")
            elif verb.startswith("MAIL FROM:"):
                sender, recipients = word[10:], []
                self.say("250 yes")
            elif verb.startswith("RCPT TO:"):
                address = word[8:].strip("<> ")
                mode = address.split("@")[0]
                with lock:
                    seen["rcpt", mode] += 1
                    count = seen["rcpt", mode]
                if mode == "refuse":
                    self.say("550 nobody of that name")
                elif (match := re.fullmatch(r"temp(\d+)", mode)) and count <= int(match[1]):
                    self.say("451 later")
                else:
                    recipients.append(address)
                    self.say("250 yes")
            elif verb == "DATA":
                self.say("354 go on")
                if not self.take_mail(sender, recipients, user):
                    return
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("500 what")

    def take_mail(self, sender, recipients, user):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        mode = recipients[0].split("@")[0]
        with lock:
            seen["mail", mode] += 1
            count = seen["mail", mode]
        if mode == "hang":
            time.sleep(60)
            return False
        if mode == "rude":
            self.say("550 not this one")
            return True
        text = b"".join(lines).decode("latin-1")
        taken = {"from": sender, "to": recipients, "user": user, "text": text}
        take("mails", taken)
        if mode == "mute":
            time.sleep(60)
            return False
        if (match := re.fullmatch(r"cut(\d+)", mode)) and count <= int(match[1]):
            return False
        self.say("250 taken")
        return True


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64


class MailServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True


def main():
    global arguments
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--secret", default="")
    parser.add_argument("--tls", help="certificate and key of the mail server")
    arguments = parser.parse_args()
    mail = MailServer(("127.0.0.1", 0), MailHandler)
    if arguments.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.tls)
        mail.socket = context.wrap_socket(mail.socket, server_side=True)
    state["smtp_port"] = mail.server_address[1]
    threading.Thread(target=mail.serve_forever, daemon=True).start()
    web = Server(("127.0.0.1", 0), Webhook)
    with open(arguments.port_file + ".new", "w", encoding="ascii") as file:
        file.write(str(web.server_address[1]))
    os.rename(arguments.port_file + ".new", arguments.port_file)
    web.serve_forever()


if __name__ == "__main__":
    main()
