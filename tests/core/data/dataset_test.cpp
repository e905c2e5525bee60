#include "data/support.h"

#include <ATen/ATen.h>
#include <algorithm>

namespace hfc::data {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Dataset, shows_all_images_as_floats_between_0_and_1) {
    const auto images = noise_images(5, 2, 3, 7, 6);
    const Dataset dataset(images);
    EXPECT_EQ(dataset.size(), 5);
    EXPECT_EQ(dataset.channels(), 3);
    EXPECT_EQ(dataset.height(), 7);
    EXPECT_EQ(dataset.width(), 6);
    EXPECT_EQ(dataset.classes(), 2);
    EXPECT_EQ(dataset.name(), "noise");
    EXPECT_THAT(labels_of(dataset), ElementsAre(0, 1, 0, 1, 0));
    const auto batch = dataset.batch(0, 5);
    EXPECT_EQ(batch.images.scalar_type(), at::kFloat);
    EXPECT_TRUE(at::equal(batch.images, images->pixels.to(at::kFloat) / 255));
    EXPECT_TRUE(at::equal(batch.labels, images->labels));
}

TEST(Dataset, takes_images_in_any_layout) {
    auto images = noise_images();
    const auto expected = Dataset(images).batch(0, 20).images;
    images = std::make_shared<Images>(*images);
    images->pixels = images->pixels.contiguous(at::MemoryFormat::ChannelsLast);
    EXPECT_TRUE(at::equal(Dataset(images).batch(0, 20).images, expected));
}

TEST(Dataset, refuses_images_that_are_not_what_it_says) {
    const auto error_with = [](auto change) {
        auto images = noise_images();
        change(*images);
        return error_of([&] { Dataset dataset(images); });
    };
    EXPECT_THAT(error_with([](Images& images) { images.pixels = images.pixels.to(at::kDouble); }),
                AllOf(HasSubstr("'noise' must be a uint8 or float32"), HasSubstr("float64")));
    EXPECT_THAT(error_with([](Images& images) { images.pixels = images.pixels[0]; }),
                HasSubstr("[3, 8, 8]"));
    EXPECT_THAT(error_with([](Images& images) { images.pixels = images.pixels.slice(0, 0, 0); }),
                HasSubstr("at least one image"));
    EXPECT_THAT(error_with([](Images& images) { images.labels = images.labels.slice(0, 0, 19); }),
                AllOf(HasSubstr("int64 [20]"), HasSubstr("[19]")));
    EXPECT_THAT(error_with([](Images& images) { images.labels = images.labels.to(at::kInt); }),
                HasSubstr("got int32"));
    EXPECT_THAT(error_with([](Images& images) { images.labels = images.labels + 1; }),
                HasSubstr("must be between 0 and 3; got 1 to 4"));
    EXPECT_THAT(error_with([](Images& images) { images.labels = images.labels - 1; }),
                HasSubstr("must be >= 0, got -1"));
    EXPECT_THAT(error_of([] { Dataset dataset(std::shared_ptr<const Images>{}); }),
                HasSubstr("must contain at least one image"));
}

TEST(Batch, follows_the_positions) {
    const Dataset dataset(noise_images());
    const auto view = dataset.slice(5, 15);
    const auto batch = view.batch(at::tensor({9, 0, 0}, at::kLong));
    EXPECT_TRUE(at::equal(batch.images, dataset.batch(at::tensor({14, 5, 5}, at::kLong)).images));
    EXPECT_TRUE(at::equal(batch.labels, at::tensor({14 % 4, 5 % 4, 5 % 4}, at::kLong)));
    EXPECT_EQ(view.batch(at::empty({0}, at::kLong)).images.sizes(), at::IntArrayRef({0, 3, 8, 8}));
}

TEST(Batch, is_a_copy) {
    const Dataset dataset(noise_images());
    const auto before = dataset.batch(0, 20);
    const auto batch = dataset.batch(0, 20);
    batch.images.zero_();
    batch.labels.zero_();
    EXPECT_TRUE(at::equal(dataset.batch(0, 20).images, before.images));
    EXPECT_TRUE(at::equal(dataset.batch(0, 20).labels, before.labels));
}

