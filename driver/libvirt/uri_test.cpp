// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests which URIs mean this host, and which do not.
#include "driver/libvirt/uri.hpp"

#include <gtest/gtest.h>

namespace {

using namespace hostcompat;
using namespace hostcompat::libvirt;

struct Case {
    const char* uri;
    const char* scheme;
    UriPlace place;
};

class UriTest : public testing::TestWithParam<Case> {};

TEST_P(UriTest, IsPlaced) {
    const ConnectionUri uri = readUri(GetParam().uri);
    EXPECT_EQ(uri.scheme, GetParam().scheme);
    EXPECT_EQ(uri.place, GetParam().place);
}

INSTANTIATE_TEST_SUITE_P(
    Uris, UriTest,
    testing::Values(Case{"qemu:///system", "qemu", UriPlace::thisHost},
                    Case{"qemu:///session", "qemu", UriPlace::thisHost},
                    Case{"qemu:/session", "qemu", UriPlace::thisHost},
                    Case{"qemu:///embed?root=/var/lib/x", "qemu", UriPlace::thisHost},
                    Case{"qemu+unix:///system", "qemu", UriPlace::thisHost},
                    Case{"qemu+unix:///system?mode=direct", "qemu", UriPlace::thisHost},
                    Case{"test:///default", "test", UriPlace::thisHost},
                    Case{"qemu+unix:///system?socket=/run/x", "qemu", UriPlace::privateSocket},
                    Case{"qemu+unix:///system?mode=direct&socket=/run/x", "qemu",
                         UriPlace::privateSocket},
                    Case{"qemu:///system?socket=%2Frun%2Fx#part", "qemu", UriPlace::privateSocket},
                    Case{"qemu+ssh:///system", "qemu", UriPlace::elsewhere},
                    Case{"qemu+ssh://root@host/system", "qemu", UriPlace::elsewhere},
                    Case{"qemu+tls://host.example:16514/system", "qemu", UriPlace::elsewhere},
                    Case{"qemu://host/system", "qemu", UriPlace::elsewhere},
                    Case{"qemu://host", "qemu", UriPlace::elsewhere},
                    Case{"qemu://user@/system", "qemu", UriPlace::elsewhere},
                    Case{"qemu+unix://host/system", "qemu", UriPlace::elsewhere},
                    Case{"qemu+ext:///system?command=/usr/bin/x", "qemu", UriPlace::elsewhere},
                    Case{"esx://vcenter/", "esx", UriPlace::elsewhere},
                    Case{"qemu:system", "qemu", UriPlace::elsewhere},
                    Case{"", "", UriPlace::elsewhere}, Case{"/run/socket", "", UriPlace::elsewhere},
                    Case{":", "", UriPlace::elsewhere},
                    Case{"qemu:", "qemu", UriPlace::elsewhere}));

TEST(Uri, HasAPathOnThisHost) {
    EXPECT_EQ(readUri("qemu:///system").path, "/system");
    EXPECT_EQ(readUri("qemu+unix:///system?socket=/run/x").path, "/system");
    EXPECT_EQ(readUri("qemu:/session").path, "/session");
    EXPECT_EQ(readUri("qemu:///system#part").path, "/system");
    EXPECT_EQ(readUri("qemu+ssh://host/system").path, "");
    EXPECT_EQ(readUri("qemu://").path, "");
}

} // namespace
