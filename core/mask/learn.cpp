#include "mask/learn.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "base/random.h"
#include "data/classes.h"
#include "frequency/half.h"
#include "mask/evaluate.h"
#include "mask/learner.h"
#include "mask/pass.h"
#include "model/measure.h"
#include "optim/one_cycle.h"
#include "parallel/group.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

namespace hfc::mask {
namespace {

constexpr double rising = 0.1;  ///< the fraction of the steps in which the rate rises

struct Settings {
    LearnOptions options;
    double lambda;
    double lr;
    bool one_cycle;
    int64_t batch_size;
    double tolerance;
};

Settings resolve(const LearnOptions& options) {
    const bool image = options.scope == Scope::image;
    const double lr = options.lr.value_or(image ? .008 : .01);
    Settings settings{options,
                      options.lambda.value_or(image ? .07 : .2),
                      lr,
                      options.one_cycle.value_or(!image),
                      options.batch_size.value_or(image ? 100 : 50),
                      options.tolerance.value_or(std::min(1e-5, lr / 100))};
    require(std::isfinite(settings.lambda) && settings.lambda >= 0,
            "lambda must be a finite number >= 0, got {}", settings.lambda);
    require(std::isfinite(settings.lr) && settings.lr > 0,
            "lr must be a finite number above 0, got {}", settings.lr);
    require(settings.batch_size >= 1, "the batch size must be at least 1, got {}",
            settings.batch_size);
    require(options.epochs >= 1, "epochs must be at least 1, got {}", options.epochs);
    require(options.steps >= 1, "steps must be at least 1, got {}", options.steps);
    require(settings.tolerance >= 0, "tolerance must be >= 0, got {}", settings.tolerance);
    require(options.patience >= 1, "patience must be at least 1, got {}", options.patience);
    return settings;
}

void require_numbers(double sum) {
    require(std::isfinite(sum),
            "the model's gradient with respect to the images is NaN or infinite; are the model's "
            "weights finite?");
}

/// The result for masks that are learned together.
struct Fit {
    at::Tensor masks;
    at::Tensor l1;
    at::Tensor steps;
};

/// One mask for all images, learned in epochs.
Fit fit_one(const model::Inference& network, const data::Dataset& dataset, const Settings& settings,
            int64_t which) {
    const auto& options = settings.options;
    Learner learner(1, options.per_channel ? dataset.channels() : 1, dataset.height(),
                    dataset.width(), network.device());
    const auto clean = clean_of(network, dataset);
    const auto batches = (dataset.size() + settings.batch_size - 1) / settings.batch_size;
    const optim::OneCycle cycle(settings.lr, batches * options.epochs, rising);
    int64_t epoch = 0, still = 0;
    double l1 = 1;
    while (epoch < options.epochs && still < options.patience) {
        const auto order =
            permutation(dataset.size(), options.seed, fmt::format("mask epoch {}", epoch));
        auto losses = at::zeros({}, clean.cross_entropy.options()),
             right = at::zeros({}, losses.options().dtype(at::kLong));
        for (int64_t batch = 0; batch < batches; ++batch) {
            check_interrupt();
            const auto rows =
                order.slice(0, batch * settings.batch_size, (batch + 1) * settings.batch_size);
            const auto transforms =
                frequency::half_transform(dataset.batch(rows).images.to(network.device()));
            const auto labels = dataset.labels().index_select(0, rows).to(network.device());
            const auto pass =
                pass_through(network, options.loss, learner.through(transforms), labels,
                             clean.cross_entropy.index_select(0, rows.to(network.device())),
                             1.0 / static_cast<double>(rows.size(0)));
            const auto now = settings.one_cycle ? cycle.at(epoch * batches + batch)
                                                : optim::OneCycle::Setting{settings.lr, 0.9};
            learner.step(transforms, pass.gradients, settings.lambda, now.lr, now.momentum);
            losses += pass.losses.sum();
            right += pass.right.sum();
        }
        ++epoch;
        const double before = std::exchange(l1, learner.l1()[0].item<double>());
        require_numbers(l1);
        still = std::abs(l1 - before) > settings.tolerance
                    ? 0
                    : still + (right.item<double>() >= .99 * static_cast<double>(clean.right));
        if (options.report) {
            const auto size = static_cast<double>(dataset.size());
            options.report(
                {which, epoch, losses.item<double>() / size, l1, right.item<double>() / size});
        }
    }
    return {learner.masks(), learner.l1(), at::full({1}, epoch, at::kLong)};
}

/// Learns a mask for each image of a data set, all in one batch. Finished masks leave the batch.
class ImageFit {
  public:
    ImageFit(const model::Inference& network, const data::Dataset& dataset,
             const Settings& settings)
        : network_(network),
          settings_(settings),
          cycle_(settings.lr, settings.options.steps, rising),
          learner_(dataset.size(), settings.options.per_channel ? dataset.channels() : 1,
                   dataset.height(), dataset.width(), network.device()),
          rows_(at::arange(dataset.size())),
          transforms_(frequency::half_transform(
              dataset.batch(0, dataset.size()).images.to(network.device()))),
          labels_(dataset.labels().to(network.device())),
          clean_(clean_of(network, dataset).cross_entropy),
          l1_(at::ones({dataset.size()}, at::kDouble)),
          still_(at::zeros({dataset.size()}, at::kLong)),
          fit_{learner_.masks(), l1_.clone(),
               at::full({dataset.size()}, settings.options.steps, at::kLong)},
          losses_(at::zeros_like(l1_)),
          right_(at::zeros_like(l1_)) {}

