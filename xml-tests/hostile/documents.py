# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hostile documents: each has a name, its bytes, and the expected result.

"refused" is a document that is not parsed; "invalid" and "valid" are verdicts of the built-in grammar. Large documents
are made when they are needed and are not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

MEBIBYTE = 1 << 20
LARGEST = 64 * MEBIBYTE



@dataclass
class Shape:
    """The parts of a kind of document: the text of <arch> is between the first two, the answer before the last.

    `word` is an arbitrary value of an attribute, in single quotes.
    """

    root: str
    before: str
    middle: str
    answer: str
    after: str
    word: str

    def around(self, content: str) -> str:
        return self.before + content + self.middle + self.answer + self.after

    @property
    def good(self) -> str:
        return self.around("ppc64le")


CAPABILITIES = Shape(
    "capabilities",
    "<capabilities><host><cpu><arch>",
    "</arch>",
    "<compat source='kvm'><mode name='power9' supported='yes'/>"
    "<mode name='power10' supported='no'/><mode name='power11' supported='no'/></compat>",
    "</cpu></host></capabilities>",
    "kvm",
)
COMPAT, BEFORE, MIDDLE, AFTER, GOOD = (
    CAPABILITIES.answer, CAPABILITIES.before, CAPABILITIES.middle, CAPABILITIES.after, CAPABILITIES.good
)  # fmt: skip


@dataclass
class Document:
    name: str
    make: Callable[[], bytes]
    expected: str


@dataclass
class Canaries:
    """What must not be accessed: a port on which the test listens, and a pipe without a writer."""

    port: int
    pipe: str
    secret: str


def text(name: str, content: str, expected: str) -> Document:
    return Document(name, lambda: content.encode("utf-8"), expected)


def in_text(name: str, content: str, expected: str, shape: Shape = CAPABILITIES) -> Document:
    return text(name, shape.around(content), expected)


def raw(name: str, content: bytes, expected: str) -> Document:
    return Document(name, lambda: content, expected)


def entities(canaries: Canaries, shape: Shape = CAPABILITIES) -> Iterator[Document]:
    good, start = shape.good, f"<!DOCTYPE {shape.root}"

    def doctype(name: str, declarations: str, use: str = "&e;", head: str = start) -> Document:
        return text(f"entity-{name}", f"{head} [{declarations}]>{shape.around(use)}", "refused")

    def inside(name: str, content: str, expected: str) -> Document:
        return in_text(name, content, expected, shape)

    levels = "".join(f"<!ENTITY e{i} '{f'&e{i - 1};' * 10}'>" for i in range(1, 30))
    yield doctype("billion-laughs", "<!ENTITY e0 'lol'>" + levels, "&e29;")
    yield doctype("quadratic", f"<!ENTITY e '{'x' * 100000}'>", "&e;" * 10000)
    yield doctype("itself", "<!ENTITY e '&e;'>")
    yield doctype("circle", "<!ENTITY e '&f;'><!ENTITY f '&e;'>")
    yield doctype("parameter-bomb", "<!ENTITY % a 'x'><!ENTITY % b '%a;%a;%a;'>%b;")
    yield doctype("in-attribute", "<!ENTITY e 'kvm'>", "</arch><compat source='&e;'/><arch>")
    yield doctype("default-attribute", "<!ATTLIST compat source CDATA 'kvm'>", "x")
    yield doctype("redefines-amp", "<!ENTITY amp '<compat/>'>", "&amp;")
    yield doctype("unused", "<!ENTITY e 'x'>", "ppc64le")
    yield doctype("long-name", f"<!ENTITY {'e' * MEBIBYTE} 'x'>", "x")
    targets = {
        "http": f"http://127.0.0.1:{canaries.port}/x",
        "ftp": f"ftp://127.0.0.1:{canaries.port}/x",
        "https": f"https://127.0.0.1:{canaries.port}/x",
        "file": f"file://{canaries.pipe}",
        "path": canaries.pipe,
        "secret": canaries.secret,
        "relative": "../../../../../../../../etc/passwd",
        "device": "/dev/zero",
        "self": "/proc/self/environ",
        "unc": f"//127.0.0.1:{canaries.port}/x",
        "compressed": f"{canaries.pipe}.gz",
        "data": "data:text/plain,x",
    }
    for name, target in targets.items():
        yield doctype(f"external-{name}", f"<!ENTITY e SYSTEM '{target}'>")
        yield doctype(f"parameter-{name}", f"<!ENTITY % e SYSTEM '{target}'>%e;", "x")
        yield doctype(f"subset-{name}", "", "x", f"{start} SYSTEM '{target}'")
    yield doctype("public", "", "x", f"{start} PUBLIC '-//X//EN' 'http://127.0.0.1:{canaries.port}/x'")
    yield doctype("notation", f"<!NOTATION n SYSTEM '{canaries.pipe}'><!ENTITY e SYSTEM '{canaries.pipe}' NDATA n>", "x")
    yield text("doctype-lower-case", start.lower() + ">" + good, "refused")
    yield text("doctype-after-a-comment", "<!-- -->" + start + ">" + good, "refused")
    yield text("doctype-at-the-end", good + start + ">", "refused")
    yield inside("doctype-inside", "<!DOCTYPE x>", "refused")
    yield inside("doctype-in-a-comment", "<!-- <!DOCTYPE x SYSTEM 'y'> -->", "valid")
    yield inside("doctype-in-cdata", "<![CDATA[<!DOCTYPE x>]]>", "valid")
    yield inside("entity-declaration-inside", "<!ENTITY e 'x'>", "refused")
    for name, reference in {
        "undefined": "&e;", "html": "&nbsp;", "zero": "&#0;", "surrogate": "&#xD800;", "too-large": "&#x110000;",
        "overflow": f"&#{'9' * 1000};", "negative": "&#-1;", "upper-x": "&#X41;", "no-end": "&amp", "empty": "&;",
        "space": "& amp;", "control": "&#1;", "not-a-character": "&#xFFFE;", "long": f"&{'a' * MEBIBYTE};",
    }.items():
        yield inside(f"reference-{name}", reference, "refused")
        yield text(f"reference-{name}-in-attribute", good.replace(f"'{shape.word}'", f"'{reference}'"), "refused")
    yield inside("reference-many-zeros", f"&#x{'0' * 10000}41;", "valid")


