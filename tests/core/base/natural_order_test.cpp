#include "base/natural_order.h"

#include <gmock/gmock.h>

#include <set>

namespace hfc {
namespace {

TEST(NaturalOrder, counts_as_people_do) {
    const std::set<std::string, NaturalOrder> names = {"train low r=12",
                                                       "train",
                                                       "train low r=4",
                                                       "train low r=16",
                                                       "a10b2",
                                                       "a10b10",
                                                       "a9b3",
                                                       "",
                                                       "10",
                                                       "9",
                                                       "a"};
    EXPECT_THAT(names, testing::ElementsAre("", "9", "10", "a", "a9b3", "a10b2", "a10b10", "train",
                                            "train low r=4", "train low r=12", "train low r=16"));
}

TEST(NaturalOrder, keeps_names_apart_that_differ_in_zeros_alone) {
    const std::set<std::string, NaturalOrder> names = {"r=4", "r=04", "r=0", "r=00", "r=4"};
    EXPECT_EQ(names.size(), 4U);
    EXPECT_FALSE(natural_less("r=4", "r=4"));
    EXPECT_NE(natural_less("r=4", "r=04"), natural_less("r=04", "r=4"));
    EXPECT_TRUE(natural_less("99999999999999999999", "100000000000000000000"))
        << "beyond any integer";
}

}  // namespace
}  // namespace hfc
