#include "data/source/boxed.h"

#include "base/error.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::data {
namespace {

/// The label of each category, and the name of each label.
struct Labels {
    std::vector<int64_t> of_category;
    std::vector<std::string> names;
};

Labels labels_by(LabelKind kind, const std::vector<Category>& categories) {
    Labels labels;
    for (size_t i = 0; i < categories.size(); ++i) {
        constexpr int64_t most = 100'000;
        const auto& category = categories[i];
        const auto label = kind == LabelKind::ids ? category.id : static_cast<int64_t>(i);
        require(
            label >= 0 && label < most,
            "the id of the category '{}' must be between 0 and {} to serve as a label, found {}",
            category.name, most - 1, label);
        labels.of_category.push_back(label);
        labels.names.resize(static_cast<size_t>(label) + 1);
        labels.names.back() = category.name;
    }
    return labels;
}

}  // namespace

BoxSource::BoxSource(std::string name, Annotations annotations, LabelKind labels)
    : name_(std::move(name)), annotations_(std::move(annotations)) {
    require(!annotations_.pictures.empty(), "'{}' has no images", annotations_.name);
    auto numbered = labels_by(labels, annotations_.categories);
    labels_ = std::move(numbered.of_category);
    class_names_ = std::move(numbered.names);
    for (const auto& picture : annotations_.pictures) {
        largest_[1] = std::max(largest_[1], picture.height);
        largest_[2] = std::max(largest_[2], picture.width);
    }
    objects_ = bucket_sort(annotations_.objects, annotations_.pictures.size(),
                           [](const BoxedObject& one) { return static_cast<size_t>(one.picture); });
}

Shape BoxSource::shape_of(int64_t sample) const {
    const auto& picture = annotations_.pictures[static_cast<size_t>(sample)];
    return {3, picture.height, picture.width};
}

std::vector<at::Tensor> BoxSource::targets(const at::Tensor& samples) const {
    std::vector<at::Tensor> all;
    const auto* index = samples.const_data_ptr<int64_t>();
    for (int64_t i = 0; i < samples.size(0); ++i) {
        const auto picture = static_cast<size_t>(index[i]);
        std::vector<float> rows;
        for (auto place = objects_.begin[picture]; place < objects_.begin[picture + 1]; ++place) {
            const auto member = objects_.members[static_cast<size_t>(place)];
            const auto& object = annotations_.objects[static_cast<size_t>(member)];
            if (object.is_ignored() || object.is_degenerate()) {
                continue;
            }
            const auto& [x, y, width, height] = object.box;
            const auto label = labels_[static_cast<size_t>(object.category)];
            for (const auto value : {x, y, x + width, y + height, static_cast<double>(label)}) {
                rows.push_back(static_cast<float>(value));
            }
        }
        all.push_back(at::tensor(rows, at::kFloat).view({-1, 5}));
    }
    return all;
}

void BoxSource::add_fingerprint(Checksum& checksum, const at::Tensor& samples) const {
    const auto* index = samples.const_data_ptr<int64_t>();
    for (int64_t i = 0; i < samples.size(0); ++i) {
        const auto& picture = annotations_.pictures[static_cast<size_t>(index[i])];
        checksum.add_item(fmt::format("{} {}", picture.id, picture.file));
    }
    for (const auto& one : annotations_.objects) {
        checksum.add_item(fmt::format("{} {} {} {} {}", one.picture, one.category,
                                      fmt::join(one.box, " "), one.crowd, one.difficult));
    }
}

Annotations with_pictures(const Annotations& all, const std::vector<bool>& keep) {
    Annotations result{all.name, all.folder, {}, all.categories, {}, all.notes};
    std::vector<int64_t> place(keep.size(), -1);
    for (size_t i = 0; i < keep.size(); ++i) {
        if (keep[i]) {
            place[i] = std::ssize(result.pictures);
            result.pictures.push_back(all.pictures[i]);
        }
    }
    for (auto object : all.objects) {
        object.picture = place[static_cast<size_t>(object.picture)];
        if (object.picture >= 0) {
            result.objects.push_back(object);
        }
    }
    return result;
}

Annotations annotations_of(const Dataset& dataset) {
    const auto* all = dataset.source().annotations();
    require(all != nullptr, "'{}' has no boxes; expected a detection data set", dataset.name());
    const auto samples = dataset.samples().contiguous();
    const auto* index = samples.const_data_ptr<int64_t>();
    std::vector<bool> keep(all->pictures.size());
    for (int64_t i = 0; i < samples.size(0); ++i) {
        const auto picture = static_cast<size_t>(index[i]);
        require(!keep[picture], "'{}' contains the image '{}' twice", dataset.name(),
                all->pictures[picture].file);
        keep[picture] = true;
    }
    // The pictures of the source are in the order of their ids.
    auto result = with_pictures(*all, keep);
    result.name = dataset.name();
    result.notes.clear();
    return result;
}

}  // namespace hfc::data