def encodings(shape: Shape = CAPABILITIES) -> Iterator[Document]:
    bad = [
        b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xc2", b"\xc3\x28", b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xe2\x82",
        b"\xe2\x28\xa1", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xef\xbf\xbe", b"\xef\xbf\xbf", b"\xf0\x80\x80\x80",
        b"\xf0\x8f\xbf\xbf", b"\xf0\x28\x8c\xbc", b"\xf0\x90\x28\xbc", b"\xf0\x9f\x98", b"\xf4\x90\x80\x80",
        b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80", b"\xfe", b"\xff", b"\xed\xa0\xbd\xed\xb8\x80",
    ]  # fmt: skip
    whole = shape.good
    good = whole.encode()
    for sequence in bad:
        name = sequence.hex()
        yield raw(f"utf8-{name}-in-text", good.replace(b"ppc64le", sequence), "refused")
        yield raw(f"utf8-{name}-in-attribute", good.replace(f"'{shape.word}'".encode(), b"'" + sequence + b"'"), "refused")
    for sequence in bad[:6]:
        yield raw(f"utf8-{sequence.hex()}-in-name", good.replace(b"arch", b"a" + sequence), "refused")
        yield raw(f"utf8-{sequence.hex()}-in-comment", b"<!-- " + sequence + b" -->" + good, "refused")
        yield raw(f"utf8-{sequence.hex()}-at-the-end", good + sequence, "refused")
    for control in (*range(0x00, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20)):
        yield raw(f"control-{control:02x}", good.replace(b"ppc64le", bytes([control])), "refused")
    for control in (0x7F, 0x80, 0x85, 0x9F):
        yield in_text(f"control-{control:02x}-allowed", chr(control), "valid", shape)
    for codec in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-7", "cp037"):
        declared = f"<?xml version='1.0' encoding='{codec}'?>"
        yield raw(f"encoding-{codec}", (declared + whole).encode(codec), "refused")
    for encoding in ("ISO-8859-1", "windows-1252", "Shift_JIS", "GB18030", "US-ASCII", "UTF-16", "UTF8", "", "x" * 100000):
        declared = f"<?xml version='1.0' encoding='{encoding}'?>"
        # Encodings that extend ASCII, so an ASCII document is valid in them.
        extends_ascii = encoding in ("ISO-8859-1", "windows-1252", "US-ASCII", "UTF8")
        yield text(f"encoding-declared-{encoding[:12]}", declared + whole, "valid" if extends_ascii else "refused")
        yield text(f"encoding-declared-{encoding[:12]}-not-ascii", declared + "<!-- \u00e9 -->" + whole, "valid" if encoding == "UTF8" else "refused")
    yield raw("encoding-mixed-halves", whole.encode() + whole.encode("utf-16"), "refused")
    yield raw("encoding-latin-1-in-utf-8", whole.replace("ppc64le", "größe").encode("latin-1"), "refused")
    yield raw("mark-twice", b"\xef\xbb\xbf\xef\xbb\xbf" + good, "refused")
    yield raw("mark-inside", good.replace(b"ppc64le", b"\xef\xbb\xbf"), "valid")
    yield raw("gzip", bytes.fromhex("1f8b08000000000000ffb3c9b0b3710000ffff"), "refused")
    yield raw("all-bytes", bytes(range(256)) * 4, "refused")


