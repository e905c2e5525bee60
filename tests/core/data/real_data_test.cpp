// The data sets themselves, where they are at hand: known counts and known means.
#include "data/load.h"
#include "data/support.h"

#include <ATen/ATen.h>

namespace hfc::data {
namespace {

/// With the data root where the data sets are; skipped where one is not.
class RealData : public ::testing::Test {
  protected:
    ~RealData() override { set_root({}); }

    static bool find(const std::string& folder) {
        const std::filesystem::path root = HFC_SHARED "/data";
        set_root(root);
        return std::filesystem::exists(root / folder);
    }

    /// The mean of each channel over all images.
    static at::Tensor means(const Dataset& dataset) {
        auto sum = at::zeros({dataset.channels()}, at::kDouble);
        for (int64_t begin = 0; begin < dataset.size(); begin += 1000) {
            const auto end = std::min(begin + 1000, dataset.size());
            sum += dataset.batch(begin, end).images.mean({2, 3}, false, at::kDouble).sum(0);
        }
        return sum / dataset.size();
    }

    static void expect_mean(const Dataset& dataset, const std::vector<double>& expected,
                            double tolerance) {
        const auto difference =
            (means(dataset) - at::tensor(expected, at::kDouble)).abs().max().item<double>();
        EXPECT_LT(difference, tolerance) << means(dataset);
    }
};

TEST_F(RealData, cifar10) {
    if (!find("cifar-10-batches-bin")) {
        GTEST_SKIP() << "CIFAR-10 is not at hand in " << root();
    }
    const auto [train, test] = load("cifar10");
    EXPECT_EQ(train.size(), 50000);
    EXPECT_EQ(test.size(), 10000);
    EXPECT_TRUE(at::equal(train.labels().bincount(), at::full({10}, 5000, at::kLong)));
    EXPECT_TRUE(at::equal(test.labels().bincount(), at::full({10}, 1000, at::kLong)));
    EXPECT_EQ(train.class_names()[train.labels()[0].item<int64_t>()], "frog")
        << "the first picture of the training set";
    expect_mean(train, {0.4914, 0.4822, 0.4465}, 1e-4);
}

TEST_F(RealData, mnist) {
    if (!find("mnist")) {
        GTEST_SKIP() << "MNIST is not at hand in " << root();
    }
    const auto [train, test] = load("mnist");
    EXPECT_EQ(train.size(), 60000);
    EXPECT_EQ(test.size(), 10000);
    EXPECT_EQ(train.labels()[0].item<int64_t>(), 5) << "the first digit of the training set";
    expect_mean(train, {0.1307}, 1e-4);
}

TEST_F(RealData, fashion_mnist) {
    if (!find("fashion-mnist")) {
        GTEST_SKIP() << "Fashion-MNIST is not at hand in " << root();
    }
    const auto [train, test] = load("fashion_mnist");
    EXPECT_EQ(train.size(), 60000);
    EXPECT_TRUE(at::equal(test.labels().bincount(), at::full({10}, 1000, at::kLong)));
    EXPECT_EQ(train.class_names()[train.labels()[0].item<int64_t>()], "Ankle boot");
    expect_mean(train, {0.2860}, 1e-4);
}

TEST_F(RealData, imagenette) {
    if (!find("imagenette")) {
        GTEST_SKIP() << "imagenette is not at hand in " << root();
    }
    const auto [train, test] =
        load("folder:" HFC_SHARED "/data/imagenette", {.folder = {.image_size = 96}});
    EXPECT_TRUE(at::equal(train.labels().bincount(), at::full({10}, 40, at::kLong)));
    EXPECT_TRUE(at::equal(test.labels().bincount(), at::full({10}, 12, at::kLong)));
    EXPECT_EQ(train.class_names().front(), "n01440764");
    EXPECT_EQ(train.batch(0, 1).images.sizes(), at::IntArrayRef({1, 3, 96, 96}));
    EXPECT_EQ(train.name(), "imagenette train");
    const auto images = train.batch(0, train.size()).images;
    const auto is_grey = (images.select(1, 0) - images.select(1, 2)).abs().amax({1, 2}).lt(1e-6);
    EXPECT_LT(is_grey.sum().item<int64_t>(), 10);
    // ImageNet's published means, which 400 pictures of ten of its classes come near to.
    expect_mean(train, {0.485, 0.456, 0.406}, 0.05);
}

}  // namespace
}  // namespace hfc::data
