// What an attack draws for an image belongs to the image.
#include "attack/random_start.h"
#include "attack/support.h"

#include <ATen/ATen.h>

namespace hfc::attack {
namespace {

using test::error_of;
using testing::HasSubstr;

TEST(RandomStart, belongs_to_the_sample) {
    const auto images = test::formula_images(21, 3, 8);
    for (const std::string method : {"pgd", "pgdl2"}) {
        const auto settings = resolve({.method = method, .seed = 4});
        const auto start = [&](const at::Tensor& samples, int64_t restart = 0) {
            return random_perturbation(images.slice(0, 0, samples.numel()), samples, settings,
                                       restart);
        };
        const auto whole = start(at::arange(21));
        for (const int64_t size : {1, 3, 7}) {
            const auto order = at::arange(21).flip(0);
            for (int64_t begin = 0; begin < 21; begin += size) {
                const auto rows = order.slice(0, begin, begin + size);
                EXPECT_TRUE(start(rows).equal(whole.index_select(0, rows))) << method << size;
            }
        }
        EXPECT_FALSE(start(at::arange(21), 1).equal(whole)) << "another restart";
        const auto flat = whole.flatten(1);
        const auto sizes = method == "pgd" ? flat.abs().amax(1) : flat.norm(2, 1);
        EXPECT_LE(sizes.max().item<double>(), 1 + 1e-6);
        EXPECT_GT(sizes.max().item<double>(), 0.8);
        EXPECT_NEAR(flat.mean().item<double>(), 0, 0.05);
    }
    const auto other = resolve({.method = "bim", .seed = 4});
    EXPECT_FALSE(random_perturbation(images, at::arange(21), other, 0)
                     .equal(random_perturbation(images, at::arange(21),
                                                resolve({.method = "pgd", .seed = 4}), 0)));
}

TEST(RandomStart, of_a_large_image_is_the_same_alone) {
    // A reduction of ATen's over one image of this size is cut up by threads.
    const auto images = at::zeros({3, 3, 128, 128});
    const auto settings = resolve({.method = "pgdl2"});
    const auto whole = random_perturbation(images, at::arange(3), settings, 0);
    EXPECT_TRUE(random_perturbation(images.slice(0, 1, 2), at::arange(1, 2), settings, 0)[0].equal(
        whole[1]));
}

TEST(Perturb, is_the_same_for_an_image_in_every_batch) {
    const auto model = test::linear_model();
    const auto images = test::formula_images(21, 3, 8);
    const auto labels = test::predictions(*model, images);
    for (const std::string method : {"pgd", "pgdl2"}) {
        const AttackOptions options{.method = method, .steps = 2, .restarts = 2, .seed = 7};
        const auto attack = [&](const at::Tensor& rows, const std::vector<double>& epsilons) {
            return perturb(*model, images.index_select(0, rows), labels.index_select(0, rows),
                           options, epsilons, {}, rows)
                .back();
        };
        const auto whole = attack(at::arange(21), {0.01, 0.2});
        for (const int64_t size : {1, 3, 7}) {
            const auto order = at::arange(21).flip(0);
            for (int64_t begin = 0; begin < 21; begin += size) {
                const auto rows = order.slice(0, begin, begin + size);
                EXPECT_TRUE(at::allclose(attack(rows, {0.2}), whole.index_select(0, rows), 0, 1e-5))
                    << method << size;
            }
        }
        EXPECT_TRUE(
            whole.equal(perturb(*model, images, labels, options, std::vector{0.2}).front()));
        EXPECT_FALSE(at::allclose(
            whole,
            perturb(*model, images, labels, options, std::vector{0.2}, {}, at::arange(21) + 1)
                .front(),
            0, 1e-3));
    }
    EXPECT_THAT(
        error_of([&] { perturb(*model, images, labels, {}, {}, at::arange(20)); }),
        HasSubstr(
            "samples must be int64 [21] (the index of each image in its source), got int64 [20]"));
}

}  // namespace
}  // namespace hfc::attack
