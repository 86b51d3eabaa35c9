"""A worker written in Python from PROTOCOL.md alone; it shares no code with the product. It enrols
and takes trials. It does not train, but delivers reports, trajectories and results that are valid
according to the protocol.

    worker.py enroll ENDPOINT TOKEN --keys DIR
    worker.py run ENDPOINT [--keys DIR] [--trials N]      without --keys: a plain connection

--protocol MAJOR.MINOR makes it announce another version of the protocol; --version TEXT sets the
name of its build.
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
PROTOCOL = (2, 0)
PIECE = 65_536
ANSWER_SECONDS = 10


# --- Protobuf. The protocol uses only varints, 64-bit numbers and length-delimited fields.


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


def real(field, value):
    return varint(field << 3 | 1) + struct.pack("<d", value) if value else b""


def reals(field, values):
    return block(field, struct.pack(f"<{len(values)}d", *values)) if values else b""


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
    """The fields of a message by number; the last value of each."""
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


def sha256(data):
    return hashlib.sha256(data).digest()


# --- Sockets.


class Connection:
    """A DEALER socket with the framing of section 2."""

    protocol = PROTOCOL

    def __init__(self, context, endpoint, largest, own=None, server=None):
        self.socket = context.socket(zmq.DEALER)
        options = {
            zmq.IMMEDIATE: 1, zmq.LINGER: 1000, zmq.MAXMSGSIZE: largest, zmq.IPV6: 1,
            zmq.RECONNECT_IVL: random.randint(500, 2000), zmq.RECONNECT_IVL_MAX: 10_000,
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
                envelope += number(1000, 1)  # a field of a later version, which coordinators ignore
            self.socket.send_multipart([header, envelope], zmq.DONTWAIT)
            return True
        except zmq.Again:
            return False

    def receive(self, timeout_ms):
        """The fields of the next message of this major version, or None. Exits if refused."""
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


# --- Keys and enrolment (section 8).


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
    assert token.startswith("bns1_") and len(token) == 133, "not a token"
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
    sys.exit("the coordinator did not answer in 30 s")


# --- What a trial delivers (sections 5 and 7).


def state_digest(tensors):
    """The digest of a trainer's state: a dictionary from names to (type, dimensions, bytes)."""
    digest = hashlib.sha256()
    for name in sorted(tensors, key=str.encode):
        kind, shape, data = tensors[name]
        digest.update(f"{name} {kind} {','.join(map(str, shape))}\n".encode() + data)
    return digest.digest()


def report(budget, tolerance, step, is_last, latents):
    """A `Report` with made-up but valid numbers."""
    state = state_digest({"step": ("I64", (), struct.pack("<q", step))})
    return (
        block(1, budget) + real(2, tolerance) + number(3, step)
        + block(4, "budget" if is_last else "goes-on") + number(5, int(is_last)) + block(6, state)
        + number(7, latents) + real(8, 1.25) + real(9, 1.5) + real(11, 0.5)
        + reals(12, [1.0] * latents))


def artifact(kind, blob):
    return block(1, kind) + block(2, sha256(blob)) + number(3, len(blob))


def prefix(trajectory):
    """The `TrajectoryPrefix` of a trajectory's bytes so far."""
    return number(1, len(trajectory)) + block(2, sha256(trajectory))


class Job:
    """An attempt of this worker, from its assignment to its acknowledgement."""

    def __init__(self, order):
        self.order, self.trial, self.attempt = order, order[1], order[2]
        self.taken_reports, self.taken_bytes = set(), 0
        self.is_unknown = False
        self.wanted = None  # true if the coordinator lacks files of the result
        self.is_finished = False

    def key(self):
        return fixed64(1, self.trial) + number(2, self.attempt)


class Dropped(Exception):
    """The coordinator has withdrawn the attempt, or the worker ends."""


