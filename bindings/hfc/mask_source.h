// Images and labels as the functions of hfc.mask take them.
#pragma once

#include "mask/source.h"

#include "bindings/hfc/register.h"
#include "bindings/torch/tensor.h"

#include <chrono>
#include <cstdio>

namespace hfc::lua {

/// A Dataset, or a Tensor float32 [N, C, H, W]; labels, where defined, replace the data set's.
inline mask::Source source_argument(Call& call, int position, const char* parameter,
                                    const at::Tensor& labels = {}) {
    const auto value = call.argument(position, parameter);
    if (const auto* dataset = to_object<data::Dataset>(call.L, position)) {
        const mask::Source source(*dataset);
        return labels.defined() ? source.with_labels(labels) : source;
    }
    const at::Tensor* images = to_tensor(call.L, position);
    if (images == nullptr) {
        value.expected("a Dataset or a Tensor [N, C, H, W]");
    }
    return {*images, labels};
}

/// The option `labels`, a Tensor int64 [N], or nothing.
inline at::Tensor labels_option(Options& options) {
    at::Tensor labels;
    options.with("labels", [&](const Value& value) { labels = value.object<LuaTensor>().tensor; });
    return labels;
}

/// Says on standard error how far a long computation is, at most every ten seconds.
class SlowProgress {
  public:
    explicit SlowProgress(std::string what) : what_(std::move(what)) {}
    void tell(const std::string& where) {
        const auto now = std::chrono::steady_clock::now();
        if (now - told_ > std::chrono::seconds(10)) {
            told_ = now;
            std::fprintf(stderr, "%s: %s\n", what_.c_str(), where.c_str());
        }
    }

  private:
    std::string what_;
    std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

}  // namespace hfc::lua
