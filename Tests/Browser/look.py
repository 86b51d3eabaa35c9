"""Looks at pages with Chromium over its DevTools pipe and says what a person would see.

  look.py [--dark] [--narrow] [--shots DIR] [--seconds S] [--eval JS] [--eval-seconds S] URL...

Prints one JSON object per page: title, text, count of DOM nodes, images and charts without a name,
messages of the console at the level of errors, violations of the content security policy, requests to
other hosts than the page's, milliseconds to the first paint, bytes received, and what --eval gave.
"""

import argparse
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from urllib.parse import urlparse


class Browser:
    """A headless Chromium; one command at a time, events collected meanwhile."""

    def __init__(self, executable, profile):
        to_read, to_write = os.pipe()
        from_read, from_write = os.pipe()
        arguments = [
            executable, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--remote-debugging-pipe", f"--user-data-dir={profile}", "--window-size=1280,1000", "about:blank",
        ]

        def connect():
            # Chromium reads commands from 3 and writes answers to 4.
            first, second = os.dup(to_read), os.dup(from_write)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self.process = subprocess.Popen(
            arguments, preexec_fn=connect, close_fds=False, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(from_write)
        self.commands = os.fdopen(to_write, "wb", buffering=0)
        self.answers = from_read
        os.set_blocking(self.answers, False)
        self.rest = b""
        self.number = 0
        self.events = []

    def messages(self, seconds):
        """Takes in messages until one comes or the time is over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                piece = os.read(self.answers, 1 << 20)
                if not piece:
                    raise SystemExit("Chromium has ended")
                self.rest += piece
            except BlockingIOError:
                time.sleep(0.01)
            *whole, self.rest = self.rest.split(b"\0")
            if whole:
                return [json.loads(message) for message in whole]
        return []

    def keep(self, message):
        """Keeps an event; what a page says by console.info is told at once, on standard error."""
        self.events.append(message)
        values = message.get("params", {})
        if message.get("method") == "Runtime.consoleAPICalled" and values["type"] == "info":
            print("said:", values["args"][0].get("value"), file=sys.stderr, flush=True)

    def call(self, method, session=None, seconds=60, **parameters):
        self.number += 1
        command = {"id": self.number, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        self.commands.write(json.dumps(command).encode() + b"\0")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = None
            for message in self.messages(1):
                if message.get("id") == self.number:
                    answer = message
                else:
                    self.keep(message)
            if answer is not None:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]
        raise SystemExit(f"{method}: no answer within {seconds} s")

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for message in self.messages(0.1):
                self.keep(message)

    def close(self):
        self.process.kill()
        self.process.wait()


LOOK = """(() => {
  const charts = [...document.querySelectorAll('img, svg[role=img]')];
  const unnamed = charts.filter(c => !(c.getAttribute('alt') || c.getAttribute('aria-label')));
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  const focusable = [...document.querySelectorAll('a[href], button, input, select')];
  const nameless = focusable.filter(f => !(f.textContent.trim() || f.getAttribute('aria-label') || f.labels?.length));
  return { title: document.title, text: document.body.innerText, nodes: document.querySelectorAll('*').length,
    charts: charts.length, unnamed: unnamed.length, nameless: nameless.length, scripts: document.scripts.length,
    paint: paint ? Math.round(paint.startTime) : null,
    overflow: document.documentElement.scrollWidth > innerWidth };
})()"""


def look(browser, url, options):
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ["Page", "Runtime", "Network", "Log", "Audits"]:
        browser.call(f"{domain}.enable", session)
    scheme = "dark" if options.dark else "light"
    browser.call(
        "Emulation.setEmulatedMedia", session,
        features=[{"name": "prefers-color-scheme", "value": scheme}])
    if options.narrow:
        browser.call(
            "Emulation.setDeviceMetricsOverride", session, width=390, height=844,
            deviceScaleFactor=1, mobile=True)
    browser.events.clear()
    browser.call("Page.navigate", session, url=url)
    browser.wait(options.seconds)

    def evaluate(expression):
        result = browser.call(
            "Runtime.evaluate", session, seconds=options.eval_seconds, expression=expression, returnByValue=True,
            awaitPromise=True)
        return result["result"].get("value", result.get("exceptionDetails"))

    report = {"url": url}
    if options.eval:
        report["evaluated"] = evaluate(options.eval)
        browser.wait(options.seconds)
    report.update(evaluate(LOOK))
    host = urlparse(url).netloc
    requests, errors, policy, count = [], [], [], 0
    for event in browser.events:
        if event.get("sessionId") != session:
            continue
        method, values = event["method"], event["params"]
        if method == "Network.requestWillBeSent":
            requests.append(values["request"]["url"])
        elif method == "Network.dataReceived":
            count += values["dataLength"]
        elif method == "Runtime.exceptionThrown":
            errors.append(values["exceptionDetails"].get("exception", {}).get("description", "?"))
        elif method == "Runtime.consoleAPICalled" and values["type"] == "error":
            errors.append(str(values["args"]))
        elif method == "Log.entryAdded" and values["entry"]["level"] == "error":
            errors.append(values["entry"]["text"] + " " + values["entry"].get("url", ""))
        elif method == "Audits.issueAdded" and values["issue"]["code"] == "ContentSecurityPolicyIssue":
            policy.append(str(values["issue"]["details"]))
    report["errors"] = errors
    report["policy"] = policy
    report["foreign"] = [
        r for r in requests if urlparse(r).scheme in ("http", "https") and urlparse(r).netloc != host]
    report["bytes"] = count
    tree = browser.call("Accessibility.getFullAXTree", session)["nodes"]
    roles = [
        (node.get("role", {}).get("value"), node.get("name", {}).get("value", ""))
        for node in tree if not node.get("ignored")]
    report["images"] = [name for role, name in roles if role in ("image", "img")]
    if options.shots:
        metrics = browser.call("Page.getLayoutMetrics", session)["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": metrics["width"], "height": min(metrics["height"], 3000), "scale": 1}
        shot = browser.call(
            "Page.captureScreenshot", session, format="png", captureBeyondViewport=True, clip=clip)
        name = urlparse(url).path.strip("/").replace("/", "-") or "home"
        os.makedirs(options.shots, exist_ok=True)
        report["shot"] = f"{options.shots}/{name}-{scheme}{'-narrow' if options.narrow else ''}.png"
        with open(report["shot"], "wb") as file:
            file.write(base64.b64decode(shot["data"]))
    browser.call("Target.closeTarget", targetId=target)
    return report


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--narrow", action="store_true")
    parser.add_argument("--eval-seconds", type=float, default=60)
    parser.add_argument("--shots")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--eval")
    parser.add_argument("urls", nargs="+")
    options = parser.parse_args()
    executable = shutil.which("chromium")
    if executable is None:
        sys.exit("chromium: not found; Debian's package `chromium` has it")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(executable, profile)
        try:
            for url in options.urls:
                print(json.dumps(look(browser, url, options)), flush=True)
        finally:
            browser.close()


if __name__ == "__main__":
    main()
