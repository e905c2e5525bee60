#include "data/dataset.h"

#include "base/error.h"
#include "base/images.h"
#include "base/random.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

namespace hfc::data {
namespace {

/// A copy on the CPU: nobody else can change it.
at::Tensor checked_labels(const at::Tensor& labels, int64_t size, const std::string& name) {
    require(labels.defined() && labels.scalar_type() == at::kLong && labels.dim() == 1 &&
                labels.size(0) == size,
            "the labels of '{}' must be int64 [{}], one an image; got {}", name, size,
            labels.defined() ? fmt::format("{} [{}]", at::toString(labels.scalar_type()),
                                           fmt::join(labels.sizes(), ", "))
                             : "nothing");
    auto copy = labels.detach().to(at::kCPU, at::kLong, /*non_blocking=*/false, /*copy=*/true);
    require(size == 0 || copy.min().item<int64_t>() >= 0,
            "the labels of '{}' must be at least 0, got {}", name, copy.min().item<int64_t>());
    return copy.contiguous();
}

/// With contiguous pixels.
std::shared_ptr<const Images> checked(std::shared_ptr<const Images> images) {
    require(images != nullptr, "a data set needs images, got none");
    const auto& [name, pixels, labels, class_names, source] = *images;
    require(pixels.defined(), "'{}' needs pixels, got an undefined tensor", name);
    require((pixels.scalar_type() == at::kByte || pixels.scalar_type() == at::kFloat) &&
                pixels.dim() == 4 && pixels.is_cpu(),
            "the images of '{}' must be a uint8 or float32 CPU tensor [N, C, H, W], got {} [{}]{}",
            name, at::toString(pixels.scalar_type()), fmt::join(pixels.sizes(), ", "),
            image_advice(pixels));
    require(pixels.numel() > 0,
            "'{}' needs at least one image of at least one pixel, got shape [{}]", name,
            fmt::join(pixels.sizes(), ", "));
    if (labels.defined() && !class_names.empty()) {
        const auto [lowest, highest] = checked_labels(labels, pixels.size(0), name).aminmax();
        const auto classes = static_cast<int64_t>(class_names.size());
        require(highest.item<int64_t>() < classes,
                "'{}' has {} classes, so labels must lie in 0 to {}; got {} to {}", name, classes,
                classes - 1, lowest.item<int64_t>(), highest.item<int64_t>());
    }
    if (pixels.is_contiguous() && !pixels.requires_grad()) {
        return images;
    }
    auto contiguous = std::make_shared<Images>(*images);
    contiguous->pixels = pixels.detach().contiguous();
    return contiguous;
}

int64_t classes_of(const Images& images, const at::Tensor& labels) {
    const auto named = static_cast<int64_t>(images.class_names.size());
    return labels.defined() && labels.numel() > 0
               ? std::max(named, labels.max().item<int64_t>() + 1)
               : named;
}

void require_range(const char* function, int64_t begin, int64_t end, const Dataset& dataset) {
    require(0 <= begin && begin < end && end <= dataset.size(),
            "{}: begin and end must satisfy 0 <= begin < end <= {}, the size of '{}'; got begin {} "
            "and end {}",
            function, dataset.size(), dataset.name(), begin, end);
}

}  // namespace

Dataset::Dataset(std::shared_ptr<const Images> images)
    : images_(checked(std::move(images))),
      indices_(at::arange(images_->pixels.size(0), at::kLong)),
      labels_(images_->labels.defined() ? checked_labels(images_->labels, size(), images_->name)
                                        : at::Tensor()),
      classes_(classes_of(*images_, labels_)) {
    set_name(images_->name);
}

void Dataset::set_name(const std::string& unfiltered) {
    unfiltered_name_ = unfiltered;
    const auto filter = describe(filter_);
    name_ = filter.empty() ? unfiltered : unfiltered + ", " + filter;
}

int64_t Dataset::size() const {
    return indices_.size(0);
}

int64_t Dataset::channels() const {
    return images_->pixels.size(1);
}

int64_t Dataset::height() const {
    return images_->pixels.size(2);
}

int64_t Dataset::width() const {
    return images_->pixels.size(3);
}

const std::vector<std::string>& Dataset::class_names() const {
    return images_->class_names;
}

const std::string& Dataset::name() const {
    return name_;
}

const at::Tensor& Dataset::labels() const {
    require(labels_.defined(), "'{}' has no labels; labels are needed here, int64 [{}]", name_,
            size());
    return labels_;
}

const Filter& Dataset::filter() const {
    return filter_;
}

Dataset Dataset::select(const at::Tensor& positions, const std::string& what) const {
    Dataset view = select(positions);
    view.set_name(unfiltered_name_ + ", " + what);
    return view;
}

Dataset Dataset::select(const at::Tensor& positions) const {
    Dataset view = *this;
    view.indices_ = indices_.index_select(0, positions);
    if (labels_.defined()) {
        view.labels_ = labels_.index_select(0, positions);
    }
    return view;
}

Dataset Dataset::with_labels(const at::Tensor& labels) const {
    Dataset view = *this;
    view.labels_ = checked_labels(labels, size(), name_);
    view.classes_ = classes_of(*images_, view.labels_);
    return view;
}

Dataset Dataset::subset(int64_t n, uint64_t seed) const {
    require(1 <= n && n <= size(), "Dataset:subset: n must be 1 to {}, the size of '{}'; got {}",
            size(), name_, n);
    return select(permutation(size(), seed, "subset").slice(0, 0, n), fmt::format("{} drawn", n));
}

Dataset Dataset::slice(int64_t begin, int64_t end) const {
    require_range("Dataset:slice", begin, end, *this);
    return select(at::arange(begin, end, at::kLong),
                  fmt::format("images {} to {}", begin, end - 1));
}

Dataset Dataset::per_class(int64_t n, uint64_t seed) const {
    require(n >= 1, "Dataset:per_class: n must be at least 1, got {}", n);
    std::vector<at::Tensor> chosen;
    for (int64_t label = 0; label < classes(); ++label) {
        const auto members = labels().eq(label).nonzero().flatten();
        const auto known = label < static_cast<int64_t>(class_names().size());
        require(members.size(0) >= n,
                "Dataset:per_class: '{}' has {} images of class {}{}, fewer than the {} asked for",
                name_, members.size(0), label,
                known ? fmt::format(" ('{}')", class_names()[static_cast<size_t>(label)]) : "", n);
        const auto order = permutation(members.size(0), seed, fmt::format("per class {}", label));
        chosen.push_back(members.index_select(0, order.slice(0, 0, n)));
    }
    return select(std::get<0>(at::cat(chosen).sort()), fmt::format("{} of each class", n));
}

Dataset Dataset::shuffle_labels(uint64_t seed) const {
    Dataset view = *this;
    view.labels_ = labels().index_select(0, permutation(size(), seed, "shuffle labels"));
    view.set_name(unfiltered_name_ + ", shuffled labels");
    return view;
}

Dataset Dataset::filtered(const Filter& filter) const {
    require_valid(filter);
    Dataset view = *this;
    view.filter_ = filter;
    view.set_name(unfiltered_name_);
    return view;
}

Dataset Dataset::low_pass(double radius, frequency::Rule rule, Rescale rescale) const {
    return filtered({Part::low, radius, rule, rescale});
}

Dataset Dataset::high_pass(double radius, frequency::Rule rule, Rescale rescale) const {
    return filtered({Part::high, radius, rule, rescale});
}

/// Bytes to floats in [0,1], gathered in the same pass.
at::Tensor Dataset::unfiltered_batch(const at::Tensor& indices) const {
    if (images_->pixels.scalar_type() == at::kFloat) {
        return images_->pixels.index_select(0, indices);
    }
    const auto count = indices.size(0);
    const auto pixels_an_image = channels() * height() * width();
    auto batch = at::empty({count, channels(), height(), width()}, at::kFloat);
    const auto* from = images_->pixels.const_data_ptr<uint8_t>();
    const auto* index = indices.const_data_ptr<int64_t>();
    auto* to = batch.mutable_data_ptr<float>();
    // A million pixels take some .3 ms; waking a second thread for less does not pay.
    at::parallel_for(0, count, std::max<int64_t>(1, (int64_t{1} << 20) / pixels_an_image),
                     [&](int64_t begin, int64_t end) {
                         for (auto image = begin; image < end; ++image) {
                             const auto* bytes = from + index[image] * pixels_an_image;
                             auto* floats = to + image * pixels_an_image;
                             for (int64_t i = 0; i < pixels_an_image; ++i) {
                                 floats[i] = static_cast<float>(bytes[i]) / 255.0F;
                             }
                         }
                     });
    return batch;
}

Batch Dataset::batch(const at::Tensor& positions) const {
    require(positions.defined() && positions.scalar_type() == at::kLong && positions.dim() == 1 &&
                positions.is_cpu(),
            "Dataset:batch: positions must be an int64 CPU tensor of one dimension, got {}",
            positions.defined() ? fmt::format("{} [{}]", at::toString(positions.scalar_type()),
                                              fmt::join(positions.sizes(), ", "))
                                : "nothing");
    if (positions.size(0) > 0) {
        const auto lowest = positions.min().item<int64_t>();
        const auto highest = positions.max().item<int64_t>();
        require(lowest >= 0 && highest < size(),
                "Dataset:batch: positions must lie in 0 to {} for '{}', got {} to {}", size() - 1,
                name_, lowest, highest);
    }
    const auto samples = indices_.index_select(0, positions);
    return {apply(filter_, unfiltered_batch(samples)),
            labels_.defined() ? labels_.index_select(0, positions) : at::Tensor(), samples};
}

Batch Dataset::batch(int64_t begin, int64_t end) const {
    require_range("Dataset:batch", begin, end, *this);
    // Copies: whoever writes into a batch must not write into the data set.
    const auto samples = indices_.slice(0, begin, end).clone();
    return {apply(filter_, unfiltered_batch(samples)),
            labels_.defined() ? labels_.slice(0, begin, end).clone() : at::Tensor(), samples};
}

bool Dataset::same_images(const Dataset& other) const {
    const auto equal = [](const at::Tensor& a, const at::Tensor& b) {
        return a.defined() == b.defined() && (!a.defined() || at::equal(a, b));
    };
    return images_ == other.images_ && equal(indices_, other.indices_) &&
           equal(labels_, other.labels_);
}

std::vector<at::Tensor> Dataset::batches_through(const std::vector<Filter>& filters, int64_t begin,
                                                 int64_t end) const {
    require_range("Dataset:batches_through", begin, end, *this);
    return apply_all(filters, unfiltered_batch(indices_.slice(0, begin, end)));
}

Dataset dataset_of(const at::Tensor& images, const at::Tensor& labels, std::string name,
                   std::vector<std::string> class_names) {
    return Dataset(std::make_shared<Images>(
        Images{std::move(name), images.defined() ? images.detach().cpu() : images, labels,
               std::move(class_names)}));
}

}  // namespace hfc::data
