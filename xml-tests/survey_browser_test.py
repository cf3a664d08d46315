#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the page of a survey in a real browser. With --pictures FOLDER it also makes the pictures of the documentation.

Usage: survey_browser_test.py PROGRAM [--pictures FOLDER]
"""

from __future__ import annotations

import html
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import tap  # noqa: E402
from browser import Browser  # noqa: E402

RECORDS = ("power10", "power10-as-power9", "power11")
HOSTILE = "a\"><script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">\u202e\u0007&"
GUESTS = {
    "database": "<cpu mode='host-model'><model>power10</model></cpu>",
    "web": "<cpu mode='host-model'><model>power9</model></cpu>",
    "build": "",
    "new-kernel": "<cpu mode='host-model'><model>power11</model></cpu>",
}


def guest(name: str, cpu: str) -> str:
    return f"<domain type='kvm'><name>{name}</name><memory>1</memory><vcpu>1</vcpu><os><type arch='ppc64le' machine='pseries'>hvm</type></os>{cpu}</domain>\n"


def make_page(program: str, folder: Path, guests: dict[str, str]) -> Path:
    domains = folder / "guests.xml"
    domains.write_text("".join(guest(name, cpu) for name, cpu in guests.items()), encoding="utf-8")
    page = folder / "page.html"
    hosts = [word for name in RECORDS for word in ("--hosts", str(folder / f"{name}.json"))]
    for name in RECORDS:
        shutil.copy(HERE / f"records/{name}.json", folder)
    subprocess.run([program, "survey", *hosts, "--domains", str(domains), "--html", str(page)], check=True)
    # The temporary folder's name should not appear in a picture.
    page.write_text(page.read_text(encoding="utf-8").replace(str(folder) + "/", "").replace(".json", ""), encoding="utf-8")
    return page


def rows(driver) -> list:
    return [row for row in driver.find_elements("css selector", "#guests tbody tr") if row.is_displayed()]


def the_filter_leaves_what_fits(page: Path) -> list[str]:
    with Browser() as driver:
        driver.get(page.as_uri())
        before = len(rows(driver))
        driver.find_element("css selector", "#filter input").send_keys("web")
        after = [row.find_element("css selector", "th").text for row in rows(driver)]
        errors = [entry["message"] for entry in driver.get_log("browser")]
        requests = [entry["message"] for entry in driver.get_log("performance") if "Network.requestWillBeSent" in entry["message"] and page.name not in entry["message"]]
    problems = [] if (before, after) == (len(GUESTS), ["web"]) else [f"{before} rows, and then {after}"]
    return problems + errors + [f"the page loads something: {one[:200]}" for one in requests]


def a_reason_opens_by_keyboard(page: Path) -> list[str]:
    from selenium.webdriver.common.keys import Keys

    with Browser() as driver:
        driver.get(page.as_uri())
        cell = driver.find_element("css selector", "#guests tbody td.no")
        details = cell.find_element("css selector", "details")
        closed = details.get_property("open")
        cell.find_element("css selector", "summary").send_keys(Keys.ENTER)
        opened, text = details.get_property("open"), details.text
    return [] if not closed and opened and "newer than what" in text else [f"{closed} became {opened}: {text!r}"]


def it_is_read_without_a_script(page: Path) -> list[str]:
    with Browser(script=False) as driver:
        driver.get(page.as_uri())
        shown = len(rows(driver))
        filtered = driver.find_element("css selector", "#filter").is_displayed()
    return [] if shown == len(GUESTS) and not filtered else [f"{shown} rows, a filter: {filtered}"]


def names_of_others_stay_text(program: str, folder: Path) -> list[str]:
    page = make_page(program, folder, {html.escape(HOSTILE.replace("\u0007", "")): ""})
    with Browser() as driver:
        driver.get(page.as_uri())
        found = (driver.title, len(driver.find_elements("css selector", "script")), len(driver.find_elements("css selector", "img")))
        name = driver.find_element("css selector", "#guests tbody th").text
    problems = [] if found == ("Guests and hosts", 1, 0) else [f"title, scripts and images are {found}"]
    return problems + ([] if name.startswith('a"><script>') and "\u202e" not in name else [f"the name is {name!r}"])


def light_and_dark_differ(page: Path) -> list[str]:
    colours = []
    for dark in (False, True):
        with Browser(dark=dark) as driver:
            driver.get(page.as_uri())
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
            colours.append(driver.execute_script("return getComputedStyle(document.querySelector('h1')).color"))
    return [] if colours[0] != colours[1] else [f"both are {colours[0]}"]


def it_fits_a_narrow_window(page: Path) -> list[str]:
    with Browser(width=700) as driver:
        driver.get(page.as_uri())
        wide, seen = driver.execute_script("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    return [] if wide <= seen else [f"{wide} pixels in a window of {seen}"]


def pictures(program: str, page: Path, folder: Path) -> None:
    """The page of a cluster, and a terminal with the output about a host."""
    folder.mkdir(parents=True, exist_ok=True)
    probe = ("--probe", "records/power10-as-power9.json")
    said = "$ virt-host-compat show\n" + subprocess.run([program, "show", *probe], capture_output=True, text=True, check=False, cwd=HERE).stdout
    check = subprocess.run([program, "check", "-", *probe], input=(HERE / "domains/power10.xml").read_bytes(), capture_output=True, check=False, cwd=HERE)
    said += "\n$ virsh dumpxml guest | virt-host-compat check -\n" + check.stdout.decode().replace(probe[1], "this host")
    terminal = page.with_name("terminal.html")
    terminal.write_text(f"<!DOCTYPE html><meta charset=utf-8><body style='margin:0;background:#1b1d21'><pre style='font:15px/1.45 monospace;color:#e4e6ea;padding:18px;margin:0;white-space:pre-wrap'>{html.escape(said)}</pre>", encoding="utf-8")
    for source, name, size in ((page, "cluster.png", (1000, 780)), (terminal, "terminal.png", (900, 330))):
        with Browser(width=size[0]) as driver:
            driver.get(source.as_uri())
            driver.set_window_size(*size)
            # The window's frame is not part of the page.
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": size[0], "height": driver.execute_script("return document.documentElement.scrollHeight") + 40, "deviceScaleFactor": 1, "mobile": False})
            driver.save_screenshot(str(folder / name))


def main(program: str, *arguments: str) -> int:
    program = str(Path(program).resolve())
    try:
        import selenium  # noqa: F401
    except ImportError:
        return tap.skip_all("python3-selenium is not installed")
    for name in ("chromium", "chromedriver"):
        if not shutil.which(name):
            return tap.skip_all(f"{name} is not installed")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "other").mkdir()
        page = make_page(program, folder, GUESTS)
        if arguments[:1] == ("--pictures",):
            pictures(program, page, Path(arguments[1]))
            return 0
        return tap.run(
            {
                "the filter leaves what fits, and nothing is loaded": partial(the_filter_leaves_what_fits, page),
                "a reason opens by keyboard": partial(a_reason_opens_by_keyboard, page),
                "it is read without a script": partial(it_is_read_without_a_script, page),
                "names of others stay text": partial(names_of_others_stay_text, program, folder / "other"),
                "light and dark differ": partial(light_and_dark_differ, page),
                "it fits a narrow window": partial(it_fits_a_narrow_window, page),
            }
        )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
