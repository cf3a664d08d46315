// SPDX-License-Identifier: LGPL-2.1-or-later
// How libvirt reads numbers and lists, and how its refusals are collected.
#include "driver/policy/refusals.hpp"

#include "driver/text/utf8.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstddef>
#include <utility>

namespace hostcompat::policy::rules {

void Refusals::add(std::string reason, std::string remedy) {
    found_.push_back({std::move(reason), std::move(remedy)});
}

void Refusals::addWord(std::string_view element, std::string_view attribute, std::string_view value,
                       Words words) {
    add(fmt::format("libvirt refuses {}='{}' of <{}>", attribute, text::clipped(value), element),
        fmt::format("take {} out of <{}>, or write one of: {}", attribute, element,
                    fmt::join(words, ", ")));
}

std::vector<Refusal> Refusals::take() {
    return std::move(found_);
}

std::string_view withoutBlanks(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(" \t\n\v\f\r"), text.size()));
}

std::optional<std::set<unsigned>> cpusOf(std::string_view list) {
    constexpr unsigned kMost = 16384; // virBitmapParse()'s caller: VIR_DOMAIN_CPUMASK_LEN
    std::set<unsigned> cpus;
    const auto takeNumber = [&]() -> std::optional<unsigned> {
        unsigned number = 0;
        const auto [end, error] = std::from_chars(list.data(), list.data() + list.size(), number);
        if (error != std::errc() || number >= kMost)
            return std::nullopt;
        list = withoutBlanks(list.substr(static_cast<std::size_t>(end - list.data())));
        return number;
    };
    list = withoutBlanks(list);
    while (!list.empty()) {
        const bool without = list.starts_with('^');
        list.remove_prefix(without ? 1 : 0);
        const auto first = takeNumber();
        auto last = first;
        if (first && list.starts_with('-') && !without) {
            list = withoutBlanks(list.substr(1));
            last = takeNumber();
        }
        if (!first || !last || *last < *first || (!list.empty() && !list.starts_with(',')))
            return std::nullopt;
        for (unsigned cpu = *first; cpu <= *last; ++cpu) {
            if (without)
                cpus.erase(cpu);
            else
                cpus.insert(cpu);
        }
        list = withoutBlanks(list.substr(list.empty() ? 0 : 1));
    }
    return cpus;
}

} // namespace hostcompat::policy::rules
