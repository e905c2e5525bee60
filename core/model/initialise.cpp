#include "model/initialise.h"

#include "base/error.h"
#include "base/random.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

namespace hfc::model {
namespace {

struct Weight {
    std::string name;
    at::Tensor values;

    int64_t outputs() const { return values.size(0); }
    int64_t inputs() const { return values.size(1); }
    /// k * k for a convolution.
    int64_t field() const { return values.dim() > 2 ? values[0][0].numel() : 1; }
};

double root_of(double numerator, int64_t denominator) {
    return std::sqrt(numerator / static_cast<double>(denominator));
}

void draw_uniform(const Weight& weight, double bound, uint64_t seed, std::string_view purpose) {
    weight.values.uniform_(-bound, bound,
                           make_generator(seed, fmt::format("{} {}", purpose, weight.name)));
}

void draw_normal(const Weight& weight, double deviation, uint64_t seed) {
    weight.values.normal_(0, deviation, make_generator(seed, "normal " + weight.name));
}

std::vector<Weight> weights_of(Model& model) {
    std::vector<Weight> weights;
    for (auto& entry : model.named_parameters()) {
        weights.push_back({entry.key(), entry.value()});
    }
    return weights;
}

void xavier(Model& model, uint64_t seed) {
    for (const auto& weight : weights_of(model)) {
        if (weight.values.dim() >= 2) {
            const auto fans = (weight.outputs() + weight.inputs()) * weight.field();
            draw_uniform(weight, root_of(6, fans), seed, "xavier");
        }
    }
}

void tensorflow(Model& model, uint64_t seed) {
    xavier(model, seed);
    std::optional<Weight> last;
    for (const auto& weight : weights_of(model)) {
        if (weight.values.dim() == 2) {
            last = weight;
        }
    }
    if (last) {
        draw_uniform(*last, root_of(3, last->inputs()), seed, "unit scaling");
    }
}

void torchvision(Model& model, uint64_t seed) {
    const bool vgg = std::string_view(model.name()).starts_with("vgg");
    bool first = true;
    double bound = 0;  // for the biases that follow
    for (const auto& weight : weights_of(model)) {
        if (weight.values.dim() == 1) {
            if (weight.name.ends_with("bias") && bound > 0) {
                draw_uniform(weight, bound, seed, "bias");
            }
            bound = 0;
            continue;
        }
        const bool grey = first && weight.inputs() == 1;
        first = false;
        if (grey || (weight.values.dim() == 2 && !vgg)) {
            bound = root_of(1, weight.inputs() * weight.field());
            draw_uniform(weight, bound, seed, "torch");
        } else {
            bound = 0;
            draw_normal(
                weight,
                weight.values.dim() == 2 ? .01 : root_of(2, weight.outputs() * weight.field()),
                seed);
        }
    }
}

using Initialise = void (*)(Model&, uint64_t);

const std::vector<std::pair<std::string, Initialise>>& initialisations() {
    static const std::vector<std::pair<std::string, Initialise>> all = {
        {"xavier", xavier}, {"tensorflow", tensorflow}, {"torchvision", torchvision}};
    return all;
}

}  // namespace

const std::vector<std::string>& known_initialisations() {
    static const auto names = [] {
        std::vector<std::string> all;
        for (const auto& [name, draw] : initialisations()) {
            all.push_back(name);
        }
        return all;
    }();
    return names;
}

void initialise(Model& model, const std::string& initialisation, uint64_t seed) {
    const at::NoGradGuard no_grad;
    for (const auto& [name, draw] : initialisations()) {
        if (name == initialisation) {
            draw(model, seed);
            return;
        }
    }
    fail("unknown initialisation '{}'{}: expected one of {}", initialisation,
         did_you_mean(initialisation, known_initialisations()),
         fmt::join(known_initialisations(), ", "));
}

}  // namespace hfc::model
