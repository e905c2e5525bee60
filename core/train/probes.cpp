#include "train/probes.h"

#include "base/error.h"
#include "base/random.h"
#include "train/checkpointer.h"

#include <algorithm>

namespace hfc::train {

TrainOptions with_validation(const TrainOptions& options) {
    auto result = options;
    if (options.validation) {
        require(std::ranges::find(options.probes, validation_name, &model::Probe::name) ==
                    options.probes.end(),
                "a probe cannot be named '{}' if a validation set is given", validation_name);
        result.probes.insert(result.probes.begin(), {validation_name, *options.validation});
    }
    return result;
}

std::vector<model::Probe> sample(const std::vector<model::Probe>& probes, int64_t samples,
                                 uint64_t seed) {
    auto sampled = probes;
    for (auto& probe : sampled) {
        if (samples > 0 && samples < probe.dataset.size()) {
            probe.dataset = probe.dataset.subset(samples, derive_seed(seed, "probe samples"));
        }
    }
    return sampled;
}

}  // namespace hfc::train
