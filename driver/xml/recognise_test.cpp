// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that each kind of input that is not a document gets its own message, and a document gets
// none.
#include "driver/xml/recognise.hpp"
#include "driver/xml/well_formed.hpp"

#include <gtest/gtest.h>

namespace hostcompat::xml {
namespace {

using namespace std::string_view_literals;

TEST(Recognise, NamesWhatItIs) {
    for (const auto& [bytes, word] : {
             std::pair{"\x1f\x8b\x08\x00"sv, "gzip"},
             {"\xfd\x37zXZ\0\0"sv, "xz"},
             {"\x28\xb5\x2f\xfd\x04"sv, "zstd"},
             {"BZh91AY"sv, "bzip2"},
             {"  &lt;domain type='kvm'&gt;"sv, "web page"},
             {"\x1b[32m<domain/>"sv, "colour"},
             {"<domain>\x1b[1m</domain>"sv, "colour"},
             {"error: failed to get domain 'g'\n"sv, "error message of virsh"},
             {"virsh # dumpxml g\n<domain/>"sv, "prompt of virsh"},
             {"$ virsh dumpxml g\n<domain/>"sv, "prompt of a shell"},
             {"[root@host ~]# virsh dumpxml g\n"sv, "prompt of a shell"},
             {"PGRvbWFpbiB0eXBlPSdrdm0nPg=="sv, "base64"},
             {"\n{\"virt-host-compat\": {}}"sv, "record"},
             {"{\"a\": 1}"sv, "JSON"},
             {"<domain/>\0<domain/>"sv, "NUL"},
         }) {
        const auto kind = recognise(bytes);
        ASSERT_TRUE(kind) << word;
        EXPECT_NE(kind->reason.find(word), std::string::npos) << kind->reason;
        const auto refused = checkDocument(bytes, "a.xml");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().reason, kind->reason);
        EXPECT_EQ(refused.error().line, 0U);
    }
}

TEST(Recognise, LeavesDocumentsAndOtherFaults) {
    for (const std::string_view bytes : {"<domain/>"sv, "<a>&lt;</a>"sv, "text"sv, ""sv, " "sv,
                                         "<domain>\0</domain>"sv.substr(0, 8)})
        EXPECT_FALSE(recognise(bytes)) << bytes;
}

TEST(Recognise, EncodingsThatTheBytesFit) {
    for (const char* encoding : {"utf-8", "UTF8", "us-ascii", "ASCII", "iso-8859-1", "latin1"})
        EXPECT_TRUE(checkDocument(
            "<?xml version='1.0' encoding='" + std::string(encoding) + "'?><a/>", "a.xml"))
            << encoding;
    EXPECT_TRUE(checkDocument("<?xml version='1.0' encoding='utf8'?><a>\xc3\xa4</a>", "a.xml"));
    EXPECT_FALSE(
        checkDocument("<?xml version='1.0' encoding='us-ascii'?><a>\xc3\xa4</a>", "a.xml"));
    EXPECT_FALSE(checkDocument("<?xml version='1.0' encoding='UTF-16'?><a/>", "a.xml"));
    EXPECT_FALSE(checkDocument("<?xml version='1.0' encoding='EBCDIC-US'?><a/>", "a.xml"));
}

} // namespace
} // namespace hostcompat::xml
