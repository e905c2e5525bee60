#include "data/dataset.h"

#include "base/dtype_name.h"
#include "base/error.h"
#include "base/kept_memory.h"
#include "base/random.h"
#include "data/classes.h"
#include "data/pixel_memory.h"
#include "data/source/cached.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

namespace hfc::data {
namespace {

/// Returns the labels on the CPU, as a copy if they are shared, so that nothing else can change
/// them.
at::Tensor checked_labels(at::Tensor labels, int64_t size, const std::string& name) {
    const auto is_index = [](at::ScalarType type) {
        return type == at::kLong || type == at::kByte;
    };
    require(labels.defined() && is_index(labels.scalar_type()) && labels.dim() == 1 &&
                labels.size(0) == size,
            "the labels of '{}' must be int64 [{}] or uint8 [{}], one per image; got {}", name,
            size, size,
            labels.defined() ? fmt::format("{} [{}]", dtype_name(labels.scalar_type()),
                                           fmt::join(labels.sizes(), ", "))
                             : "nothing");
    const bool shared = labels.use_count() > 1 || labels.storage().use_count() > 1;
    labels = labels.detach().to(at::kCPU, at::kLong, /*non_blocking=*/false, /*copy=*/shared);
    constexpr int64_t most_classes = 1'000'000;
    require(size == 0 || labels.min().item<int64_t>() >= 0,
            "the labels of '{}' must be >= 0, got {}", name, labels.min().item<int64_t>());
    require(size == 0 || labels.max().item<int64_t>() < most_classes,
            "the labels of '{}' must be below {}, got {}", name, most_classes,
            labels.max().item<int64_t>());
    return labels.to(at::kInt).contiguous();
}

/// The labels of a source (int32), if it has any.
at::Tensor labels_of(const Source& source) {
    auto labels = source.labels();
    if (!labels.defined()) {
        return {};
    }
    labels = checked_labels(std::move(labels), source.size(), source.name());
    const auto classes = static_cast<int64_t>(source.class_names().size());
    require(classes == 0 || labels.max().item<int64_t>() < classes,
            "'{}' has {} classes, so labels must be between 0 and {}; got {} to {}", source.name(),
            classes, classes - 1, labels.min().item<int64_t>(), labels.max().item<int64_t>());
    return labels;
}

int64_t classes_of(const Source& source, const at::Tensor& labels) {
    const auto named = static_cast<int64_t>(source.class_names().size());
    return labels.defined() && labels.numel() > 0
               ? std::max(named, labels.max().item<int64_t>() + 1)
               : named;
}

void require_range(const char* function, int64_t begin, int64_t end, const Dataset& dataset) {
    require(0 <= begin && begin < end && end <= dataset.size(),
            "{}: begin and end must satisfy 0 <= begin < end <= {} (the size of '{}'), got begin "
            "{} and end {}",
            function, dataset.size(), dataset.name(), begin, end);
}

/// Converts bytes to floats in [0,1].
at::Tensor to_float(const at::Tensor& images) {
    if (images.scalar_type() == at::kFloat) {
        return images;
    }
    auto floats = empty_kept(images.sizes(), at::kFloat);
    const auto* from = images.const_data_ptr<uint8_t>();
    auto* to = floats.mutable_data_ptr<float>();
    // A million pixels take about 0.3 ms; waking a second thread for less does not pay off.
    at::parallel_for(0, images.numel(), int64_t{1} << 20, [&](int64_t begin, int64_t end) {
        for (auto i = begin; i < end; ++i) {
            to[i] = static_cast<float>(from[i]) / 255.0F;
        }
    });
    return floats;
}

}  // namespace

Dataset::Dataset(std::shared_ptr<const Source> source)
    : source_(std::move(source)),
      size_(source_->size()),
      labels_(labels_of(*source_)),
      classes_(classes_of(*source_, labels_)),
      shape_(source_->shape()) {
    set_name(source_->name());
}

Dataset::Dataset(std::shared_ptr<const Images> images)
    : Dataset(std::make_shared<TensorSource>(std::move(images))) {}

void Dataset::set_name(const std::string& untransformed) {
    untransformed_name_ = untransformed;
    name_ = untransformed;
    if (const auto made = source_->describe(); !made.empty()) {
        name_ += ", " + made;
    }
    for (const auto& transform : transforms_) {
        name_ += ", " + transform->describe();
    }
}

at::Tensor Dataset::samples() const {
    return indices_.defined() ? indices_ : at::arange(size_, at::kLong);
}

at::Tensor Dataset::samples_at(const at::Tensor& positions) const {
    return indices_.defined() ? indices_.index_select(0, positions) : positions.clone();
}

void Dataset::require_positions(const at::Tensor& positions) const {
    if (positions.numel() == 0) {
        return;
    }
    const auto lowest = positions.min().item<int64_t>();
    const auto highest = positions.max().item<int64_t>();
    require(lowest >= 0 && highest < size(),
            "positions must be between 0 and {} for '{}', got "
            "{} to {}",
            size() - 1, name_, lowest, highest);
}

const std::vector<std::string>& Dataset::class_names() const {
    return source_->class_names();
}

const std::string& Dataset::name() const {
    return name_;
}

at::Tensor Dataset::labels() const {
    require(labels_.defined(), "'{}' has no labels; expected an int64 tensor [{}]", name_, size());
    return labels_.to(at::kLong);
}

bool Dataset::runs_script() const {
    return source_->runs_script() ||
           std::ranges::any_of(transforms_, [](const auto& one) { return one->runs_script(); });
}

Dataset Dataset::select(const at::Tensor& positions, const std::string& what) const {
    Dataset view = select(positions);
    view.set_name(untransformed_name_ + ", " + what);
    return view;
}

Dataset Dataset::select(const at::Tensor& positions) const {
    require_positions(positions);
    Dataset view = *this;
    view.indices_ = samples_at(positions);
    view.size_ = positions.size(0);
    if (labels_.defined()) {
        view.labels_ = labels_.index_select(0, positions);
    }
    return view;
}

Dataset Dataset::with_labels(const at::Tensor& labels) const {
    Dataset view = *this;
    view.labels_ = checked_labels(labels, size(), name_);
    view.classes_ = classes_of(*source_, view.labels_);
    return view;
}

Dataset Dataset::subset(int64_t n, uint64_t seed) const {
    require(0 <= n && n <= size(),
            "Dataset:subset: n must be between 0 (all) and {} (the size of '{}'), got {}", size(),
            name_, n);
    return n == 0 ? *this
                  : select(permutation(size(), seed, "subset").slice(0, 0, n),
                           fmt::format("{} drawn", n));
}

Dataset Dataset::slice(int64_t begin, int64_t end) const {
    require_range("Dataset:slice", begin, end, *this);
    return select(at::arange(begin, end, at::kLong),
                  fmt::format("images {} to {}", begin, end - 1));
}

Dataset Dataset::per_class(int64_t n, uint64_t seed) const {
    require(n >= 1, "Dataset:per_class: n must be at least 1, got {}", n);
    const auto positions = positions_of_classes(labels(), classes());
    std::vector<at::Tensor> chosen;
    for (int64_t label = 0; label < classes(); ++label) {
        const auto& members = positions[static_cast<size_t>(label)];
        const auto known = label < static_cast<int64_t>(class_names().size());
        require(members.size(0) >= n,
                "Dataset:per_class: '{}' has {} images of class {}{}, fewer than the {} requested",
                name_, members.size(0), label,
                known ? fmt::format(" ('{}')", class_names()[static_cast<size_t>(label)]) : "", n);
        const auto order = permutation(members.size(0), seed, fmt::format("per class {}", label));
        chosen.push_back(members.index_select(0, order.slice(0, 0, n)));
    }
    return select(std::get<0>(at::cat(chosen).sort()), fmt::format("{} of each class", n));
}

Dataset Dataset::shuffle_labels(uint64_t seed) const {
    Dataset view = *this;
    const auto order = permutation(size(), seed, "shuffle labels");
    view.labels_ = labels().index_select(0, order).to(at::kInt);
    view.set_name(untransformed_name_ + ", shuffled labels");
    return view;
}

Dataset Dataset::transformed(std::shared_ptr<const Transform> transform) const {
    Dataset view = *this;
    view.shape_ = transform->shape(shape_);
    view.transforms_.push_back(std::move(transform));
    view.set_name(untransformed_name_);
    return view;
}

Dataset Dataset::with_recipe(const image_file::PictureRecipe& recipe) const {
    require(transforms_.empty(),
            "'{}': images are resized and cropped before they are filtered or mapped; call "
            "Dataset:transform first",
            name_);
    Dataset view = *this;
    view.source_ = source_->with_recipe(recipe);
    view.shape_ = view.source_->shape();
    view.set_name(untransformed_name_);
    return view;
}

Dataset Dataset::cached(const std::filesystem::path& folder) const {
    const auto pictures = std::dynamic_pointer_cast<const PictureSource>(source_);
    if (!pictures && !source_->is_slow() && !source_->runs_script()) {
        return *this;
    }
    require(pictures != nullptr,
            "'{}' cannot be cached: caching requires image files that are all read at the same "
            "size",
            name_);
    Dataset view = *this;
    view.source_ = data::cached(pictures, samples(), folder);
    return view;
}

Dataset Dataset::cached_if_it_fits() const {
    const auto pictures = std::dynamic_pointer_cast<const PictureSource>(source_);
    const auto [channels, height, width] = source_->shape();
    const auto bytes = static_cast<uint64_t>(size_ * channels * height * width);
    return pictures && !pictures->is_random() && bytes <= free_pixel_memory() ? cached() : *this;
}

Dataset Dataset::untransformed() const {
    Dataset view = *this;
    view.transforms_.clear();
    view.shape_ = source_->shape();
    view.set_name(untransformed_name_);
    return view;
}

Dataset Dataset::filtered(const Filter& filter) const {
    require_valid(filter);
    return describe(filter).empty() ? *this
                                    : transformed(std::make_shared<FilterTransform>(filter));
}

Dataset Dataset::low_pass(double radius, frequency::Rule rule, Rescale rescale) const {
    return filtered({Part::low, radius, rule, rescale});
}

Dataset Dataset::high_pass(double radius, frequency::Rule rule, Rescale rescale) const {
    return filtered({Part::high, radius, rule, rescale});
}

at::Tensor Dataset::make_room(const at::Tensor& samples) const {
    const auto n = samples.size(0);
    const auto* index = samples.const_data_ptr<int64_t>();
    const auto shape = n > 0 ? source_->shape_of(index[0]) : source_->shape();
    for (int64_t i = 1; i < n; ++i) {
        const auto other = source_->shape_of(index[i]);
        require(
            other == shape,
            "'{}': all images of a batch must have the same size, but sample {} is [{}] and sample "
            "{} is [{}]; use batches of one image (accumulate = n adds the gradients of n batches)",
            name_, index[0], fmt::join(shape, ", "), index[i], fmt::join(other, ", "));
    }
    return empty_kept({n, shape[0], shape[1], shape[2]}, source_->dtype());
}

Batch Dataset::finish(const at::Tensor& images, const at::Tensor& positions,
                      const Draw& draw) const {
    const auto samples = samples_at(positions);
    const auto labels =
        labels_.defined() ? labels_.index_select(0, positions).to(at::kLong) : at::Tensor();
    TransformBatch batch{to_float(images), labels, samples, draw, source_->targets(samples)};
    for (const auto& transform : transforms_) {
        transform->apply(batch);
    }
    return {batch.images, batch.labels, batch.samples, std::move(batch.targets)};
}

Batch Dataset::batch(const at::Tensor& positions, const Draw& draw) const {
    const bool whole = positions.defined() && (positions.scalar_type() == at::kLong ||
                                               positions.scalar_type() == at::kInt);
    require(whole && positions.dim() == 1 && positions.is_cpu(),
            "Dataset:batch: positions must be a one-dimensional int64 or int32 CPU tensor, got {}",
            positions.defined() ? fmt::format("{} [{}]", dtype_name(positions.scalar_type()),
                                              fmt::join(positions.sizes(), ", "))
                                : "nothing");
    require_positions(positions);
    const auto chosen = positions.to(at::kLong).contiguous();
    const auto samples = samples_at(chosen);
    auto images = make_room(samples);
    source_->read(samples, draw, images);
    return finish(images, chosen, draw);
}

Batch Dataset::batch(int64_t begin, int64_t end, const Draw& draw) const {
    require_range("Dataset:batch", begin, end, *this);
    return batch(at::arange(begin, end, at::kLong), draw);
}

bool Dataset::same_images(const Dataset& other) const {
    const auto equal = [](const at::Tensor& a, const at::Tensor& b) {
        return a.defined() == b.defined() && (!a.defined() || at::equal(a, b));
    };
    const bool both_whole =
        !indices_.defined() && !other.indices_.defined() && size_ == other.size_;
    return source_ == other.source_ && (both_whole || equal(samples(), other.samples())) &&
           equal(labels_, other.labels_);
}

std::vector<at::Tensor> images_of(const std::vector<Dataset>& views, const Batch& untransformed) {
    std::vector<Transforms> lists;
    for (const auto& view : views) {
        lists.push_back(view.transforms());
    }
    return apply_lists(lists,
                       {untransformed.images, untransformed.labels, untransformed.samples, {}});
}

std::string Dataset::fingerprint() const {
    Checksum checksum;
    const auto add = [&](const at::Tensor& tensor) {
        checksum.add({static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()});
    };
    if (labels_.defined()) {
        add(labels());
    }
    const auto samples = this->samples();
    add(samples);
    for (const auto& name : class_names()) {
        checksum.add_item(name);
    }
    source_->add_fingerprint(checksum, samples);
    for (const auto& transform : transforms_) {
        if (const auto text = transform->fingerprint(); !text.empty()) {
            checksum.add_item(text);
        }
    }
    return checksum.text();
}

Dataset dataset_of(const at::Tensor& images, const at::Tensor& labels, std::string name,
                   std::vector<std::string> class_names) {
    return Dataset(std::make_shared<Images>(
        Images{std::move(name), images.defined() ? images.detach().cpu() : images, labels,
               std::move(class_names)}));
}

}  // namespace hfc::data