    /// first: the index of the first image, for reports.
    Fit run(int64_t first) {
        const auto& options = settings_.options;
        for (int64_t step = 1; step <= options.steps && rows_.numel() > 0; ++step) {
            check_interrupt();
            advance(step);
            retire(still_.ge(options.patience), step);
            if (options.report && (step % 50 == 0 || step == options.steps || rows_.numel() == 0)) {
                const auto mean = [](const at::Tensor& values) {
                    return values.mean().item<double>();
                };
                options.report({first, step, mean(losses_), mean(fit_.l1), mean(right_)});
            }
        }
        fit_.masks.index_copy_(0, rows_, learner_.masks());
        return fit_;
    }

  private:
    void advance(int64_t step) {
        const auto& options = settings_.options;
        const auto pass =
            pass_through(network_, options.loss, learner_.through(transforms_), labels_, clean_, 1);
        const auto now =
            settings_.one_cycle ? cycle_.at(step - 1) : optim::OneCycle::Setting{settings_.lr, 0.9};
        learner_.step(transforms_, pass.gradients, settings_.lambda, now.lr, now.momentum);
        const auto before = std::exchange(l1_, learner_.l1());
        require_numbers(l1_.sum().item<double>());
        const auto right = pass.right.cpu();
        still_ = at::where((l1_ - before).abs().gt(settings_.tolerance), at::zeros_like(still_),
                           still_ + right);
        fit_.l1.index_copy_(0, rows_, l1_);
        losses_.index_copy_(0, rows_, pass.losses.cpu().to(at::kDouble));
        right_.index_copy_(0, rows_, right.to(at::kDouble));
    }

    /// Stores the masks for which `finished` (bool) is true, and continues without them.
    void retire(const at::Tensor& finished, int64_t step) {
        if (!finished.any().item<bool>()) {
            return;
        }
        const auto done = finished.nonzero().squeeze(1),
                   left = finished.logical_not().nonzero().squeeze(1);
        const auto done_rows = rows_.index_select(0, done);
        fit_.masks.index_copy_(0, done_rows, learner_.masks().index_select(0, done));
        fit_.steps.index_fill_(0, done_rows, step);
        learner_.keep(left);
        for (auto* tensor : {&rows_, &transforms_, &labels_, &clean_, &l1_, &still_}) {
            *tensor = tensor->index_select(0, left.to(tensor->device()));
        }
    }

