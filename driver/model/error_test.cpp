// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that an Error is formatted as one sentence with all of its parts.
#include "driver/model/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace hostcompat::model {
namespace {

TEST(Error, saysWhatOnWhatWhyAndWhatToDo) {
    const Error error{.kind = ErrorKind::system,
                      .action = "open",
                      .subject = "/dev/kvm",
                      .line = 0,
                      .errorNumber = EACCES,
                      .reason = "",
                      .remedy = "join the group kvm"};
    EXPECT_EQ(describe(error),
              "cannot open /dev/kvm: Permission denied (EACCES); join the group kvm");
}

TEST(Error, putsThePositionFirst) {
    const Error error{.kind = ErrorKind::input,
                      .action = "parse",
                      .subject = "caps.xml",
                      .line = 7,
                      .errorNumber = 0,
                      .reason = "a tag is not closed",
                      .remedy = ""};
    EXPECT_EQ(describe(error), "caps.xml:7: cannot parse: a tag is not closed");
}

TEST(Error, namesNumbersThatHaveNoName) {
    EXPECT_EQ(errorName(EINVAL), "EINVAL");
    EXPECT_EQ(errorName(4095), "errno 4095");
}

} // namespace
} // namespace hostcompat::model
