// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that a domain gets its pinned mode, and that no byte outside <cpu> changes.
#include "driver/policy/fit.hpp"

#include <gtest/gtest.h>

namespace hostcompat::policy {
namespace {

PolicyHost host(model::ModeSet modes) {
    return {.name = "the host",
            .arch = "ppc64le",
            .model = "POWER10",
            .compat = {.known = model::KnownCompat{.supported = modes,
                                                   .refused = model::allModes() - modes}}};
}

const PolicyHost kPower10 = host({9, 10});

xml::DomainDocument parse(std::string bytes) {
    auto document = xml::DomainDocument::read(std::move(bytes), "g.xml");
    if (!document)
        throw std::runtime_error(model::describe(document.error()));
    return std::move(*document);
}

struct Place {
    const char* name;
    std::string before;
    std::string cpu; ///< the original, with the white space that belongs to it
    std::string fit; ///< the expected result
    std::string after;
};

const std::string kHead =
    "<domain type='kvm'>\n  <name>g &amp; h</name>\n  <vcpu>16</vcpu>\n  <os>\n    <type "
    "arch='ppc64le' machine='pseries'>hvm</type>\n  </os>";
const std::string kTail = "\n  <devices>\n    <disk>\xc3\xa9<!-- <cpu> --></disk>\n  "
                          "</devices>\n</domain>\n";
const std::string kFlatHead = "<domain type='kvm'><os><type arch='ppc64le'>hvm</type></os>";

class AnyDomain : public testing::TestWithParam<Place> {};

TEST_P(AnyDomain, isPinnedOnceAndForAll) {
    const Place& place = GetParam();
    const FitAnswer fit = fitDomain(parse(place.before + place.cpu + place.after), kPower10);
    ASSERT_EQ(fit.verdict, Verdict::compatible) << fit.reason;
    EXPECT_EQ(fit.mode, "power10");
    EXPECT_EQ(fit.document, place.before + place.fit + place.after);

    const xml::DomainDocument again = parse(fit.document);
    EXPECT_EQ(checkDomain(again.domain(), kPower10).verdict, Verdict::compatible);
    EXPECT_TRUE(checkDomain(again.domain(), kPower10).warnings.empty());
    EXPECT_EQ(fitDomain(again, kPower10).document, fit.document);
}

INSTANTIATE_TEST_SUITE_P(
    Documents, AnyDomain,
    testing::Values(
        Place{"no_cpu", kHead, "",
              "\n  <cpu mode='host-model'>\n    <model>power10</model>\n  </cpu>", kTail},
        Place{"no_cpu_with_features", kHead + "\n  <features><acpi/></features>", "",
              "\n  <cpu mode='host-model'>\n    <model>power10</model>\n  </cpu>", kTail},
        Place{"no_cpu_on_one_line", kFlatHead, "",
              "<cpu mode='host-model'><model>power10</model></cpu>", "</domain>"},
        Place{"empty", kHead + "\n  ", "<cpu/>",
              "<cpu mode='host-model'>\n    <model>power10</model>\n  </cpu>", kTail},
        Place{"empty_with_mode", kHead + "\n  ", "<cpu mode='host-model' />",
              "<cpu mode='host-model'>\n    <model>power10</model>\n  </cpu>", kTail},
        Place{"opened_and_closed", kHead + "\n  ", "<cpu mode=\"host-passthrough\"></cpu>",
              "<cpu mode=\"host-model\">\n    <model>power10</model>\n  </cpu>", kTail},
        Place{"passthrough", kHead + "\n  ",
              "<cpu mode='host-passthrough' check='none' migratable='on'/>",
              "<cpu mode='host-model' check='none'>\n    <model>power10</model>\n  </cpu>", kTail},
        Place{"topology_stays", kHead + "\n  ",
              "<cpu>\n    <topology sockets='1' cores='2' threads='8'/>\n    <numa>\n      <cell "
              "id='0' cpus='0-15' memory='1' unit='GiB'/>\n    </numa>\n  </cpu>",
              "<cpu mode='host-model'>\n    <model>power10</model>\n    <topology sockets='1' "
              "cores='2' threads='8'/>\n    <numa>\n      <cell id='0' cpus='0-15' memory='1' "
              "unit='GiB'/>\n    </numa>\n  </cpu>",
              kTail},
        Place{"custom", kHead + "\n  ",
              "<cpu mode='custom' match='exact' check='partial'>\n    <!-- old -->\n    <model "
              "fallback='forbid'>POWER9</model>\n    <vendor>IBM</vendor>\n  </cpu>",
              "<cpu mode='host-model' check='partial'>\n    <!-- old -->\n    <model "
              "fallback='forbid'>power10</model>\n    <vendor>IBM</vendor>\n  </cpu>",
              kTail},
        Place{"custom_without_mode", kFlatHead, "<cpu match='exact'><model>POWER9</model></cpu>",
              "<cpu mode='host-model'><model>power10</model></cpu>", "</domain>"},
        Place{"upper_case", kFlatHead,
              "<cpu mode = \"host-model\"\n><model>POWER10</model ></cpu >",
              "<cpu mode = \"host-model\"\n><model>power10</model></cpu>", "</domain>"},
        Place{"vendor_id_goes", kFlatHead,
              "<cpu mode='host-model'><model vendor_id='GenuineIntel' fallback='allow'/></cpu>",
              "<cpu mode='host-model'><model fallback='allow'>power10</model></cpu>", "</domain>"},
        Place{"older_mode", kFlatHead, "<cpu mode='host-model'><model>power9</model></cpu>",
              "<cpu mode='host-model'><model>power10</model></cpu>", "</domain>"},
        Place{"fit_already", kHead + "\n  ",
              "<cpu mode='host-model' match='exact'>\n\t<model>power10</model></cpu>",
              "<cpu mode='host-model' match='exact'>\n\t<model>power10</model></cpu>", kTail},
        Place{"carriage_returns", "<domain type='kvm'>\r\n\t<os><type arch='ppc64'>hvm</type></os>",
              "", "\r\n\t<cpu mode='host-model'>\r\n\t\t<model>power10</model>\r\n\t</cpu>",
              "\r\n</domain>\r\n"},
        Place{"cpu_in_a_namespace", kFlatHead, "",
              "<cpu mode='host-model'><model>power10</model></cpu>",
              "<cpu xmlns='urn:x' mode='custom'/></domain>"}),
    [](const auto& chosen) { return std::string(chosen.param.name); });

TEST(Fit, pinsTheWishedMode) {
    const xml::DomainDocument document = parse(kFlatHead + "</domain>");
    const FitAnswer fit = fitDomain(document, kPower10, {.mode = 9});
    EXPECT_EQ(fit.document,
              kFlatHead + "<cpu mode='host-model'><model>power9</model></cpu></domain>");
    const FitAnswer tooNew = fitDomain(document, kPower10, {.mode = 11});
    EXPECT_EQ(tooNew.verdict, Verdict::incompatible);
    EXPECT_EQ(tooNew.document, "");
    EXPECT_NE(tooNew.reason.find("newer"), std::string::npos);
}

TEST(Fit, countsQemuAsASecondLimit) {
    const xml::DomainDocument document = parse(kFlatHead + "</domain>");
    const qemu::QemuModes old{.binary = "qemu-old", .accepted = {"power8", "power9"}};
    EXPECT_EQ(fitDomain(document, kPower10, {}, &old).mode, "power9");
    const qemu::QemuModes older{.binary = "qemu-older", .accepted = {"power8"}};
    const FitAnswer none = fitDomain(document, kPower10, {}, &older);
    EXPECT_EQ(none.verdict, Verdict::incompatible);
    EXPECT_EQ(none.reason,
              "the host supports power9 and power10, but qemu-older accepts none of them");
}

TEST(Fit, refusesWhatItCannotMakeFit) {
    const auto refusal = [](const std::string& document, const PolicyHost& on) {
        const FitAnswer fit = fitDomain(parse(document), on);
        EXPECT_EQ(fit.document, "");
        return std::string(toString(fit.verdict)) + ": " + fit.reason;
    };
    EXPECT_EQ(refusal(kFlatHead + "</domain>", host({})),
              "incompatible: the host supports no mode that could be pinned");
    const PolicyHost unknown{.name = "the host", .arch = "ppc64le", .compat = {.reason = "why"}};
    EXPECT_EQ(refusal(kFlatHead + "</domain>", unknown),
              "unknown: the modes of the host are not known: why");
    EXPECT_EQ(
        refusal("<domain type='qemu'><os><type arch='x86_64'>hvm</type></os></domain>", host({}))
            .substr(0, 15),
        "not-applicable:");
    EXPECT_NE(
        refusal("<domain type='qemu'><os><type arch='ppc64'>hvm</type></os></domain>", kPower10)
            .find("needs KVM"),
        std::string::npos);
    EXPECT_NE(
        refusal(
            "<domain type='kvm'><os><type arch='ppc64' machine='powernv'>hvm</type></os></domain>",
            kPower10)
            .find("powernv"),
        std::string::npos);
    EXPECT_NE(refusal(kFlatHead + "<cpu><model>POWER9</model><feature name='x'/></cpu></domain>",
                      kPower10)
                  .find("feature x"),
              std::string::npos);
}

TEST(Fit, TakesOutWhatLibvirtRefusesBesideAPinnedMode) {
    for (const char* attribute : {"match='none'", "migratable='off'"}) {
        auto document = xml::DomainDocument::read(
            std::string("<domain type='kvm'><os><type arch='ppc64le'>hvm</type></os>"
                        "<cpu mode='host-model' ") +
                attribute + "><model>power9</model></cpu></domain>",
            "g.xml");
        ASSERT_TRUE(document);
        const PolicyHost host = {.name = "the host",
                                 .arch = "ppc64le",
                                 .model = "POWER9",
                                 .compat = {.known = model::KnownCompat{.source = "kvm",
                                                                        .supported = {9},
                                                                        .refused = {10, 11}}}};
        const FitAnswer fit = fitDomain(*document, host);
        EXPECT_EQ(fit.verdict, Verdict::compatible) << fit.reason;
        EXPECT_EQ(fit.document, "<domain type='kvm'><os><type arch='ppc64le'>hvm</type></os>"
                                "<cpu mode='host-model'><model>power9</model></cpu></domain>");
    }
}

TEST(Fit, MayWantANewerMode) {
    const auto document = parse(kHead + kTail);
    EXPECT_EQ(fitDomain(document, kPower10, {.atLeast = 10}).mode, "power10");
    EXPECT_EQ(fitDomain(document, kPower10, {.mode = 9, .atLeast = 9}).mode, "power9");
    const FitAnswer none = fitDomain(document, kPower10, {.atLeast = 11});
    EXPECT_EQ(none.verdict, Verdict::incompatible);
    EXPECT_TRUE(none.document.empty());
    EXPECT_NE(none.reason.find("--at-least requires power11 or newer"), std::string::npos)
        << none.reason;
}

TEST(Fit, pinsNothingThatTheCommandLineUndoes) {
    const auto with = [](const std::string& value) {
        return fitDomain(
            parse("<domain type='kvm' xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><os>"
                  "<type arch='ppc64le'>hvm</type></os><q:commandline><q:arg "
                  "value='-machine'/><q:arg "
                  "value='max-cpu-compat=" +
                  value + "'/></q:commandline></domain>"),
            kPower10);
    };
    EXPECT_EQ(with("power10").verdict, Verdict::compatible);
    for (const char* value : {"power9", ""}) {
        const FitAnswer fit = with(value);
        EXPECT_EQ(fit.verdict, Verdict::incompatible) << value;
        EXPECT_EQ(fit.document, "");
        EXPECT_NE(fit.reason.find("wins over <cpu>"), std::string::npos) << fit.reason;
        EXPECT_EQ(fit.remedy, "take max-cpu-compat out of <qemu:commandline>");
    }
}

} // namespace
} // namespace hostcompat::policy
