// Reads tests/fixtures/model/reference.txt and computes the weights and images that it stands for (see tests/fixtures/make_model.py).
#pragma once

#include "base/error.h"
#include "model/model.h"

#include <fstream>
#include <map>
#include <sstream>

namespace hfc::test {

/// One line of the reference file as a float64 tensor.
inline at::Tensor reference(const std::string& name) {
    static const auto lines = [] {
        std::map<std::string, std::vector<double>> all;
        std::ifstream file(HFC_FIXTURES "/model/reference.txt");
        for (std::string line; std::getline(file, line);) {
            std::istringstream text(line);
            std::string key;
            text >> key;
            for (double value; text >> value;) {
                all[key].push_back(value);
            }
        }
        return all;
    }();
    require(lines.contains(name), "the fixture has no line '{}'", name);
    return at::tensor(lines.at(name), at::kDouble);
}

/// `count` float64 numbers in [0,1), multiples of 2^-24: splitmix64 of the position in a stream.
inline at::Tensor formula_values(int64_t count, uint64_t stream) {
    auto values = at::empty({count}, at::kDouble);
    auto* const out = values.data_ptr<double>();
    for (int64_t i = 0; i < count; ++i) {
        uint64_t z = static_cast<uint64_t>(i + 1) * 0x9E3779B97F4A7C15U + stream * 0xD1B54A32D192ED03U;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        z = z ^ (z >> 31);
        out[i] = static_cast<double>(z >> 40) / 16777216.0;
    }
    return values;
}

inline at::Tensor formula_images(int64_t count, int64_t channels, int64_t size) {
    return formula_values(count * channels * size * size, 5000).to(at::kFloat).reshape({count, channels, size, size});
}

/// Sets each parameter and running statistic as set_weights of make_model.py does.
inline void set_formula_weights(model::Model& model) {
    const at::NoGradGuard no_grad;
    uint64_t stream = 0;
    for (auto& entry : model.named_parameters()) {
        auto& p = entry.value();
        auto u = formula_values(p.numel(), stream++);
        if (p.dim() > 1) {
            const auto field = p.numel() / (p.size(0) * p.size(1));
            u = std::sqrt(6.0 / static_cast<double>((p.size(0) + p.size(1)) * field)) * (2 * u - 1);
        } else {
            u = entry.key().ends_with("bias") ? 0.2 * u - 0.1 : 0.5 + u;
        }
        p.copy_(u.reshape(p.sizes()));
    }
    stream = 1000;
    for (auto& entry : model.named_buffers()) {
        auto& b = entry.value();
        if (b.scalar_type() == at::kFloat) {
            const auto u = formula_values(b.numel(), stream);
            b.copy_(entry.key().ends_with("var") ? 0.5 + u : 0.2 * u - 0.1);
        }
        ++stream;
    }
}

/// The largest distance between two tensors of as many numbers.
inline double distance(const at::Tensor& a, const at::Tensor& b) {
    require(a.numel() == b.numel(), "{} numbers against {}", a.numel(), b.numel());
    return (a.detach().to(at::kDouble).flatten() - b.detach().to(at::kDouble).flatten()).abs().max().item<double>();
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
