# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hostile domain capabilities: each with the grammar's verdict, and with the expected result of completing it.

The expected bytes are made here from the same parts as the document, without the tested program. Its host is a POWER10
in power9 mode: POWER10 runs without a pinned mode, POWER9 does not, and power9 can be pinned.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hostile import documents
from hostile.documents import LARGEST, Canaries, Document, Shape

MODES = "<enum name='compat'><value>power9</value></enum>"
ROOT = "<domainCapabilities><domain>kvm</domain><machine>pseries</machine><arch>"
CLOSE = "</cpu></domainCapabilities>"
# The full test of the large documents takes a quarter of an hour; HOSTILE_WHOLE=1 requests it.
SHARE = 1 if os.environ.get("HOSTILE_WHOLE") else 16
MILLION = 1_000_000 // SHARE
MOST = LARGEST // SHARE

# Already completed, so that the program leaves the bytes unchanged.
SHAPE = Shape(
    "domainCapabilities",
    ROOT,
    "</arch><cpu><mode name='host-model' supported='yes'><model fallback='allow'>POWER10</model>",
    MODES,
    "</mode><mode name='custom' supported='yes'><model usable='no' vendor='IBM'>POWER9</model>"
    "<model usable='yes' vendor=\"IBM\">POWER10</model></mode>" + CLOSE,
    "IBM",
)


@dataclass
class Completed(Document):
    """A document, and its expected bytes after completion; None if the program must refuse it."""

    completed: Callable[[], bytes] | None


@dataclass
class Words:
    """What the answer changes: the values of usable for POWER9 and POWER10, and the modes."""

    power9: str
    power10: str
    modes: str


BEFORE = Words("unknown", "unknown", "")
AFTER = Words("no", "yes", MODES)


def changed(name: str, build: Callable[[Words], str], expected: str = "valid") -> Completed:
    return Completed(name, lambda: build(BEFORE).encode(), expected, lambda: build(AFTER).encode())


def kept(name: str, content: str, expected: str = "valid") -> Completed:
    return Completed(name, lambda: content.encode(), expected, lambda: content.encode())


def refused(name: str, content: Callable[[], str] | str, expected: str = "valid") -> Completed:
    """A document that the command must refuse, whatever the grammar's verdict is."""
    return Completed(name, lambda: (content if isinstance(content, str) else content()).encode(), expected, None)


def document(modes: str, arch: str = "ppc64le") -> str:
    return f"{ROOT}{arch}</arch><cpu>{modes}{CLOSE}"


def host_model(content: str) -> str:
    return f"<mode name='host-model' supported='yes'>{content}</mode>"


def custom(content: str) -> str:
    return f"<mode name='custom' supported='yes'>{content}</mode>"


def as_for_the_host(canaries: Canaries) -> Iterator[Document]:
    """Entities, encodings and truncated documents, as for host capabilities."""
    for made in (documents.entities(canaries, SHAPE), documents.encodings(SHAPE), documents.truncated(SHAPE)):
        for one in made:
            yield Completed(one.name, one.make, one.expected, None if one.expected == "refused" else one.make)


