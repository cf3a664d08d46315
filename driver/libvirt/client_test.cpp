// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests against a real libvirt without a daemon: the test driver, and URIs that cannot be reached.
#include "driver/libvirt/client.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>

namespace {

using namespace hostcompat;
using namespace hostcompat::libvirt;
using namespace std::chrono_literals;

Result<ConnectedHost> readOne(const std::string& uri, ConnectOptions options = {}) {
    const std::vector<std::string> uris{uri};
    auto results = askDaemons(uris, options);
    EXPECT_EQ(results.size(), 1U);
    return results.front();
}

/// A socket that accepts connections and never answers.
class SilentSocket {
public:
    SilentSocket()
        : path_(std::filesystem::temp_directory_path() / ("silent-" + std::to_string(::getpid()))) {
        sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
        std::ranges::copy(path_.string(), address.sun_path);
        descriptor_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(descriptor_, 5), 0);
    }
    ~SilentSocket() {
        ::close(descriptor_);
        std::filesystem::remove(path_);
    }
    std::string uri() const {
        return "qemu+unix:///system?socket=" + path_.string();
    }

private:
    std::filesystem::path path_;
    int descriptor_;
};

TEST(AskDaemons, ReadsTheTestDriverAndKnowsItIsNoHost) {
    const auto host = readOne("test:///default");
    ASSERT_TRUE(host) << model::describe(host.error());
    EXPECT_EQ(host->uri, "test:///default");
    EXPECT_TRUE(host->capabilities.starts_with("<capabilities>")) << host->capabilities;
    EXPECT_FALSE(host->thisHost);
}

TEST(AskDaemons, SaysInLibvirtsWordsWhatFailed) {
    const auto missing = readOne("qemu+unix:///system?socket=/nowhere/socket");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, ErrorKind::input);
    EXPECT_EQ(model::describe(missing.error()),
              "cannot connect to qemu+unix:///system?socket=/nowhere/socket: Failed to connect "
              "socket to '/nowhere/socket': No such file or directory");
    const auto senseless = readOne("%%%");
    ASSERT_FALSE(senseless);
    EXPECT_NE(senseless.error().reason.find("URI"), std::string::npos) << senseless.error().reason;
}

TEST(AskDaemons, ASilentDaemonEndsAfterTheTimeout) {
    const SilentSocket socket;
    const auto begin = std::chrono::steady_clock::now();
    const auto host = readOne(socket.uri(), {.timeout = 400ms});
    ASSERT_FALSE(host);
    EXPECT_NE(model::describe(host.error()).find("there was no answer within 0.4 seconds"),
              std::string::npos)
        << model::describe(host.error());
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST(AskDaemons, OneThatFailsDoesNotDisturbTheOthers) {
    const SilentSocket socket;
    std::vector<std::string> uris(30, "test:///default");
    uris[3] = socket.uri();
    uris[7] = "nonsense:///";
    const auto results = askDaemons(uris, {.timeout = 2s, .jobs = 4});
    ASSERT_EQ(results.size(), uris.size());
    for (std::size_t index = 0; index < uris.size(); ++index)
        EXPECT_EQ(results[index].has_value(), index != 3 && index != 7) << index;
}

} // namespace
