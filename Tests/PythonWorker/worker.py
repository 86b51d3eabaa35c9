"""A worker written from PROTOCOL.md alone, in another language: it enrols, takes trials, does not
train, and hands in results that the protocol calls valid. It shares no code with the product.

    worker.py enroll ENDPOINT TOKEN --keys DIR
    worker.py run ENDPOINT [--keys DIR] [--trials N]      without --keys: a plain connection

--protocol MAJOR.MINOR has it speak as a worker of another version would, --version TEXT names its
build.
"""

import argparse
import hashlib
import json
import os
import pathlib
import random
import socket
import struct
import sys
import time

import zmq
from zmq.utils import z85

MAGIC = b"BNSW"
PROTOCOL = (1, 1)
PIECE = 65_536
KINDS = ["model.safetensors", "trajectory.csv", "reconstructions.safetensors", "pace.csv"]


# --- Protobuf: varints, fixed 64-bit numbers and length-delimited fields are all that is used.


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def fixed64(field, value):
    return varint(field << 3 | 1) + struct.pack("<Q", value)


def block(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data):
    """The last value of each field."""
    found, at = {}, 0
    while at < len(data):
        key, at = read_varint(data, at)
        field, kind = key >> 3, key & 7
        if kind == 0:
            found[field], at = read_varint(data, at)
        elif kind == 1:
            found[field], at = struct.unpack_from("<Q", data, at)[0], at + 8
        elif kind == 5:
            found[field], at = struct.unpack_from("<I", data, at)[0], at + 4
        else:
            length, at = read_varint(data, at)
            found[field], at = data[at : at + length], at + length
    return found


def text(value):
    return value.decode() if value else ""


# --- Sockets.


class Connection:
    """A DEALER that speaks the frames of section 2."""

    protocol = PROTOCOL

    def __init__(self, context, endpoint, largest, own=None, server=None):
        self.socket = context.socket(zmq.DEALER)
        options = {
            zmq.IMMEDIATE: 1, zmq.LINGER: 1000, zmq.MAXMSGSIZE: largest, zmq.IPV6: 1,
            zmq.RECONNECT_IVL: random.randint(500, 2000), zmq.RECONNECT_IVL_MAX: 30_000,
            zmq.HEARTBEAT_IVL: 10_000, zmq.HEARTBEAT_TIMEOUT: 30_000,
        }
        for option, value in options.items():
            self.socket.setsockopt(option, value)
        if own:
            secret = z85.encode(own)
            self.socket.curve_secretkey = secret
            self.socket.curve_publickey = zmq.curve_public(secret)
            self.socket.curve_serverkey = z85.encode(server)
        self.monitor = self.socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
        self.socket.connect(endpoint)

    def send(self, envelope):
        try:
            header = MAGIC + struct.pack("<HH", *self.protocol)
            if self.protocol > PROTOCOL:
                envelope += number(1000, 1)  # a field that nobody knows yet
            self.socket.send_multipart([header, envelope], zmq.DONTWAIT)
            return True
        except zmq.Again:
            return False

    def receive(self, timeout_ms):
        """Frame 1 of the next message of this major version, or None."""
        if self.monitor.poll(0):
            sys.exit("refused: the coordinator does not admit this key")
        if not self.socket.poll(timeout_ms):
            return None
        frames = self.socket.recv_multipart()
        if len(frames) < 2 or len(frames[0]) != 8 or frames[0][:4] != MAGIC:
            return None
        body = fields(frames[1])
        if 7 in body and set(body) == {7}:
            refusal = fields(body[7])
            sys.exit(f"refused: {text(refusal.get(1))}; {text(refusal.get(2))}")
        return body if struct.unpack_from("<H", frames[0], 4)[0] == self.protocol[0] else None


# --- Keys and enrolment (section 7).


def secret_file(folder):
    return pathlib.Path(folder) / "worker.key"


def own_key(folder):
    file = secret_file(folder)
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret = z85.decode(zmq.curve_keypair()[1])
        with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600), "w") as out:
            out.write(secret.hex() + "\n")
    return bytes.fromhex(file.read_text().strip())


