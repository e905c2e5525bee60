// Reads tests/fixtures/model/reference.txt, model/metrics.txt, model/tensorflow.txt and
// models/logits.txt and computes the weights and images that they stand for (see make_model.py,
// make_metrics.py, make_tensorflow.py and make_models.py in tests/fixtures).
#pragma once

#include "base/error.h"
#include "model/model.h"

#include <ATen/ATen.h>
#include <fstream>
#include <map>
#include <sstream>

namespace hfc::test {

/// One line of the reference files as a float64 tensor.
inline at::Tensor reference(const std::string& name) {
    static const auto lines = [] {
        std::map<std::string, std::vector<double>> all;
        for (const auto* const path :
             {HFC_FIXTURES "/model/reference.txt", HFC_FIXTURES "/model/metrics.txt",
              HFC_FIXTURES "/models/logits.txt", HFC_FIXTURES "/model/tensorflow.txt"}) {
            std::ifstream file(path);
            for (std::string line; std::getline(file, line);) {
                std::istringstream text(line);
                std::string key;
                text >> key;
                for (double value; text >> value;) {
                    all[key].push_back(value);
                }
            }
        }
        return all;
    }();
    require(lines.contains(name), "the fixture has no line '{}'", name);
    return at::tensor(lines.at(name), at::kDouble);
}

/// A number in [0,1), a multiple of 2^-24: splitmix64 of the position in a stream.
inline double formula_value(int64_t position, uint64_t stream) {
    uint64_t z =
        static_cast<uint64_t>(position + 1) * 0x9E3779B97F4A7C15U + stream * 0xD1B54A32D192ED03U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    z = z ^ (z >> 31);
    return static_cast<double>(z >> 40) / 16777216.0;
}

/// `count` float64 numbers of a stream.
inline at::Tensor formula_values(int64_t count, uint64_t stream) {
    auto values = at::empty({count}, at::kDouble);
    auto* const out = values.data_ptr<double>();
    for (int64_t i = 0; i < count; ++i) {
        out[i] = formula_value(i, stream);
    }
    return values;
}

/// Fills with scale * u + shift, u being the numbers of a stream. No float64 tensor between: VGG's
/// largest weight has 10^8 numbers.
inline void fill_by_formula(at::Tensor& tensor, uint64_t stream, double scale, double shift) {
    auto values = at::empty(tensor.sizes(), at::kFloat);
    auto* const out = values.data_ptr<float>();
    for (int64_t i = 0; i < values.numel(); ++i) {
        out[i] = static_cast<float>(scale * formula_value(i, stream) + shift);
    }
    tensor.copy_(values);
}

inline at::Tensor formula_images(int64_t count, int64_t channels, int64_t size) {
    return formula_values(count * channels * size * size, 5000)
        .to(at::kFloat)
        .reshape({count, channels, size, size});
}

/// Sets each parameter and running statistic as set_weights of make_model.py does.
inline void set_formula_weights(model::Model& model) {
    const at::NoGradGuard no_grad;
    uint64_t stream = 0;
    for (auto& entry : model.named_parameters()) {
        auto& p = entry.value();
        double scale = entry.key().ends_with("bias") ? 0.2 : 1;
        double shift = entry.key().ends_with("bias") ? -0.1 : 0.5;
        if (p.dim() > 1) {
            const auto field = p.numel() / (p.size(0) * p.size(1));
            const auto bound =
                std::sqrt(6.0 / static_cast<double>((p.size(0) + p.size(1)) * field));
            scale = 2 * bound;
            shift = -bound;
        }
        fill_by_formula(p, stream++, scale, shift);
    }
    stream = 1000;
    for (auto& entry : model.named_buffers()) {
        auto& b = entry.value();
        if (b.scalar_type() == at::kFloat) {
            const bool variance = entry.key().ends_with("var");
            fill_by_formula(b, stream, variance ? 1 : 0.2, variance ? 0.5 : -0.1);
        }
        ++stream;
    }
}

/// The largest distance between two tensors of as many numbers.
inline double distance(const at::Tensor& a, const at::Tensor& b) {
    require(a.numel() == b.numel(), "{} numbers against {}", a.numel(), b.numel());
    return (a.detach().to(at::kDouble).flatten() - b.detach().to(at::kDouble).flatten())
        .abs()
        .max()
        .item<double>();
}

/// The text of the Error that `work` throws, or "" if it throws none.
template <typename Work>
std::string error_of(Work&& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

}  // namespace hfc::test
