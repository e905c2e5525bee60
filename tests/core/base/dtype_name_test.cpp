#include "base/dtype_name.h"

#include <gtest/gtest.h>

namespace hfc {
namespace {

TEST(DtypeName, IsTheNameThatScriptsWrite) {
    EXPECT_EQ(dtype_name(c10::ScalarType::Float), "float32");
    EXPECT_EQ(dtype_name(c10::ScalarType::Long), "int64");
    EXPECT_EQ(dtype_name(c10::ScalarType::Byte), "uint8");
    EXPECT_EQ(dtype_name(c10::ScalarType::Bool), "bool");
    EXPECT_EQ(dtype_name(c10::ScalarType::ComplexDouble), "complex128");
    EXPECT_EQ(dtype_name(c10::ScalarType::Undefined), "undefined");
}

TEST(DtypeName, EveryDtypeHasOne) {
    for (int type = 0; type < static_cast<int>(c10::ScalarType::NumOptions); ++type) {
        EXPECT_NE(dtype_name(static_cast<c10::ScalarType>(type)), "") << type;
    }
}

}  // namespace
}  // namespace hfc