def enroll(endpoint, token, folder):
    assert token.startswith("bns1_") and len(token) == 133, "no token"
    server, pair = bytes.fromhex(token[5:69]), bytes.fromhex(token[69:])
    public = z85.decode(zmq.curve_public(z85.encode(own_key(folder))))
    connection = Connection(zmq.Context(), endpoint, 262_144, pair, server)
    request = block(100, block(1, public) + block(2, socket.gethostname()))
    deadline, send_at = time.monotonic() + 30, 0
    while time.monotonic() < deadline:
        if time.monotonic() >= send_at and connection.send(request):
            send_at = time.monotonic() + 2
        body = connection.receive(100)
        if body and 100 in body:
            (pathlib.Path(folder) / "coordinator.pub").write_text(server.hex() + "\n")
            print("enrolled as", text(fields(body[100])[1]))
            return
    sys.exit("no answer")


# --- Canonical JSON (section 6).


def canonical(value):
    if isinstance(value, dict):
        return "{" + ",".join(f"{canonical(k)}:{canonical(value[k])}" for k in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)


# --- The worker (sections 3 to 6).


class Worker:
    def __init__(self, endpoint, folder, version):
        self.version = version
        self.context = zmq.Context()
        self.endpoint = endpoint
        self.keys = (None, None)
        if folder:
            server = (pathlib.Path(folder) / "coordinator.pub").read_text().strip()
            self.keys = (own_key(folder), bytes.fromhex(server))
        self.control = Connection(self.context, endpoint, 262_144, *self.keys)
        self.data = None
        self.name = f"python-{os.getpid()}-{random.getrandbits(32):08x}"
        self.sweep_id, self.welcome = "", None
        self.claims = {}  # trial: attempt
        self.sequence = 0
        self.beat_at = 0
        self.orders = []
        self.acknowledged = set()
        self.is_over = False

    def claim_fields(self, field):
        return b"".join(
            block(field, fixed64(1, trial) + number(2, attempt))
            for trial, attempt in self.claims.items())

    def pump(self, timeout_ms):
        """Says what is due and takes in one control message."""
        if time.monotonic() >= self.beat_at:
            if self.welcome is None:
                self.control.send(block(1,
                    number(1, self.control.protocol[1]) + block(2, self.version) + block(3, self.name)
                    + block(4, socket.gethostname()) + block(5, "none") + block(6, "none")
                    + number(7, 1) + number(8, 1 << 30) + number(9, 1) + self.claim_fields(10)
                    + block(11, self.sweep_id)))
                self.beat_at = time.monotonic() + 2
            else:
                self.sequence += 1
                self.control.send(block(2, number(1, self.sequence) + self.claim_fields(2)))
                self.beat_at = time.monotonic() + self.welcome[1] / 1000
        body = self.control.receive(timeout_ms)
        if body is None:
            return
        if 1 in body:
            self.take_welcome(fields(body[1]))
        elif 2 in body:
            order = fields(body[2])
            if self.claims.get(order[1], 0) < order[2]:
                self.claims[order[1]] = order[2]
                self.orders.append(order)
                self.beat_at = 0
        elif 3 in body:
            trial = fields(body[3])[1]
            self.claims.pop(trial, None)
            self.acknowledged.add(trial)
        elif 4 in body:
            self.claims.pop(fields(body[4])[1], None)
        elif 5 in body:
            self.welcome, self.beat_at = None, 0
        elif 6 in body:
            self.is_over = True

    def take_welcome(self, welcome):
        self.welcome, self.sweep_id = welcome, text(welcome.get(6))
        self.beat_at = time.monotonic() + welcome[1] / 1000
        host = self.endpoint.rsplit(":", 1)[0]
        where = text(welcome.get(4)) or f"{host}:{welcome[3]}"
        if self.data is None:
            self.data = Connection(self.context, where, 131_072, *self.keys)

    def ask(self, request, digest):
        """Sends a request on the data connection until it is answered."""
        wait = 5
        while True:
            if not self.data.send(request):
                self.pump(20)
                continue
            deadline = time.monotonic() + wait
            while time.monotonic() < deadline:
                self.pump(0)
                body = self.data.receive(20)
                for kind, reply in (body or {}).items():
                    reply = fields(reply)
                    if reply.get(1) == digest:
                        return kind, reply
            wait *= 2

    def fetch(self, digest, size):
        blob = b""
        while len(blob) < size:
            kind, reply = self.ask(
                block(1, block(1, digest) + number(2, len(blob)) + number(3, PIECE)), digest)
            assert kind == 1, "no chunk"
            if reply.get(2, 0) == len(blob):
                blob += reply[4]
        assert hashlib.sha256(blob).digest() == digest, "images damaged"
        return blob

    def store(self, blob):
        digest = hashlib.sha256(blob).digest()
        kind, reply = self.ask(block(2, block(1, digest) + number(2, len(blob))), digest)
        while kind == 2:
            offset = reply.get(2, 0)
            kind, reply = self.ask(block(3,
                block(1, digest) + number(2, offset) + number(3, len(blob))
                + block(4, blob[offset : offset + PIECE])), digest)
        assert kind == 3, "not stored"
        return digest

    def work(self, order):
        """Does not train: the error of a network that has learned nothing is as valid a number."""
        configuration = json.loads(order[3])
        self.fetch(order[4], order[5])
        artifacts = []
        for kind in KINDS:
            blob = struct.pack("<Q", 2) + b"{}" if kind.endswith("safetensors") else b"step\n"
            blob += b"\n" * (kind == "trajectory.csv")
            digest = self.store(blob)
            artifacts.append({"bytes": len(blob), "kind": kind, "sha256": digest.hex()})
        latents = int(configuration["model"]["latents"])
        milestones = [
            {"budget": budget, "evaluation_mse": 1.5, "gates_open": latents, "mse": 1.25,
             "multiplier": 0.5, "open_probabilities": [1.0] * latents, "step": 1}
            for budget in configuration["milestones"]]
        result = {
            "artifacts": artifacts, "milestones": milestones,
            "provenance": {
                "configuration": configuration, "host": socket.gethostname(),
                "images_sha256": order[4].hex(), "instruction_set": "none",
                "peak_resident_bytes": 1, "processor": "none", "processor_seconds": 0.5,
                "second_pass_share": 0.0, "seconds": 0.5, "started": "2026-01-31T12:00:00Z",
                "steps": 1, "versions": {"worker": self.version}}}
        counted = [a for a in artifacts if a["kind"] not in ("pace.csv", "log.txt")]
        content = canonical(milestones) + "\n" + canonical(counted)
        finished = block(3,
            fixed64(1, order[1]) + number(2, self.claims.get(order[1], order[2]))
            + block(3, canonical(result)) + block(4, hashlib.sha256(content.encode()).digest()))
        report_at = 0
        while order[1] not in self.acknowledged and not self.is_over:
            if time.monotonic() >= report_at and self.control.send(finished):
                report_at = time.monotonic() + 10
            self.pump(50)

    def run(self, trials):
        while len(self.acknowledged) < trials and not self.is_over:
            self.pump(50)
            if self.orders:
                self.work(self.orders.pop(0))
        self.control.send(block(5, block(1, "done")))
        print("acknowledged", len(self.acknowledged))


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    enrolling = commands.add_parser("enroll")
    enrolling.add_argument("endpoint")
    enrolling.add_argument("token")
    enrolling.add_argument("--keys", required=True)
    running = commands.add_parser("run")
    running.add_argument("endpoint")
    running.add_argument("--keys")
    running.add_argument("--trials", type=int, default=1_000_000)
    running.add_argument("--version", default="python")
    running.add_argument("--protocol", default="{}.{}".format(*PROTOCOL))
    given = parser.parse_args()
    if given.command == "enroll":
        enroll(given.endpoint, given.token, given.keys)
    else:
        Connection.protocol = tuple(map(int, given.protocol.split(".")))
        Worker(given.endpoint, given.keys, given.version).run(given.trials)


if __name__ == "__main__":
    main()
