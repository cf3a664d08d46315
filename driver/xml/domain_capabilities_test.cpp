// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that domain capabilities of every layout keep all bytes except those that the answer
// changes.
#include "driver/xml/domain_capabilities.hpp"

#include <gtest/gtest.h>

namespace hostcompat::xml {
namespace {

DomainCapabilitiesDocument parse(const std::string& text) {
    auto document = DomainCapabilitiesDocument::read(text, "d.xml");
    EXPECT_TRUE(document) << model::describe(document.error());
    return std::move(*document);
}

const DomainCapabilitiesAnswer kAnswer{.usable = {{"POWER9", false}, {"POWER10", true}},
                                       .modes = {9, 10}};

/// The document as libvirt 9.0 writes it, with the parts that the answer changes.
std::string document(const std::string& power9, const std::string& power10,
                     const std::string& modes) {
    return "<domainCapabilities>\n  <path>/usr/bin/qemu-system-ppc64le</path>\n"
           "  <domain>kvm</domain>\n  <machine>pseries-7.2</machine>\n  <arch>ppc64le</arch>\n"
           "  <cpu>\n    <mode name='host-passthrough' supported='yes'>\n"
           "      <enum name='hostPassthroughMigratable'/>\n    </mode>\n"
           "    <mode name='host-model' supported='yes'>\n"
           "      <model fallback='allow'>POWER10</model>\n" +
           modes +
           "    </mode>\n    <mode name='custom' supported='yes'>\n"
           "      <model usable='" +
           power9 + "' vendor='IBM'>POWER9</model>\n      <model vendor=\"IBM\" usable = \"" +
           power10 +
           "\">POWER10</model>\n      <model usable='unknown'>POWER8</model>\n    </mode>\n"
           "  </cpu>\n</domainCapabilities>\n";
}

const std::string kModes = "      <enum name='compat'>\n        <value>power9</value>\n"
                           "        <value>power10</value>\n      </enum>\n";

TEST(DomainCapabilities, GetTheAnswerAndNothingElse) {
    const auto before = parse(document("unknown", "unknown", ""));
    EXPECT_EQ(before.arch(), "ppc64le");
    EXPECT_EQ(before.domainType(), "kvm");
    EXPECT_EQ(before.machine(), "pseries-7.2");
    EXPECT_EQ(before.customModels(), (std::vector<std::string>{"POWER9", "POWER10", "POWER8"}));
    const std::string once = before.withAnswer(kAnswer);
    EXPECT_EQ(once, document("no", "yes", kModes));
    EXPECT_EQ(parse(once).withAnswer(kAnswer), once);
    // A host that supports fewer modes than before.
    EXPECT_EQ(parse(once).withAnswer({.usable = {{"POWER9", true}}, .modes = {9}}),
              document("yes", "yes",
                       "      <enum name='compat'>\n        <value>power9</value>\n"
                       "      </enum>\n"));
}

TEST(DomainCapabilities, OfOtherShapesStay) {
    for (const std::string text :
         {"<domainCapabilities/>", "<domainCapabilities><cpu/></domainCapabilities>",
          "<domainCapabilities><cpu><mode name='host-model' supported='no'/>"
          "<mode name='custom' supported='no'><model usable='unknown'>POWER9</model></mode>"
          "</cpu></domainCapabilities>",
          "<domainCapabilities><cpu><mode name='custom' supported='yes'><model>POWER9</model>"
          "<model xmlns='urn:x' usable='unknown'>POWER9</model></mode></cpu>"
          "</domainCapabilities>"})
        EXPECT_EQ(parse(text).withAnswer(kAnswer), text);
    EXPECT_EQ(parse("<domainCapabilities><cpu><mode name='host-model' supported='yes'/></cpu>"
                    "</domainCapabilities>")
                  .withAnswer({.usable = {}, .modes = {9}}),
              "<domainCapabilities><cpu><mode name='host-model' supported='yes'>"
              "<enum name='compat'><value>power9</value></enum></mode></cpu>"
              "</domainCapabilities>");
}

TEST(DomainCapabilities, AreNoOtherDocument) {
    const auto capabilities = DomainCapabilitiesDocument::read("\n<capabilities/>", "d.xml");
    ASSERT_FALSE(capabilities);
    EXPECT_EQ(capabilities.error().line, 2U);
    EXPECT_NE(capabilities.error().reason.find("'virt-host-compat capabilities'"),
              std::string::npos);
    EXPECT_FALSE(DomainCapabilitiesDocument::read("<domainCapabilities xmlns='urn:x'/>", "d.xml"));
}

TEST(DomainCapabilities, DoNotLeaveOpenWhichIsMeant) {
    const std::string custom = "<mode name='custom'/>";
    const std::string hostModel = "<mode name='host-model' supported='no'/>";
    for (const std::string& text :
         {std::string("<arch/>\n<arch/>"), std::string("<domain/>\n<domain/>"),
          std::string("<machine/>\n<machine/>"), std::string("<cpu/>\n<cpu/>"),
          "<cpu>" + custom + "\n" + custom + "</cpu>",
          "<cpu>" + hostModel + "\n" + hostModel + "</cpu>"}) {
        const auto document = DomainCapabilitiesDocument::read(
            "<domainCapabilities>" + text + "</domainCapabilities>", "d.xml");
        ASSERT_FALSE(document) << text;
        EXPECT_EQ(document.error().line, 2U) << text;
        EXPECT_NE(document.error().reason.find("a second <"), std::string::npos);
    }
}

TEST(DomainCapabilities, AreReadWithoutElementsOfOtherNamespaces) {
    const std::string text =
        "<domainCapabilities><arch xmlns='u'>x86_64</arch><arch>ppc64le</arch>"
        "<domain>kvm</domain><machine>pseries</machine>"
        "<cpu xmlns='u'><mode name='host-model' supported='yes'/></cpu>"
        "<cpu><mode name='host-model' supported='yes'>{}</mode></cpu></domainCapabilities>";
    const auto with = [&](std::string_view content) {
        std::string made = text;
        return made.replace(made.find("{}"), 2, content);
    };
    EXPECT_EQ(parse(with("")).whyNotOfModes(), "");
    EXPECT_EQ(parse(with("")).withAnswer({.usable = {}, .modes = {9}}),
              with("<enum name='compat'><value>power9</value></enum>"));
}

TEST(DomainCapabilities, KeepAWordForUsableThatLibvirtDoesNotHave) {
    const std::string text =
        "<domainCapabilities><cpu><mode name='custom' supported='yes'>"
        "<model usable='perhaps'>POWER9</model><model usable=''>POWER10</model></mode></cpu>"
        "</domainCapabilities>";
    EXPECT_TRUE(parse(text).customModels().empty());
    EXPECT_EQ(parse(text).withAnswer(kAnswer), text);
}

TEST(DomainCapabilities, HaveTheirModesInAnyOrder) {
    const std::string hostModel = "<mode name='host-model' supported='yes'/>";
    const std::string custom =
        "<mode name='custom' supported='yes'><model usable='unknown'>POWER9</model></mode>";
    const std::string filledHostModel = "<mode name='host-model' supported='yes'>"
                                        "<enum name='compat'><value>power9</value></enum></mode>";
    const std::string filledCustom =
        "<mode name='custom' supported='yes'><model usable='no'>POWER9</model></mode>";
    const auto around = [](const std::string& modes) {
        return "<domainCapabilities><cpu>" + modes + "</cpu></domainCapabilities>";
    };
    const DomainCapabilitiesAnswer answer{.usable = {{"POWER9", false}}, .modes = {9}};
    // A slash after the tag is text.
    EXPECT_EQ(parse(around(hostModel + "/" + custom)).withAnswer(answer),
              around(filledHostModel + "/" + filledCustom));
    EXPECT_EQ(parse(around(custom + hostModel)).withAnswer(answer),
              around(filledCustom + filledHostModel));
}

TEST(DomainCapabilities, DoNotGrowByWhatIsNoIndentation) {
    const std::string blank(100'000, ' ');
    const std::string text = "<domainCapabilities><cpu><mode name='host-model' supported='yes'>\n" +
                             blank + "<model>POWER9</model>\n</mode></cpu></domainCapabilities>";
    EXPECT_LT(parse(text).withAnswer({.usable = {}, .modes = {9, 10, 11}}).size(),
              text.size() + 200);
}

} // namespace
} // namespace hostcompat::xml