def disguises(canaries: Canaries) -> Iterator[Document]:
    def models(words: Words) -> str:
        return f"<model usable='{words.power9}'>POWER9</model><model usable='{words.power10}'>POWER10</model>"

    real = "<mode name='host-model' supported='yes'>"
    yield changed("plain", lambda words: document(host_model(words.modes) + custom(models(words))))
    yield changed("custom-first", lambda words: document(custom(models(words)) + host_model(words.modes)))
    # If two modes have the same name, or an element that describes the machine occurs twice, it is not clear which one
    # is meant.
    yield refused("cpu-twice", f"{ROOT}ppc64le</arch><cpu/><cpu>{host_model('')}{CLOSE}", "invalid")
    yield refused("host-model-twice", document(host_model("") * 2))
    yield refused("host-model-twice-one-unsupported", document("<mode name='host-model' supported='no'/>" + host_model("")))
    yield refused("custom-twice", document(custom("") * 2))
    yield refused("arch-twice", document(host_model("")).replace("<arch>", "<arch>x86_64</arch><arch>"))
    yield refused("domain-twice", document(host_model("")).replace("<domain>", "<domain>qemu</domain><domain>"))
    yield refused("machine-twice", document(host_model("")).replace("<machine>", "<machine>q35</machine><machine>"))
    yield changed("cpu-beside-one-of-a-namespace", lambda words: document(host_model(words.modes)).replace("<cpu>", f"<cpu xmlns='urn:x'>{host_model('')}</cpu><cpu>"))
    yield changed("arch-beside-one-of-a-namespace", lambda words: document(host_model(words.modes)).replace("<arch>", "<arch xmlns='urn:x'>x86_64</arch><arch>"))
    yield refused("root-in-a-namespace", document(host_model("")).replace("<domainCapabilities>", "<domainCapabilities xmlns='urn:x'>"), "invalid")
    yield kept("cpu-in-a-namespace", document(host_model("") + custom(models(BEFORE))).replace("<cpu>", "<cpu xmlns='urn:x'>"))
    yield kept("modes-in-a-namespace", document(host_model("").replace("<mode ", "<mode xmlns='urn:x' ")))
    yield kept("modes-with-a-prefix", document(host_model("") + custom(models(BEFORE))).replace("<mode ", "<x:mode ").replace("</mode>", "</x:mode>").replace("<cpu>", "<cpu xmlns:x='urn:x'>"))
    yield changed("model-in-a-namespace", lambda words: document(host_model(words.modes) + custom("<model xmlns='urn:x' usable='unknown'>POWER9</model>" + models(words))))
    yield changed("answer-in-a-namespace", lambda words: document(host_model("<enum xmlns='urn:x' name='compat'><value>power8</value></enum>" + words.modes)))
    yield changed("answer-with-a-prefix", lambda words: document(host_model("<x:enum xmlns:x='urn:x' name='compat'/>" + words.modes)))
    # Text that only looks like a tag.
    for name, around in {"comment": "<!-- {} -->", "cdata": "<x><![CDATA[{}]]></x>", "instruction": "<?x {} ?>"}.items():
        decoy = around.format(host_model("") + custom(models(BEFORE)) + "</mode></cpu>")
        yield changed(f"decoy-before-in-{name}", lambda words, decoy=decoy: document(decoy + host_model(words.modes) + custom(models(words))))
        yield changed(f"decoy-behind-in-{name}", lambda words, decoy=decoy: document(host_model(words.modes) + custom(models(words)) + decoy))
        yield changed(f"decoy-inside-{name}", lambda words, decoy=decoy: document(host_model(decoy + words.modes) + custom(decoy + models(words) + decoy)))
        yield changed(f"answer-in-{name}", lambda words, around=around: document(host_model(around.format(MODES) + words.modes)))
        yield changed(f"cpu-behind-in-{name}", lambda words, decoy=decoy: document(host_model(words.modes)).replace("<cpu>", decoy.replace("</mode></cpu>", "<cpu></cpu>") + "<cpu>"))
    for name, ending in {"comment": "<!---->", "instruction": "<?x?>"}.items():
        yield changed(f"answer-behind-{name}", lambda words, ending=ending: document(host_model("<model>POWER10</model>" + ending + words.modes)))
    for name, ending in {"text": "text", "cdata": "<![CDATA[ x ]]>", "reference": "&lt;"}.items():
        yield changed(f"answer-behind-{name}", lambda words, ending=ending: document(host_model("<model>POWER10</model>" + ending + words.modes)), "invalid")
    yield changed("answer-in-a-child", lambda words: document(host_model(f"<x>{MODES}</x>" + words.modes)))
    yield changed("older-answers", lambda words: document(host_model((words.modes or "<enum name='compat'/><enum name='compat'><value>power11</value></enum>"))), "invalid")
    yield changed("older-answer-with-comments", lambda words: document(host_model(words.modes or "<enum name='compat'><!-- </enum> --><value>power11</value><?x </enum>?></enum>")))
    yield changed("answer-by-reference", lambda words: document(host_model(words.modes or "<enum name='c&#111;mpat'><value>power11</value></enum>")))
    yield changed("answer-of-another-name", lambda words: document(host_model("<enum name='compatible'><value>power11</value></enum>" + words.modes)))
    yield changed("host-model-empty", lambda words: document("<mode name='host-model' supported='yes'" + (f">{words.modes}</mode>" if words.modes else "/>")))
    yield changed("host-model-empty-and-a-slash", lambda words: document("<mode name='host-model' supported='yes'" + (f">{words.modes}</mode>" if words.modes else "/>") + "<x/>"))
    yield changed("slash-behind-an-empty-host-model", lambda words: document("<mode name='host-model' supported='yes'" + (f">{words.modes}</mode>" if words.modes else "/>") + "/ />"), "invalid")
    yield changed("space-in-an-empty-host-model", lambda words: document("<mode name='host-model' supported='yes' \n" + (f">{words.modes}</mode>" if words.modes else "/>")))
    yield changed("greater-in-an-attribute", lambda words: document(f"<mode name='host-model' supported='yes' a='>/>'>{words.modes}</mode>" + custom(f"<model a='>' usable='{words.power9}' b=\"'>\">POWER9</model>")))
    yield changed("slash-at-the-end-of-a-tag", lambda words: document(host_model(words.modes) + custom(f"<model usable='{words.power9}' a='/'>POWER9</model>")))
    yield changed("end-tag-with-space", lambda words: document(real + words.modes + "</mode \n>" + custom(models(words))))
    # The attribute, and similar ones.
    for name, attributes in {
        "double-quotes": 'usable="{}"', "spaces": "usable \t= '{}'", "line-break": "usable\n=\n'{}'", "last": "vendor='usable' usable='{}'",
        "first": "usable='{}' vendor=''", "longer-name": "xusable='unknown' usablex='unknown' usable='{}'", "prefixed": "xmlns:x='u' x:usable='unknown' usable='{}'",
        "value-like-it": "a=\"usable='unknown'\" usable='{}'", "non-ascii-name": "größe='unknown' usable='{}'",
    }.items():  # fmt: skip
        yield changed(f"attribute-{name}", lambda words, attributes=attributes: document(host_model(words.modes) + custom(f"<model {attributes.format(words.power9)}>POWER9</model>")))
    yield changed("attribute-by-reference", lambda words: document(host_model(words.modes) + custom(f"<model usable='{words.power9 if words.modes else '&#117;nknown'}'>POWER9</model>")))
    for word in ("perhaps", "", "YES", " unknown", "unknown ", "%s%n", "\u202eon", "\u0443es"):
        yield changed(f"usable-{word.encode().hex()}", lambda words, word=word: document(host_model(words.modes) + custom(f"<model usable='{word}'>POWER9</model>" + models(words))))
    for name, model in {
        "cdata": "<![CDATA[POWER9]]>", "reference": "P&#79;WER9", "comment": "POW<!-- 8 -->ER9", "instruction": "POWER<?x 8?>9", "space": "\n POWER9\t", "two-texts": "POWER<![CDATA[9]]>",
    }.items():  # fmt: skip
        yield changed(f"model-as-{name}", lambda words, model=model: document(host_model(words.modes) + custom(f"<model usable='{words.power9}'>{model}</model>")))
    for name, model in {"lower-case": "power9", "unknown": "m68040", "element": "<x>POWER9</x>", "format": "%s%n{}{0}", "turned": "\u202eREWOP9", "path": "../../etc/passwd"}.items():
        # If libvirt maps a name to no QEMU CPU, no guest can have it: usable is "no" or unchanged, but never "yes".
        yield Never(f"model-{name}", document(host_model("") + custom(f"<model usable='unknown'>{model}</model>")))
    # Layouts.
    for name, end in {"line-feeds": "\n", "carriage-returns": "\r\n"}.items():
        def laid_out(words: Words, end: str = end) -> str:
            modes = f"      <enum name='compat'>{end}        <value>power9</value>{end}      </enum>{end}" if words.modes else ""
            return document(f"{end}    {real}{end}      <model>POWER10</model>{end}{modes}    </mode>{end}    {custom(models(words))}{end}  ")
        yield changed(f"layout-{name}", laid_out)
    yield changed("mark", lambda words: "\ufeff<?xml version='1.0' encoding='utf-8'?>\n" + document(host_model(words.modes) + custom(models(words))))
    yield changed("behind-the-root", lambda words: document(host_model(words.modes) + custom(models(words))) + "<!-- </domainCapabilities> --><?x?>\n\n")
    # Machines that have no modes.
    for arch in ("x86_64", "ppc64LE", "ppc", "", "ppc64le\u200b", "<x>ppc64le</x>"):
        yield kept(f"arch-{arch.encode().hex()}", document(host_model("") + custom(models(BEFORE)), arch))
    for name, (element, value) in {"domain-qemu": ("domain", "qemu"), "domain-upper": ("domain", "KVM"), "machine-q35": ("machine", "q35"), "machine-powernv": ("machine", "powernv9")}.items():
        was = {"domain": "kvm", "machine": "pseries"}[element]
        yield kept(name, document(host_model("") + custom(models(BEFORE))).replace(f"<{element}>{was}<", f"<{element}>{value}<"))
    xinclude = "xmlns:xi='http://www.w3.org/2001/XInclude'"
    for name, href in {"http": f"http://127.0.0.1:{canaries.port}/", "pipe": canaries.pipe, "secret": canaries.secret}.items():
        yield changed(f"xinclude-{name}", lambda words, href=href: document(host_model(f"<xi:include {xinclude} href='{href}' parse='text'/>" + words.modes)))
        yield kept(f"xinclude-for-the-arch-{name}", document(host_model(""), f"<xi:include {xinclude} href='{href}' parse='text'/>"))
        yield changed(f"stylesheet-{name}", lambda words, href=href: f"<?xml-stylesheet type='text/xsl' href='{href}'?>" + document(host_model(words.modes)))
        yield changed(f"schema-location-{name}", lambda words, href=href: document(host_model(words.modes)).replace("<cpu>", f"<cpu xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:noNamespaceSchemaLocation='{href}'>"))
    yield refused("host-capabilities", documents.GOOD)
    yield refused("domain", "<domain type='kvm'><name>x</name></domain>", "invalid")
    yield refused("no-root", "", "refused")