    const model::Inference& network_;
    const Settings& settings_;
    const optim::OneCycle cycle_;
    // Of the masks that are not finished:
    Learner learner_;
    at::Tensor rows_;  ///< their positions among all masks
    at::Tensor transforms_, labels_, clean_, l1_, still_;
    // Of all masks; finished ones keep the values of their last step:
    Fit fit_;
    at::Tensor losses_, right_;
};

/// For each fit, the position of its first mask among all masks, and the fit itself.
using Fits = std::vector<std::pair<int64_t, Fit>>;

Fits fit_images(const model::Inference& network, const data::Dataset& dataset,
                const Settings& settings, const parallel::Group& group) {
    Fits fits;
    for (const auto& [begin, end] : group.own_batches(dataset.size(), settings.batch_size)) {
        const auto rows = at::arange(begin, end, at::kLong);
        fits.emplace_back(begin, ImageFit(network, dataset.select(rows), settings).run(begin));
    }
    return fits;
}

Fits fit_classes(const model::Inference& network, const data::Dataset& dataset,
                 const Settings& settings, const parallel::Group& group) {
    Fits fits;
    const auto positions = data::positions_of_classes(dataset.labels(), dataset.classes());
    for (int64_t label = group.rank(); label < dataset.classes(); label += group.size()) {
        const auto& rows = positions[static_cast<size_t>(label)];
        if (rows.numel() > 0) {
            fits.emplace_back(label, fit_one(network, dataset.select(rows), settings, label));
        } else {
            const auto channels = settings.options.per_channel ? dataset.channels() : 1;
            fits.emplace_back(label, Fit{at::ones({1, channels, dataset.height(), dataset.width()}),
                                         at::ones({1}, at::kDouble), at::zeros({1}, at::kLong)});
        }
    }
    return fits;
}

/// The batches of images, or the classes, are divided among the processes of `group`.
Fit fit_all(const model::Inference& network, const data::Dataset& dataset, const Settings& settings,
            parallel::Group& group) {
    if (settings.options.scope == Scope::data_set) {
        return fit_one(network, dataset, settings, 0);
    }
    const bool images = settings.options.scope == Scope::image;
    const auto fits = images ? fit_images(network, dataset, settings, group)
                             : fit_classes(network, dataset, settings, group);
    const auto join = [&](at::Tensor Fit::*member) {
        std::vector<std::pair<int64_t, at::Tensor>> pieces;
        for (const auto& [row, fit] : fits) {
            pieces.emplace_back(row, (fit.*member).cpu());
        }
        return parallel::gather_rows(group, pieces, images ? dataset.size() : dataset.classes());
    };
    return {join(&Fit::masks), join(&Fit::l1), join(&Fit::steps)};
}

}  // namespace

Scope parse_scope(std::string_view text) {
    if (text == "data set") {
        return Scope::data_set;
    }
    if (text == "class") {
        return Scope::class_of_images;
    }
    require(text == "image", "'per' must be \"data set\", \"class\" or \"image\", got \"{}\"",
            text);
    return Scope::image;
}

Loss parse_loss(std::string_view text) {
    if (text == "invariance") {
        return Loss::invariance;
    }
    require(text == "cross_entropy", "loss must be \"invariance\" or \"cross_entropy\", got \"{}\"",
            text);
    return Loss::cross_entropy;
}

Learned learn(model::Model& model, const data::Dataset& dataset, const LearnOptions& options) {
    const auto settings = resolve(options);
    const at::NoGradGuard no_grad;
    const auto labelled = options.predicted_labels
                              ? dataset.with_labels(model::predict(model, dataset).classes)
                              : dataset;
    model::Inference network(model, {.bfloat16 = options.bfloat16});
    network.try_labelled(labelled);
    const auto fit = fit_all(network, labelled, settings, parallel::world());
    network.require_finite();
    return {fit.masks, fit.l1, fit.steps};
}

}  // namespace hfc::mask
