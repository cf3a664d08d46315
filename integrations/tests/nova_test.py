#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the traits with Nova's loader and Placement, and the flavors with the openstack command and Nova.

Usage: nova_test.py PROGRAM
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from consumers import INTEGRATIONS, PYTHON, need, need_modules, published, replaced, run, run_checks, told

FLAVORS = INTEGRATIONS / "nova/flavors.sh"
LOADER = "import sys, json; from nova.compute import provider_config; print(json.dumps(provider_config.get_provider_configs(sys.argv[1]), default=str))"
TRAIT = "CUSTOM_POWER_COMPAT_POWER"


def load(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """The result of Nova's loader for a provider configuration. An empty text means that there is no file."""
    folder.mkdir(exist_ok=True)
    file = folder / "virt-host-compat.yaml"
    file.unlink(missing_ok=True)
    if text:
        file.write_text(text, encoding="utf-8")
    return run(PYTHON, "-c", LOADER, folder)


def traits(folder: Path, program: str, host: str) -> list[str]:
    """The traits that nova-compute would give to a recorded host."""
    done = load(folder, published(program, "nova", host))
    if done.returncode:
        raise AssertionError(f"{host}: {told(done)}")
    loaded = json.loads(done.stdout.splitlines()[-1])
    return loaded["$COMPUTE_NODE"]["traits"]["additional"] if loaded else []


def nova_loads_the_traits(program: str, folder: Path) -> list[str]:
    need_modules("nova.compute.provider_config")
    problems = []
    for host, numbers in (("power10", (9, 10)), ("power10-as-power9", (9,)), ("power10-no-nesting", ())):
        loaded = traits(folder / "configuration", program, host)
        if loaded != [f"{TRAIT}{number}" for number in numbers]:
            problems.append(f"{host}: {loaded}")
    broken = load(folder / "configuration", replaced(published(program, "nova", "power10"), "CUSTOM_POWER", "power"))
    return problems + ([] if broken.returncode and "ProviderConfigException" in broken.stderr else [f"Nova takes a trait that is none: {told(broken)}"])


class Api:
    """Placement and Nova's flavors on the loopback interface."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, dict]:
        """The status and the answer."""
        headers = {"X-Auth-Token": "admin", "OpenStack-API-Version": "placement 1.39", "Content-Type": "application/json", "Accept": "application/json"}
        request = urllib.request.Request(self.address + path, None if body is None else json.dumps(body).encode(), headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, {"error": error.read().decode()}

    def done(self, method: str, path: str, body: object) -> None:
        status, answer = self.ask(method, path, body)
        if status >= 300:
            raise AssertionError(f"{method} {path}: {status} {answer}")

    def add_host(self, name: str, host_traits: list[str]) -> None:
        """Adds a compute node with one processor and these traits, as nova-compute would."""
        node = str(uuid.uuid4())
        self.done("POST", "/resource_providers", {"name": name, "uuid": node})
        self.done("PUT", f"/resource_providers/{node}/inventories", {"resource_provider_generation": 0, "inventories": {"VCPU": {"total": 8}}})
        for trait in host_traits:
            self.done("PUT", f"/traits/{trait}", None)
        self.done("PUT", f"/resource_providers/{node}/traits", {"resource_provider_generation": 1, "traits": host_traits})

    def candidates(self, trait: str) -> tuple[int, set[str] | str]:
        """The names of the hosts on which a guest that requires the trait can run, or the error."""
        status, answer = self.ask("GET", f"/allocation_candidates?resources=VCPU:1&required={trait}")
        if status != 200:
            return status, answer["error"]
        names = {one["uuid"]: one["name"] for one in self.ask("GET", "/resource_providers")[1]["resource_providers"]}
        return status, {names[node] for node in answer["provider_summaries"]}


@contextmanager
def services(folder: Path) -> Iterator[Api]:
    with (folder / "server.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen([PYTHON, str(INTEGRATIONS / "tests/openstack_server.py"), str(folder)], stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout
            port = process.stdout.readline().strip()
            if not port:
                raise AssertionError(f"Placement does not start: {(folder / 'server.log').read_text(encoding='utf-8')[-2000:]}")
            yield Api(int(port))
        finally:
            process.terminate()
            process.wait(30)


def as_administrator(folder: Path, api: Api) -> dict[str, str]:
    """The environment in which the openstack command finds these services."""
    clouds = folder / "clouds.yaml"
    clouds.write_text(
        "clouds:\n  test:\n    auth_type: admin_token\n"
        f"    auth: {{endpoint: '{api.address}', token: admin}}\n"
        f"    compute_endpoint_override: {api.address}/compute/v2.1\n    placement_endpoint_override: {api.address}\n",
        encoding="utf-8",
    )
    return {**os.environ, "OS_CLOUD": "test", "OS_CLIENT_CONFIG_FILE": str(clouds), "HOME": str(folder)}


def placement_finds_the_hosts(program: str, folder: Path) -> list[str]:
    need("openstack")
    need_modules("nova.compute.provider_config", "placement", "osc_placement")
    hosts = {host: traits(folder / "configuration", program, host) for host in ("power10", "power10-as-power9", "power10-no-nesting")}
    problems = []
    with services(folder) as api:
        for host, host_traits in hosts.items():
            api.add_host(host, host_traits)
        status, answer = api.candidates(f"{TRAIT}11")
        if status != 400 or "No such trait" not in answer:
            problems.append(f"a trait that nobody made: {status} {answer}")
        environment = as_administrator(folder, api)
        done = run(FLAVORS, env=environment)
        again = run(FLAVORS, 9, env=environment)
        problems += [f"flavors.sh: {told(one)}" for one in (done, again) if one.returncode]
        flavors = api.ask("GET", "/compute/v2.1/flavors/detail")[1].get("flavors", [])
        required = {}
        for flavor in flavors:
            properties = api.ask("GET", f"/compute/v2.1/flavors/{flavor['id']}/os-extra_specs")[1]["extra_specs"]
            required[flavor["name"]] = [name.removeprefix("trait:") for name, value in properties.items() if value == "required"]
        if required != {f"power{number}": [f"{TRAIT}{number}"] for number in (9, 10, 11)}:
            problems.append(f"the flavors are {required}")
        found = {name: api.candidates(names[0])[1] for name, names in required.items()}
        if found != {"power9": {"power10", "power10-as-power9"}, "power10": {"power10"}, "power11": set()}:
            problems.append(f"Placement answers {found}")
        if api.ask("PUT", "/traits/POWER_COMPAT_POWER9")[0] != 400:
            problems.append("Placement takes a trait without CUSTOM_")
        broken = folder / "flavors.sh"
        broken.write_text(replaced(FLAVORS.read_text(encoding="utf-8"), "=required", "=wanted"), encoding="utf-8")
        refused = run("sh", broken, 9, env=environment)
        if refused.returncode == 0 or "wanted" not in refused.stderr:
            problems.append(f"Nova takes a property that means nothing: {told(refused)}")
    return problems


def main(program: str) -> int:
    program = str(Path(program).resolve())
    return run_checks(
        {
            "Nova loads the traits": partial(nova_loads_the_traits, program),
            "Placement finds the hosts for the flavors": partial(placement_finds_the_hosts, program),
        }
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
