"""`python -m tests.ship.picture`: docs/pictures/refused-*.png, the gate's page about a leak.

It renders a project, declares a column that is known too late as known in time, trains, builds,
runs the gate, and photographs that part of the page with Chromium, in both colour schemes.
"""

import base64
import subprocess
import sys
import tempfile
from pathlib import Path

import journey
from benchmarks.explore import environment
from tests.ship.browser import browser

PICTURES = journey.ROOT / "docs" / "pictures"
LATE = 'delivery_days = "when the parcel has arrived"\n'
COMMANDS = (("poc", "train"), ("handoff", "build"), ("handoff", "check"))
GATE_CLOSED = 3
# The part of the page about honest figures, in CSS pixels.
PART = """(() => {
  const heading = [...document.querySelectorAll('h2')].find(one => one.innerText === 'Honest');
  const section = heading.closest('section'), box = section.getBoundingClientRect();
  const end = section.querySelector('pre').getBoundingClientRect().bottom + 12;
  return [box.x, box.y + scrollY, box.width, end - box.y];
})()"""


def main() -> int:
    """Make the page and its pictures; the exit code is 1 if the gate refused nothing."""
    python = environment()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        project = journey.render({}, Path(folder))
        problem = project / "problem/problem.toml"
        problem.write_text(problem.read_text("utf-8").replace(LATE, ""), encoding="utf-8")
        for words in COMMANDS:
            done = subprocess.run([str(python), "-m", *words], cwd=project, check=False)
        if done.returncode != GATE_CLOSED:
            return 1
        photograph(project / "build/gate.html", Path(folder))
    return 0


def photograph(page_file: Path, folder: Path) -> None:
    """Write a picture for each colour scheme."""
    PICTURES.mkdir(exist_ok=True)
    with browser("chromium", folder, "nothing.test") as chromium:
        page = chromium.open(page_file.as_uri())
        size = {"width": 1000, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        chromium.call("Emulation.setDeviceMetricsOverride", page.session, **size)
        for scheme in ("light", "dark"):
            feature = {"name": "prefers-color-scheme", "value": scheme}
            chromium.call("Emulation.setEmulatedMedia", page.session, features=[feature])
            part = page.run(PART)
            assert isinstance(part, list)
            clip = dict(zip(("x", "y", "width", "height"), part, strict=True)) | {"scale": 1.5}
            shot = chromium.call(
                "Page.captureScreenshot", page.session, clip=clip, captureBeyondViewport=True
            )
            (PICTURES / f"refused-{scheme}.png").write_bytes(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    sys.exit(main())
