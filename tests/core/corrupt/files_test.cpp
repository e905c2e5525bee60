// What corruptions read: photographs of frost, and the published CIFAR-10-C.
#include "files.h"
#include "corrupt/corrupt.h"
#include "corrupt/photographs.h"
#include "corrupt/published_files.h"
#include "data/source/tensors.h"
#include "image_file/image_file.h"
#include "model/reference.h"
#include "tensor_file/tensor_file.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

namespace hfc::corrupt {
namespace {

using testing::HasSubstr;

class CorruptionFiles : public test::ScratchTest {};

at::Tensor three_images(int64_t size) {
    return test::formula_images(3, 3, size);
}

TEST_F(CorruptionFiles, frost_reads_its_photographs) {
    std::vector<uint8_t> bright(3 * 260 * 230, 200);
    for (const auto* name : {"frost1.png", "frost2.png", "frost3.png", "frost4.jpg"}) {
        test::write_bytes(scratch_ / name, image_file::encode_png(bright.data(), 3, 260, 230));
    }
    const auto make = [&] {
        return Corruptor({.kind = "frost", .severity = 2, .frost = scratch_});
    };
    EXPECT_THAT(test::error_of(make),
                HasSubstr("frost5.jpg', which is missing; download the photographs from"));
    test::write_bytes(scratch_ / "frost5.jpg", "no picture");
    EXPECT_THAT(test::error_of(make), HasSubstr("frost5.jpg"));
    test::write_bytes(scratch_ / "frost5.jpg", image_file::encode_png(bright.data(), 3, 260, 230));
    // CIFAR, severity 2: the image + .3 of the photograph.
    const auto images = three_images(32);
    const auto expected = (images * 255).round().add(0.3 * 200).clamp_max(255).floor() / 255;
    EXPECT_LE(test::distance(make().apply(images, {}), expected), 1e-6);
    EXPECT_THAT(test::error_of([&] { make().apply(three_images(230), {}); }),
                HasSubstr("must be larger than the images (230 x 230), but one photograph has "
                          "260 x 230"));
}

TEST_F(CorruptionFiles, frost_reads_its_photographs_once) {
    std::vector<uint8_t> bright(3 * 26 * 23, 200);
    const auto picture = image_file::encode_png(bright.data(), 3, 26, 23);
    for (const auto* name :
         {"frost1.png", "frost2.png", "frost3.png", "frost4.jpg", "frost5.jpg"}) {
        test::write_bytes(scratch_ / name, picture);
    }
    const auto first = read_photographs(scratch_);
    EXPECT_EQ(read_photographs(scratch_), first) << "the same memory";
    std::vector<uint8_t> dark(3 * 26 * 24, 10);
    test::write_bytes(scratch_ / "frost2.png", image_file::encode_png(dark.data(), 3, 26, 24));
    const auto second = read_photographs(scratch_);
    EXPECT_NE(second, first) << "a file has changed";
    EXPECT_EQ(second->pictures[1].values[0], 10);
}

/// CIFAR-10's test images stand for 6 drawn ones.
data::Dataset small_test() {
    auto images = std::make_shared<data::Images>();
    images->name = "cifar10 test";
    images->pixels = (test::formula_images(6, 3, 32) * 255).to(at::kByte);
    images->labels = at::tensor({3, 1, 4, 1, 5, 9}, at::kLong);
    return data::Dataset(std::shared_ptr<const data::Images>(images));
}

TEST_F(CorruptionFiles, published_images_are_read_by_severity) {
    const auto all = (test::formula_images(30, 3, 32) * 255).to(at::kByte);
    const auto rows = all.permute({0, 2, 3, 1}).contiguous();
    const auto labels = small_test().labels().to(at::kByte).repeat({5});
    tensor_file::save(scratch_ / "fog.npy", {{"", rows}});
    EXPECT_THAT(
        test::error_of([&] { published(small_test(), "fog", 1, scratch_); }),
        HasSubstr(
            "labels.npy' is missing; download CIFAR-10-C.tar from zenodo.org/records/2535967"));
    tensor_file::save(scratch_ / "labels.npy", {{"", labels}});
    const auto view = small_test().select(at::tensor({4, 0}, at::kLong));
    const auto third = published(view, "fog", 3, scratch_);
    const auto batch = third.batch(0, 2);
    EXPECT_TRUE(batch.labels.equal(at::tensor({5, 3}, at::kLong)));
    EXPECT_TRUE(batch.samples.equal(at::tensor({4, 0}, at::kLong)));
    EXPECT_LE(test::distance(batch.images[0], all[12 + 4].to(at::kFloat) / 255), 1e-7);
    EXPECT_THAT(test::error_of([&] { published(view.low_pass(4), "fog", 3, scratch_); }),
                HasSubstr("without transforms"));
    EXPECT_THAT(test::error_of([&] { published(view, "fog", 6, scratch_); }),
                HasSubstr("severity must be 1 to 5, got 6"));
    EXPECT_THAT(test::error_of([&] { published(view, "frog", 1, scratch_); }),
                HasSubstr("did you mean 'fog'"));
}

TEST_F(CorruptionFiles, published_files_that_are_wrong_are_named) {
    tensor_file::save(scratch_ / "labels.npy", {{"", at::zeros({30}, at::kByte)}});
    EXPECT_THAT(test::error_of([&] { published(small_test(), "fog", 1, scratch_); }),
                HasSubstr("labels.npy' must equal the labels of the test images"));
    tensor_file::save(scratch_ / "labels.npy",
                      {{"", small_test().labels().to(at::kByte).repeat({5})}});
    tensor_file::save(scratch_ / "fog.npy", {{"", at::zeros({30, 32, 32, 3}, at::kFloat)}});
    EXPECT_THAT(test::error_of([&] { published(small_test(), "fog", 1, scratch_); }),
                HasSubstr("fog.npy' must contain uint8 [30, 32, 32, 3], got float32"));
    tensor_file::save(scratch_ / "fog.npy", {{"", at::zeros({30, 3, 32, 32}, at::kByte)}});
    EXPECT_THAT(test::error_of([&] { published(small_test(), "fog", 1, scratch_); }),
                HasSubstr("got uint8 [30, 3, 32, 32]"));
}

}  // namespace
}  // namespace hfc::corrupt
