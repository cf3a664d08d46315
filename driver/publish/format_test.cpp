// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests each format for hosts that are known, unknown, and support no mode.
#include "driver/publish/format.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace {

using namespace hostcompat;
using publish::findFormat;

model::HostRecord host(model::ModeSet supported, model::ModeSet refused) {
    model::HostRecord record;
    record.host = {.model = "POWER10", .effectiveMode = "power9"};
    record.compat.known = model::KnownCompat{.source = "trial",
                                             .supported = supported,
                                             .refused = refused,
                                             .capabilities = {},
                                             .abi = {}};
    return record;
}

model::HostRecord unknownHost() {
    model::HostRecord record;
    record.compat.reason = "there is no /dev/kvm";
    return record;
}

std::string written(std::string_view format, const model::HostRecord& record) {
    return findFormat(format)->render(record);
}

bool has(const std::string& text, std::string_view line) {
    return ("\n" + text).find("\n" + std::string(line) + "\n") != std::string::npos;
}

TEST(Format, EachRecognizesWhatItWrites) {
    for (const auto& format : publish::formats()) {
        EXPECT_EQ(findFormat(format.name), &format);
        const std::string text = format.render(host({9}, {10}));
        EXPECT_TRUE(format.isOurs(text)) << format.name;
        EXPECT_TRUE(text.ends_with('\n')) << format.name;
        EXPECT_FALSE(format.isOurs("somebody else's\n")) << format.name;
    }
    EXPECT_EQ(findFormat("nagios"), nullptr);
}

TEST(Format, NfdLabelsWhatIsSupportedAlone) {
    const std::string text = written("nfd", host({9}, {10}));
    EXPECT_TRUE(has(text, "feature.node.kubernetes.io/power-compat.newest=power9"));
    EXPECT_TRUE(has(text, "feature.node.kubernetes.io/power-compat.power9=true"));
    EXPECT_TRUE(has(text, "# +no-label\nfeature.node.kubernetes.io/power-compat.power10=false"));
    EXPECT_FALSE(has(text, "# +no-label\nfeature.node.kubernetes.io/power-compat.power9=true"));
    EXPECT_EQ(text.find("power11"), std::string::npos);

    const std::string unknown = written("nfd", unknownHost());
    EXPECT_TRUE(has(unknown, "feature.node.kubernetes.io/power-compat.known=false"));
    EXPECT_EQ(unknown.find("power9"), std::string::npos);
    EXPECT_EQ(written("nfd", host({}, {9})).find("newest"), std::string::npos);
}

TEST(Format, PrometheusEscapesWhatOthersNamed) {
    auto record = host({9, 12}, {10});
    record.host.model = "a\"b\\c\nd";
    const std::string text = written("prometheus", record);
    EXPECT_TRUE(has(text, "virt_host_compat_mode_supported{mode=\"power9\"} 1"));
    EXPECT_TRUE(has(text, "virt_host_compat_mode_supported{mode=\"power10\"} 0"));
    EXPECT_TRUE(has(text, "virt_host_compat_mode_supported{mode=\"power12\"} 1"));
    EXPECT_TRUE(has(
        text,
        R"(virt_host_compat_info{model="a\"b\\c\nd",effective_mode="power9",source="trial"} 1)"));
    const std::string unknown = written("prometheus", unknownHost());
    EXPECT_TRUE(has(unknown, "virt_host_compat_known 0"));
    EXPECT_EQ(unknown.find("mode_supported"), std::string::npos);
}

TEST(Format, FactsMapModesToBooleans) {
    const auto inner = nlohmann::json::parse(written("ansible", host({9}, {10})));
    EXPECT_EQ(inner["compat"]["modes"], nlohmann::json({{"power9", true}, {"power10", false}}));
    EXPECT_EQ(inner["compat"]["newest"], "power9");
    EXPECT_EQ(nlohmann::json::parse(written("facter", host({9}, {10})))["virt_host_compat"], inner);
    const auto unknown = nlohmann::json::parse(written("ansible", unknownHost()));
    EXPECT_EQ(unknown["compat"]["status"], "unknown");
    EXPECT_TRUE(unknown["compat"]["modes"].empty());
    EXPECT_TRUE(unknown["compat"]["newest"].is_null());
    EXPECT_EQ(unknown["compat"]["reason"], "there is no /dev/kvm");
}

TEST(Format, NovaHasATraitForEachSupportedMode) {
    const std::string text = written("nova", host({9, 10}, {11}));
    EXPECT_TRUE(
        has(text, "        - CUSTOM_POWER_COMPAT_POWER9\n        - CUSTOM_POWER_COMPAT_POWER10"));
    EXPECT_EQ(text.find("POWER11"), std::string::npos);
}

TEST(Format, SomeNeedNoFileWhereNothingCanBeSaid) {
    for (const std::string_view name : {"nova", "vdsm", "modes"}) {
        EXPECT_EQ(written(name, unknownHost()), "") << name;
        EXPECT_EQ(written(name, host({}, {9, 10})), "") << name;
    }
}

TEST(Format, ModesAreBareNames) {
    EXPECT_EQ(written("modes", host({9, 12}, {10})), "power9\npower12\n");
}

} // namespace
