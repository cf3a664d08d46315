// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays selinuxfs, with a policy of a few rules.
#pragma once

#include "driver/libvirt/selinux.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

namespace hostcompat::libvirt {

/// Everything is denied that was not allowed, and what was never mentioned is missing (ENOENT).
class FakeSelinux final : public SelinuxCalls {
public:
    FakeSelinux() {
        files["/sys/fs/selinux/enforce"] = "1";
        files["/proc/1/attr/current"] = std::string(context("init_t")) + '\0';
        for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
            const std::string folder = fmt::format("/sys/fs/selinux/class/{}/", kKinds[kind].name);
            files[folder + "index"] = std::to_string(kKinds[kind].number);
            for (std::size_t place = 0; place < kKinds[kind].permissions.size(); ++place)
                files[fmt::format("{}perms/{}", folder, kKinds[kind].permissions[place])] =
                    std::to_string(place + kKinds[kind].first);
        }
    }

    static std::string context(std::string_view type) {
        return fmt::format("system_u:{}:{}:s0",
                           type.ends_with("_exec_t") || type == "bin_t" || type == "etc_t"
                               ? "object_r"
                               : "system_r",
                           type);
    }
    void allow(const std::string& from, const std::string& to, const std::string& kind,
               const std::vector<std::string>& permissions) {
        for (const auto& permission : permissions)
            allowed.insert({from, to, kind, permission});
    }

    std::expected<std::string, int> read(const std::string& path) const override {
        if (failures.contains(path))
            return std::unexpected(failures.at(path));
        if (!files.contains(path))
            return std::unexpected(ENOENT);
        return files.at(path);
    }
    std::expected<std::string, int> ask(const std::string& path,
                                        const std::string& question) const override {
        if (failures.contains(path))
            return std::unexpected(failures.at(path));
        if (answer)
            return *answer;
        std::istringstream words(question);
        std::string from, to;
        unsigned number = 0;
        words >> from >> to >> number;
        const std::string source(typeOf(from)), target(typeOf(to));
        if (path == "/sys/fs/selinux/create") {
            const auto found = transitions.find({source, target});
            return (found == transitions.end() ? from : context(found->second)) + '\0';
        }
        if (path != "/sys/fs/selinux/access")
            return std::unexpected(ENOENT);
        std::uint32_t bits = 0;
        for (const auto& kind : kKinds)
            for (std::size_t place = 0; kind.number == number && place < kind.permissions.size();
                 ++place)
                if (allowed.contains({source, target, kind.name, kind.permissions[place]}))
                    bits |= std::uint32_t{1} << (place + kind.first - 1);
        return fmt::format("{:x} ffffffff 0 ffffffff 3 {}", bits,
                           permissive.contains(source) ? 1 : 0);
    }
    bool readOnly(const std::string&) const override {
        return isReadOnly;
    }
    std::expected<std::string, int> label(const std::string& path) const override {
        if (failures.contains(path))
            return std::unexpected(failures.at(path));
        if (!labels.contains(path))
            return std::unexpected(ENOENT);
        return context(labels.at(path));
    }
    Result<std::string> wantedLabel(const std::string&) const override {
        return wanted;
    }

    std::map<std::string, std::string> files;
    std::map<std::string, int> failures; ///< the errno of each call that names the path
    std::map<std::string, std::string> labels;
    std::map<std::pair<std::string, std::string>, std::string> transitions;
    std::set<std::array<std::string, 4>> allowed;
    std::set<std::string> permissive;
    std::optional<std::string> answer; ///< to every question
    Result<std::string> wanted = "<<none>>";
    bool isReadOnly = false;

private:
    struct Kind {
        std::string name;
        unsigned number;
        std::size_t first; ///< the place of the first permission
        std::vector<std::string> permissions;
    };
    /// Numbers as a policy may give them; what asks has to read them.
    inline static const std::array<Kind, 2> kKinds = {
        {{"file", 6, 2, {"read", "open", "getattr", "execute", "execute_no_trans", "entrypoint"}},
         {"process", 2, 27, {"transition", "siginh", "noatsecure"}}}};
};

} // namespace hostcompat::libvirt
