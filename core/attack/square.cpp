// The Square attack (Andriushchenko et al. 2020): random search with squares, without gradients.
// Each image has its own windows, so its result does not depend on its batch.
#include "attack/losses.h"
#include "attack/method.h"
#include "attack/random_start.h"
#include "attack/square_draws.h"
#include "base/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace hfc::attack {
namespace {

constexpr int64_t tiles = 5;  ///< per side, at the start in L2

/// The squares become smaller after these numbers of queries out of 10 000.
constexpr std::array halvings{10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000};

/// Adds nested rectangles with the weights 1, 1/4, 1/9, ... around the centre of one half of a
/// tile.
void add_rectangles(at::TensorAccessor<float, 2> to, int64_t top, int64_t height, int64_t width,
                    float sign) {
    const std::array centre{height / 2, width / 2};
    const auto rounds = std::max(centre[0], centre[1]) + 1;
    double squares = 0;
    std::vector<double> values(static_cast<size_t>(height * width));
    for (int64_t y = 0; y < height; ++y) {
        for (int64_t x = 0; x < width; ++x) {
            double value = 0;
            for (int64_t k = 0; k < rounds; ++k) {
                const bool row = y >= centre[0] - k && y < centre[0] - k + 2 * k + 1;
                const bool column = x >= centre[1] - k && x < centre[1] - k + 2 * k + 1;
                value += row && column ? 1.0 / static_cast<double>((k + 1) * (k + 1)) : 0;
            }
            values[static_cast<size_t>(y * width + x)] = value;
            squares += value * value;
        }
    }
    for (int64_t y = 0; y < height; ++y) {
        for (int64_t x = 0; x < width; ++x) {
            to[top + y][x] = sign * static_cast<float>(values[static_cast<size_t>(y * width + x)] /
                                                       std::sqrt(squares));
        }
    }
}

/// [size, size] with norm 1: nested rectangles, with the opposite sign in the lower half.
at::Tensor tile(int64_t size) {
    auto result = at::zeros({size, size}, at::kFloat);
    const auto half = size / 2;
    if (half > 0) {
        add_rectangles(result.accessor<float, 2>(), 0, half, size, 1);
    }
    add_rectangles(result.accessor<float, 2>(), half, size - half, size, -1);
    return result / result.norm();
}

class Square : public Attack {
  public:
    explicit Square(const Settings& settings) : Attack(settings) {}

    int64_t iterations() const override { return queries(); }
    bool uses_gradient() const override { return false; }

    void begin(const AttackedNetwork& network, const AttackBatch& batch) override {
        Attack::begin(network, batch);
        require(settings().norm != Norm::l2 || batch.images.size(2) == batch.images.size(3),
                "the attack 'square' with norm L2 requires square images, got {} x {}",
                batch.images.size(2), batch.images.size(3));
        const auto start = settings().norm == Norm::l2 ? tiled_start() : striped_start();
        best_ = bounded(start);
        place(best_);
    }

    void advance(Evaluation& here) override {
        note(here);
        place(settings().norm == Norm::l2 ? with_two_windows() : with_window());
        ++query_;
    }

    bool sees_last() const override { return true; }
    void finish(Evaluation& here) override { note(here); }
    const at::Tensor& result() const override { return best_; }

    void keep(const at::Tensor& rows) override {
        Attack::keep(rows);
        best_ = best_.contiguous(constraint().images().suggest_memory_format());
    }

  protected:
    std::vector<at::Tensor*> per_image() override { return {&best_, &loss_, &wrong_}; }

  private:
    int64_t queries() const { return static_cast<int64_t>(settings().number("queries")); }

    /// Updates best_ with the images() that are better.
    void note(Evaluation& here) {
        const auto loss = targeted_or_margin(here);
        const auto wrong = here.fooled();
        if (!loss_.defined()) {
            loss_ = loss;
            wrong_ = wrong;
            return;
        }
        // An image that has been fooled no longer changes.
        const auto better = loss.gt(loss_).logical_or(wrong).logical_and(wrong_.logical_not());
        best_ = at::where(beside_images(better), images(), best_);
        loss_ = at::where(better, loss, loss_);
        wrong_ = wrong_.logical_or(wrong);
    }

    at::Tensor targeted_or_margin(Evaluation& here) const {
        const auto margin = untargeted_losses(Loss::margin, here.logits(), here.labels());
        return settings().targeted ? margin.neg() : margin;
    }

    /// The side of the windows at this query.
    int64_t side() const {
        double query = static_cast<double>(query_);
        if (settings().number("rescale") > 0) {
            query = std::trunc(query / static_cast<double>(queries()) * 10000);
        }
        double share = settings().number("share");
        for (const int after : halvings) {
            share = query > after ? share / 2 : share;
        }
        const auto height = constraint().images().size(2);
        const auto width = constraint().images().size(3);
        const bool l2 = settings().norm == Norm::l2;
        auto side = std::max<int64_t>(l2 ? 3 : 1,
                                      static_cast<int64_t>(std::nearbyint(
                                          std::sqrt(share * static_cast<double>(height * width)))));
        side += l2 && side % 2 == 0 ? 1 : 0;
        return std::min({side, height, width});
    }

    SquareDraws draws(const std::string& what, int64_t count) const {
        return SquareDraws(samples(), count, settings().seed,
                           fmt::format("{} {}", random_purpose(settings(), restart()), what));
    }