# --- The worker (sections 3 to 7).


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
        self.sweep_id, self.welcome, self.welcome_count = "", None, 0
        self.jobs = {}  # the claimed attempts, by trial
        self.waiting = []
        self.sequence = 0
        self.beat_at = 0
        self.acknowledged_count = 0
        self.is_over = False

    def claim_fields(self, field):
        return b"".join(block(field, job.key()) for job in self.jobs.values())

    def pump(self, timeout_ms):
        """Sends an announcement or heartbeat if it is due, and handles one control message."""
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
        for kind, message in (body or {}).items():
            self.take(kind, fields(message))

    def take(self, kind, message):
        if kind == 1:
            self.take_welcome(message)
        elif kind == 2:
            self.take_assignment(message)
        elif kind == 5:
            self.welcome, self.beat_at = None, 0
        elif kind in (6, 10):
            self.is_over = True
        job = self.jobs.get(message.get(1)) if kind in (3, 4, 8, 11, 12, 13) else None
        if job is None:
            return
        attempt = message.get(2, 0)
        if kind == 3 and job.attempt <= attempt:
            self.acknowledged_count += job.is_finished
            del self.jobs[job.trial]
        elif kind == 4 and job.attempt <= attempt and not job.is_finished:
            del self.jobs[job.trial]
        elif job.attempt == attempt and kind == 8:
            job.wanted = True
        elif job.attempt == attempt and kind == 11:
            job.taken_reports.add(message.get(3, 0))
        elif job.attempt == attempt and kind == 12:
            job.taken_bytes = message.get(3, 0)
        elif job.attempt == attempt and kind == 13:
            job.is_unknown = True

    def take_welcome(self, welcome):
        self.welcome, self.sweep_id = welcome, text(welcome.get(6))
        self.welcome_count += 1
        self.beat_at = time.monotonic() + welcome[1] / 1000
        host = self.endpoint.rsplit(":", 1)[0]
        where = text(welcome.get(4)) or f"{host}:{welcome[3]}"
        if self.data is None:
            self.data = Connection(self.context, where, 131_072, *self.keys)

    def take_assignment(self, order):
        job = self.jobs.get(order[1])
        if job and job.attempt <= order.get(8, 0):  # void_through
            job = None
        if job:
            job.attempt = max(job.attempt, order[2])
        else:
            job = self.jobs[order[1]] = Job(order)
            self.waiting.append(job)
        self.beat_at = 0

    def deliver(self, job, message, is_answered):
        """Sends a message about a job until it is answered: every 10 s, and after each welcome."""
        send_at, welcome_count = 0, None
        while not is_answered():
            if self.jobs.get(job.trial) is not job or self.is_over:
                raise Dropped
            if welcome_count != self.welcome_count or time.monotonic() >= send_at:
                if self.welcome and self.control.send(message()):
                    send_at = time.monotonic() + ANSWER_SECONDS
                    welcome_count = self.welcome_count
            self.pump(20)

    def deliver_trajectory(self, job, trajectory):
        """Delivers the part of a trajectory that the coordinator lacks, piece by piece."""
        while job.taken_bytes < len(trajectory):
            start = job.taken_bytes
            end = min(start + PIECE, len(trajectory))
            self.deliver(
                job,
                lambda: block(9,
                    job.key() + block(3, prefix(trajectory[:start]))
                    + block(4, trajectory[start:end]) + block(5, sha256(trajectory[:end]))),
                lambda: job.taken_bytes == end or job.is_unknown)
            if job.is_unknown:  # the coordinator lacks earlier pieces: deliver all again
                job.is_unknown, job.taken_bytes = False, 0

    def deliver_report(self, job, index, content):
        self.deliver(
            job, lambda: block(8, job.key() + number(3, index) + block(4, content)),
            lambda: index in job.taken_reports)

    def ask(self, request, digest):
        """Sends a request on the data connection until it is answered, and returns the answer."""
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
            assert kind == 1, "the coordinator has no such blob"
            if reply.get(2, 0) == len(blob):
                blob += reply[4]
        assert sha256(blob) == digest, "the digest of the images is wrong"
        return blob

    def store(self, blob):
        digest = sha256(blob)
        kind, reply = self.ask(block(2, block(1, digest) + number(2, len(blob))), digest)
        while kind == 2:
            offset = reply.get(2, 0)
            kind, reply = self.ask(block(3,
                block(1, digest) + number(2, offset) + number(3, len(blob))
                + block(4, blob[offset : offset + PIECE])), digest)
        assert kind == 3, "the coordinator did not store the blob"
        return digest

    def work(self, job):
        """Delivers, without training, what a real trial delivers, in the same order."""
        order = job.order
        configuration = json.loads(order[3])
        self.fetch(order[4], order[5])
        latents = int(configuration["model"]["latents"])
        trajectory = ",".join(
            ["step", "squared_error", "mse", "constraint_average", "multiplier", "tolerance_hits",
             "gates_open", "expected_open", "kl"] + [f"gate_{j}" for j in range(latents)]
        ).encode() + b"\n"
        reports, step = [], 0
        budgets = configuration["milestones"]
        for index, budget in enumerate(budgets):
            count, unit = budget.split()
            step = int(count) if unit.startswith("batch") else step + int(count)
            row = [step, 1.25, 1.25, 0, 0.5, 0, latents, latents, 0] + [1] * latents
            trajectory += ",".join(map(str, row)).encode() + b"\n"
            self.deliver_trajectory(job, trajectory)
            is_last = index == len(budgets) - 1
            reports.append(
                report(budget, float(configuration["tolerance"]), step, is_last, latents))
            self.deliver_report(job, index, reports[-1])

        tensors = struct.pack("<Q", 2) + b"{}"
        blobs = {
            "model.safetensors": tensors, "reconstructions.safetensors": tensors,
            "pace.csv": b"step,seconds,steps_per_second\n"}
        files = {**blobs, "trajectory.csv": trajectory}
        kinds = ["model.safetensors", "trajectory.csv", "reconstructions.safetensors"]
        content = b"".join(block(1, report) for report in reports)
        content += b"".join(block(2, artifact(kind, files[kind])) for kind in kinds)
        provenance = (
            block(1, order[3]) + block(2, order[4]) + block(3, socket.gethostname())
            + block(4, "none") + block(5, "none")
            + block(6, block(1, "worker") + block(2, self.version))
            + block(7, "2026-01-31T12:00:00Z") + real(8, 0.5) + real(9, 0.5) + number(10, step)
            + number(13, 1))
        result = (
            block(1, content) + block(2, provenance)
            + block(3, artifact("pace.csv", blobs["pace.csv"])))
        job.wanted = True
        while self.jobs.get(job.trial) is job:
            if job.wanted:
                job.wanted, job.is_finished = None, True
                for blob in blobs.values():
                    self.store(blob)
                self.deliver_trajectory(job, trajectory)
            self.deliver(
                job, lambda: block(3, job.key() + block(5, result)),
                lambda: job.wanted or self.jobs.get(job.trial) is not job)
            job.taken_bytes = 0  # the coordinator may lack pieces: deliver all again

    def run(self, trials):
        while self.acknowledged_count < trials and not self.is_over:
            self.pump(50)
            if not self.waiting:
                continue
            job = self.waiting.pop(0)
            try:
                if self.jobs.get(job.trial) is job:
                    self.work(job)
            except Dropped:
                pass
        self.control.send(block(5, block(1, "done")))
        print("acknowledged", self.acknowledged_count)


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