TEST(Batch, refuses_positions_outside_the_view) {
    const Dataset dataset(noise_images());
    EXPECT_THAT(error_of([&] {
                    dataset.batch(at::tensor({0, 20}, at::kLong));
                }),
                HasSubstr("positions must be between 0 and 19 for 'noise', got 0 to 20"));
    EXPECT_THAT(error_of([&] { dataset.slice(0, 3).batch(at::tensor({3}, at::kLong)); }),
                HasSubstr("0 to 2"));
    EXPECT_THAT(error_of([&] { dataset.batch(at::tensor({-1}, at::kLong)); }),
                HasSubstr("got -1 to -1"));
    EXPECT_THAT(error_of([&] { dataset.batch(at::tensor({1.0})); }),
                HasSubstr("must be a one-dimensional int64"));
    EXPECT_THAT(error_of([&] { dataset.batch(at::Tensor()); }), HasSubstr("got nothing"));
    EXPECT_THAT(error_of([&] { dataset.batch(3, 3); }), HasSubstr("got begin 3 and end 3"));
    EXPECT_THAT(error_of([&] { dataset.batch(-1, 3); }), HasSubstr("begin -1"));
    EXPECT_THAT(error_of([&] { dataset.batch(0, 21); }), HasSubstr("<= 20 (the size of 'noise')"));
}

TEST(Subset, is_drawn_by_the_seed_without_repeats) {
    const Dataset dataset(noise_images());
    auto drawn = shown(dataset.subset(12, 1));
    EXPECT_EQ(drawn, shown(dataset.subset(12, 1)));
    EXPECT_NE(drawn, shown(dataset.subset(12, 2)));
    for (size_t i = 0; i < drawn.size(); ++i) {
        EXPECT_EQ(labels_of(dataset.subset(12, 1))[i], drawn[i] % 4);
    }
    std::ranges::sort(drawn);
    EXPECT_EQ(std::ranges::adjacent_find(drawn), drawn.end());
    EXPECT_EQ(dataset.subset(12, 1).name(), "noise, 12 drawn");
    EXPECT_EQ(dataset.subset(20, 1).size(), 20);
    EXPECT_TRUE(dataset.subset(0, 1).same_images(dataset)) << "0 is all, in their order";
    EXPECT_THAT(error_of([&] { dataset.subset(-1, 1); }),
                HasSubstr("n must be between 0 (all) and 20 (the size of 'noise'), got -1"));
    EXPECT_THAT(error_of([&] { dataset.subset(21, 1); }), HasSubstr("got 21"));
}

TEST(Subset, gives_the_first_n_of_one_order) {
    const Dataset dataset(noise_images());
    EXPECT_EQ(shown(dataset.subset(5, 3)), shown(dataset.subset(20, 3).slice(0, 5)));
}

TEST(Slice, composes) {
    const Dataset dataset(noise_images());
    const auto view = dataset.slice(4, 14).slice(2, 5);
    EXPECT_THAT(shown(view), ElementsAre(6, 7, 8));
    EXPECT_EQ(view.name(), "noise, images 4 to 13, images 2 to 4");
    EXPECT_THAT(error_of([&] { dataset.slice(4, 14).slice(2, 11); }),
                HasSubstr("0 <= begin < end <= 10"));
    EXPECT_THAT(error_of([&] { dataset.slice(5, 4); }), HasSubstr("got begin 5 and end 4"));
}

TEST(PerClass, draws_n_of_each_in_the_order_of_the_view) {
    const Dataset dataset(noise_images(40));
    const auto view = dataset.per_class(3, 7);
    EXPECT_EQ(view.size(), 12);
    for (int64_t label = 0; label < 4; ++label) {
        EXPECT_EQ(std::ranges::count(labels_of(view), label), 3);
    }
    EXPECT_TRUE(std::ranges::is_sorted(shown(view)));
    EXPECT_EQ(shown(view), shown(dataset.per_class(3, 7)));
    EXPECT_NE(shown(view), shown(dataset.per_class(3, 8)));
    EXPECT_EQ(view.name(), "noise, 3 of each class");
}

