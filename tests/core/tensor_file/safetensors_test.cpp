// Headers made by hand: each check of the safetensors reader.
#include "files.h"

namespace hfc::tensor_file {
namespace {

using testing::HasSubstr;

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
    return fmt::format(R"("{}":{{"dtype":"{}","shape":{},"data_offsets":{}}})", name, dtype, shape,
                       offsets);
}

class Safetensors : public TensorFile {
  protected:
    std::string refused(const std::string& header, size_t data_bytes = 8) {
        return refusal(safetensors_bytes(header, std::string(data_bytes, '\1')), "x.safetensors");
    }
};

TEST_F(Safetensors, LengthsAreCheckedAgainstTheFile) {
    EXPECT_THAT(refusal("abc", "x.safetensors"),
                HasSubstr("it has 3 bytes, but a safetensors file starts with an 8-byte"));
    auto bytes = safetensors_bytes("{}", "");
    bytes[0] = 100;
    EXPECT_THAT(
        refusal(bytes),
        HasSubstr("its safetensors header has a declared length of 100 bytes, but only 2 follow"));
    bytes[3] = 100;
    EXPECT_THAT(refusal(bytes),
                HasSubstr("declared length of 1677721700 bytes, expected at most 100000000"));
    EXPECT_THAT(
        refusal(std::string(8, '\xff') + "{}"),
        HasSubstr("declared length of 18446744073709551615 bytes, expected at most 100000000"));
}

TEST_F(Safetensors, TheHeaderMustBeTheExpectedJson) {
    EXPECT_THAT(refused("[]", 0), HasSubstr("does not start with '{'"));
    EXPECT_THAT(refused("{\"x\":", 0), HasSubstr("not valid JSON"));
    EXPECT_THAT(refused("{\"\xff\":1}", 0), HasSubstr("not valid JSON"));
    EXPECT_THAT(refused(R"({"x":{"shape":[[[]]]}})", 0), HasSubstr("nested too deeply"));
    EXPECT_THAT(refused("{\"x\":" + std::string(100'000, '['), 0), HasSubstr("nested too deeply"));
    EXPECT_THAT(refused(R"({"x":3})", 0), HasSubstr("entry for tensor 'x' is not an object"));
    EXPECT_THAT(refused(R"({"x":{"dtype":"F32","shape":[]}})", 0),
                HasSubstr("tensor 'x' has no data_offsets"));
    EXPECT_THAT(refused(R"({"x":{"dtype":4,"shape":[],"data_offsets":[0,8]}})"),
                HasSubstr("dtype must be a string"));
    EXPECT_THAT(refused(R"({"__metadata__":{"a":1}})", 0),
                HasSubstr("its __metadata__ 'a' is not a string"));
    EXPECT_THAT(refused(R"({"__metadata__":[]})", 0),
                HasSubstr("its __metadata__ is not an object"));
}

TEST_F(Safetensors, NamesStandOnce) {
    const auto x = entry("x", "F64", "[1]", "[0,8]");
    EXPECT_THAT(refused("{" + x + "," + x + "}"), HasSubstr("contains the key 'x' twice"));
    EXPECT_THAT(refused(R"({"x":{"dtype":"F64","dtype":"F32","shape":[2],"data_offsets":[0,8]}})"),
                HasSubstr("contains the key 'dtype' twice"));
}

TEST_F(Safetensors, ATensorMustFitItsBytes) {
    EXPECT_THAT(refused("{" + entry("x", "F99", "[1]", "[0,8]") + "}"),
                HasSubstr("has the dtype 'F99', expected one of F64, F32"));
    EXPECT_THAT(
        refused("{" + entry("x", "F32", "[1]", "[0,8]") + "}"),
        HasSubstr(
            "tensor 'x' of shape [1] and dtype F32 requires 4 bytes, but its data_offsets span 8"));
    EXPECT_THAT(refused("{" + entry("x", "F64", "[1]", "[0,16]") + "}"),
                HasSubstr("data_offsets [0, 16], but there are only 8 bytes"));
    EXPECT_THAT(refused("{" + entry("x", "F64", "[1]", "[8,0]") + "}"),
                HasSubstr("data_offsets [8, 0]"));
    EXPECT_THAT(refused("{" + entry("x", "F64", "[1]", "[0]") + "}"), HasSubstr("a list of two"));
    EXPECT_THAT(refused("{" + entry("x", "F64", "[-1]", "[0,8]") + "}"),
                HasSubstr("shape must contain integers >= 0"));
    EXPECT_THAT(refused("{" + entry("x", "F64", "[1.0]", "[0,8]") + "}"),
                HasSubstr("shape must contain integers >= 0"));
    EXPECT_THAT(refused("{" + entry("x", "F64", "[18446744073709551615]", "[0,8]") + "}"),
                HasSubstr("integers >= 0"));
    EXPECT_THAT(
        refused("{" + entry("x", "F64", "[4294967296,4294967296,4294967297]", "[0,8]") + "}"),
        HasSubstr("overflows"));
    EXPECT_THAT(refused("{" + entry("x", "F64", "[0,4294967296,4294967296]", "[0,0]") + "}", 0),
                HasSubstr("overflows"));
    std::string many = "1";
    for (int i = 0; i < 64; ++i) {
        many += ",1";
    }
    EXPECT_THAT(refused("{" + entry("x", "F64", "[" + many + "]", "[0,8]") + "}"),
                HasSubstr("has 65 dimensions, expected at most 64"));
}

TEST_F(Safetensors, TheDataHasNeitherHolesNorOverlaps) {
    EXPECT_THAT(
        refused(
            "{" + entry("a", "F32", "[1]", "[0,4]") + "," + entry("b", "F32", "[1]", "[2,6]") + "}",
            6),
        HasSubstr(
            "tensor 'b' starts at byte 2 of the data, but the previous tensor ends at byte 4"));
    EXPECT_THAT(
        refused("{" + entry("a", "F32", "[1]", "[0,4]") + "," + entry("b", "F32", "[1]", "[6,10]") +
                    "}",
                10),
        HasSubstr("bytes 4 to 6 of the data (before tensor 'b') are not part of any tensor"));
    EXPECT_THAT(refused("{" + entry("a", "F32", "[1]", "[0,4]") + "}", 5),
                HasSubstr("end at byte 4 of the data, but there are 5"));
    EXPECT_EQ(refused("{" + entry("b", "F32", "[1]", "[4,8]") + "," +
                      entry("a", "F32", "[1]", "[0,4]") + "}"),
              "(it was read)");
}

TEST_F(Safetensors, BooleansBecomeZeroOrOne) {
    write_file(folder_ / "x", safetensors_bytes("{" + entry("x", "BOOL", "[3]", "[0,3]") + "}",
                                                std::string("\0\1\xff", 3)));
    EXPECT_EQ(bytes_in(load(folder_ / "x")[0].second), std::string("\0\1\1", 3));
}

}  // namespace
}  // namespace hfc::tensor_file