def repeated(name: str, unit: str, expected: str, count: int | None = None, wrap: tuple[str, str] | None = None) -> Document:
    """The unit repeated as often as requested, or until the document has the maximum size."""
    before, after = (part.encode() for part in (wrap or (BEFORE + MIDDLE, COMPAT + AFTER)))
    content = unit.encode()

    def make() -> bytes:
        times = count or (LARGEST - len(before) - len(after)) // len(content)
        return before + content * times + after

    return Document(name, make, expected)


def numbered(name: str, pattern: str, count: int, expected: str, wrap: tuple[str, str]) -> Document:
    return Document(
        name, lambda: (wrap[0] + "".join(pattern.replace("#", str(i)) for i in range(count)) + wrap[1]).encode(), expected
    )


def quantities() -> Iterator[Document]:
    inside = (BEFORE, MIDDLE + COMPAT + AFTER)
    beside = (BEFORE + MIDDLE, COMPAT + AFTER)
    compat = (f"{BEFORE}{MIDDLE}<compat source='kvm'>", "</compat>" + AFTER)
    nothing = ("", "")
    million = 1_000_000
    for depth in (255, 257, 10_000, million):
        name = f"depth-{depth}"
        yield text(name, "<x>" * depth + "</x>" * depth, "invalid" if depth < 256 else "refused")
    for unit in ("<x>", "<x a='", "<x ", "<!--", "<![CDATA[", "<?x ", "</x>", "<", "&", "&amp;", "]]>", "=", "'", "<a><b></a>", "<x:y>"):
        yield repeated(f"only-{unit.strip('<').encode().hex()}", unit, "refused", wrap=nothing)
    yield repeated("siblings-million", "<x/>", "valid", million)
    yield repeated("siblings-most", "<x/>", "valid", 4_999_000)
    # Valid, and the fast path accepts it. The tree would be too large.
    yield repeated("siblings-largest", "<x/>", "valid")
    # The fast path does not support namespaces, and libxml2 compares neighbouring elements and texts with each other.
    foreign = (BEFORE + MIDDLE + "<n:x xmlns:n='u'/>", COMPAT + AFTER)
    yield repeated("siblings-for-libxml2", "<x/>", "valid", 63_000, foreign)
    yield repeated("texts-between-siblings", "<y>" + "t<x/>" * 3_000 + "</y>", "valid", 430, foreign)
    yield repeated("siblings-with-text-million", "<x>t</x>", "valid", million)
    yield repeated("compats-million", "<compat/>", "invalid", million)
    yield repeated("compats-most", COMPAT, "invalid", 4_999_000 // 11)
    yield repeated("modes-million", "<mode name='power9' supported='yes'/>", "invalid", million, compat)
    yield repeated("modes-wrong-most", "<mode x='1'/>", "invalid", 2_400_000, compat)
    yield repeated("mode-of-elements", "<x/>", "invalid", million, (compat[0] + "<mode>", "</mode>" + compat[1]))
    yield repeated("hosts-million", "<host/>", "invalid", million, ("<capabilities>", "</capabilities>"))
    yield repeated("hosts-with-cpus", "<host><cpu><compat/></cpu></host>", "invalid", million, ("<capabilities>", "</capabilities>"))
    yield repeated("cpus-million", "<cpu/>", "invalid", million, ("<capabilities><host>", "</host></capabilities>"))
    yield repeated("comments-million", "<!---->", "valid", million)
    yield repeated("instructions-million", "<?x?>", "valid", million)
    yield repeated("cdata-million", "<![CDATA[x]]>", "valid", million, inside)
    yield repeated("comments-largest", "<!---->", "valid")
    yield repeated("deep-and-wide", "<x>" * 250 + "</x>" * 250, "valid", 15_000)
    yield repeated("attributes-of-many", "<x " + " ".join(f"a{i}=''" for i in range(250)) + "/>", "valid", 19_000)
    yield numbered("attributes-million", " a#=''", million, "refused", (BEFORE + MIDDLE + "<x", "/>" + AFTER))
    yield repeated("attribute-million-times", " a=''", "refused", million, (BEFORE + MIDDLE + "<x", "/>" + AFTER))
    yield numbered("namespaces-million", " xmlns:n#='u'", million, "refused", (BEFORE + MIDDLE + "<x", "/>" + AFTER))
    yield numbered("namespaces-by-depth", "<x xmlns:n#='u'>", 100, "refused", (BEFORE + MIDDLE, AFTER))
    prefixes = " ".join(f"xmlns:n{i}='u{i}'" for i in range(63))
    yield repeated("namespaces-searched", "<n0:x/>", "valid", million, (f"<capabilities {prefixes}><host><cpu>", AFTER))
    yield numbered("names-hundred-thousand", "<n#/>", 90_000, "valid", beside)
    yield numbered("names-million", "<n#/>", million, "refused", beside)
    yield numbered("names-of-attributes", "<x n#=''/>", million, "refused", beside)
    yield numbered("names-of-instructions", "<?n#?>", million, "refused", beside)
    yield repeated("text-largest", "x", "valid", wrap=inside)
    yield repeated("text-of-references", "&lt;", "valid", wrap=inside)
    yield repeated("text-too-large", "x", "refused", LARGEST, inside)
    yield repeated("white-space-largest", "\n", "valid")
    yield repeated("text-in-cpu-largest", "x", "invalid")
    yield repeated("lines-largest", "x\n", "valid", wrap=inside)
    yield repeated("attribute-largest", "x", "valid", wrap=(BEFORE + MIDDLE + "<x a='", "'/>" + COMPAT + AFTER))
    yield repeated("source-largest", "k", "invalid", wrap=(BEFORE + MIDDLE + "<compat source='", "'/>" + AFTER))
    yield repeated("name-largest", "x", "refused", wrap=(BEFORE + MIDDLE + "<", "/>" + COMPAT + AFTER))
    yield repeated("name-of-a-million", "x", "valid", million, (BEFORE + MIDDLE + "<", "/>" + COMPAT + AFTER))
    yield repeated("root-name-of-a-million", "x", "invalid", million, ("<", "/>"))
    yield repeated("comment-largest", "x", "valid", wrap=("<!--", "-->" + GOOD))
    yield repeated("cdata-largest", "]]", "valid", wrap=(BEFORE + "<![CDATA[", "x]]>" + MIDDLE + COMPAT + AFTER))
    yield repeated("comment-of-dashes", "- ", "valid", wrap=("<!-- ", "-->" + GOOD))
    yield repeated("instruction-largest", "?", "valid", wrap=("<?x ", " ?>" + GOOD))
    yield repeated("not-closed-after-much", "<x/>", "refused", million, (BEFORE + MIDDLE, ""))


def disguises(canaries: Canaries) -> Iterator[Document]:
    ours = GOOD.replace
    xinclude = "xmlns:xi='http://www.w3.org/2001/XInclude'"
    for name, href in {"http": f"http://127.0.0.1:{canaries.port}/", "pipe": canaries.pipe, "secret": canaries.secret}.items():
        yield in_text(f"xinclude-{name}", f"<xi:include {xinclude} href='{href}' parse='text'/>", "valid")
        yield text(f"xinclude-of-compat-{name}", ours(COMPAT, f"<compat source='kvm'><xi:include {xinclude} href='{href}'/></compat>"), "invalid")
        yield text(f"stylesheet-{name}", f"<?xml-stylesheet type='text/xsl' href='{href}'?>" + GOOD, "valid")
        yield text(f"model-{name}", f"<?xml-model href='{href}'?>" + GOOD, "valid")
        yield text(f"schema-location-{name}", ours("<capabilities>", f"<capabilities xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='u {href}' xsi:noNamespaceSchemaLocation='{href}'>"), "valid")
        yield text(f"base-{name}", ours("<host>", f"<host xml:base='{href}'>"), "valid")
        yield text(f"namespace-{name}", ours("<arch>", f"<arch xmlns:n='{href.replace('&', '')}'>"), "valid")
    yield text("namespace-default-on-root", ours("<capabilities>", "<capabilities xmlns='urn:x'>"), "invalid")
    yield text("namespace-default-on-cpu", ours("<cpu>", "<cpu xmlns='urn:x'>"), "valid")
    yield text("namespace-default-on-compat", ours("<compat ", "<compat xmlns='urn:x' "), "valid")
    yield text("namespace-default-on-mode", ours("<mode ", "<mode xmlns='urn:x' ", 1), "invalid")
    yield text("namespace-default-empty", ours("<capabilities>", "<capabilities xmlns=''>"), "valid")
    yield text("namespace-undone", ours("<host>", "<x xmlns='urn:x'><y xmlns=''/></x><host>"), "valid")
    yield text("namespace-prefix-on-compat", ours("<compat ", "<c:compat xmlns:c='urn:x' ").replace("</compat>", "</c:compat>"), "valid")
    yield text("namespace-prefixed-source", ours("source=", "c:source='pvr' xmlns:c='urn:x' source="), "invalid")
    yield text("namespace-prefixed-only-source", ours("source=", "xmlns:c='urn:x' c:source="), "invalid")
    yield text("namespace-xml-redeclared", ours("<host>", "<host xmlns:xml='urn:x'>"), "refused")
    yield text("namespace-xmlns-as-prefix", ours("<host>", "<xmlns:host/><host>"), "refused")
    yield text("namespace-twice-one-uri", ours("<host>", "<host xmlns:a='u' xmlns:b='u' a:x='' b:x=''>"), "refused")
    yield text("namespace-is-relaxng", ours("<arch>", "<r:start xmlns:r='http://relaxng.org/ns/structure/1.0'/><arch>"), "valid")
    yield text("look-alike-cyrillic", ours("compat", "соmpat"), "valid")
    yield text("look-alike-mode", ours("power9", "роwer9"), "invalid")
    yield text("zero-width-in-value", ours("'kvm'", "'k\u200bvm'"), "invalid")
    yield text("direction-turned", ours("'kvm'", "'\u202emvk'"), "invalid")
    yield text("terminal-in-value", ours("'kvm'", "'\u009b2Jkvm'"), "invalid")
    yield text("format-string", ours("'kvm'", "'%s%n%x{}{0}'"), "invalid")
    yield text("path-in-value", ours("'kvm'", "'../../../../etc/passwd'"), "invalid")
    yield text("path-in-name", ours("<arch>", "<../../etc/passwd/><arch>"), "refused")
    yield text("shell-in-value", ours("'kvm'", "'$(touch /tmp/x); `id`'"), "invalid")
    yield text("compat-in-comment", ours(COMPAT, f"<!-- {COMPAT} -->"), "valid")
    yield text("compat-in-cdata", ours(COMPAT, f"<x><![CDATA[{COMPAT}]]></x>"), "valid")
    yield text("compat-after-comment", ours(COMPAT, f"{COMPAT}<!-- <compat/> -->"), "valid")
    yield text("json", '{"virt-host-compat": {}}', "refused")
    yield text("html", "<!DOCTYPE html><html><body/></html>", "refused")
    yield text("xslt", "<x:stylesheet xmlns:x='http://www.w3.org/1999/XSL/Transform' version='1.0'/>", "invalid")


def truncated(shape: Shape = CAPABILITIES) -> Iterator[Document]:
    whole = shape.good.encode()
    for end in range(0, len(whole), 7):
        yield raw(f"truncated-{end}", whole[:end], "refused")


def every(canaries: Canaries) -> Iterator[Document]:
    yield from entities(canaries)
    yield from encodings()
    yield from disguises(canaries)
    yield from truncated()
    yield from quantities()
