#include "data/source/pictures.h"

#include "data/loader.h"
#include "data/order.h"
#include "data/source/folder.h"
#include "data/support.h"
#include "image_file/image_file.h"

#include <ATen/ATen.h>

namespace hfc::data {
namespace {

using image_file::PictureRecipe;
using image_file::StepKind;
using testing::AllOf;
using testing::HasSubstr;

const PictureRecipe random_crops({{StepKind::random_resized_crop, 8}, {StepKind::horizontal_flip}});

/// 23 + 2 pictures of noise, in two classes.
class Pictures : public ScratchTest {
  protected:
    Pictures() {
        for (int i = 0; i < 23; ++i) {
            write_picture(fmt::format("train/{}/{:02}.png", i < 11 ? "cat" : "dog", i), i);
        }
        write_picture("val/cat/x.png", 30);
        write_picture("val/dog/y.png", 31);
    }

    void write_picture(const std::string& name, int seed) {
        const int64_t height = 12 + seed % 5, width = 10 + seed % 7;
        const auto pixels = at::randint(0, 256, {height, width, 3}, at::kLong).to(at::kByte);
        write_bytes(folder_ / name,
                    image_file::encode_png(pixels.const_data_ptr<uint8_t>(), 3,
                                           static_cast<int>(height), static_cast<int>(width)));
    }

    Dataset train(bool stream) const {
        return load_folder(folder_, {.image_size = 8, .resize = 10, .stream = stream}).train;
    }

    static std::vector<Batch> batches(const Dataset& dataset, const LoaderOptions& options) {
        const auto order = epoch_order(dataset.size(), options.draw.seed, options.draw.epoch);
        Loader loader(dataset, order, options);
        std::vector<Batch> all;
        while (auto batch = loader.next()) {
            all.push_back(*batch);
        }
        return all;
    }

    static void expect_equal(const std::vector<Batch>& a, const std::vector<Batch>& b,
                             size_t first = 0) {
        ASSERT_EQ(a.size() - first, b.size());
        for (size_t i = 0; i < b.size(); ++i) {
            EXPECT_TRUE(at::equal(a[first + i].images, b[i].images)) << i;
            EXPECT_TRUE(at::equal(a[first + i].labels, b[i].labels)) << i;
        }
    }

