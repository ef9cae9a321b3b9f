#!/usr/bin/env python3
"""A time stamping authority (RFC 3161) for tests, on 127.0.0.1: `openssl ts` behind Python's standard library.

usage: time_stamp_server.py FOLDER --port-file FILE

/NAME    POST of a query: the reply that `openssl ts -reply -config FOLDER/NAME.cnf` gives
/first   always the reply to the first query
/busy    status 503 for the first request, then as /tsa
/page    a page of HTML
/large   two megabytes
/moved   a redirect to /tsa
A request of another Content-Type than application/timestamp-query gets status 415.
"""

import argparse
import http.server
import os
import subprocess
import threading

lock = threading.Lock()
seen = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send(405)

    def do_POST(self):
        query = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = self.path.strip("/")
        if self.headers.get("Content-Type") != "application/timestamp-query":
            return self.send(415)
        if name == "page":
            return self.send(200, b"<!DOCTYPE html><p>Please log in</p>", "text/html")
        if name == "large":
            return self.send(200, b"\x30" * 2_000_000)
        if name == "moved":
            return self.send(307, headers=[("Location", "/tsa")])
        with lock:
            if name == "busy" and not seen.get("busy"):
                seen["busy"] = True
                return self.send(503)
            if name == "first":
                if "first" not in seen:
                    seen["first"] = reply("tsa", query)
                return self.send(200, seen["first"])
            return self.send(200, reply("tsa" if name == "busy" else name, query))

    def send(self, status, body=b"", kind="application/timestamp-reply", headers=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for key, value in headers:
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)


def reply(name, query):
    path = os.path.join(folder, "query.tsq")
    with open(path, "wb") as file:
        file.write(query)
    made = subprocess.run(
        ["openssl", "ts", "-reply", "-config", name + ".cnf", "-queryfile", path],
        cwd=folder, stdout=subprocess.PIPE, check=True,
    )
    return made.stdout


parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("--port-file", required=True)
arguments = parser.parse_args()
folder = os.path.realpath(arguments.folder)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(arguments.port_file + ".tmp", "w", encoding="utf-8") as out:
    out.write(str(server.server_address[1]))
os.rename(arguments.port_file + ".tmp", arguments.port_file)
server.serve_forever()
