#!/usr/bin/env python3
"""A STAC API, its files, and an S3 store for tests, on 127.0.0.1. Python's standard library alone.

usage: stac_server.py FOLDER --port-file FILE [--recorded FOLDER] [--page-size N] [--files PREFIX]
                      [--tls PEM]

/stac            landing page; /stac/search: GET and POST over the STAC items below FOLDER, hrefs as /files/ URLs
/s3stac          the same, hrefs as s3://testbucket/
/stac/collections/test  FOLDER/collection.json, where there is one
/recorded        landing page; /recorded/search: the pages of --recorded, page*.json, one after the other
/files/PATH      files of FOLDER, with ranges
/testbucket/PATH the same as S3 has it: 403 without an Authorization header
/sign?href=URL   a signature for URL, as the Planetary Computer answers
/sign/file?href=URL  one that does not tell when it ends: after three requests, or when another one is asked for
/signed/PATH     the same files: 403 without that signature
/stats           what was asked for and sent, JSON

"/~MODE" in front of a path makes requests for searches and files fail:
429xN 500xN      status for the first N requests of a path, 429 with Retry-After
cutxN            half a body for the first N requests of a path, then the connection is closed
drip             a byte a second          lie        a Content-Length of a terabyte
endless          a body without an end    deep       JSON that is nested deeper than anything honest
elsewhere        a redirect to another host          loop  a redirect to itself
moved            a redirect to the same path without a mode; 405 for HEAD
nopost           405 for POST             again      a next page that is the same page
whole            next links with the whole body, merge false, and no conformance to anything
hollow           an empty page before every other  forever  empty pages without an end, each with another next link
slow             a fiftieth of a second before every answer
shifted          parts of files that begin a byte later than was asked for
short            half of the part that was asked for
vague            parts of files without a word on which they are
cN               status N for the collection
capped           the first page without a link to the next; the number of all items
capped0          the same, the number of all items as STAC had it before 1.0
fewer            as the number of all items one of them
overlap          pages that begin with the last item of the page before
sameid           items that all have the same id
resized retagged retimed  files of which the parts after the first are of another file: by size, ETag, Last-Modified
touched          the same ETag, another Last-Modified
case             next links that are called "NEXT", with the method "post"
query hostless   next links that are a query alone, a URL without its scheme
odd              before the items of each page two features that are none, and an item without an id
"""

import argparse
import collections
import http.server
import json
import os
import re
import socketserver
import ssl
import threading
import time
import urllib.parse

BUCKET = "testbucket"
SIGNATURE = "st=2020&sr=c&sig=c2VjcmV0"
lock = threading.Lock()
requests_of = collections.Counter()
stats = {"requests": 0, "file_requests": 0, "file_bytes": 0, "searches": 0, "signed": 0, "collections": 0, "bodies": []}


def items_below(folder):
    found = []
    for path, _, names in os.walk(folder):
        for name in sorted(names):
            if not name.endswith(".json"):
                continue
            with open(os.path.join(path, name), encoding="utf-8") as file:
                item = json.load(file)
            if isinstance(item, dict) and item.get("type") == "Feature" and "stac_version" in item:
                found.append((os.path.relpath(path, folder), item))
    found.sort(key=lambda entry: (entry[1]["properties"]["datetime"], entry[1]["id"]))
    return found


def box_of(geometry):
    def points(value):
        if isinstance(value[0], (int, float)):
            yield value
        else:
            for part in value:
                yield from points(part)

    xs, ys = zip(*((p[0], p[1]) for p in points(geometry["coordinates"])))
    return [min(xs), min(ys), max(xs), max(ys)]


