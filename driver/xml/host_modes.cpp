// SPDX-License-Identifier: LGPL-2.1-or-later
// Scans plain documents in one pass, splits inputs that contain several documents, and leaves all
// other documents to CapabilitiesDocument.
#include "driver/xml/host_modes.hpp"

#include "driver/text/utf8.hpp"
#include "driver/xml/capabilities.hpp"
#include "driver/xml/domain.hpp"
#include "driver/xml/scanner.hpp"
#include "driver/xml/several.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hostcompat::xml {

namespace {

constexpr std::array<std::string_view, 5> kPath = {"capabilities", "host", "cpu", "compat", "mode"};
constexpr std::size_t kCpu = 2;
constexpr std::size_t kCompat = 3;
constexpr std::size_t kMode = 4;

/// Follows kPath through a document, from <capabilities> or from <cpu>. Anything unusual stops the
/// scan, so that CapabilitiesDocument decides.
class ModesHandler {
public:
    bool startElement(std::string_view name, std::size_t) {
        // An element within <arch> or <model> divides its text.
        if (text_ != nullptr)
            return false;
        if (depth_ == 0) {
            first_ = name == kPath[0] ? 0 : kCpu;
            if (name != kPath[first_])
                return false;
        }
        const std::size_t level = first_ + depth_;
        if (matched_ == depth_ && level < kPath.size() && name == kPath[level]) {
            ++matched_;
            // A second <host>, <cpu> or <compat> is an error, which CapabilitiesDocument reports.
            if (level != kMode && ++seen_[level] > 1)
                return false;
        }
        ++depth_;
        text_ = matched_ == depth_ - 1 && first_ + matched_ == kCpu + 1 ? name == "arch" ? &arch_
                                                                          : name == "model"
                                                                              ? &model_
                                                                              : nullptr
                                                                        : nullptr;
        return true;
    }
    /// The text of <arch> and <model> in <cpu>. Anything else than one run of text is left to
    /// CapabilitiesDocument.
    bool text(std::string_view text) {
        if (text_ != nullptr) {
            if (!text_->empty())
                return false;
            *text_ = text;
        }
        return true;
    }
    bool attribute(std::string_view name, std::string_view value) {
        if (matched_ != depth_)
            return true;
        if (level() == kCompat && name == "source")
            source_ = value;
        if (level() != kMode)
            return true;
        if (name == "name")
            mode_ = value;
        else if (name == "supported")
            answer_ = value;
        return true;
    }
    bool startTagEnd(std::size_t, bool) {
        if (matched_ != depth_)
            return true;
        if (level() == kCompat)
            return model::isSourceWord(source_);
        if (level() != kMode)
            return true;
        const bool plain = !mode_.empty() && (answer_ == "yes" || answer_ == "no");
        const auto number = model::modeNumber(mode_);
        const bool twice = number && (supported_ | refused_).contains(*number);
        if (number)
            (answer_ == "yes" ? supported_ : refused_).insert(*number);
        mode_ = answer_ = {};
        return plain && !twice;
    }
    bool endElement(std::string_view, std::size_t, std::size_t) {
        --depth_;
        text_ = nullptr;
        matched_ = std::min(matched_, depth_);
        return true;
    }

    /// Whether the document has the path down to <cpu>.
    bool hasCpu() const {
        return seen_[kCpu] == 1;
    }
    /// Whether the modes belong to a POWER host, and none is newer than its processor.
    bool isPlausible() const {
        const unsigned generation = model::generationOfCpuModel(trimmed(model_));
        return (arch_.empty() || isPowerArch(trimmed(arch_))) &&
               (generation == 0 || supported_.newest() <= generation);
    }
    HostModes modes() const {
        HostModes modes;
        if (seen_[kCompat] != 1)
            return modes;
        modes.refused = refused_;
        modes.doubtful = !model::isBelieved(source_);
        if (!modes.doubtful)
            modes.supported = supported_;
        else if (!refused_.empty())
            modes.supported = model::ModeSet();
        return modes;
    }

private:
    static std::string_view trimmed(std::string_view text) {
        constexpr std::string_view blank = " \t\r\n";
        const std::size_t begin = std::min(text.find_first_not_of(blank), text.size());
        return text.substr(begin, text.find_last_not_of(blank) + 1 - begin);
    }
    std::size_t level() const {
        return first_ + depth_ - 1;
    }

