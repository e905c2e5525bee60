// On a trained network, the result for an image does not depend on its batch.
#include "attack/method.h"
#include "attack/random_start.h"
#include "attack/support.h"
#include "train/train.h"

namespace hfc::attack {
namespace {

class TrainedNetwork : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        model_ = model::make("preact_resnet8", {.classes = 3, .seed = 1});
        train::TrainOptions options;
        options.epochs = 3;
        options.batch_size = 20;
        options.optimizer.lr = 1e-3;
        train::train(*model_, test::toy(240, 1), options);
    }
    static void TearDownTestSuite() { model_.reset(); }

    static model::ModelPtr model_;
};

model::ModelPtr TrainedNetwork::model_;

/// Perturbed images of the data set, attacked in batches of a size.
at::Tensor in_batches(model::Model& model, const data::Dataset& dataset, int64_t size,
                      const AttackOptions& options) {
    std::vector<at::Tensor> parts;
    for (int64_t begin = 0; begin < dataset.size(); begin += size) {
        const auto batch = dataset.batch(begin, std::min(begin + size, dataset.size()));
        parts.push_back(perturb(model, batch.images, batch.labels, options, {}, batch.samples));
    }
    return at::cat(parts);
}

at::Tensor fooled(model::Model& model, const data::Dataset& dataset, const at::Tensor& images) {
    const model::EvaluationScope evaluation(model);
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> wrong;
    for (int64_t i = 0; i < images.size(0); ++i) {
        wrong.push_back(model.forward(images.slice(0, i, i + 1)).argmax(1));
    }
    return at::cat(wrong).ne(dataset.labels());
}

TEST_F(TrainedNetwork, gives_the_same_images_in_batches_of_1_7_and_100) {
    const auto data = test::toy(100, 2);
    for (const std::string method :
         {"fgsm", "bim", "mifgsm", "pgd", "pgdl2", "ffgsm", "apgd", "fab", "deepfool", "cw"}) {
        const bool l2 = method == "pgdl2" || method == "deepfool" || method == "cw";
        const AttackOptions options{.method = method,
                                    .epsilon = l2 ? 1.2 : 0.08,
                                    .steps = method.ends_with("fgsm") && method != "mifgsm" ? 1 : 4,
                                    .restarts = method.find("pgd") != std::string::npos ? 2 : 1,
                                    .seed = 5};
        const auto whole = in_batches(*model_, data, 100, options);
        const auto whole_fooled = fooled(*model_, data, whole);
        const auto count = whole_fooled.sum().item<int64_t>();
        EXPECT_GT(count, 5) << method << ": else the test could not fail";
        EXPECT_LT(count, 95) << method;
        const auto accuracy = robust_accuracy(*model_, data, options, {*options.epsilon},
                                              {.inference = {.batch_size = 100}});
        for (const int64_t size : {1, 7}) {
            const auto some = in_batches(*model_, data, size, options);
            const bool signs = !l2 && method != "fab";
            const auto changed = (some - whole).abs().gt(signs ? 0 : 1e-5).to(at::kDouble).mean();
            // Rounding depends on the batch size and may change the sign of a gradient near zero.
            EXPECT_LE(changed.item<double>(), signs ? 1e-3 : 0) << method << size;
            EXPECT_TRUE(fooled(*model_, data, some).equal(whole_fooled)) << method << size;
            EXPECT_EQ(robust_accuracy(*model_, data, options, {*options.epsilon},
                                      {.inference = {.batch_size = size}}),
                      accuracy)
                << method << size;
        }
    }
}

TEST(RandomStart, is_bit_for_bit_the_same_in_batches_of_1_7_and_100) {
    const auto images = test::toy(100, 2).batch(0, 100).images;
    for (const std::string method : {"pgd", "pgdl2"}) {
        const auto settings = resolve({.method = method, .seed = 3});
        const auto whole = random_perturbation(images, at::arange(100), settings, 1);
        for (const int64_t size : {1, 7}) {
            for (int64_t begin = 0; begin < 100; begin += size) {
                const auto end = std::min<int64_t>(begin + size, 100);
                const auto some = random_perturbation(images.slice(0, begin, end),
                                                      at::arange(begin, end), settings, 1);
                EXPECT_TRUE(some.equal(whole.slice(0, begin, end))) << method << begin;
            }
        }
    }
}

}  // namespace
}  // namespace hfc::attack
