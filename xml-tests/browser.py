# SPDX-License-Identifier: LGPL-2.1-or-later
"""Controls a real browser, for tests of HTML pages."""

from __future__ import annotations

import shutil


class Browser:
    """Headless Chromium; a context manager that returns the driver of a page."""

    def __init__(self, dark: bool = False, script: bool = True, width: int = 1000) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", f"--window-size={width},800", *(["--force-dark-mode"] if dark else [])):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        if not script:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))

    def __enter__(self):
        return self.driver

    def __exit__(self, *_: object) -> None:
        self.driver.quit()
