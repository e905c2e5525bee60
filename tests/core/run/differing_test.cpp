#include "run/differing.h"

#include <gmock/gmock.h>

#include <vector>

namespace hfc::run {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Differing, TellsOnlyTheSettingsThatDiffer) {
    const std::vector<RunSettings> runs = {
        {{"name", "x"}, {"options.lr", "0.1"}, {"options.seed", "0"}},
        {{"name", "x"}, {"options.lr", "0.1"}, {"options.seed", "1"}},
        {{"name", "x"}, {"options.lr", "0.2"}, {"options.width", "8"}, {"options.seed", "0"}},
    };
    const auto found = differing(runs);
    EXPECT_THAT(found.names, ElementsAre("lr", "seed", "width"));
    EXPECT_THAT(found.values[2], ElementsAre("0.2", "0", "8"));
    EXPECT_EQ(label_of(found, 1), "lr 0.1, seed 1, width not set");
    EXPECT_EQ(label_of(found, 1, false), label_of(found, 0, false));
    EXPECT_THAT(differing({runs[0]}).names, IsEmpty());
    EXPECT_EQ(label_of(differing({runs[0]}), 0), "");
}

/// Two runs of one script and two of another, which have few options in common.
std::vector<RunSettings> two_scripts() {
    return {
        {{"name", "labels"}, {"options.epochs", "9"}, {"options.radii", "4"}},
        {{"name", "labels"}, {"options.epochs", "9"}, {"options.radii", "8"}},
        {{"name", "attack"}, {"options.epochs", "5"}, {"options.steps", "10"}},
        {{"name", "attack"}, {"options.epochs", "5"}, {"options.name", "b"}},
    };
}

TEST(Differing, LabelsOfSeveralScriptsBeginWithTheScript) {
    const auto found = differing(two_scripts());
    EXPECT_EQ(label_of(found, 0), "labels, radii 4");
    EXPECT_EQ(label_of(found, 1), "labels, radii 8");
    EXPECT_EQ(label_of(found, 2), "attack, options.name not set, steps 10");
    EXPECT_EQ(label_of(found, 3), "attack, options.name b, steps not set");
}

TEST(Differing, ATableOfSeveralScriptsHasOnlyTheOptionsThatTheyShareOrVary) {
    EXPECT_THAT(differing(two_scripts()).names,
                ElementsAre("name", "epochs", "options.name", "radii", "steps"));
    const auto all = two_scripts();
    const auto found = differing({all[0], all[2]});
    EXPECT_THAT(found.names, ElementsAre("name", "epochs"));
    EXPECT_THAT(found.values[1], ElementsAre("attack", "5"));
    EXPECT_EQ(label_of(found, 0), "labels");
    EXPECT_EQ(label_of(found, 1), "attack");
}

TEST(Differing, ARunWithoutSettingsIsNoOtherScript) {
    const auto found = differing({two_scripts()[0], {}});
    EXPECT_THAT(found.names, IsEmpty());
    EXPECT_EQ(label_of(found, 0), "");
}

}  // namespace
}  // namespace hfc::run