    /// +-epsilon for each column and channel.
    at::Tensor striped_start() const {
        const auto& x = constraint().images();
        const auto signs = draws("stripes", x.size(1) * x.size(3))
                               .signs(0, x.size(1) * x.size(3))
                               .view({x.size(0), x.size(1), 1, x.size(3)})
                               .to(x.device());
        return constraint().images() + constraint().float_epsilons() * signs;
    }

    at::Tensor tiled_start() const {
        const auto& x = constraint().images();
        const auto channels = x.size(1);
        const auto size = std::max<int64_t>(1, x.size(2) / tiles);
        const auto first = (x.size(2) - size * tiles) / 2;
        const auto along = x.size(2) / size;
        auto delta = at::zeros(x.sizes(), at::kFloat);
        const auto drawn = draws("tiles", along * along * (channels + 1));
        const auto pattern = tile(size);
        for (int64_t i = 0; i < along * along; ++i) {
            const auto top = std::max<int64_t>(0, first) + i / along * size;
            const auto left = std::max<int64_t>(0, first) + i % along * size;
            if (top + size <= x.size(2) && left + size <= x.size(3)) {
                delta.slice(2, top, top + size)
                    .slice(3, left, left + size)
                    .add_(drawn.tiles(pattern, i * (channels + 1), channels));
            }
        }
        return to_sphere(delta.to(x.device()));
    }

    /// The images with the perturbation scaled to epsilon.
    at::Tensor to_sphere(const at::Tensor& delta) const {
        const auto length = l2_norm(delta) + least_size;
        return constraint().images() + delta / length * constraint().float_epsilons();
    }

    at::Tensor bounded(const at::Tensor& images) const { return constraint().project(images); }

    at::Tensor with_window() const {
        const auto& x = constraint().images();
        const auto size = side();
        const auto channels = x.size(1);
        const auto drawn = draws(fmt::format("query {}", query_), channels + 2);
        const auto top = drawn.integers(0, x.size(2) - size);
        const auto left = drawn.integers(1, x.size(3) - size);
        const auto inside = window(top, left, size).to(x.device());
        const auto signs =
            drawn.signs(2, channels).view({x.size(0), channels, 1, 1}).to(x.device());
        return bounded(best_ + 2 * constraint().float_epsilons() * signs * inside);
    }

    /// 1 inside a window of each image, otherwise 0: [N, 1, H, W].
    at::Tensor window(const at::Tensor& top, const at::Tensor& left, int64_t size) const {
        const auto along = [&](const at::Tensor& begin, int64_t length) {
            const auto place = at::arange(length, at::kLong).unsqueeze(0) - begin.unsqueeze(1);
            return place.ge(0).logical_and(place.lt(size)).to(at::kFloat);
        };
        const auto& x = constraint().images();
        return (along(top, x.size(2)).unsqueeze(2) * along(left, x.size(3)).unsqueeze(1))
            .unsqueeze(1);
    }

    /// Moves the norm of a second window to the first one.
    at::Tensor with_two_windows() const {
        const auto& x = constraint().images();
        const auto size = side();
        const auto channels = x.size(1);
        const auto drawn = draws(fmt::format("query {}", query_), channels + 5);
        const auto range = x.size(2) - size;
        const std::array corners{drawn.integers(0, range), drawn.integers(1, range),
                                 drawn.integers(2, range), drawn.integers(3, range)};
        const auto first = window(corners[0], corners[1], size).to(x.device());
        const auto second = window(corners[2], corners[3], size).to(x.device());
        const auto sum = [](const at::Tensor& squares) { return squares.sum({2, 3}, true); };
        auto delta = best_ - x;
        const auto in_first = delta * first;
        const auto old = in_first / (sum(in_first.square()).sqrt() + least_size);
        auto fresh = at::zeros_like(x);
        const auto patterns = drawn.tiles(tile(size), 4, channels).to(x.device());
        paste(fresh, patterns, corners[0], corners[1]);
        fresh = fresh + old;
        const auto both = sum((delta * at::maximum(first, second)).square());
        const auto left =
            (constraint().float_epsilons().square() - l2_norm(delta).square()).clamp_min(0) /
            static_cast<double>(channels);
        fresh = fresh / (sum(fresh.square()).sqrt() + least_size) * (left + both).sqrt();
        delta = delta * (1 - at::maximum(first, second)) + fresh;
        return bounded(to_sphere(delta));
    }

    static void paste(const at::Tensor& to, const at::Tensor& patterns, const at::Tensor& top,
                      const at::Tensor& left) {
        const auto size = patterns.size(2);
        for (int64_t i = 0; i < to.size(0); ++i) {
            to[i]
                .narrow(1, top[i].item<int64_t>(), size)
                .narrow(2, left[i].item<int64_t>(), size)
                .copy_(patterns[i]);
        }
    }

    int64_t query_ = 0;
    at::Tensor best_;
    at::Tensor loss_;   ///< the loss at best_; undefined before the first query
    at::Tensor wrong_;  ///< bool: whether best_ is misclassified
};

}  // namespace

std::vector<Method> square_methods() {
    Method square;
    square.name = "square";
    square.either_norm = true;
    square.takes_alpha = false;
    square.takes_band = false;
    square.takes_steps = false;
    square.stays_once_fooled = true;
    square.draws = true;
    square.numbers = {{.name = "queries", .standard = 5000, .lowest = 1, .whole = true},
                      {.name = "share", .standard = 0.8, .highest = 1, .above = true},
                      {.name = "rescale", .highest = 1, .whole = true, .yes_or_no = true}};
    square.make = make_attack<Square>;
    return {square};
}

}  // namespace hfc::attack
