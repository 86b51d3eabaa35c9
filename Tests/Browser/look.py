"""Opens pages in Chromium, controlled over its DevTools pipe, and reports what a person would see.

  look.py [--dark] [--narrow] [--together] [--keys KEYS] [--shots DIR] [--seconds S] [--eval JS]
    [--eval-seconds S] URL...
  look.py --start

Prints one JSON object per page: title, text, number of DOM nodes, images and charts without a name,
console messages of level error, violations of the content security policy, requests to hosts other
than the page's, milliseconds to the first paint, bytes received, the value of --eval, and the focused
element after each of the --keys, such as "Tab Tab Enter".

A page is examined when it has had no open request for S seconds (default 0.7) and all its images are
loaded, but after 120 s at the latest.

--together opens all pages at once, each in its own window. --start only checks whether Chromium starts
on this machine; if it does not, prints the reason and exits with 1.
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
    """A headless Chromium. Sends one command at a time and collects the events until its answer."""

    def __init__(self, executable, profile, errors=subprocess.DEVNULL):
        to_read, to_write = os.pipe()
        from_read, from_write = os.pipe()
        arguments = [
            executable, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--remote-debugging-pipe", f"--user-data-dir={profile}", "--window-size=1280,1000", "about:blank",
        ]

        def connect():
            # Chromium reads commands from descriptor 3 and writes answers to descriptor 4.
            first, second = os.dup(to_read), os.dup(from_write)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self.process = subprocess.Popen(
            arguments, preexec_fn=connect, close_fds=False, stdout=subprocess.DEVNULL,
            stderr=errors)
        os.close(to_read)
        os.close(from_write)
        self.commands = os.fdopen(to_write, "wb", buffering=0)
        self.answers = from_read
        os.set_blocking(self.answers, False)
        self.rest = b""
        self.number = 0
        self.events = []
        # By session: the open requests, and when a request last began or ended.
        self.open = {}
        self.changed = {}

    def messages(self, seconds):
        """Reads until at least one message is complete, at most for so many seconds."""
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
        """Keeps an event; prints a page's console.info at once, on standard error."""
        self.events.append(message)
        values = message.get("params", {})
        method, session = message.get("method"), message.get("sessionId")
        # An event stream stays open as long as the page.
        if method == "Network.requestWillBeSent" and values.get("type") != "EventSource":
            self.open.setdefault(session, set()).add(values["requestId"])
            self.changed[session] = time.monotonic()
        elif method in ("Network.loadingFinished", "Network.loadingFailed"):
            self.open.setdefault(session, set()).discard(values["requestId"])
            self.changed[session] = time.monotonic()
        if message.get("method") == "Runtime.consoleAPICalled" and values["type"] == "info":
            print("console.info:", values["args"][0].get("value"), file=sys.stderr, flush=True)

    def call(self, method, session=None, seconds=180, **parameters):
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

    def settle(self, session, quiet, limit=120):
        """Waits until a page has loaded everything that it requested and displays it."""
        begin = time.monotonic()
        end = begin + limit
        while time.monotonic() < end:
            self.wait(0.1)
            last = max(begin, self.changed.get(session, 0))
            if self.open.get(session) or time.monotonic() - last < quiet:
                continue
            shown = self.call("Runtime.evaluate", session, expression=SETTLED, returnByValue=True)
            if shown["result"].get("value"):
                return

    def close(self):
        self.process.kill()
        self.process.wait()


SETTLED = """document.readyState === 'complete' && [...document.images].every(i => i.complete)
  && !document.body.innerText.includes('Loading …')"""

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


