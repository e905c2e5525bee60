#include "mask/learn.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "base/random.h"
#include "mask/learner.h"
#include "mask/network.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

namespace hfc::mask {
namespace {

constexpr const char* learn_name = "hfc.mask.learn";

struct Settings {
    LearnOptions options;
    double lambda;
    double lr;
    bool one_cycle;
    int64_t batch_size;
};

Settings resolve(const LearnOptions& options) {
    const bool image = options.scope == Scope::image;
    Settings settings{options, options.lambda.value_or(image ? .07 : .2), options.lr.value_or(image ? .008 : .01),
                      options.one_cycle.value_or(!image), options.batch_size.value_or(image ? 100 : 50)};
    require(std::isfinite(settings.lambda) && settings.lambda >= 0, "{}: lambda must be a finite number of at least 0, got {}", learn_name,
            settings.lambda);
    require(std::isfinite(settings.lr) && settings.lr > 0, "{}: lr must be a finite number above 0, got {}", learn_name, settings.lr);
    require(settings.batch_size >= 1, "{}: batch size must be at least 1, got {}", learn_name, settings.batch_size);
    require(options.epochs >= 1, "{}: epochs must be at least 1, got {}", learn_name, options.epochs);
    require(options.steps >= 1, "{}: steps must be at least 1, got {}", learn_name, options.steps);
    require(options.tolerance >= 0, "{}: tolerance must be at least 0, got {}", learn_name, options.tolerance);
    require(options.patience >= 1, "{}: patience must be at least 1, got {}", learn_name, options.patience);
    return settings;
}

/// The loss of each image without the L1 term.
at::Tensor loss_of(Loss loss, const at::Tensor& cross_entropy, const at::Tensor& clean) {
    if (loss == Loss::cross_entropy) {
        return cross_entropy;
    }
    constexpr double most = 20;
    const auto squared = (cross_entropy - clean).square();
    const auto straight = std::exp(most) * (squared - most + 1);
    return at::where(squared.lt(most), squared.clamp_max(most).exp(), straight);
}

/// What one pass of images through their masks gave.
struct Pass {
    at::Tensor gradients;  ///< of the images
    at::Tensor losses;     ///< [n]
    at::Tensor right;      ///< bool [n]: given their labels
};

/// share: what an image's loss counts for in the gradients.
Pass pass_chunk(const Network& network, Loss loss, const at::Tensor& images, const at::Tensor& labels, const at::Tensor& clean,
                double share) {
    const at::AutoGradMode with_grad(true);
    const auto leaf = images.contiguous(at::MemoryFormat::ChannelsLast).detach().requires_grad_(true);
    const auto logits = network.logits(leaf);
    require(logits.requires_grad(), "{}: the model's logits do not depend on its images in a way that has a gradient", learn_name);
    const auto losses = loss_of(loss, network.cross_entropy(logits, labels), clean);
    Pass pass;
    pass.gradients = torch::autograd::grad({losses.sum() * share}, {leaf}).front();
    pass.losses = losses.detach();
    pass.right = logits.detach().argmax(1).eq(labels);
    return pass;
}

Pass pass_through(const Network& network, Loss loss, const at::Tensor& images, const at::Tensor& labels, const at::Tensor& clean,
                  double share) {
    // On the CPU what a graph of 50 images keeps stays nearer to the caches: a tenth faster than 100 at once.
    const int64_t chunk = images.is_cpu() ? 50 : images.size(0);
    std::vector<at::Tensor> gradients, losses, right;
    for (int64_t begin = 0; begin < images.size(0); begin += chunk) {
        const auto part = [&](const at::Tensor& all) { return all.slice(0, begin, begin + chunk); };
        const auto pass = pass_chunk(network, loss, part(images), part(labels), part(clean), share);
        gradients.push_back(pass.gradients);
        losses.push_back(pass.losses);
        right.push_back(pass.right);
    }
    return {at::cat(gradients), at::cat(losses), at::cat(right)};
}

/// Which images a network is right about, and their cross-entropy: what a mask is to keep.
struct Clean {
    at::Tensor cross_entropy;  ///< float32 [N]
    int64_t right = 0;
};

Clean clean_of(const Network& network, const Source& source, int64_t batch_size) {
    Clean clean;
    std::vector<at::Tensor> parts;
    for (int64_t begin = 0; begin < source.size(); begin += batch_size) {
        check_interrupt();
        const auto end = std::min(begin + batch_size, source.size());
        const auto labels = source.labels().slice(0, begin, end);
        const auto logits = network.logits(source.images(begin, end).to(network.device()));
        parts.push_back(network.cross_entropy(logits, labels));
        clean.right += logits.argmax(1).cpu().eq(labels).sum().item<int64_t>();
    }
    clean.cross_entropy = at::cat(parts);
    return clean;
}

void require_numbers(double sum) {
    require(std::isfinite(sum), "{}: the model's gradient with respect to the images is not a number; are its weights finite?", learn_name);
}

/// What came of masks learned together.
struct Fit {
    at::Tensor masks;
    at::Tensor l1;
    at::Tensor steps;
};

/// One mask for all images of `source`, in epochs.
Fit fit_one(const Network& network, const Source& source, const Settings& settings, int64_t which) {
    const auto& options = settings.options;
    Learner learner(1, options.per_channel ? source.channels() : 1, source.height(), source.width(), network.device());
    const auto clean = clean_of(network, source, 100);
    const auto batches = (source.size() + settings.batch_size - 1) / settings.batch_size;
    const OneCycle cycle(settings.lr, batches * options.epochs);
    int64_t epoch = 0, still = 0;
    double l1 = 1;
    while (epoch < options.epochs && still < options.patience) {
        const auto order = permutation(source.size(), options.seed, fmt::format("mask epoch {}", epoch));
        auto losses = at::zeros({}, clean.cross_entropy.options()), right = at::zeros({}, losses.options().dtype(at::kLong));
        for (int64_t batch = 0; batch < batches; ++batch) {
            check_interrupt();
            const auto rows = order.slice(0, batch * settings.batch_size, (batch + 1) * settings.batch_size);
            const auto transforms = transform_of(source.images(rows).to(network.device()));
            const auto labels = source.labels().index_select(0, rows).to(network.device());
            const auto pass =
                pass_through(network, options.loss, learner.through(transforms), labels,
                             clean.cross_entropy.index_select(0, rows.to(network.device())), 1.0 / static_cast<double>(rows.size(0)));
            const auto now = settings.one_cycle ? cycle.at(epoch * batches + batch) : OneCycle::Setting{settings.lr, 0.9};
            learner.step(transforms, pass.gradients, settings.lambda, now.lr, now.beta1);
            losses += pass.losses.sum();
            right += pass.right.sum();
        }
        ++epoch;
        const double before = std::exchange(l1, learner.l1()[0].item<double>());
        require_numbers(l1);
        still = std::abs(l1 - before) > options.tolerance ? 0 : still + (right.item<double>() >= .99 * static_cast<double>(clean.right));
        if (options.report) {
            const auto size = static_cast<double>(source.size());
            options.report({which, epoch, losses.item<double>() / size, l1, right.item<double>() / size});
        }
    }
    return {learner.masks(), learner.l1(), at::full({1}, epoch, at::kLong)};
}

/// A mask for each image of `source`, all in one batch; those that are done leave it.
Fit fit_images(const Network& network, const Source& source, const Settings& settings, int64_t first) {
    const auto& options = settings.options;
    const auto count = source.size();
    Learner learner(count, options.per_channel ? source.channels() : 1, source.height(), source.width(), network.device());
    auto transforms = transform_of(source.images(0, count).to(network.device()));
    auto labels = source.labels().to(network.device());
    auto clean = clean_of(network, source, settings.batch_size).cross_entropy;
    auto l1 = at::ones({count}, at::kDouble), still = at::zeros({count}, at::kLong), rows = at::arange(count);
    Fit fit{learner.masks(), l1.clone(), at::full({count}, options.steps, at::kLong)};
    const OneCycle cycle(settings.lr, options.steps);
    const auto store = [&](const at::Tensor& done) {
        fit.masks.index_copy_(0, rows.index_select(0, done), learner.masks().index_select(0, done));
        fit.l1.index_copy_(0, rows.index_select(0, done), l1.index_select(0, done));
    };
    for (int64_t step = 1; step <= options.steps && rows.numel() > 0; ++step) {
        check_interrupt();
        const auto pass = pass_through(network, options.loss, learner.through(transforms), labels, clean, 1);
        const auto now = settings.one_cycle ? cycle.at(step - 1) : OneCycle::Setting{settings.lr, 0.9};
        learner.step(transforms, pass.gradients, settings.lambda, now.lr, now.beta1);
        const auto before = std::exchange(l1, learner.l1());
        require_numbers(l1.sum().item<double>());
        if (options.report && (step % 50 == 0 || step == options.steps)) {
            options.report({first, step, pass.losses.mean().item<double>(), l1.mean().item<double>(),
                            pass.right.to(at::kDouble).mean().item<double>()});
        }
        still = at::where((l1 - before).abs().gt(options.tolerance), at::zeros_like(still), still + pass.right.cpu());
        const auto finished = still.ge(options.patience);
        if (finished.any().item<bool>()) {
            const auto done = finished.nonzero().squeeze(1), left = finished.logical_not().nonzero().squeeze(1);
            store(done);
            fit.steps.index_fill_(0, rows.index_select(0, done), step);
            learner.keep(left);
            for (auto* tensor : {&transforms, &labels, &clean, &l1, &still, &rows}) {
                *tensor = tensor->index_select(0, left.to(tensor->device()));
            }
        }
    }
    store(at::arange(rows.numel()));
    return fit;
}

std::vector<Fit> fit_all(const Network& network, const Source& source, const Settings& settings) {
    std::vector<Fit> fits;
    if (settings.options.scope == Scope::data_set) {
        fits.push_back(fit_one(network, source, settings, 0));
    } else if (settings.options.scope == Scope::image) {
        for (int64_t begin = 0; begin < source.size(); begin += settings.batch_size) {
            const auto rows = at::arange(begin, std::min(begin + settings.batch_size, source.size()), at::kLong);
            fits.push_back(fit_images(network, source.select(rows), settings, begin));
        }
    } else {
        for (int64_t label = 0; label < source.classes(); ++label) {
            const auto rows = source.labels().eq(label).nonzero().squeeze(1);
            if (rows.numel() > 0) {
                fits.push_back(fit_one(network, source.select(rows), settings, label));
            } else {
                const auto channels = settings.options.per_channel ? source.channels() : 1;
                fits.push_back(
                    {at::ones({1, channels, source.height(), source.width()}), at::ones({1}, at::kDouble), at::zeros({1}, at::kLong)});
            }
        }
    }
    return fits;
}

}  // namespace

Scope parse_scope(std::string_view text) {
    if (text == "data set") {
        return Scope::data_set;
    }
    if (text == "class") {
        return Scope::class_of_images;
    }
    require(text == "image", "hfc.mask: per must be \"data set\", \"class\" or \"image\", got \"{}\"", text);
    return Scope::image;
}

Loss parse_loss(std::string_view text) {
    if (text == "invariance") {
        return Loss::invariance;
    }
    require(text == "cross_entropy", "hfc.mask: loss must be \"invariance\" or \"cross_entropy\", got \"{}\"", text);
    return Loss::cross_entropy;
}

Learned learn(model::Model& model, const Source& source, const LearnOptions& options) {
    const auto settings = resolve(options);
    const at::NoGradGuard no_grad;
    const Network network(model, learn_name, options.bfloat16);
    const auto fits = fit_all(network, source, settings);
    const auto join = [&](at::Tensor Fit::*member) {
        std::vector<at::Tensor> parts;
        std::ranges::transform(fits, std::back_inserter(parts), [&](const Fit& fit) { return fit.*member; });
        return at::cat(parts);
    };
    return {join(&Fit::masks), join(&Fit::l1), join(&Fit::steps)};
}

}  // namespace hfc::mask
