#include "model/known_weights.h"

#include "base/error.h"
#include "model/normalised.h"
#include "model/state.h"

#include <algorithm>
#include <map>

namespace hfc::model {
namespace {

/// A network for which others have published weights.
struct Published {
    const char* name;
    const char* form;
    bool batch_norm;
    const char* head;      ///< the network's last layer
    int64_t convolutions;  ///< number of four-dimensional weights
};

constexpr Published published[] = {{"resnet20", "small", true, "linear", 19},
                                   {"resnet32", "small", true, "linear", 31},
                                   {"resnet44", "small", true, "linear", 43},
                                   {"resnet56", "small", true, "linear", 55},
                                   {"resnet18", "torchvision", true, "fc", 20},
                                   {"resnet34", "torchvision", true, "fc", 36},
                                   {"resnet50", "torchvision", true, "fc", 53},
                                   {"vgg11", "torchvision", false, "classifier.6", 8},
                                   {"vgg11", "torchvision", true, "classifier.6", 8},
                                   {"vgg16", "torchvision", false, "classifier.6", 13},
                                   {"vgg16", "torchvision", true, "classifier.6", 13},
                                   {"alexnet", "torchvision", false, "classifier.6", 5}};

using State = std::map<std::string, at::Tensor>;

/// The part of a tensor's name before `name`; the shortest one if several names end with `name`.
std::optional<std::string> prefix_of(const State& state, const std::string& name) {
    std::optional<std::string> found;
    for (const auto& [key, tensor] : state) {
        const bool ends = key.ends_with(name);
        const auto length = ends ? key.size() - name.size() : 0;
        if (ends && (length == 0 || key[length - 1] == '.') && (!found || length < found->size())) {
            found = key.substr(0, length);
        }
    }
    return found;
}

int64_t count_convolutions(const State& state, const std::string& prefix) {
    return std::ranges::count_if(state, [&](const auto& entry) {
        return entry.first.starts_with(prefix) && entry.second.dim() == 4;
    });
}

}  // namespace

std::optional<KnownNetwork> known_network(const tensor_file::NamedTensors& tensors,
                                          std::string* misfit) {
    const State state(tensors.begin(), tensors.end());
    for (const auto& candidate : published) {
        const auto head = fmt::format("{}.bias", candidate.head);
        const auto prefix = prefix_of(state, head);
        if (!prefix || state.at(*prefix + head).dim() != 1 ||
            count_convolutions(state, *prefix) != candidate.convolutions) {
            continue;
        }
        ModelOptions options;
        options.classes = state.at(*prefix + head).size(0);
        options.form = candidate.form;
        options.batch_norm = candidate.batch_norm;
        const auto network = make(candidate.name, options);
        const auto wrong = fill(*network, state, *prefix);
        if (!wrong) {
            return KnownNetwork{
                std::make_shared<NormalisedModel>(network, imagenet_mean, imagenet_deviation),
                fmt::format(
                    "{} for {} classes; images are normalised with mean {} and deviation {}",
                    candidate.name, options.classes, fmt::join(imagenet_mean, ", "),
                    fmt::join(imagenet_deviation, ", "))};
        }
        if (misfit != nullptr) {
            *misfit = fmt::format("compared with {}, {}", candidate.name, *wrong);
        }
    }
    return std::nullopt;
}

}  // namespace hfc::model