KEYS = {"Tab": 9, "Enter": 13, "Space": 32, "ArrowLeft": 37, "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35}

FOCUS = """(() => {
  const e = document.activeElement;
  const name = e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.innerText || '';
  const style = getComputedStyle(e);
  return { tag: e.tagName.toLowerCase(), name: name.trim().slice(0, 80), value: e.value || null,
    isOutlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0, path: location.pathname + location.search };
})()"""


def press(browser, session, key):
    """Presses and releases a key."""
    code = KEYS[key]
    text = {"Enter": "\r", "Space": " "}.get(key)
    name = {"Space": " "}.get(key, key)
    values = {"key": name, "code": key, "windowsVirtualKeyCode": code}
    if text:
        values["text"] = text
    browser.call("Input.dispatchKeyEvent", session, type="keyDown" if text else "rawKeyDown", **values)
    browser.call("Input.dispatchKeyEvent", session, type="keyUp", key=name, code=key, windowsVirtualKeyCode=code)


def open_page(browser, url, options):
    """Opens a page, starts to load an address, and returns its target and session."""
    target = browser.call("Target.createTarget", url="about:blank", newWindow=options.together)["targetId"]
    session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ["Page", "Runtime", "Network", "Log", "Audits"]:
        browser.call(f"{domain}.enable", session)
    browser.call(
        "Emulation.setEmulatedMedia", session,
        features=[{"name": "prefers-color-scheme", "value": options.scheme}])
    if options.narrow:
        browser.call(
            "Emulation.setDeviceMetricsOverride", session, width=390, height=844,
            deviceScaleFactor=1, mobile=True)
    browser.call("Page.navigate", session, url=url)
    return target, session


def look(browser, url, target, session, options):
    """The report on an open page."""

    def evaluate(expression):
        result = browser.call(
            "Runtime.evaluate", session, seconds=options.eval_seconds, expression=expression, returnByValue=True,
            awaitPromise=True)
        return result["result"].get("value", result.get("exceptionDetails"))

    report = {"url": url}
    if options.keys:
        browser.call("Page.bringToFront", session)
        report["focus"] = []
        for key in options.keys.split():
            press(browser, session, key)
            browser.settle(session, options.seconds if key in ("Enter", "Space") else 0)
            report["focus"].append(evaluate(FOCUS))
    if options.eval:
        report["evaluated"] = evaluate(options.eval)
        browser.settle(session, options.seconds)
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
        report["shot"] = f"{options.shots}/{name}-{options.scheme}{'-narrow' if options.narrow else ''}.png"
        with open(report["shot"], "wb") as file:
            file.write(base64.b64decode(shot["data"]))
    return report


def start(executable, profile):
    """Starts Chromium and asks for its version; on failure, exits with its messages."""
    with tempfile.TemporaryFile() as errors:
        browser = Browser(executable, profile, errors)
        try:
            print(browser.call("Browser.getVersion")["product"])
        except (SystemExit, OSError) as problem:
            errors.seek(0)
            output = errors.read()[-500:].decode(errors="replace").strip()
            sys.exit(f"{executable} does not start: {problem}: {output}")
        finally:
            browser.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dark", dest="scheme", action="store_const", const="dark", default="light")
    parser.add_argument("--narrow", action="store_true")
    parser.add_argument("--together", action="store_true")
    parser.add_argument("--start", action="store_true")
    parser.add_argument("--keys")
    parser.add_argument("--eval-seconds", type=float, default=60)
    parser.add_argument("--shots")
    parser.add_argument("--seconds", type=float, default=0.7)
    parser.add_argument("--eval")
    parser.add_argument("urls", nargs="*")
    options = parser.parse_args()
    executable = shutil.which("chromium")
    if executable is None:
        sys.exit("chromium: not found; install Debian's package `chromium`")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        if options.start:
            start(executable, profile)
            return
        browser = Browser(executable, profile)
        try:
            groups = [options.urls] if options.together else [[url] for url in options.urls]
            for group in groups:
                browser.events.clear()
                pages = [(url, *open_page(browser, url, options)) for url in group]
                for _, _, session in pages:
                    browser.settle(session, options.seconds)
                for page in pages:
                    print(json.dumps(look(browser, *page, options)), flush=True)
                for _, target, _ in pages:
                    browser.call("Target.closeTarget", targetId=target)
        finally:
            browser.close()


if __name__ == "__main__":
    main()
