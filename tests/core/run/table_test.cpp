#include "run/table.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hfc::run {
namespace {

using Json = nlohmann::ordered_json;

TEST(Csv, columns_in_the_order_of_first_use_and_missing_values_empty) {
    EXPECT_EQ(to_csv({Json{{"z", 1}, {"a", true}}, Json{{"a", false}, {"new", "x"}},
                      Json{{"z", nullptr}}}),
              "z,a,new\n1,true,\n,false,x\n,,\n");
}

TEST(Csv, quotes_commas_quotes_and_line_breaks) {
    EXPECT_EQ(to_csv({Json{{"a,b", "say \"no\""},
                           {"c", "two\nlines"},
                           {"d", "carriage\rreturn"},
                           {"e", "plain text"}}}),
              "\"a,b\",c,d,e\n\"say \"\"no\"\"\",\"two\nlines\",\"carriage\rreturn\",plain text\n");
}

TEST(Csv, numbers_keep_their_digits) {
    EXPECT_EQ(to_csv({Json{{"a", 0.1},
                           {"b", 1.0 / 3},
                           {"c", 100.0},
                           {"d", -2.5e-12},
                           {"e", 1e300},
                           {"f", int64_t{9007199254740993}}}}),
              "a,b,c,d,e,f\n0.1,0.3333333333333333,100,-2.5e-12,1e+300,9007199254740993\n");
    EXPECT_EQ(to_csv({Json{{"a", std::nan("")}, {"b", HUGE_VAL}, {"c", -HUGE_VAL}}}),
              "a,b,c\nnan,inf,-inf\n");
    EXPECT_EQ(to_csv({Json{{"a", -std::nan("")}}}), "a\nnan\n");
}

TEST(Markdown, is_aligned_and_rounds_numbers) {
    EXPECT_EQ(to_markdown({Json{{"defence", "natural"}, {"clean", 0.85612345}, {"n", 10000.0}},
                           Json{{"defence", "rho .1"}, {"clean", 0.8}, {"n", 12345.678}}}),
              "| defence |  clean |       n |\n"
              "| ------- | -----: | ------: |\n"
              "| natural | 0.8561 |   10000 |\n"
              "| rho .1  |    0.8 | 12345.7 |\n");
    EXPECT_EQ(to_markdown({Json{{"ratio", -std::nan("")}}}), "| ratio |\n| ----: |\n|   nan |\n");
}

TEST(Markdown, escapes_pipes_and_line_breaks) {
    EXPECT_EQ(to_markdown({Json{{"a|b", "c\\|d\ne"}}}),
              "| a\\|b     |\n"
              "| -------- |\n"
              "| c\\\\\\|d e |\n");
}

TEST(Markdown, counts_characters_not_bytes) {
    EXPECT_EQ(to_markdown({Json{{"name", "\xCF\xB5\xCF\xB5\xCF\xB5\xCF\xB5\xCF\xB5"}},
                           Json{{"name", "abcde"}}}),
              "| name  |\n| ----- |\n| \xCF\xB5\xCF\xB5\xCF\xB5\xCF\xB5\xCF\xB5 |\n| abcde |\n");
}

}  // namespace
}  // namespace hfc::run
