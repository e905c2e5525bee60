#include "parallel/gradients.h"

#include "base/error.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/logger.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <algorithm>
#include <type_traits>
#include <unordered_map>
#include <utility>

namespace hfc::parallel {
namespace {

using Buckets = std::vector<std::vector<size_t>>;
using Names = std::unordered_map<size_t, std::string>;
using GroupPtr = c10::intrusive_ptr<c10d::ProcessGroup>;

/// Newer versions of LibTorch have added parameters to the constructor. The oldest supported
/// version does not have the last one.
template <typename Reducer>
std::shared_ptr<Reducer> make_reducer(const std::vector<at::Tensor>& parameters, Buckets buckets,
                                      const GroupPtr& group, const GradientOptions& options) {
    const std::vector<bool> sparse(parameters.size(), false);
    constexpr bool views = true, skip_unused = false, python = false;
    if constexpr (std::is_constructible_v<Reducer, std::vector<at::Tensor>, Buckets, GroupPtr,
                                          std::vector<bool>, int64_t, bool, bool, Names, int64_t,
                                          bool, bool, std::vector<int64_t>>) {
        return std::make_shared<Reducer>(parameters, std::move(buckets), group, sparse,
                                         options.bucket_bytes, options.find_unused, views, Names(),
                                         options.first_bucket_bytes, skip_unused, python,
                                         std::vector<int64_t>());
    } else {
        return std::make_shared<Reducer>(parameters, std::move(buckets), group, sparse,
                                         options.bucket_bytes, options.find_unused, views, Names(),
                                         options.first_bucket_bytes, skip_unused, python);
    }
}

Buckets buckets_of(const std::vector<at::Tensor>& parameters, const GradientOptions& options) {
    const auto assigned =
        c10d::compute_bucket_assignment_by_size(parameters,
                                                {static_cast<size_t>(options.first_bucket_bytes),
                                                 static_cast<size_t>(options.bucket_bytes)},
                                                std::vector<bool>(parameters.size(), false));
    auto buckets = std::get<0>(assigned);
    std::ranges::reverse(buckets);  // the gradients of the last layers come first
    return buckets;
}

}  // namespace

class GradientReducer::Engine {
  public:
    Engine(const GroupPtr& group, const std::vector<at::Tensor>& parameters,
           const GradientOptions& options)
        : find_unused_(options.find_unused) {
        c10d::verify_params_across_processes(group, parameters, {});
        reducer_ = make_reducer<c10d::Reducer>(parameters, buckets_of(parameters, options), group,
                                               options);
        logger_ = std::make_shared<c10d::Logger>(reducer_);
        reducer_->set_logger(logger_);
        logger_->set_construction_data_and_log("hfc", {}, -1, false, false, false);
    }

    void before_forward() {
        logger_->set_runtime_stats_and_log();
        reducer_->prepare_for_forward();
        reducer_->rebuild_buckets();
    }

    void before_backward(const at::Tensor& loss) {
        // Silences the reducer's warning that all weights have gradients although some were allowed
        // to lack them.
        const c10::WarningUtils::WarningHandlerGuard guard(&silence_);
        reducer_->prepare_for_backward(find_unused_ ? std::vector<at::Tensor>{loss}
                                                    : std::vector<at::Tensor>());
    }

    std::map<std::string, double> timers() const {
        const auto data = logger_->get_ddp_logging_data();
        std::map<std::string, double> result;
        for (const auto& [name, key] :
             {std::pair("backward", "avg_backward_compute_time"),
              std::pair("communication", "avg_backward_comm_time"),
              std::pair("overlap", "avg_backward_compute_comm_overlap_time")}) {
            if (const auto found = data.ints_map.find(key); found != data.ints_map.end()) {
                result[name] = static_cast<double>(found->second) * 1e-6;
            }
        }
        return result;
    }

  private:
    class Silence : public c10::WarningHandler {
        void process(const c10::Warning&) override {}
    };

    bool find_unused_;
    Silence silence_;
    std::shared_ptr<c10d::Reducer> reducer_;
    std::shared_ptr<c10d::Logger> logger_;
};

GradientReducer::GradientReducer(Group& group, const std::vector<at::Tensor>& parameters,
                                 const GradientOptions& options) {
    if (group.size() == 1) {
        return;
    }
    require(std::ranges::all_of(parameters, &at::Tensor::is_cpu),
            "training in several processes works only on the CPU: this build has no module for "
            "training on several GPUs");
    engine_ = std::make_unique<Engine>(group.process_group(), parameters, options);
}

GradientReducer::~GradientReducer() = default;

void GradientReducer::before_forward(bool reduces) {
    if (engine_ && reduces) {
        engine_->before_forward();
    }
}

void GradientReducer::before_backward(const at::Tensor& loss, bool reduces) {
    if (engine_ && reduces) {
        engine_->before_backward(loss);
    }
}

std::map<std::string, double> GradientReducer::timers() const {
    return engine_ ? engine_->timers() : std::map<std::string, double>();
}

void share(Group& group, const std::vector<at::Tensor>& tensors) {
    const at::NoGradGuard no_grad;
    for (auto tensor : tensors) {
        group.broadcast(tensor, 0);
    }
}

void average(Group& group, const std::vector<at::Tensor>& tensors) {
    if (group.size() == 1 || tensors.empty()) {
        return;
    }
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> rows;
    for (const auto& tensor : tensors) {
        rows.push_back(tensor.detach().reshape({-1}).to(at::kDouble));
    }
    auto all = at::cat(rows);
    group.all_reduce(all, Reduction::sum);
    all.div_(static_cast<double>(group.size()));
    int64_t begin = 0;
    for (auto tensor : tensors) {
        tensor.copy_(all.slice(0, begin, begin + tensor.numel()).view(tensor.sizes()));
        begin += tensor.numel();
    }
}

}  // namespace hfc::parallel