    const std::filesystem::path folder_ = scratch_ / "pictures";
};

TEST_F(Pictures, streamed_are_those_in_memory) {
    const auto streamed = train(true), decoded = train(false);
    EXPECT_TRUE(streamed.source().is_slow());
    EXPECT_FALSE(decoded.source().is_slow());
    EXPECT_TRUE(at::equal(streamed.batch(0, 23).images, decoded.batch(0, 23).images));
    EXPECT_TRUE(at::equal(streamed.labels(), decoded.labels()));
    EXPECT_EQ(streamed.fingerprint(), decoded.fingerprint());
    EXPECT_EQ(streamed.name(), "pictures train");
    const auto view = streamed.select(at::tensor({5, 3}, at::kLong));
    EXPECT_TRUE(at::equal(view.batch(0, 2).images,
                          decoded.select(at::tensor({5, 3}, at::kLong)).batch(0, 2).images));
}

TEST_F(Pictures, random_crops_are_the_same_on_any_number_of_threads_and_resumed_anywhere) {
    const auto dataset = train(true).with_recipe(random_crops);
    EXPECT_EQ(dataset.name(), "pictures train, random_resized_crop 8, horizontal_flip");
    LoaderOptions options{.batch_size = 3, .draw = {7, 2}, .threads = 1};
    const auto expected = batches(dataset, options);
    for (const int64_t threads : {0, 2, 3, 7}) {
        options.threads = threads;
        expect_equal(expected, batches(dataset, options));
    }
    for (int64_t first = 0; first <= 8; ++first) {
        options.first = first;
        expect_equal(expected, batches(dataset, options), static_cast<size_t>(first));
    }
}

TEST_F(Pictures, draw_by_seed_epoch_and_picture) {
    const auto dataset = train(true).with_recipe(random_crops);
    const auto images = [&](const Dataset& view, int64_t position, const Draw& draw) {
        return view.batch(position, position + 1, draw).images;
    };
    const auto one = images(dataset, 4, {1, 1});
    EXPECT_TRUE(at::equal(one, images(dataset.slice(4, 9), 0, {1, 1})));
    EXPECT_FALSE(at::equal(one, images(dataset, 4, {1, 2})));
    EXPECT_FALSE(at::equal(one, images(dataset, 4, {2, 1})));
}

TEST_F(Pictures, ranks_share_an_epoch) {
    const auto dataset = train(true).with_recipe(random_crops);
    const auto whole = batches(dataset, {.batch_size = 1, .draw = {3, 1}});
    for (int64_t rank = 0; rank < 2; ++rank) {
        const auto half =
            batches(dataset, {.batch_size = 1, .draw = {3, 1}, .rank = rank, .ranks = 2});
        ASSERT_EQ(half.size(), rank == 0 ? 12U : 11U);
        for (size_t i = 0; i < half.size(); ++i) {
            EXPECT_TRUE(at::equal(half[i].images, whole[2 * i + static_cast<size_t>(rank)].images));
        }
    }
}

TEST_F(Pictures, keep_where_they_are_when_their_steps_change) {
    const PictureRecipe small({{StepKind::resize, 6}, {StepKind::center_crop, 5}});
    const auto decoded = train(false).with_recipe(small);
    EXPECT_FALSE(decoded.source().is_slow()) << "in memory";
    EXPECT_TRUE(train(false).with_recipe(random_crops).source().is_slow());
    EXPECT_TRUE(train(true).with_recipe(small).source().is_slow());
    EXPECT_TRUE(
        at::equal(decoded.batch(0, 23).images, train(true).with_recipe(small).batch(0, 23).images));
    EXPECT_EQ(decoded.shape(), (Shape{3, 5, 5}));
    EXPECT_EQ(decoded.name(), "pictures train, resize 6, center_crop 5");
    EXPECT_EQ(decoded.with_recipe(random_crops).name(),
              "pictures train, random_resized_crop 8, horizontal_flip");
    EXPECT_NE(decoded.fingerprint(), train(false).fingerprint());
}

TEST_F(Pictures, are_streamed_where_memory_is_short) {
    ::setenv("HFC_PIXEL_MEMORY", "0", 1);
    const auto dataset = load_folder(folder_, {.image_size = 8, .resize = 10}).train;
    ::unsetenv("HFC_PIXEL_MEMORY");
    EXPECT_TRUE(dataset.source().is_slow());
    EXPECT_FALSE(load_folder(folder_, {.image_size = 8, .resize = 10}).train.source().is_slow());
}

TEST_F(Pictures, are_chosen_before_they_are_decoded) {
    for (int i = 0; i < 23; ++i) {
        if (i != 2 && i != 15) {
            write_bytes(folder_ / fmt::format("train/{}/{:02}.png", i < 11 ? "cat" : "dog", i), "");
        }
    }
    const auto view = train(true).select(at::tensor({2, 15}, at::kLong));
    EXPECT_EQ(view.batch(0, 2).images.size(0), 2);
}

TEST_F(Pictures, that_cannot_be_read_are_named_in_their_batch) {
    const auto dataset = train(true);
    std::filesystem::remove(folder_ / "train/cat/04.png");
    write_bytes(folder_ / "train/cat/05.png", "no picture");
    for (const int64_t threads : {0, 1, 3}) {
        Loader loader(dataset, {}, {.batch_size = 4, .threads = threads});
        EXPECT_TRUE(loader.next()) << "the batch before";
        EXPECT_THAT(
            error_of([&] { loader.next(); }),
            AllOf(HasSubstr("2 of the 4 samples in the batch cannot be read: "),
                  HasSubstr((folder_ / "train/cat/04.png").string()), HasSubstr("No such file"),
                  HasSubstr((folder_ / "train/cat/05.png").string() + "' is not a JPEG")));
        Loader skipping(dataset, {}, {.batch_size = 4, .threads = threads, .bad = Bad::skip});
        int64_t images = 0;
        while (const auto batch = skipping.next()) {
            images += batch->images.size(0);
        }
        EXPECT_EQ(images, 23);
        ASSERT_EQ(skipping.skipped().size(), 2U);
        EXPECT_EQ(skipping.skipped()[1].sample, 5);
    }
}

TEST_F(Pictures, refuse_steps_behind_a_filter_and_for_tensors) {
    EXPECT_THAT(error_of([&] { train(true).low_pass(2).with_recipe(random_crops); }),
                HasSubstr("images are resized and cropped before they are filtered or mapped"));
    EXPECT_THAT(error_of([] { Dataset(noise_images()).with_recipe(random_crops); }),
                HasSubstr("'noise' is not made from image files"));
}

}  // namespace
}  // namespace hfc::data
