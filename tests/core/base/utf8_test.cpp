#include "base/utf8.h"

#include "base/hex.h"

#include <gtest/gtest.h>

namespace hfc {
namespace {

TEST(Utf8, ReplacesWhatIsNone) {
    EXPECT_EQ(to_utf8("plain"), "plain");
    EXPECT_EQ(to_utf8("caf\xc3\xa9"), "caf\xc3\xa9");
    EXPECT_EQ(to_utf8("caf\xe9"), "caf\xef\xbf\xbd");
    EXPECT_EQ(to_utf8(std::string("a\0b", 3)), std::string("a\0b", 3));
    EXPECT_EQ(to_utf8(to_utf8("\xff\xc3")), to_utf8("\xff\xc3"));
    EXPECT_TRUE(is_utf8("\xc3\xa9"));
    EXPECT_FALSE(is_utf8("\xe9"));
}

TEST(Utf8, JsonIsAsItWillBeReadBack) {
    const nlohmann::ordered_json json = {{"caf\xe9", {1, 0.1, "\xff"}}};
    EXPECT_EQ(as_read_back(json), nlohmann::ordered_json::parse(json_text(json)));
    EXPECT_EQ(json_text(as_read_back(json)), json_text(json));
}

TEST(Hex, GivesEveryByteBack) {
    std::string bytes;
    for (int i = 0; i < 256; ++i) {
        bytes += static_cast<char>(i);
    }
    EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
    EXPECT_EQ(to_hex("\xe9\x41"), "e941");
    EXPECT_EQ(from_hex(""), "");
    for (const char* wrong : {"1", "zz", "0x", "-1", "123"}) {
        EXPECT_FALSE(from_hex(wrong)) << wrong;
    }
}

}  // namespace
}  // namespace hfc
