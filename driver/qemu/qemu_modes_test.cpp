// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests asking a QEMU through QMP, and the errors for programs that are not a suitable QEMU.
#include "driver/qemu/qemu_modes.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace hostcompat::qemu {
namespace {

/// A program that replaces QEMU, in a file that is removed afterwards.
class FakeQemu {
public:
    explicit FakeQemu(const std::string& script)
        : path_(std::filesystem::path(testing::TempDir()) /
                ("fake-qemu-" + std::to_string(::getpid()))) {
        std::ofstream(path_) << "#!/bin/sh\n" << script;
        std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
    }
    ~FakeQemu() {
        std::filesystem::remove(path_);
    }
    std::string path() const {
        return path_.string();
    }

private:
    std::filesystem::path path_;
};

std::string complaint(const Result<QemuModes>& answer) {
    return answer ? "answered" : model::describe(answer.error());
}

TEST(AskQemu, takesWhatThePropertyTakes) {
    const FakeQemu qemu(R"(cat >/dev/null
echo '{"QMP": {}}'
echo '{"return": {}}'
echo '{"return": "", "id": 0}'
echo '{"return": {}, "id": "power9"}'
echo '{"id": "power11", "error": {"class": "GenericError", "desc": "Invalid"}}'
echo '{"timestamp": {}, "event": "SHUTDOWN"}')");
    const auto answer = askQemu(qemu.path(), {"power9", "power11"});
    ASSERT_TRUE(answer) << complaint(answer);
    EXPECT_EQ(answer->accepted, std::vector<std::string>{"power9"});
    EXPECT_TRUE(answer->takes("power9"));
    EXPECT_FALSE(answer->takes("power11"));
    EXPECT_EQ(answer->modes(), model::ModeSet{9});
}

TEST(AskQemu, doesNotTakeAMissingPropertyForARefusal) {
    const FakeQemu qemu(R"(cat >/dev/null
echo '{"id": 0, "error": {"class": "GenericError"}}'
echo '{"id": "power9", "error": {"class": "GenericError"}}')");
    EXPECT_NE(complaint(askQemu(qemu.path(), {"power9"})).find("has no machine pseries"),
              std::string::npos);
}

TEST(AskQemu, passesOnWhatAnotherProgramSays) {
    const FakeQemu qemu("echo 'unsupported machine type' >&2; exit 1");
    const auto answer = askQemu(qemu.path(), {"power9"});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::input);
    EXPECT_NE(complaint(answer).find("'unsupported machine type'"), std::string::npos);
}

TEST(AskQemu, learnsWhichModelTheHostIs) {
    const FakeQemu qemu(R"(questions=$(cat)
case $questions in
*query-cpu-definitions*)
    echo '{"return": [{"name": "power9_v2.0", "typename": "power9_v2.0-powerpc64-cpu"},
                      {"name": "host", "typename": "host-powerpc64-cpu"}, 5]}' | tr -d '\n'
    echo
    echo '{"return": [{"name": "host", "typename": "host-powerpc64-cpu"}, {"name": "power10", "typename": "host-powerpc64-cpu"}]}'
    ;;
*)
    echo '{"return": "", "id": 0}'
    echo '{"return": {}, "id": "power9"}'
    ;;
esac)");
    const auto asked = askQemu(qemu.path(), {"power9"}, true);
    ASSERT_TRUE(asked) << complaint(asked);
    EXPECT_EQ(asked->hostModel, "POWER10");
    const auto notAsked = askQemu(qemu.path(), {"power9"});
    ASSERT_TRUE(notAsked) << complaint(notAsked);
    EXPECT_EQ(notAsked->hostModel, "");
}

TEST(AskQemu, learnsWhatItsMachineRequires) {
    const auto ask = [](const std::string& answers) {
        const FakeQemu qemu(R"(questions=$(cat)
case $questions in
*cap-dawr1*) )" + answers + R"( ;;
*)
    echo '{"return": "", "id": 0}'
    echo '{"return": {}, "id": "power9"}'
    ;;
esac)");
        const auto asked = askQemu(qemu.path(), {"power9"});
        EXPECT_TRUE(asked) << complaint(asked);
        return asked ? std::pair(asked->machine, asked->requiresSecondWatchpoint)
                     : std::pair(std::string("none"), false);
    };
    const std::string type = R"(echo '{"return": "pseries-10.0-machine", "id": "type"}';)";
    EXPECT_EQ(ask(type + R"(echo '{"return": true, "id": "cap-dawr1"}')"),
              std::pair(std::string("pseries-10.0"), true));
    EXPECT_EQ(ask(type + R"(echo '{"return": false, "id": "cap-dawr1"}')"),
              std::pair(std::string("pseries-10.0"), false));
    EXPECT_EQ(ask(type + R"(echo '{"error": {"class": "GenericError"}, "id": "cap-dawr1"}')"),
              std::pair(std::string("pseries-10.0"), false));
    for (const char* broken : {"exit 1", R"(echo '{"return": 5, "id": "type"}')",
                               R"(echo '{"return": "x", "id": "type"}')",
                               R"(echo '{"return": "y-machine", "id": 5}')", "echo '['"})
        EXPECT_EQ(ask(broken), std::pair(std::string(), false)) << broken;
}

TEST(AskQemu, givesUpOnASilentProgram) {
    const FakeQemu qemu("sleep 60");
    EXPECT_NE(complaint(askQemu(qemu.path(), {"power9"}, false, std::chrono::milliseconds(100)))
                  .find("no answer in"),
              std::string::npos);
}

TEST(AskQemu, namesAProgramThatIsNotThere) {
    EXPECT_NE(complaint(askQemu("/nonexistent/qemu", {"power9"})).find("/nonexistent/qemu"),
              std::string::npos);
}

TEST(AskQemu, asksForTheTableAndOlderModes) {
    const auto names = modesToAskFor();
    EXPECT_EQ(names.front(), "power6");
    EXPECT_EQ(names.back(), "power11");
}

TEST(AskQemu, understandsTheInstalledQemu) {
    if (std::system("command -v qemu-system-ppc64 >/dev/null") != 0)
        GTEST_SKIP() << "qemu-system-ppc64 is not installed";
    const auto answer = askQemu("qemu-system-ppc64", {"power8", "power9", "POWER9", "power42"});
    ASSERT_TRUE(answer) << complaint(answer);
    EXPECT_EQ(answer->accepted, (std::vector<std::string>{"power8", "power9"}));
    EXPECT_TRUE(answer->machine.starts_with("pseries-")) << answer->machine;
}

} // namespace
} // namespace hostcompat::qemu
