// Headers made by hand: each check of the npy reader.
#include "files.h"

namespace hfc::tensor_file {
namespace {

using testing::HasSubstr;

class Npy : public TensorFile {
  protected:
    std::string refused(const std::string& header, size_t data_bytes = 8) {
        return refusal(npy_bytes(header, std::string(data_bytes, '\1')));
    }
};

TEST_F(Npy, OtherSpellingsOfTheHeaderAreRead) {
    EXPECT_EQ(refused(R"({"shape":(1L,),"descr":">f8","fortran_order":True})"), "(it was read)");
    EXPECT_EQ(refused("{'descr': '|i1', 'fortran_order': False, 'shape': (2, 4), }   \n"),
              "(it was read)");
    EXPECT_EQ(refused("{'descr': '<f8', 'fortran_order': False, 'shape': (), }"), "(it was read)");
}

TEST_F(Npy, TheHeaderIsChecked) {
    EXPECT_THAT(
        refused("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }"),
        HasSubstr(
            "its array of shape [2] and dtype '<f8' requires 16 bytes, but 8 follow the header"));
    EXPECT_THAT(refused("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", 9),
                HasSubstr("requires 8 bytes, but 9 follow"));
    EXPECT_THAT(refused("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }"),
                HasSubstr("expected a size at position 51"));
    EXPECT_THAT(refused("{'descr': '<f8', 'fortran_order': 1, 'shape': (1,), }"),
                HasSubstr("expected True or False at position"));
    EXPECT_THAT(refused("{'descr': '<f8', 'fortran_order': False, }"),
                HasSubstr("must contain descr, fortran_order and shape"));
    EXPECT_THAT(refused("{'descr': '<f8', 'descr': '<f8', 'shape': (1,), }"),
                HasSubstr("contains the key 'descr', which is unknown or repeated"));
    EXPECT_THAT(refused("{'colour': 1}"), HasSubstr("contains the key 'colour'"));
    EXPECT_THAT(refused("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), } os"),
                HasSubstr("must contain descr"));
    EXPECT_THAT(refused("{'descr"), HasSubstr("an unterminated string"));
    EXPECT_THAT(refused("{'descr': '=f8', 'fortran_order': False, 'shape': (1,), }"),
                HasSubstr("has the dtype '=f8'"));
    EXPECT_THAT(refused("{'descr': '|f8', 'fortran_order': False, 'shape': (1,), }"),
                HasSubstr("has the dtype '|f8'"));
    EXPECT_THAT(refused("{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }"),
                HasSubstr("has the dtype '<f16'"));
    EXPECT_THAT(refused("{'descr': '', 'fortran_order': False, 'shape': (1,), }"),
                HasSubstr("has the dtype ''"));
    EXPECT_THAT(
        refused("{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4), }"),
        HasSubstr("overflows"));
    EXPECT_THAT(
        refused("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }"),
        HasSubstr("expected a size"));
}

TEST_F(Npy, LengthsAndVersionsAreChecked) {
    auto bytes = npy_bytes("{}", "");
    bytes[8] = 99;
    EXPECT_THAT(refusal(bytes),
                HasSubstr("its npy header has a declared length of 99 bytes, but only 2 follow"));
    bytes[6] = 2;
    EXPECT_THAT(refusal(bytes),
                HasSubstr("declared length of 2105213027 bytes, expected at most 1048576"));
    bytes[6] = 4;
    EXPECT_THAT(refusal(bytes), HasSubstr("it uses npy version 4.0, expected 1.0, 2.0 or 3.0"));
    EXPECT_THAT(refusal(bytes.substr(0, 7)),
                HasSubstr("it has 7 bytes, but an npy file has at least 10"));
}

}  // namespace
}  // namespace hfc::tensor_file
