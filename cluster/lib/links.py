#!/usr/bin/env python3
"""The cables of `cluster/virtual`: copies Ethernet frames between pairs of interfaces, and applies
each cable's delay, jitter, loss, rate and cuts. Runs in user space, because many kernels lack netem.

    links.py checksums INTERFACE...   makes the kernel compute the checksums of sent frames
    links.py carry FOLDER             copies frames until SIGTERM

FOLDER/links has one line per cable:
    NAME SWITCH-INTERFACE HOST-INTERFACE delay=S jitter=S loss=SHARE rate=BYTES/S in=up|cut out=up|cut
"in" is towards the host; a rate of 0 is no limit. SIGHUP makes it read the file again, SIGUSR1 write
FOLDER/counters. The frames of a direction keep their order, as on a real cable.
"""

import collections
import ctypes
import fcntl
import os
import random
import selectors
import signal
import socket
import struct
import sys
import time

# From linux/sockios.h, linux/ethtool.h, linux/if_packet.h and linux/if_ether.h.
SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17
SOL_PACKET = 263
PACKET_IGNORE_OUTGOING = 23
ETH_P_ALL = 3

FRAME_BYTES = 65536
QUEUE_SECONDS = 0.25
QUEUE_BYTES = 64 << 10


def finish_checksums(interface):
    """Turns off checksum offloading, with which virtual interfaces send frames without checksums."""
    value = ctypes.create_string_buffer(struct.pack("II", ETHTOOL_STXCSUM, 0))
    request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCETHTOOL, request)


def open_interface(name):
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    port.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    port.bind((name, 0))
    port.setblocking(False)
    return port


class Direction:
    """One direction of a cable: a queue before the rate limit, then the delay."""

    def __init__(self, source, target):
        self.source = source
        self.target = target
        self.queue = collections.deque()
        self.free_at = 0.0
        self.last_arrival = 0.0
        self.counters = dict(frames=0, bytes=0, lost=0, overflowed=0, cut=0)

    def shape(self, delay, jitter, loss, rate, is_cut):
        self.delay, self.jitter, self.loss, self.rate = delay, jitter, loss, rate
        self.is_cut = is_cut
        if is_cut:
            self.counters["cut"] += len(self.queue)
            self.queue.clear()

    def take(self, frame, now):
        if self.is_cut:
            self.counters["cut"] += 1
            return
        if self.loss and random.random() < self.loss:
            self.counters["lost"] += 1
            return
        leaves_at = now
        if self.rate:
            waiting = max(0.0, self.free_at - now) * self.rate
            if waiting > max(QUEUE_BYTES, QUEUE_SECONDS * self.rate):
                self.counters["overflowed"] += 1
                return
            self.free_at = max(now, self.free_at) + len(frame) / self.rate
            leaves_at = self.free_at
        arrival = leaves_at + self.delay + random.uniform(-self.jitter, self.jitter)
        self.last_arrival = max(self.last_arrival, arrival)
        self.queue.append((self.last_arrival, frame))

    def deliver(self, now):
        """Sends the frames that are due; returns when the next one is due, or None."""
        while self.queue and self.queue[0][0] <= now:
            _, frame = self.queue.popleft()
            try:
                self.target.send(frame)
                self.counters["frames"] += 1
                self.counters["bytes"] += len(frame)
            except (BlockingIOError, OSError):
                self.counters["overflowed"] += 1
        return self.queue[0][0] if self.queue else None


class Links:
    def __init__(self, folder):
        self.folder = folder
        self.cables = {}
        self.selector = selectors.DefaultSelector()
        self.read_shapes()

    def read_shapes(self):
        with open(os.path.join(self.folder, "links"), encoding="utf-8") as file:
            for line in file:
                name, switch, host, *settings = line.split()
                if name not in self.cables:
                    ports = open_interface(switch), open_interface(host)
                    ways = Direction(*ports), Direction(*reversed(ports))
                    self.cables[name] = ways
                    for way in ways:
                        self.selector.register(way.source, selectors.EVENT_READ, way)
                values = dict(setting.split("=", 1) for setting in settings)
                numbers = [float(values[key]) for key in ("delay", "jitter", "loss", "rate")]
                for way, key in zip(self.cables[name], ("in", "out")):
                    way.shape(*numbers, values[key] == "cut")

    def write_counters(self):
        path = os.path.join(self.folder, "counters")
        with open(path + ".new", "w", encoding="utf-8") as file:
            for name, ways in self.cables.items():
                for way, key in zip(ways, ("in", "out")):
                    counts = " ".join(f"{what}={count}" for what, count in way.counters.items())
                    file.write(f"{name} {key} {counts}\n")
        os.rename(path + ".new", path)

    def carry(self):
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        waker, wakened = socket.socketpair()
        for end in (waker, wakened):
            end.setblocking(False)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        self.selector.register(wakened, selectors.EVENT_READ, None)
        self.write_counters()
        ways = [way for cable in self.cables.values() for way in cable]
        timeout = None
        while True:
            for key, _ in self.selector.select(timeout):
                if key.data is None:
                    for number in wakened.recv(64):
                        if number == signal.SIGTERM:
                            return
                        if number == signal.SIGHUP:
                            self.read_shapes()
                        self.write_counters()
                    continue
                for _ in range(64):
                    try:
                        frame = key.data.source.recv(FRAME_BYTES)
                    except BlockingIOError:
                        break
                    key.data.take(frame, time.monotonic())
            now = time.monotonic()
            due = [at for at in (way.deliver(now) for way in ways) if at is not None]
            timeout = max(0.0, min(due) - now) if due else None


def main():
    if len(sys.argv) > 2 and sys.argv[1] == "checksums":
        for interface in sys.argv[2:]:
            finish_checksums(interface)
    elif len(sys.argv) == 3 and sys.argv[1] == "carry":
        Links(sys.argv[2]).carry()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
