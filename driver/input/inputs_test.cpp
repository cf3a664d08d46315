// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that inputs come in order and each once, and that an error of one does not stop the others.
#include "driver/input/inputs.hpp"

#include <climits>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace hostcompat::input {
namespace {

using Lines = std::vector<std::string>;

class InputsOf : public testing::Test {
protected:
    InputsOf() {
        std::string pattern = testing::TempDir() + "inputs-XXXXXX";
        folder_ = mkdtemp(pattern.data());
        root_ = folder_.string() + "/";
    }
    ~InputsOf() override {
        std::filesystem::remove_all(folder_);
    }
    std::string write(const std::string& name, const std::string& content = "<a/>") {
        std::filesystem::create_directories((folder_ / name).parent_path());
        std::ofstream(root_ + name, std::ios::binary) << content;
        return root_ + name;
    }
    /// Every item of a stream: paths without the test's folder, errors as their messages.
    template <typename Stream>
    Lines all(Stream stream) const {
        Lines lines;
        while (auto item = stream.next()) {
            std::string line = *item ? **item : model::describe(item->error());
            for (auto at = line.find(root_); at != std::string::npos; at = line.find(root_))
                line.erase(at, root_.size());
            lines.push_back(line);
        }
        return lines;
    }
    std::filesystem::path folder_;
    std::string root_;
};

TEST_F(InputsOf, aCommandLineComeInItsOrder) {
    write("b.xml");
    write("a.xml");
    EXPECT_EQ(
        all(Inputs({root_ + "b.xml", "-", root_ + "none.xml", root_ + "a.xml", root_ + "b.xml"})),
        (Lines{"b.xml", "-", "none.xml", "a.xml", "b.xml"}));
    EXPECT_EQ(all(Inputs({})), Lines{});
}

TEST_F(InputsOf, aFolderAreItsDocumentsByName) {
    for (const char* name :
         {"f/b.xml", "f/a.xml", "f/c/z.xml", "f/c/d/y.xml", "f/c-d.xml", "f/c.xml", "f/.hidden.xml",
          "f/.git/x.xml", "f/notes.txt", "f/xml", "f/B.XML", "f/\xC3\xA4.xml"})
        write(name);
    std::filesystem::create_directories(folder_ / "f" / "folder.xml");
    std::filesystem::create_symlink("a.xml", folder_ / "f" / "link.xml");
    std::filesystem::create_symlink(".", folder_ / "f" / "loop");
    std::filesystem::create_directory_symlink(".", folder_ / "f" / "loop.xml");
    ASSERT_EQ(::mkfifo((root_ + "f/pipe.xml").c_str(), 0600), 0);
    const Lines expected{"f/a.xml",   "f/b.xml", "f/c/d/y.xml", "f/c/z.xml",
                         "f/c-d.xml", "f/c.xml", "f/link.xml",  "f/\xC3\xA4.xml"};
    EXPECT_EQ(all(Inputs({root_ + "f"})), expected);
    for (const std::size_t batch : {0U, 1U, 2U, 3U, 5U, 100U})
        EXPECT_EQ(all(FolderWalk(root_ + "f", FolderOf::documents, batch)), expected) << batch;
    EXPECT_EQ(all(FolderWalk(root_ + "f/")), expected);
}

TEST_F(InputsOf, largeFoldersNeedNoMoreThanABatch) {
    Lines expected;
    for (int file = 10000; file < 11000; ++file)
        expected.push_back("f/" + std::to_string(file) + ".xml");
    for (const std::string& name : expected)
        write(name);
    EXPECT_EQ(all(FolderWalk(root_ + "f", FolderOf::documents, 64)), expected);
}

TEST_F(InputsOf, aFolderWithoutDocumentsIsAnError) {
    write("f/notes.txt");
    write("a.xml");
    EXPECT_EQ(
        all(Inputs({root_ + "f", root_ + "a.xml"})),
        (Lines{
            "cannot find a document in f: no file below this folder has a name that ends in .xml",
            "a.xml"}));
}

TEST_F(InputsOf, aFolderOfHostsMayBeRecords) {
    for (const char* name : {"f/a.json", "f/b.xml", "f/c.raw", "g/notes.txt"})
        write(name);
    EXPECT_EQ(all(Inputs({root_ + "f", root_ + "g"}, std::nullopt, FolderOf::hosts)),
              (Lines{"f/a.json", "f/b.xml",
                     "cannot find a document in g: no file below this folder has a name that ends "
                     "in .xml or .json"}));
    EXPECT_EQ(all(Inputs({root_ + "f"})), (Lines{"f/b.xml"}));
}

TEST_F(InputsOf, libvirtsFolderOfDomainsHasOthersBeside) {
    for (const char* name : {"qemu/a.xml", "qemu/networks/default.xml",
                             "qemu/networks/autostart/default.xml", "qemu/more/b.xml"})
        write(name);
    std::filesystem::create_directory(folder_ / "qemu/autostart");
    std::filesystem::create_symlink("../a.xml", folder_ / "qemu/autostart/a.xml");
    EXPECT_EQ(all(Inputs({root_ + "qemu"}, std::nullopt, FolderOf::domains)),
              (Lines{"qemu/a.xml", "qemu/more/b.xml"}));
}

TEST_F(InputsOf, aFolderThatVanishesStopsNothing) {
    write("f/1/a.xml");
    write("f/2/b.xml");
    Inputs inputs({root_ + "f"});
    const auto found = inputs.next();
    ASSERT_TRUE(found && *found);
    EXPECT_EQ(**found, root_ + "f/1/a.xml");
    std::filesystem::remove_all(folder_ / "f" / "2");
    write("f/3/c.xml");
    const auto lost = inputs.next();
    ASSERT_TRUE(lost && !*lost);
    EXPECT_EQ(model::describe(lost->error()),
              "cannot open the folder " + root_ + "f/2: No such file or directory (ENOENT)");
    EXPECT_FALSE(inputs.next().has_value());
}

TEST_F(InputsOf, aListFollowThoseNamed) {
    write("f/a.xml");
    const auto list = write("list", root_ + "x.xml\n\n" + root_ + "f\n" + root_ + "with space.xml");
    EXPECT_EQ(all(Inputs({root_ + "first.xml"}, list)),
              (Lines{"first.xml", "x.xml", "f/a.xml", "with space.xml"}));
}

TEST_F(InputsOf, aNameInAListIsADocumentsWhereItEndsLikeOne) {
    write("f.xml/a.xml");
    const auto list = write("list", root_ + "f.xml\n" + root_ + "f.xml/\n");
    EXPECT_EQ(all(Inputs({}, list)), (Lines{"f.xml", "f.xml/a.xml"}));
    EXPECT_EQ(all(Inputs({root_ + "f.xml"})), Lines{"f.xml/a.xml"});
}

TEST_F(InputsOf, aListOfNulsKeepsLineBreaks) {
    EXPECT_EQ(all(PathList(write("list", std::string("a.xml\0b\nc.xml\0d", 15)))),
              (Lines{"a.xml", "b\nc.xml", "d"}));
}

TEST_F(InputsOf, aLongListAreAllThere) {
    std::string content;
    Lines expected;
    for (int path = 0; path < 50000; ++path) {
        expected.push_back("some/path/" + std::to_string(path) + ".xml");
        content += expected.back() + "\n";
    }
    EXPECT_EQ(all(PathList(write("list", content))), expected);
}

TEST_F(InputsOf, aListWithAnEndlessEntryGoOn) {
    const auto list = write("list", "a.xml\n" + std::string(300000, 'x') + "\nb.xml\n" +
                                        std::string(PATH_MAX + 1, 'y'));
    EXPECT_EQ(all(PathList(list)),
              (Lines{"a.xml", "list:2: cannot read the list: File name too long (ENAMETOOLONG)",
                     "b.xml", "list:4: cannot read the list: File name too long (ENAMETOOLONG)"}));
}

TEST_F(InputsOf, aListThatCannotBeReadIsAnError) {
    EXPECT_EQ(all(Inputs({root_ + "a.xml"}, root_ + "none")),
              (Lines{"a.xml", "cannot open the list none: No such file or directory (ENOENT)"}));
    EXPECT_EQ(all(Inputs({}, root_.substr(0, root_.size() - 1))).size(), 1U);
}

TEST_F(InputsOf, aListThatNamesNothingIsAnError) {
    const std::string error = "cannot read the list list: it is empty; write one name on each line";
    for (const std::string& content : {std::string(), std::string("\n\n"), std::string(3, '\0')}) {
        const auto list = write("list", content);
        EXPECT_EQ(all(PathList(list)), Lines{error});
        EXPECT_EQ(all(Inputs({root_ + "a.xml"}, list)), (Lines{"a.xml", error}));
    }
    EXPECT_EQ(all(PathList(write("list", "\n\na.xml\n\n"))), Lines{"a.xml"});
}

TEST_F(InputsOf, standardInputCanBeTakenOnce) {
    EXPECT_EQ(all(Inputs({"-", "-"})),
              (Lines{"-", "cannot read standard input twice; name '-' only once"}));
    const auto list = write("list", "-\n");
    EXPECT_EQ(all(Inputs({"-"}, list)),
              (Lines{"-", "cannot read standard input twice; name '-' only once"}));
}

TEST_F(InputsOf, standardInputAsListIsNoDocumentToo) {
    Inputs inputs({"-"}, "-");
    const auto refused = inputs.next();
    ASSERT_TRUE(refused && !*refused);
    EXPECT_EQ(refused->error().kind, ErrorKind::usage);
}

} // namespace
} // namespace hostcompat::input
