#include "corrupt/error.h"

#include "base/error.h"
#include "model/measure.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

namespace hfc::corrupt {
namespace {

/// AlexNet's errors on ImageNet-C, averaged over the five severities (published with AugMix's
/// code).
const std::map<std::string, double> alexnet_errors = {{"gaussian_noise", .886428},
                                                      {"shot_noise", .894468},
                                                      {"impulse_noise", .922640},
                                                      {"defocus_blur", .819880},
                                                      {"glass_blur", .826268},
                                                      {"motion_blur", .785948},
                                                      {"zoom_blur", .798360},
                                                      {"snow", .866816},
                                                      {"frost", .826572},
                                                      {"fog", .819324},
                                                      {"brightness", .564592},
                                                      {"contrast", .853204},
                                                      {"elastic_transform", .646056},
                                                      {"pixelate", .717840},
                                                      {"jpeg_compression", .606500}};

double mean_of(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) {
        sum += value;
    }
    return sum / static_cast<double>(values.size());
}

/// The mean frequency radius of a difference [n, C, H, W], weighted by energy, in bins.
class BandMeter {
  public:
    explicit BandMeter(at::Tensor clean) : clean_(std::move(clean)) {}

    void add(const at::Tensor& corrupted) {
        const auto spectrum = at::fft_fft2(corrupted.to(at::kDouble) - clean_.to(at::kDouble));
        const auto energy = spectrum.abs().square().sum({0, 1});
        const auto bins = [](int64_t size) {
            return at::fft_fftfreq(size, 1 / static_cast<double>(size), at::kDouble);
        };
        const auto rows = bins(energy.size(0)).square().unsqueeze(1);
        const auto distance = (rows + bins(energy.size(1)).square()).sqrt();
        total_ += energy.sum().item<double>();
        moment_ += (energy * distance).sum().item<double>();
    }

    double mean() const { return total_ > 0 ? moment_ / total_ : 0; }

  private:
    at::Tensor clean_;
    double total_ = 0;
    double moment_ = 0;
};

}  // namespace

CorruptionErrors corruption_error(model::Model& model, const data::Dataset& dataset,
                                  const ErrorOptions& options) {
    require(!options.kinds.empty(), "kinds must name at least one corruption");
    require(!options.severities.empty(), "severities must contain at least one number from 1 to {}",
            severities);
    for (const auto& kind : options.kinds) {
        require(!options.alexnet || alexnet_errors.contains(kind),
                "no AlexNet error is published for {}; the baseline requires kinds from the set "
                "\"common\"",
                kind);
    }
    model::MeasureOptions measure;
    measure.inference = options.inference;
    const auto error_on = [&](const data::Dataset& images) {
        return 1 - model::accuracy(model, images, measure);
    };
    const auto seen = std::min<int64_t>(100, dataset.size());
    CorruptionErrors result;
    result.clean = error_on(dataset);
    std::vector<double> all;
    std::vector<double> ratios;
    for (const auto& kind : options.kinds) {
        auto& found = result.by[kind];
        BandMeter band(dataset.batch(0, seen).images);
        for (const auto severity : options.severities) {
            const auto corrupted = options.corrupted(kind, severity);
            found.errors.push_back(error_on(corrupted));
            band.add(corrupted.batch(0, seen).images);
        }
        found.band = band.mean();
        all.insert(all.end(), found.errors.begin(), found.errors.end());
        if (options.alexnet) {
            ratios.push_back(mean_of(found.errors) / alexnet_errors.at(kind));
        }
    }
    result.mean = mean_of(all);
    result.relative = result.mean - result.clean;
    result.mce = options.alexnet ? mean_of(ratios) : std::numeric_limits<double>::quiet_NaN();
    return result;
}

}  // namespace hfc::corrupt