    std::size_t first_ = 0;   ///< index of the root in kPath
    std::size_t depth_ = 0;   ///< open elements
    std::size_t matched_ = 0; ///< how many of them, from the root, are on the path
    std::array<unsigned, kPath.size()> seen_{};
    std::string_view* text_ = nullptr; ///< where the text of the open element goes
    std::string_view arch_;
    std::string_view model_;
    std::string_view source_;
    std::string_view mode_;
    std::string_view answer_;
    model::ModeSet supported_;
    model::ModeSet refused_;
};

/// The answer of a plain document, or nothing if it is not plain.
std::optional<HostModes> scanDocument(std::string_view bytes) {
    ModesHandler handler;
    if (xml::scan(bytes, handler).outcome != xml::Scan::complete || !handler.hasCpu() ||
        !handler.isPlausible())
        return std::nullopt;
    return handler.modes();
}

/// Whether the root, after declarations and comments, is <cpu>.
bool isCpuAlone(std::string_view bytes) {
    const auto parts = splitDocuments(bytes);
    if (parts.empty() || !parts.front().starts_with("<cpu"))
        return false;
    const std::string_view next = parts.front().substr(4, 1);
    return next.find_first_of(" \t\r\n/>") == 0;
}

Result<HostModes> readInFull(std::string bytes, std::string_view name) {
    // A <cpu> on its own is read at its place in a complete document, with the same line number.
    if (isCpuAlone(bytes)) {
        const std::size_t root =
            static_cast<std::size_t>(splitDocuments(bytes).front().data() - bytes.data());
        const auto lines = static_cast<std::size_t>(
            std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(root), '\n'));
        bytes = std::string(lines, '\n') + "<capabilities><host>" + bytes.substr(root) +
                "</host></capabilities>";
    }
    const auto document = CapabilitiesDocument::read(std::move(bytes), std::string(name));
    if (!document)
        return std::unexpected(document.error());
    const auto compat = document->compat();
    if (!compat)
        return std::unexpected(compat.error());
    HostModes modes;
    if (compat->known)
        modes = {.supported = compat->known->supported, .refused = compat->known->refused};
    else if (!document->arch().empty() && !isPowerArch(document->arch()))
        modes.reason = fmt::format("it describes a host of architecture {}, which has no POWER "
                                   "compatibility modes",
                                   text::clipped(document->arch()));
    const pugi::xml_node element =
        document->document().root().child("host").child("cpu").child("compat");
    modes.doubtful = element && !model::isBelieved(element.attribute("source").value());
    return modes;
}

} // namespace

std::vector<Result<HostModes>> readHostModes(std::string_view bytes, std::string_view name) {
    std::vector<Result<HostModes>> hosts;
    if (const auto plain = scanDocument(bytes)) {
        hosts.emplace_back(*plain);
        return hosts;
    }
    const auto parts = splitDocuments(bytes);
    if (parts.size() < 2) {
        hosts.push_back(readInFull(std::string(bytes), name));
        return hosts;
    }
    for (const std::string_view part : parts) {
        std::string document(part);
        Result<HostModes> host = HostModes();
        if (const auto plain = scanDocument(document))
            host = *plain;
        else
            host = readInFull(std::move(document), name);
        if (host)
            host->number = hosts.size() + 1;
        else if (host.error().line != 0)
            host.error().line +=
                static_cast<std::size_t>(std::count(bytes.data(), part.data(), '\n'));
        hosts.push_back(std::move(host));
    }
    return hosts;
}

} // namespace hostcompat::xml
