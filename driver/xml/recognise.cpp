// SPDX-License-Identifier: LGPL-2.1-or-later
// Recognises inputs that are not documents by their first bytes.
#include "driver/xml/recognise.hpp"

#include <algorithm>
#include <array>

namespace hostcompat::xml {

namespace {

using namespace std::string_view_literals;

/// The first bytes of a kind of input.
struct Beginning {
    std::string_view bytes;
    const char* reason;
    const char* remedy;
};

// RFC 1952; the file formats of xz, zstd and bzip2.
constexpr auto kCompressed = std::to_array<Beginning>({
    {"\x1f\x8b"sv, "it is compressed with gzip", "decompress it first (gzip -dc FILE)"},
    {"\xfd\x37zXZ\0"sv, "it is compressed with xz", "decompress it first (xz -dc FILE)"},
    {"\x28\xb5\x2f\xfd"sv, "it is compressed with zstd", "decompress it first (zstd -dc FILE)"},
    {"BZh"sv, "it is compressed with bzip2", "decompress it first (bzip2 -dc FILE)"},
});

constexpr auto kText = std::to_array<Beginning>({
    {"&lt;", "its tags are escaped for a web page (&lt; in place of <)", "write < and > instead"},
    {"\x1b[", "it contains terminal colour codes", "write it without colours"},
    {"error:", "it begins with an error message of virsh, not with a document",
     "solve that error, and write the document again"},
    {"virsh #", "it begins with a prompt of virsh", "remove everything but the document"},
    {"$ ", "it begins with a prompt of a shell", "remove everything but the document"},
    {"# ", "it begins with a prompt of a shell", "remove everything but the document"},
    {"[root@", "it begins with a prompt of a shell", "remove everything but the document"},
    {"root@", "it begins with a prompt of a shell", "remove everything but the document"},
    // "<?xm", "<dom", "<cap" and "<cpu" in base64.
    {"PD94b", "it is base64", "decode it first (base64 -d FILE)"},
    {"PGRvb", "it is base64", "decode it first (base64 -d FILE)"},
    {"PGNhc", "it is base64", "decode it first (base64 -d FILE)"},
    {"PGNwd", "it is base64", "decode it first (base64 -d FILE)"},
});

const Beginning* find(std::string_view bytes, const auto& table) {
    const auto found = std::ranges::find_if(
        table, [&](const Beginning& each) { return bytes.starts_with(each.bytes); });
    return found == table.end() ? nullptr : &*found;
}

/// Whether the text contains "ESC [ 32 m" or the like (ECMA-48: Select Graphic Rendition).
bool hasColours(std::string_view text) {
    for (std::size_t at = text.find("\x1b["); at != std::string_view::npos;
         at = text.find("\x1b[", at + 1)) {
        const std::size_t end = text.find_first_not_of("0123456789;", at + 2);
        if (end != std::string_view::npos && text[end] == 'm')
            return true;
    }
    return false;
}

/// Whether there is a NUL between the end of one element and the beginning of the next.
bool isDividedByNul(std::string_view text) {
    constexpr auto blank = "\0 \t\r\n"sv;
    const std::size_t nul = text.find('\0');
    if (nul == std::string_view::npos || nul < 4)
        return false;
    const std::size_t before = text.find_last_not_of(blank, nul);
    const std::string_view behind =
        text.substr(std::min(text.find_first_not_of(blank, nul), text.size()));
    return before != std::string_view::npos && text[before] == '>' && behind.starts_with('<') &&
           !behind.starts_with("</");
}

} // namespace

std::optional<Recognised> recognise(std::string_view bytes) {
    if (const Beginning* kind = find(bytes, kCompressed))
        return Recognised{kind->reason, kind->remedy};
    const std::size_t first = bytes.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos)
        return std::nullopt;
    const std::string_view text = bytes.substr(first);
    if (const Beginning* kind = find(text, kText))
        return Recognised{kind->reason, kind->remedy};
    if (text.starts_with('{')) {
        if (text.find("\"virt-host-compat\"") != std::string_view::npos)
            return Recognised{"it is a record or another JSON output of virt-host-compat, not an "
                              "XML document",
                              "give a record with --probe or --host"};
        return Recognised{"it is JSON, not XML", ""};
    }
    if (text.starts_with('<') && hasColours(text))
        return Recognised{"it contains terminal colour codes", "write it without colours"};
    if (isDividedByNul(text))
        return Recognised{"its documents are separated by NUL bytes",
                          "separate them by line breaks"};
    return std::nullopt;
}

} // namespace hostcompat::xml
