#include "data/classes.h"

#include "base/random.h"
#include "data/support.h"

#include <ATen/ATen.h>

namespace hfc::data {
namespace {

using testing::HasSubstr;

/// One pass over the labels a class.
std::vector<at::Tensor> class_by_class(const at::Tensor& labels, int64_t classes) {
    std::vector<at::Tensor> positions;
    for (int64_t label = 0; label < classes; ++label) {
        positions.push_back(labels.eq(label).nonzero().flatten());
    }
    return positions;
}

at::Tensor random_labels(int64_t count, int64_t classes, uint64_t seed) {
    return at::randint(0, classes, {count}, make_generator(seed, "labels"), at::kLong);
}

TEST(PositionsOfClasses, are_those_that_one_pass_a_class_finds) {
    for (const auto& labels :
         {random_labels(1000, 7, 1), random_labels(5, 40, 2), random_labels(3000, 2999, 3),
          at::zeros({9}, at::kLong), at::full({1}, 2999, at::kLong), at::empty({0}, at::kLong),
          random_labels(200, 9, 4).slice(0, 1, 200, 3)}) {
        const auto expected = class_by_class(labels, 3000);
        const auto positions = positions_of_classes(labels, 3000);
        ASSERT_EQ(positions.size(), 3000U);
        for (size_t i = 0; i < positions.size(); ++i) {
            EXPECT_EQ(positions[i].scalar_type(), at::kLong);
            EXPECT_TRUE(at::equal(positions[i], expected[i])) << "class " << i;
        }
    }
    EXPECT_TRUE(positions_of_classes(at::empty({0}, at::kLong), 0).empty());
}

TEST(PositionsOfClasses, refuses_labels_outside_the_classes) {
    const auto with = [](int64_t label) {
        return error_of([&] { positions_of_classes(at::full({3}, label, at::kLong), 4); });
    };
    EXPECT_THAT(with(4), HasSubstr("labels must be between 0 and 3, got 4"));
    EXPECT_THAT(with(-1), HasSubstr("got -1"));
    EXPECT_THAT(error_of([] { positions_of_classes(at::zeros({3}), 4); }), HasSubstr("int64"));
}

TEST(PerClass, draws_the_images_that_one_pass_a_class_draws) {
    for (const uint64_t seed : {0, 1, 2}) {
        auto images = noise_images(400, 9);
        images->labels = random_labels(400, 9, seed);
        const Dataset dataset(images);
        std::vector<at::Tensor> chosen;
        int64_t label = 0;
        for (const auto& members : class_by_class(dataset.labels(), 9)) {
            const auto order =
                permutation(members.size(0), seed, fmt::format("per class {}", label++));
            chosen.push_back(members.index_select(0, order.slice(0, 0, 5)));
        }
        EXPECT_TRUE(
            at::equal(dataset.per_class(5, seed).samples(), std::get<0>(at::cat(chosen).sort())));
    }
}

}  // namespace
}  // namespace hfc::data
