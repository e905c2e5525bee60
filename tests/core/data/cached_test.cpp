#include "data/source/cached.h"

#include "data/loader.h"
#include "data/source/folder.h"
#include "data/support.h"
#include "image_file/image_file.h"

namespace hfc::data {
namespace {

using testing::HasSubstr;

class Cached : public ScratchTest {
  protected:
    Cached() {
        for (int i = 0; i < 12; ++i) {
            std::vector<uint8_t> pixels(9 * 11);
            for (size_t at = 0; at < pixels.size(); ++at) {
                pixels[at] = static_cast<uint8_t>(20 * i + static_cast<int>(at * 5 % 19));
            }
            for (const std::string part : {"train", "val"}) {
                write_bytes(folder_ / part / (i % 2 == 0 ? "a" : "b") / fmt::format("{:02}.png", i),
                            image_file::encode_png(pixels.data(), 1, 9, 11));
            }
        }
    }
    Dataset pictures(int64_t size = 6) const {
        return load_folder(folder_, {.image_size = size, .resize = 8, .stream = true}).train;
    }
    void remove_pictures() const { std::filesystem::remove_all(folder_); }
    std::filesystem::path cache_file() const {
        std::filesystem::path found;
        for (const auto& entry : std::filesystem::directory_iterator(cache_)) {
            EXPECT_TRUE(found.empty());
            found = entry.path();
        }
        return found;
    }
    static at::Tensor images(const Dataset& dataset) {
        return dataset.batch(0, dataset.size()).images;
    }
    const std::filesystem::path folder_ = scratch_ / "pictures", cache_ = scratch_ / "cache";
};

TEST_F(Cached, reads_each_picture_once) {
    const auto plain = pictures();
    const auto expected = images(plain);
    const auto fingerprint = plain.fingerprint();
    for (const auto& place : {std::filesystem::path(), cache_}) {
        const auto cached = plain.cached(place);
        EXPECT_TRUE(cached.source().is_slow());
        EXPECT_TRUE(at::equal(images(cached), expected));
        EXPECT_FALSE(cached.source().is_slow()) << "all are there";
        EXPECT_EQ(cached.fingerprint(), fingerprint);
        EXPECT_EQ(cached.name(), plain.name());
        EXPECT_TRUE(at::equal(images(cached.low_pass(2)), images(plain.low_pass(2))));
    }
    const auto in_memory = plain.cached(), in_file = plain.cached(cache_);
    EXPECT_FALSE(in_file.source().is_slow()) << "an earlier one has filled the file";
    images(in_memory);
    remove_pictures();
    EXPECT_TRUE(at::equal(images(in_memory), expected));
    EXPECT_TRUE(at::equal(images(in_file), expected));
}

TEST_F(Cached, keeps_what_a_view_shows_and_reads_the_rest) {
    const auto plain = pictures();
    const auto view = plain.per_class(2, 1);
    const auto cached = view.cached(cache_);
    EXPECT_TRUE(at::equal(cached.samples(), view.samples()));
    EXPECT_TRUE(at::equal(images(cached), images(view)));
    const auto size = std::filesystem::file_size(cache_file());
    EXPECT_EQ(size, 4096 + 4096 + 4 * 3 * 6 * 6);
    auto one = at::empty({1, 3, 6, 6}, at::kByte), other = at::empty_like(one);
    for (int64_t sample = 0; sample < 12; ++sample) {
        cached.source().read(at::tensor({sample}), {}, one);
        plain.source().read(at::tensor({sample}), {}, other);
        EXPECT_TRUE(at::equal(one, other)) << sample;
    }
}

TEST_F(Cached, fills_from_any_number_of_threads) {
    const auto expected = images(pictures());
    for (const int64_t threads : {0, 1, 3, 7}) {
        const auto cached = pictures().cached();
        for (int epoch = 0; epoch < 2; ++epoch) {
            Loader loader(cached, {}, {.batch_size = 5, .threads = threads});
            std::vector<at::Tensor> batches;
            while (const auto batch = loader.next()) {
                batches.push_back(batch->images);
            }
            EXPECT_TRUE(at::equal(at::cat(batches), expected)) << threads;
        }
    }
}

TEST_F(Cached, knows_pictures_and_steps_by_its_name) {
    images(pictures().cached(cache_));
    const auto before = cache_file();
    images(pictures(5).cached(cache_));
    write_bytes(folder_ / "train/a/00.png", read_bytes(folder_ / "train/a/02.png"));
    const auto changed = pictures();
    EXPECT_TRUE(at::equal(images(changed.cached(cache_)), images(changed)));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(cache_), {}), 3);
    EXPECT_TRUE(std::filesystem::exists(before));
}

TEST_F(Cached, names_a_file_that_is_damaged) {
    images(pictures().cached(cache_));
    const auto path = cache_file();
    const auto whole = read_bytes(path);
    const auto error = [&](const std::string& bytes) {
        write_bytes(path, bytes);
        return error_of([&] { pictures().cached(cache_); });
    };
    for (const auto& bytes : {whole.substr(0, whole.size() - 1), std::string("x"),
                              "other" + whole.substr(5), whole + "x"}) {
        EXPECT_THAT(error(bytes), HasSubstr("'" + path.string() +
                                            "' is not the cache file that its name indicates"));
    }
    write_bytes(path, whole);
    EXPECT_TRUE(at::equal(images(pictures().cached(cache_)), images(pictures())));
}

TEST_F(Cached, names_what_cannot_be_kept) {
    using image_file::StepKind;
    const auto random =
        pictures().with_recipe(image_file::PictureRecipe({{StepKind::random_resized_crop, 4}}));
    EXPECT_THAT(error_of([&] { random.cached(); }), HasSubstr("has random steps"));
    const auto tensors = dataset_of(at::rand({4, 3, 2, 2}));
    EXPECT_EQ(&tensors.cached().source(), &tensors.source());
    write_bytes(folder_ / "train/a/bad.png", "no picture");
    const auto bad = pictures().cached();
    EXPECT_THAT(error_of([&] { images(bad); }), HasSubstr("bad.png' is not a JPEG"));
    write_bytes(scratch_ / "file", "");
    EXPECT_THAT(error_of([&] { pictures().cached(scratch_ / "file"); }),
                HasSubstr((scratch_ / "file").string()));
}

}  // namespace
}  // namespace hfc::data