def matches(item, body):
    box = body.get("bbox") or ("intersects" in body and box_of(body["intersects"]))
    if box:
        own = item["bbox"]
        if own[0] > box[2] or own[2] < box[0] or own[1] > box[3] or own[3] < box[1]:
            return False
    if "datetime" in body:
        first, last = body["datetime"].split("/")
        when = item["properties"]["datetime"]
        if (first != ".." and when < first) or (last != ".." and when > last):
            return False
    most = body.get("query", {}).get("eo:cloud_cover", {}).get("lte", 100)
    return item["properties"].get("eo:cloud_cover", 0) <= most


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer(None)

    def do_HEAD(self):
        self.answer(None)

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        self.answer(json.loads(self.rfile.read(length)))

    # ---- answers

    def send(self, status, body=b"", headers=(), kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_json(self, value):
        self.send_body(json.dumps(value).encode(), 200, (), "application/json")

    def send_body(self, body, status, headers, kind):
        """The body, as the mode has it."""
        mode = self.mode
        if mode.startswith("cut") and self.is_failing:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif mode == "lie":
            self.send_response(200)
            self.send_header("Content-Length", str(10**12))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True
        elif mode == "endless":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            block = b" " * 65536
            while True:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block))
        elif mode == "drip":
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(1)
        elif mode == "deep":
            self.send(200, b"[" * 100000 + b"]" * 100000)
        else:
            self.send(status, body, headers, kind)

    def answer(self, body):
        try:
            self.dispatch(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def dispatch(self, body):
        url = urllib.parse.urlsplit(self.path)
        path = urllib.parse.unquote(url.path)
        self.mode, self.prefix = "", ""
        found = re.match(r"/~(\w+)(/.*)", path)
        if found:
            self.mode, path = found.groups()
            self.prefix = "/~" + self.mode
        query = dict(urllib.parse.parse_qsl(url.query))
        with lock:
            stats["requests"] += 1
        if path == "/stats":
            self.mode = ""
            return self.send_json(stats)
        if path == "/sign":
            with lock:
                stats["signed"] += 1
            return self.send_json({"msft:expiry": "2999-01-01T00:00:00Z", "href": query["href"] + "?" + SIGNATURE})
        if path == "/sign/file":
            with lock:
                stats["signed"] += 1
                server.uses_left = 3
            return self.send_json({"href": f"{query['href']}?sig=c2VjcmV0{stats['signed']}"})
        if path.rstrip("/") in ("/stac", "/s3stac", "/recorded"):
            return self.landing(path.rstrip("/"))
        if self.fails(body):
            return None
        if path == "/stac/collections/test":
            with lock:
                stats["collections"] += 1
            refused = re.fullmatch(r"c(\d+)", self.mode)
            if refused:
                return self.send(int(refused.group(1)))
            place = os.path.join(server.folder, "collection.json")
            return self.send_json(json.load(open(place))) if os.path.isfile(place) else self.send(404)
        if path in ("/stac/search", "/s3stac/search", "/recorded/search"):
            with lock:
                stats["searches"] += 1
                stats["bodies"].append(body if body is not None else query)
            if path.startswith("/recorded"):
                return self.recorded(body or query)
            return self.search(path, body, query)
        if path.startswith("/files/"):
            return self.file(path[len("/files/") :])
        if path.startswith("/signed/"):
            with lock:
                is_for_file = url.query == f"sig=c2VjcmV0{stats['signed']}" and server.uses_left > 0
                server.uses_left -= is_for_file
            if url.query != SIGNATURE and not is_for_file:
                return self.send(403)
            return self.file(path[len("/signed/") :])
        if path.startswith("/" + BUCKET + "/"):
            if "Authorization" not in self.headers:
                return self.send(403)
            return self.file(path[len(BUCKET) + 2 :])
        return self.send(404)

    def fails(self, body):
        """Whether the mode has answered already."""
        mode = self.mode
        self.is_failing = False
        counted = re.fullmatch(r"(429|500|cut)x(\d+)", mode)
        if counted and self.command != "HEAD":  # GDAL's requests are what is to fail
            with lock:
                requests_of[self.path] += 1
                self.is_failing = requests_of[self.path] <= int(counted.group(2))
            if self.is_failing and counted.group(1) != "cut":
                self.send(int(counted.group(1)), b"busy", [("Retry-After", "1")] if counted.group(1) == "429" else ())
                return True
        if mode == "elsewhere":
            self.send(302, headers=[("Location", "https://elsewhere.invalid/?token=secret")])
            return True
        if mode == "moved":
            if self.command == "HEAD":
                self.send(405)
            else:
                self.send(302, headers=[("Location", "/" + self.path.split("/", 2)[2])])
            return True
        if mode == "loop":
            self.send(307, headers=[("Location", self.path)])
            return True
        if mode == "nopost" and body is not None:
            self.send(405)
            return True
        if mode == "slow":
            time.sleep(0.02)
        return False

    # ---- STAC

    def base(self):
        return f"{server.scheme}://{self.headers['Host']}{self.prefix}"

    def landing(self, path):
        links = [{"rel": "search", "href": f"{self.base()}{path}/search", "method": "POST"}]
        classes = [] if self.mode == "whole" else ["https://api.stacspec.org/v1.0.0/item-search#query"]
        self.mode = ""
        self.send_json({"type": "Catalog", "id": "test", "links": links, "conformsTo": classes})

    def search(self, path, body, query):
        wanted = dict(body) if body is not None else dict(query)
        if body is None and "bbox" in query:
            wanted["bbox"] = [float(side) for side in query["bbox"].split(",")]
        token = str(wanted.pop("token", 0))
        start = int(token.lstrip("f"))
        size = min(int(wanted.get("limit", 10)), server.page_size)
        found = [entry for entry in server.items if matches(entry[1], wanted)]
        links = []
        if self.mode == "forever" or self.mode == "hollow" and not token.startswith("f"):
            following = str(start + 1) if self.mode == "forever" else "f" + str(start)
            links = [{"rel": "next", "href": "search", "method": "POST", "merge": True, "body": {"token": following}}]
            self.send_json({"type": "FeatureCollection", "features": [], "links": links})
            return
        if self.mode == "again":
            links = [{"rel": "next", "href": f"{self.base()}{path}", "method": "POST", "body": body}]
        elif start + size < len(found) and not self.mode.startswith("capped"):
            token = {"token": str(start + size - (self.mode == "overlap"))}
            if self.mode == "query" or (self.mode == "hostless" and body is not None):
                links = [{"rel": "next", "href": "?" + urllib.parse.urlencode(token)}]
            elif self.mode == "hostless":
                href = f"//{self.headers['Host']}{self.prefix}{path}?" + urllib.parse.urlencode(token)
                links = [{"rel": "next", "href": href}]
            elif body is None:
                href = f"{self.base()}{path}?" + urllib.parse.urlencode({**query, **token})
                links = [{"rel": "next", "href": href}]
            elif self.mode == "case":
                links = [{"rel": "NEXT", "href": "search", "method": "post", "merge": True, "body": token}]
            elif self.mode == "whole":
                links = [{"rel": "next", "href": f"{self.base()}{path}", "method": "POST", "merge": False,
                          "body": {**wanted, **token}}]
            else:
                links = [{"rel": "next", "href": "search", "method": "POST", "merge": True, "body": token}]
        features = []
        for folder, item in found[start : start + size]:
            item = json.loads(json.dumps(item))
            item["collection"] = "test"
            item["links"] = []
            for asset in item["assets"].values():
                place = os.path.normpath(os.path.join(folder, asset["href"]))
                if path.startswith("/s3stac"):
                    asset["href"] = f"s3://{BUCKET}/{place}"
                else:
                    asset["href"] = f"{self.base()}/{server.files}/{urllib.parse.quote(place)}"
            features.append(item)
        page = {"type": "FeatureCollection", "features": features, "links": links}
        if self.mode == "capped":
            page["numberMatched"] = len(found)
        if self.mode == "capped0":
            page["context"] = {"matched": len(found), "returned": len(features)}
        if self.mode == "fewer":
            page["numberMatched"] = 1
        if self.mode == "sameid":
            for item in features:
                item["id"] = "same"
        if self.mode == "odd":
            features[:0] = [None, "x", {key: value for key, value in features[0].items() if key != "id"}]
        self.send_json(page)

    def recorded(self, wanted):
        number = int(wanted.get("next", 0))
        page = dict(server.pages[number])
        page["links"] = []
        if number + 1 < len(server.pages):
            page["links"] = [{"rel": "next", "method": "POST", "href": f"{self.base()}/recorded/search",
                              "merge": False, "body": {"next": number + 1}}]
        self.send_json(page)

    # ---- files

    def file(self, name):
        path = os.path.realpath(os.path.join(server.folder, name))
        if not path.startswith(server.folder + os.sep) or not os.path.isfile(path):
            return self.send(404)
        size = os.path.getsize(path)
        first, last, status, headers = 0, size - 1, 200, [("Accept-Ranges", "bytes")]
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if found:
            first = int(found.group(1))
            last = min(int(found.group(2) or size - 1), size - 1)
            if first > last:
                return self.send(416, headers=[("Content-Range", f"bytes */{size}")])
            status = 206
            if self.mode == "shifted":
                first += 1
            if self.mode == "short":
                last = (first + last) // 2
            is_other = first > 0
            if self.mode == "retagged":
                headers.append(("ETag", f'"{is_other}"'))
            if self.mode in ("retagged", "retimed"):
                headers.append(("Last-Modified", f"Tue, 01 Jan 2030 00:00:0{int(is_other)} GMT"))
            if self.mode == "touched":
                headers += [("ETag", '"same"'), ("Last-Modified", f"Tue, 01 Jan 2030 00:00:0{int(is_other)} GMT")]
            if self.mode != "vague":
                whole = size + (self.mode == "resized" and is_other)
                headers.append(("Content-Range", f"bytes {first}-{last}/{whole}"))
        with open(path, "rb") as file:
            file.seek(first)
            body = file.read(last + 1 - first)
        with lock:
            stats["file_requests"] += 1
        self.send_body(body, status, headers, "application/octet-stream")
        with lock:
            stats["file_bytes"] += len(body) if self.command == "GET" else 0


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


def main():
    global server
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--recorded")
    parser.add_argument("--page-size", type=int, default=10)
    parser.add_argument("--files", default="files", help="where hrefs lead: files, signed, ~MODE/files")
    parser.add_argument("--tls", metavar="PEM", help="speak https, with this certificate and key")
    arguments = parser.parse_args()
    server = Server(("127.0.0.1", 0), Handler)
    if arguments.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.scheme = "https" if arguments.tls else "http"
    server.folder = os.path.realpath(arguments.folder)
    server.files = arguments.files
    server.uses_left = 0
    server.page_size = arguments.page_size
    server.items = items_below(server.folder)
    server.pages = []
    if arguments.recorded:
        for name in sorted(os.listdir(arguments.recorded)):
            if name.startswith("page"):
                with open(os.path.join(arguments.recorded, name), encoding="utf-8") as file:
                    server.pages.append(json.load(file))
    with open(arguments.port_file + ".tmp", "w", encoding="utf-8") as file:
        file.write(str(server.server_address[1]))
    os.rename(arguments.port_file + ".tmp", arguments.port_file)
    server.serve_forever()


main()