TEST(PerClass, names_the_class_that_has_too_few) {
    const Dataset dataset(noise_images(7));
    EXPECT_EQ(dataset.per_class(1, 0).size(), 4);
    EXPECT_THAT(error_of([&] { dataset.per_class(2, 0); }),
                HasSubstr("has 1 images of class 3 ('class 3'), fewer than the 2"));
    EXPECT_THAT(error_of([&] { dataset.per_class(0, 0); }),
                HasSubstr("n must be at least 1, got 0"));
}

TEST(ShuffleLabels, permutes_the_labels_and_leaves_the_images) {
    const Dataset dataset(noise_images(100));
    const auto shuffled = dataset.shuffle_labels(1);
    EXPECT_EQ(shown(shuffled), shown(dataset));
    EXPECT_EQ(shuffled.name(), "noise, shuffled labels");
    auto natural_labels = labels_of(dataset);
    auto shuffled_labels = labels_of(shuffled);
    EXPECT_NE(shuffled_labels, natural_labels);
    EXPECT_EQ(shuffled_labels, labels_of(dataset.shuffle_labels(1))) << "fixed by the seed";
    EXPECT_NE(shuffled_labels, labels_of(dataset.shuffle_labels(2)));
    EXPECT_TRUE(at::equal(shuffled.batch(10, 20).labels, shuffled.labels().slice(0, 10, 20)));
    std::ranges::sort(natural_labels);
    std::ranges::sort(shuffled_labels);
    EXPECT_EQ(shuffled_labels, natural_labels);
}

TEST(ShuffleLabels, leaves_the_labels_of_other_views) {
    const Dataset dataset(noise_images(100));
    const auto before = labels_of(dataset);
    const auto shuffled = dataset.shuffle_labels(1);
    EXPECT_EQ(labels_of(dataset), before);
    EXPECT_TRUE(at::equal(shuffled.slice(10, 20).labels(), shuffled.labels().slice(0, 10, 20)))
        << "an image keeps its label in later views";
}

TEST(SameImages, compares_images_order_and_labels_but_not_filters) {
    const Dataset dataset(noise_images());
    EXPECT_TRUE(dataset.same_images(dataset.low_pass(4)));
    EXPECT_TRUE(dataset.subset(5, 1).same_images(dataset.high_pass(2).subset(5, 1)));
    EXPECT_FALSE(dataset.same_images(dataset.shuffle_labels(1)));
    EXPECT_FALSE(dataset.same_images(dataset.slice(0, 19)));
    EXPECT_FALSE(dataset.subset(20, 1).same_images(dataset));
    EXPECT_FALSE(dataset.same_images(Dataset(noise_images())));
}

TEST(Fingerprint, is_of_labels_and_of_images_all_over_the_view) {
    const auto images = noise_images(1000);
    const Dataset all(images);
    EXPECT_EQ(all.fingerprint(), Dataset(images).fingerprint());
    EXPECT_NE(all.fingerprint(), all.shuffle_labels(1).fingerprint());
    EXPECT_NE(all.subset(10, 1).fingerprint(), all.subset(10, 2).fingerprint());
    EXPECT_NE(all.slice(0, 4).fingerprint(), all.slice(4, 8).fingerprint());
    for (const int64_t image : {0, 999}) {
        auto changed = std::make_shared<Images>(*images);
        changed->pixels = images->pixels.clone();
        changed->pixels[image][2][7][7] = changed->pixels[image][2][7][7].bitwise_not();
        EXPECT_NE(all.fingerprint(), Dataset(changed).fingerprint());
    }
    auto darker = std::make_shared<Images>(*images);
    darker->pixels = images->pixels.div(2, "floor");
    EXPECT_NE(all.fingerprint(), Dataset(darker).fingerprint());
    EXPECT_EQ(all.slice(3, 4).fingerprint().size(), 8U) << "one image";
}

}  // namespace
}  // namespace hfc::data