class Never(Completed):
    """A document with one model, which must not be called usable."""

    def __init__(self, name: str, content: str) -> None:
        super().__init__(name, content.encode, "valid", content.encode)


def quantities() -> Iterator[Document]:
    def many(name: str, unit: Callable[[Words], str], around: Callable[[str, Words], str], count: int | None = None, expected: str = "valid") -> Completed:
        """The unit repeated as often as requested, or until the document almost has the maximum size."""
        size = len(unit(BEFORE).encode())
        times = count or (MOST - 4096) // size
        return changed(name, lambda words: around(unit(words) * times, words), expected)

    def models_of(content: str, words: Words) -> str:
        return document(host_model(words.modes) + custom(content))

    def beside_modes(content: str, words: Words) -> str:
        return document(host_model(content + words.modes))

    def beside_cpu(content: str, words: Words) -> str:
        return document(host_model(words.modes)).replace("<cpu>", content + "<cpu>")

    yield many("models-million", lambda words: f"<model usable='{words.power9}'>POWER9</model>", models_of, MILLION)
    yield many("models-largest", lambda words: f"<model usable='{words.power10}'>POWER10</model>", models_of)
    # The fast path leaves documents with CDATA to libxml2, whose time grows with the square of the number of elements
    # here.
    yield many("models-in-two-texts", lambda words: f"<model usable='{words.power9}'>POWER<![CDATA[9]]></model>", models_of, 10_000)
    yield many("models-without-usable", lambda words: "<model>POWER9</model>", models_of, 2 * MILLION)
    yield many("models-of-no-known-word", lambda words: "<model usable='x'>POWER9</model>", models_of, MILLION)
    numbered = "".join(f"<model usable='no'>m{number}</model>" for number in range(MILLION))
    yield changed("models-of-a-million-names", lambda words: models_of(numbered, words))
    yield many("elements-beside-modes", lambda words: "<x/>", beside_modes, 4 * MILLION)
    yield many("elements-of-modes", lambda words: "<model>POWER10</model>", beside_modes, 2 * MILLION)
    yield many("deep-beside-modes", lambda words: "<x>" * 250 + "</x>" * 250, beside_modes, 15_000 // SHARE)
    yield many("comments-beside-modes", lambda words: "<!---->", beside_modes, 4 * MILLION)
    yield many("instructions-beside-modes", lambda words: "<?x?>", beside_modes, 4 * MILLION)
    yield many("cdata-beside-modes", lambda words: "<![CDATA[x]]>", beside_modes, MILLION, "invalid")
    yield many("texts-beside-modes", lambda words: "t<x/>", beside_modes, 2 * MILLION, "invalid")
    yield many("enums-beside-modes", lambda words: "<enum name='x'/>", beside_modes, 2 * MILLION)
    yield many("enums-of-nearly-the-name", lambda words: "<enum name='compa'/>", beside_modes, MILLION)
    yield many("enums-for-libxml2", lambda words: "<enum name='compat1'/>", lambda content, words: beside_modes("<n:x xmlns:n='u'/>" + content, words), 60_000 // SHARE)
    yield many("elements-of-cpu", lambda words: "<x/>", lambda content, words: document(content + host_model(words.modes)), 4 * MILLION)
    yield many("modes-of-cpu", lambda words: "<mode name='x'/>", lambda content, words: document(content + host_model(words.modes)), 2 * MILLION)
    yield many("modes-with-elements", lambda words: "<mode name='x'><enum name='y'/><x/></mode>", lambda content, words: document(content + host_model(words.modes)), 500_000 // SHARE)
    yield many("modes-for-libxml2", lambda words: "<mode name='x'><x/></mode>", lambda content, words: document("<n:x xmlns:n='u'/>" + content + host_model(words.modes)), 30_000 // SHARE)
    yield many("elements-beside-cpu", lambda words: "<x/>", beside_cpu, 4 * MILLION)
    yield many("namespaced-cpus", lambda words: "<cpu xmlns='u'/>", beside_cpu, 2 * MILLION)
    # Old answers are removed, the new one is kept.
    for name, old, count in (("answers-million", "<enum name='compat'/>", MILLION), ("answers-with-modes", "<enum name='compat'><value>power9</value></enum>", MILLION)):
        yield changed(name, lambda words, old=old, count=count: document(host_model(words.modes or old * count)), "invalid")
    yield changed("answer-of-many-modes", lambda words: document(host_model(words.modes or "<enum name='compat'>" + "<value>power9</value>" * 2 * MILLION + "</enum>")), "invalid")
    yield changed("answers-of-white-space", lambda words: document(host_model(words.modes or "<model/>" + ("<enum name='compat'/>" + " " * 1000) * (60_000 // SHARE) + "<enum name='compat'/>")).replace(host_model(MODES), host_model("<model/>" + MODES)), "invalid")
    # Two elements of a kind at a large distance, or a million of them.
    yield refused("cpus-million", lambda: f"{ROOT}ppc64le</arch>" + "<cpu/>" * MILLION + "</domainCapabilities>", "invalid")
    yield refused("host-models-million", lambda: document(host_model("") * MILLION))
    yield refused("host-models-with-modes", lambda: document(host_model(MODES) * (500_000 // SHARE)))
    yield refused("customs-million", lambda: document(custom("") * MILLION))
    yield refused("archs-million", lambda: document("").replace("<arch>", "<arch/>" * MILLION + "<arch>"))
    # Long texts.
    most = MOST - 4096
    for name, unit in {"spaces": " ", "line-feeds": "\n", "carriage-returns": "\r\n", "tabs": "\t"}.items():
        yield changed(f"white-space-of-{name}", lambda words, unit=unit: document(host_model("<model/>" + words.modes + unit * (most // len(unit)))))
    yield Grown("indentation-largest", lambda: document("\n" + "<mode name='host-model' supported='yes'>\n" + " " * most + "<model/>\n</mode>"))
    yield Grown("indentation-of-host-model", lambda: document("\n" + " " * most + "<mode name='host-model' supported='yes'></mode>"))
    yield Grown("indentation-of-both", lambda: document("\n" + " " * (most // 2) + "<mode name='host-model' supported='yes'>\n" + " " * (most // 2) + "<model/></mode>"))
    yield changed("model-largest", lambda words: document(host_model(words.modes) + custom(f"<model usable='no'>{'x' * most}</model>")))
    yield changed("model-of-references", lambda words: document(host_model(words.modes) + custom(f"<model usable='no'>{'&lt;' * (most // 4)}</model>")))
    yield changed("usable-largest", lambda words: document(host_model(words.modes) + custom(f"<model usable='{'u' * most}'>POWER9</model>")))
    yield changed("attribute-largest", lambda words: document(host_model(words.modes) + custom(f"<model a='{'>' * most}' usable='{words.power9}'>POWER9</model>")))
    yield changed("attribute-of-quotes", lambda words: document(host_model(words.modes) + custom(f"<model a=\"{chr(39) * most}\" usable='{words.power9}'>POWER9</model>")))
    yield changed("name-of-an-enum-largest", lambda words: document(host_model(f"<enum name='compat{'t' * most}'/>" + words.modes)))
    yield changed("name-of-a-mode-largest", lambda words: document(f"<mode name='{'x' * most}'/>" + host_model(words.modes)))
    yield changed("comment-largest", lambda words: document(host_model("<!--" + "- " * (most // 2) + "-->" + words.modes)))
    yield changed("cdata-largest", lambda words: document(host_model("<x><![CDATA[" + "]]" * (most // 2) + "x]]></x>" + words.modes)))
    yield changed("comment-before-the-root", lambda words: "<!--" + "<cpu>" * (most // 5) + "-->" + document(host_model(words.modes)))
    yield kept("arch-largest", document("", "x" * most))
    yield changed("attributes-most", lambda words: document(host_model(words.modes) + custom("<model " + " ".join(f"a{i}=''" for i in range(255)) + f" usable='{words.power9}'>POWER9</model>")))
    many_attributes = " ".join(f"a{i}=''" for i in range(240))
    yield many("attributes-of-many-models", lambda words: f"<model {many_attributes} usable='{words.power9}'>POWER9</model>", models_of, 19_000 // SHARE)
    yield refused("attributes-too-many", lambda: document(custom("<model " + " ".join(f"a{i}=''" for i in range(MILLION)) + ">POWER9</model>")), "refused")
    yield refused("usable-twice", document(custom("<model usable='unknown' usable='no'>POWER9</model>")), "refused")
    yield refused("usable-million-times", lambda: document(custom("<model" + " usable='no'" * MILLION + ">POWER9</model>")), "refused")
    for depth, verdict in ((250, "valid"), (257, "refused"), (MILLION, "refused")):
        content = "<x>" * depth + "</x>" * depth
        if verdict == "valid":
            yield changed(f"depth-{depth}", lambda words, content=content: document(host_model(content + words.modes)))
        else:
            yield refused(f"depth-{depth}", document(host_model(content)), verdict)
    for unit in ("<mode name='host-model'>", "<enum name='compat'>", "<model usable='", "<cpu>", "</mode>"):
        yield refused(f"only-{unit.encode().hex()}", lambda unit=unit: ROOT + "ppc64le</arch><cpu>" + unit * (most // len(unit)), "refused")
    yield refused("not-closed-after-much", lambda: document(host_model("<x/>" * MILLION))[:-1], "refused")
    yield refused("too-large", lambda: document(host_model("<model>" + "x" * LARGEST + "</model>")), "refused")


class Grown(Completed):
    """A document with white space longer than the largest indentation. It must not be repeated."""

    def __init__(self, name: str, content: Callable[[], str]) -> None:
        super().__init__(name, lambda: content().encode(), "valid", lambda: content().encode())


def every(canaries: Canaries) -> Iterator[Document]:
    yield from as_for_the_host(canaries)
    yield from disguises(canaries)
    yield from quantities()
