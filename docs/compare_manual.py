#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the manual and the README with what the program says of itself, and records with their schema."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "xml-tests"))

import tap  # noqa: E402

OPTION = re.compile(r"^ *(?:-[a-zA-Z],)?(--[a-z][a-z-]*)", re.MULTILINE)


class Comparison:
    def __init__(self, program: str, root: Path) -> None:
        self.program = program
        self.root = root
        self.manual = (root / "docs/virt-host-compat.rst").read_text(encoding="utf-8")
        self.readme = (root / "README.md").read_text(encoding="utf-8")

    def output(self, *arguments: str) -> str:
        return subprocess.run([self.program, *arguments], capture_output=True, text=True, check=True).stdout

    def commands(self) -> list[str]:
        listed = self.output("--help").split("Subcommands:\n")[1].split("\n\n")[0]
        return [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and not line.startswith("   ")]

    def every_command_has_its_page(self) -> list[str]:
        pages = {path.stem for path in (self.root / "docs/commands").glob("*.rst")}
        included = set(re.findall(r"include:: commands/([a-z]+)\.rst", self.manual))
        commands = set(self.commands())
        return [f"{name}: commands {sorted(commands)}, there {sorted(have)}" for name, have in (("pages", pages), ("included", included)) if have != commands]

    def options_of(self, *command: str) -> set[str]:
        """The options of a command and of its own commands."""
        text = self.output(*command, "--help")
        options = set(OPTION.findall(text))
        if "Subcommands:\n" in text:
            for line in text.split("Subcommands:\n")[1].split("\n\n")[0].splitlines():
                if line.startswith("  ") and not line.startswith("   "):
                    options |= self.options_of(*command, line.split()[0])
        return options

    def options_agree(self) -> list[str]:
        problems = []
        for command in self.commands():
            page = (self.root / f"docs/commands/{command}.rst").read_text(encoding="utf-8")
            written = set(OPTION.findall(page))
            offered = self.options_of(command) - {"--help"}
            if written != offered:
                problems.append(f"{command}: only in the manual {sorted(written - offered)}, only in --help {sorted(offered - written)}")
        return problems

    def examples_use_what_is_offered(self) -> list[str]:
        lines = re.findall(r"^    +[$#] (.*)$", (self.root / "docs/examples.rst").read_text(encoding="utf-8"), re.MULTILINE)
        calls = [call for line in lines for call in re.findall(r"virt-host-compat ([a-z]+)([^|>']*)", line)]
        problems = [] if len(calls) >= len(lines) else ["an example does not call the program"]
        for command, rest in calls:
            unknown = set(re.findall(r"--[a-z][a-z-]*", rest)) - self.options_of(command) if command in self.commands() else {command}
            problems += [f"the example '{command}{rest}' has {name}, which the program does not offer" for name in sorted(unknown)]
        return problems

    def refusals_are_the_programs(self) -> list[str]:
        """Each sentence that the manual explains is one of the program's, in its source between two places that are filled in."""
        sources = [path.read_text(encoding="utf-8") for path in (self.root / "driver/policy").glob("*.cpp") if not path.stem.endswith("_test")]
        words = "".join(re.sub(r'"\s+"', "", source) for source in sources)
        quoted = re.findall(r'^"([^"]+)"$', (self.root / "docs/refusals.rst").read_text(encoding="utf-8"), re.MULTILINE)
        problems = [] if len(quoted) > 5 else ["no sentence was found"]
        return problems + [f"the program never says '{text}'" for text in quoted if text not in words]

    def unpinned_guests_are_as_told(self) -> list[str]:
        """The manual's table of guests without a pinned mode, beside the verdicts about the lab's recorded hosts."""
        page = (self.root / "docs/commands/check.rst").read_text(encoding="utf-8")
        table = page.split("partition                   nested API")[1].split("\n===")[1].split("\n", 1)[1]
        told: dict[tuple[str, str], set[str]] = {}
        for row in re.split(r"\n(?=P)", table):
            partition, api, text = (" ".join(row[start:end].strip() for row in row.splitlines()) for start, end in ((0, 28), (28, 39), (39, None)))
            verdict = text.rpartition(": ")[2].split(",")[0].strip()
            for one in api.strip().split(", "):
                told.setdefault((partition.strip(), one), set()).add(verdict)
        said: dict[tuple[str, str], set[str]] = {}
        for path in sorted((self.root / "xml-tests/records").glob("*.json")):
            host = json.loads(path.read_text(encoding="utf-8")).get("virt-host-compat", {}).get("host", {})
            mode = host.get("effective_mode")
            if not mode or not host["model"] or mode == host["model"].lower() or mode == "power8" or host["nested_api"] not in ("v1", "v2"):
                continue
            command = [self.program, "check", "--json", "--probe", str(path), str(self.root / "xml-tests/domains/no-cpu.xml")]
            answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
            partition = f"{host['model'].replace('POWER11', 'Power11')} in {mode} mode"
            said.setdefault((partition, host["nested_api"]), set()).add(answer["virt-host-compat"]["domains"][0]["verdict"])
        problems = [] if len(said) >= 6 else ["too few recorded hosts run in an older mode"]
        return problems + [f"{key}: the manual has {sorted(told.get(key, []))}, the program {sorted(said.get(key, []))}" for key in sorted(told | said) if told.get(key) != said.get(key)]

    def settings_of_the_module_agree(self) -> list[str]:
        """The keys that the module reads, those of the page, and those of the file that is installed; and the limits."""
        module = self.root / "driver/libvirt/module"
        source = (module / "config.cpp").read_text(encoding="utf-8")
        page = (self.root / "docs/module.conf.rst").read_text(encoding="utf-8")
        keys = re.findall(r'key == "(\w+)"', source)
        told = re.findall(r"^([a-z]+) = .*\n    ", page, re.MULTILINE)
        shipped = re.findall(r"^#([a-z]+) = ", (module / "module.conf").read_text(encoding="utf-8"), re.MULTILINE)
        problems = [] if keys and sorted(keys) == sorted(told) == sorted(shipped) else [f"the module reads {keys}, the page has {told}, the file {shipped}"]
        default = re.search(r"seconds interval\{(\d+)\}", (module / "config.hpp").read_text(encoding="utf-8"))
        longest = re.search(r"kLongestInterval = (\d+)", source)
        limits = f"1 to {longest and longest[1]}, {default and default[1]} by default"
        return problems if limits in " ".join(page.split()) else [*problems, f"the page lacks '{limits}'"]

    def readme_names_every_command(self) -> list[str]:
        rows = set(re.findall(r"^\| `([a-z]+)", self.readme, re.MULTILINE))
        missing = set(self.commands()) - rows
        return [f"the README's table lacks {sorted(missing)}"] if missing else []

    def modes_agree(self) -> list[str]:
        record = json.loads(self.output("show", "--json", "--probe", str(self.root / "xml-tests/records/power11.json")))
        modes = [mode["name"] for mode in record["virt-host-compat"]["compat"]["modes"]]
        listed = re.findall(r"^(power\d+)  +POWER\d+  +0x[0-9a-f]{8}  +(?:0x[0-9a-f]{16}|none)$", self.manual, re.MULTILINE)
        return [] if listed == modes else [f"the manual lists {listed}, the program {modes}"]

    def exit_statuses_agree(self) -> list[str]:
        said = set(re.findall(r"\b([0-5]) [a-z]", self.output("--help").split("Exit status:")[1]))
        written = set(re.findall(r"^([0-5])    ", self.manual, re.MULTILINE))
        return [] if said == written else [f"--help says {sorted(said)}, the manual {sorted(written)}"]

    def outputs_fit_their_schema(self) -> list[str]:
        """Every JSON output that a command-line case expects, by the schema of its command."""
        try:
            import jsonschema
        except ImportError:
            raise tap.Skipped("python3-jsonschema is not installed")
        problems, held = [], set()
        for path in sorted((self.root / "xml-tests/cli/golden").glob("*.stdout")):
            text = path.read_text(encoding="utf-8", errors="replace")
            if not text.startswith("{"):
                continue
            body = json.loads(text)
            if "virt-host-compat" not in body:
                continue
            keys = body["virt-host-compat"]
            marks = {"domains": "check", "explanation": "baseline", "comparison": "compare", "documents": "validate", "kinds": "survey", "compat": "host-record", "checks": "doctor"}
            name = next(schema for key, schema in marks.items() if key in keys)
            held.add(name)
            schema = json.loads((self.root / f"schema/{name}.schema.json").read_text(encoding="utf-8"))
            problems += [f"{path.name}: {error.message}" for error in jsonschema.Draft202012Validator(schema).iter_errors(body)]
            for key in keys:
                without = {"virt-host-compat": {other: value for other, value in keys.items() if other != key}}
                if key in schema["properties"]["virt-host-compat"]["required"] and jsonschema.Draft202012Validator(schema).is_valid(without):
                    problems.append(f"{name}.schema.json accepts an answer without {key}")
        lacking = {path.name.removesuffix(".schema.json") for path in (self.root / "schema").glob("*.schema.json")} - held
        return problems + [f"no case prints what {name}.schema.json describes" for name in sorted(lacking)]

    def records_fit_their_schema(self) -> list[str]:
        try:
            import jsonschema
        except ImportError:
            raise tap.Skipped("python3-jsonschema is not installed")
        schema = json.loads((self.root / "schema/host-record.schema.json").read_text(encoding="utf-8"))
        validator = jsonschema.Draft202012Validator(schema)
        problems = []
        for path in sorted(set((self.root / "xml-tests/records").glob("*.json")) - set((self.root / "xml-tests/records").glob("*.raw.json"))):
            printed = subprocess.run([self.program, "show", "--json", "--probe", str(path)], capture_output=True, text=True, check=False).stdout
            problems += [f"{path.name}: {error.message}" for error in validator.iter_errors(json.loads(printed))]
        broken = json.loads((self.root / "xml-tests/records/power11.json").read_text(encoding="utf-8"))
        broken["virt-host-compat"]["compat"]["source"] = None
        if validator.is_valid(broken):
            problems.append("the schema accepts a known answer without source")
        return problems


def main(program: str, root: str) -> int:
    comparison = Comparison(program, Path(root))
    checks: list[Callable[[], list[str]]] = [
        comparison.every_command_has_its_page,
        comparison.options_agree,
        comparison.examples_use_what_is_offered,
        comparison.refusals_are_the_programs,
        comparison.unpinned_guests_are_as_told,
        comparison.settings_of_the_module_agree,
        comparison.readme_names_every_command,
        comparison.modes_agree,
        comparison.exit_statuses_agree,
        comparison.records_fit_their_schema,
        comparison.outputs_fit_their_schema,
    ]
    return tap.run({check.__name__.replace("_", " "): check for check in checks})


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
