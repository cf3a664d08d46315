// SPDX-License-Identifier: LGPL-2.1-or-later
// Grammars compile without output, and each reason why one does not is reported.
#include "driver/validate/grammar.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace hostcompat::validate {
namespace {

class GrammarFiles : public testing::Test {
protected:
    GrammarFiles() {
        std::string pattern = testing::TempDir() + "grammar files-XXXXXX";
        folder_ = mkdtemp(pattern.data());
        testing::internal::CaptureStderr();
    }
    ~GrammarFiles() override {
        EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
        std::filesystem::remove_all(folder_);
    }
    std::string path(const std::string& name) const {
        return (folder_ / name).string();
    }
    std::string write(const std::string& name, const std::string& content) {
        std::ofstream(path(name))
            << "<grammar xmlns='http://relaxng.org/ns/structure/1.0'\n"
               " datatypeLibrary='http://www.w3.org/2001/XMLSchema-datatypes'>\n"
            << content << "</grammar>";
        return path(name);
    }
    std::string failure(const std::string& name) {
        const auto grammar = Grammar::fromFile(path(name));
        return grammar ? "it compiles" : model::describe(grammar.error());
    }
    std::filesystem::path folder_;
};

TEST(Grammar, hasABuiltInOne) {
    const auto grammar = Grammar::builtIn();
    ASSERT_TRUE(grammar) << model::describe(grammar.error());
    EXPECT_EQ(grammar->name(), "capabilities-compat.rng");
    EXPECT_TRUE(grammar->isBuiltIn());
    EXPECT_NE(grammar->get(), nullptr);
}

TEST(Grammar, hasABuiltInOneForDomainCapabilities) {
    const auto grammar = Grammar::builtIn();
    ASSERT_TRUE(grammar && grammar->isOfHosts());
    const auto domains = grammar->domainCapabilities();
    ASSERT_TRUE(domains) << model::describe(domains.error());
    EXPECT_EQ(domains->name(), "domaincaps-compat.rng");
    EXPECT_TRUE(domains->isBuiltIn());
    EXPECT_FALSE(domains->isOfHosts());
    EXPECT_NE(domains->acceptor(), nullptr) << domains->fastPathOff();
    EXPECT_NE(domains->get(), nullptr);
}

TEST_F(GrammarFiles, compilesAFileWithItsIncludes) {
    write("part.rng", "<define name='a'><element name='a'><empty/></element></define>\n");
    const auto grammar = Grammar::fromFile(
        write("whole.rng", "<start><ref name='a'/></start>\n<include href='part.rng'/>\n"));
    ASSERT_TRUE(grammar) << model::describe(grammar.error());
    EXPECT_EQ(grammar->name(), path("whole.rng"));
    EXPECT_FALSE(grammar->isBuiltIn());
}

TEST_F(GrammarFiles, saysWhyOneCannotBeUsed) {
    EXPECT_EQ(failure("none.rng"),
              "cannot open " + path("none.rng") + ": No such file or directory (ENOENT)");

    write("lost.rng", "<include href='none.rng'/>\n");
    EXPECT_EQ(failure("lost.rng"),
              "cannot open " + path("none.rng") + ": No such file or directory (ENOENT)");

    write("remote.rng", "<include href='http://127.0.0.1:9/x.rng'/>\n");
    EXPECT_EQ(failure("remote.rng"), path("remote.rng") +
                                         ":3: cannot use the grammar: it includes "
                                         "'http://127.0.0.1:9/x.rng', which is not a file");

    write("inner.rng", "<define name='a'>\n<externalRef href='//host/x.rng'/></define>\n");
    write("outer.rng", "<include href='inner.rng'/>\n");
    EXPECT_EQ(failure("outer.rng"),
              path("inner.rng") +
                  ":4: cannot use the grammar: it includes '//host/x.rng', which is not a file");

    write("undefined.rng", "<start><ref name='nowhere'/></start>\n");
    EXPECT_EQ(failure("undefined.rng"), "cannot compile the grammar " + path("undefined.rng") +
                                            ": Reference nowhere has no matching definition");

    std::ofstream(path("broken.rng")) << "<grammar>\n<start>";
    EXPECT_EQ(failure("broken.rng"),
              path("broken.rng") + ":2: cannot parse: it ends inside <start>, which line 2 opens");

    std::ofstream(path("other.rng")) << "<html/>";
    EXPECT_TRUE(
        failure("other.rng").starts_with("cannot compile the grammar " + path("other.rng") + ": "));
}

TEST_F(GrammarFiles, endsAtACircle) {
    write("circle.rng", "<start><empty/></start><include href='circle.rng'/>\n");
    EXPECT_NE(failure("circle.rng"), "it compiles");
}

TEST_F(GrammarFiles, limitsTheirNumber) {
    for (int file = 0; file < 70; ++file)
        write(std::to_string(file) + ".rng",
              "<include href='" + std::to_string(file + 1) + ".rng'/>\n");
    EXPECT_NE(failure("0.rng").find("it includes more than 64 files"), std::string::npos)
        << failure("0.rng");
}

// libvirt's grammars in miniature. Ours only requires that hostcpu refers to cpuMaxPhysAddr.
TEST_F(GrammarFiles, extendsLibvirtsInAnyFolder) {
    write("cputypes.rng",
          "<define name='cpuMaxPhysAddr'><element name='maxphysaddr'><empty/></element></define>\n"
          "<define name='hostcpu'><element name='cpu'><interleave>\n"
          "<optional><ref name='cpuMaxPhysAddr'/></optional></interleave></element></define>\n");
    write("capability.rng",
          "<include href='cputypes.rng'/><start><ref name='capabilities'/></start>\n"
          "<define name='capabilities'><element name='capabilities'><element name='host'>\n"
          "<ref name='hostcpu'/></element></element></define>\n");
    for (const std::string& folder : {folder_.string(), folder_.string() + "/"}) {
        const auto grammar = Grammar::strict(folder);
        ASSERT_TRUE(grammar) << model::describe(grammar.error());
        EXPECT_EQ(grammar->name(), "libvirt-capability-compat.rng with " + path("capability.rng"));
    }
}

TEST_F(GrammarFiles, opensNothingOnceLibvirtsAreRead) {
    write("cputypes.rng",
          "<define name='cpuMaxPhysAddr'><element name='maxphysaddr'><empty/></element></define>\n"
          "<define name='hostcpu'><element name='cpu'><interleave>\n"
          "<optional><ref name='cpuMaxPhysAddr'/></optional></interleave></element></define>\n");
    write("capability.rng",
          "<include href='cputypes.rng'/><start><ref name='capabilities'/></start>\n"
          "<define name='capabilities'><element name='capabilities'><element name='host'>\n"
          "<ref name='hostcpu'/></element></element></define>\n");
    const auto read = Grammar::readLibvirts(folder_.string());
    ASSERT_TRUE(read) << model::describe(read.error());
    std::filesystem::remove_all(folder_);
    const auto grammar = Grammar::strict(folder_.string(), *read);
    ASSERT_TRUE(grammar) << model::describe(grammar.error());
    const auto compiled = grammar->compiled();
    EXPECT_TRUE(compiled) << model::describe(compiled.error());
}

// Ours only requires the names of the parts of a host-model CPU in domaincaps.rng.
TEST_F(GrammarFiles, extendsLibvirtsForDomainCapabilities) {
    write("capability.rng", "<start><ref name='capabilities'/></start>\n"
                            "<define name='capabilities'><element "
                            "name='capabilities'><empty/></element></define>\n"
                            "<define name='cpuMaxPhysAddr'><notAllowed/></define>\n");
    const auto before = Grammar::strict(folder_.string());
    ASSERT_TRUE(before) << model::describe(before.error());
    const auto missing = before->domainCapabilities();
    ASSERT_FALSE(missing);
    EXPECT_EQ(model::describe(missing.error()),
              "cannot open " + path("domaincaps.rng") +
                  ": No such file or directory (ENOENT); install libvirt's client packages, or "
                  "name the folder of libvirt's grammars with --schema-dir");
    std::string parts;
    for (const std::string name : {"cpuModel", "cpuVendor"})
        parts +=
            "<define name='" + name + "'><element name='" + name + "'><text/></element></define>\n";
    write("domaincaps.rng",
          "<start><ref name='domainCapabilities'/></start>\n" + parts +
              "<define name='supported'><attribute name='supported'/></define>\n"
              "<define name='cpuHostModel'><element name='mode'><ref name='supported'/>"
              "</element></define>\n"
              "<define name='domainCapabilities'><element name='domainCapabilities'>"
              "<ref name='cpuHostModel'/></element></define>\n");
    const auto grammar = Grammar::strict(folder_.string());
    ASSERT_TRUE(grammar) << model::describe(grammar.error());
    const auto domains = grammar->domainCapabilities();
    ASSERT_TRUE(domains) << model::describe(domains.error());
    EXPECT_EQ(domains->name(), "libvirt-domaincaps-compat.rng with " + path("domaincaps.rng"));
    const auto compiled = domains->compiled();
    EXPECT_TRUE(compiled) << model::describe(compiled.error());
}

TEST_F(GrammarFiles, staysInLibvirtsFolder) {
    const std::string outside = folder_.string() + ".rng";
    std::ofstream(outside) << "<grammar xmlns='http://relaxng.org/ns/structure/1.0'/>";
    write("capability.rng",
          "<include href='../" + std::filesystem::path(outside).filename().string() + "'/>\n");
    const auto grammar = Grammar::strict(folder_.string());
    ASSERT_FALSE(grammar);
    EXPECT_TRUE(model::describe(grammar.error())
                    .starts_with("cannot open " + outside +
                                 ": it is not one of the *.rng files in " + folder_.string()))
        << model::describe(grammar.error());
    std::filesystem::remove(outside);
}

TEST_F(GrammarFiles, saysHowToGetLibvirts) {
    const auto grammar = Grammar::strict(folder_.string());
    ASSERT_FALSE(grammar);
    EXPECT_EQ(
        model::describe(grammar.error()),
        "cannot open " + path("capability.rng") +
            ": No such file or directory (ENOENT); install libvirt's client packages, or name "
            "the folder of libvirt's grammars with --schema-dir");
}

} // namespace
} // namespace hostcompat::validate
