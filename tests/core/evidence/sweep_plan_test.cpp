#include "evidence/sweep_plan.h"

#include "base/error.h"
#include "files.h"

#include <gmock/gmock.h>

namespace hfc::evidence {
namespace {

using Json = nlohmann::ordered_json;
using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;

SweepPlan plan_of(const Json& choices, const Json& values = {{"seed", 0}, {"lr", 0.1}}) {
    return plan_from_json({{"device", "cpu"},
                           {"bases", {{{"preset", ""}, {"values", values}}}},
                           {"choices", choices}});
}

std::vector<std::string> names_of(const std::vector<SweepItem>& items) {
    std::vector<std::string> names;
    for (const auto& item : items) {
        names.push_back(item.name);
    }
    return names;
}

const Json rates = {
    {"option", "lr"},
    {"values", {{{"text", "1e-3"}, {"value", 0.001}}, {{"text", "2e-3"}, {"value", 0.002}}}}};

TEST(SweepPlan, each_seed_comes_with_all_settings_before_the_next) {
    auto plan = plan_of(Json::array({rates}));
    choose_seeds(plan, 2);
    const auto items = items_of(plan, {.script = "x"});
    EXPECT_THAT(names_of(items), ElementsAre("lr_1e-3-seed_0", "lr_2e-3-seed_0", "lr_1e-3-seed_1",
                                             "lr_2e-3-seed_1"));
    EXPECT_THAT(items[3].arguments, ElementsAre("--seed=1", "--lr=2e-3"));
    EXPECT_EQ(items[3].settings, Json({{"lr", 0.002}}));
    EXPECT_EQ(items[3].seed, "1");
    EXPECT_EQ(items[3].hash, items[1].hash);
    EXPECT_NE(items[3].hash, items[2].hash);
}

TEST(SweepPlan, threads_device_and_script_are_part_of_the_identity) {
    const auto hash = [](SweepPlan plan, const SweepMachine& machine) {
        return items_of(plan, machine)[0].hash;
    };
    const auto plan = plan_of(Json::array());
    auto cuda = plan, cuda1 = plan;
    cuda.device = "cuda:0";
    cuda1.device = "cuda:1";
    const auto usual = hash(plan, {.script = "x", .threads = 1});
    EXPECT_NE(usual, hash(plan, {.script = "x", .threads = 2}));
    EXPECT_NE(usual, hash(plan, {.script = "y", .threads = 1}));
    EXPECT_NE(usual, hash(cuda, {.script = "x", .threads = 1}));
    EXPECT_EQ(hash(cuda, {.script = "x"}), hash(cuda1, {.script = "x"}));
}

TEST(SweepPlan, a_given_value_has_the_hash_of_the_same_default) {
    const Json same = {{"option", "lr"}, {"values", {{{"text", "1e-1"}, {"value", 0.1}}}}};
    EXPECT_EQ(items_of(plan_of(Json::array({same})), {.script = "x"})[0].hash,
              items_of(plan_of(Json::array()), {.script = "x"})[0].hash);
}

TEST(SweepPlan, names_of_directories_differ_and_are_plain) {
    const Json paths = {
        {"option", "data"},
        {"values", {{{"text", "a/b"}, {"value", "a/b"}}, {{"text", "a b"}, {"value", "a b"}}}}};
    EXPECT_THAT(names_of(items_of(plan_of(Json::array({paths}), {{"data", "x"}}), {.script = "x"})),
                ElementsAre("data_a_b", "data_a_b-2"));
    EXPECT_THAT(names_of(items_of(plan_of(Json::array(), Json::object()), {.script = "x"})),
                ElementsAre("item"));
}

TEST(SweepPlan, refuses_seeds_that_cannot_be) {
    auto plan = plan_of(Json::array(), {{"lr", 1}});
    EXPECT_THAT(error_of([&] { choose_seeds(plan, 2); }), HasSubstr("no option 'seed'"));
    plan = plan_of(Json::array());
    EXPECT_THAT(error_of([&] { choose_seeds(plan, 0); }), HasSubstr("got 0"));
    choose_seeds(plan, 2);
    EXPECT_THAT(error_of([&] { choose_seeds(plan, 2); }), HasSubstr("both choose the seeds"));
    EXPECT_THAT(error_of([&] {
                    auto many = plan_of(Json::array());
                    choose_seeds(many, 10001);
                    items_of(many, {.script = "x"});
                }),
                HasSubstr("at most 10000 runs"));
    EXPECT_THAT(error_of([] { plan_from_json({{"device", "cpu"}}); }), HasSubstr("damaged"));
}

}  // namespace
}  // namespace hfc::evidence
