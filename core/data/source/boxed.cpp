#include "data/source/boxed.h"

#include "base/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

namespace hfc::data {
namespace {

/// Which number each category has, and the name of each number.
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
        require(label >= 0 && label < most,
                "the id of the category '{}' must be 0 to {} to be a label, found {}",
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
    require(!annotations_.pictures.empty(), "'{}' has no pictures", annotations_.name);
    auto numbered = labels_by(labels, annotations_.categories);
    labels_ = std::move(numbered.of_category);
    class_names_ = std::move(numbered.names);
    for (const auto& picture : annotations_.pictures) {
        largest_[1] = std::max(largest_[1], picture.height);
        largest_[2] = std::max(largest_[2], picture.width);
    }
    object_begin_.assign(annotations_.pictures.size() + 1, 0);
    for (const auto& object : annotations_.objects) {
        ++object_begin_[static_cast<size_t>(object.picture) + 1];
    }
    std::partial_sum(object_begin_.begin(), object_begin_.end(), object_begin_.begin());
    auto next = object_begin_;
    object_.resize(annotations_.objects.size());
    for (size_t i = 0; i < object_.size(); ++i) {
        const auto picture = static_cast<size_t>(annotations_.objects[i].picture);
        object_[static_cast<size_t>(next[picture]++)] = static_cast<int32_t>(i);
    }
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
        for (auto place = object_begin_[picture]; place < object_begin_[picture + 1]; ++place) {
            const auto& object =
                annotations_.objects[static_cast<size_t>(object_[static_cast<size_t>(place)])];
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

Annotations annotations_of(const Dataset& dataset) {
    const auto* all = dataset.source().annotations();
    require(all != nullptr, "'{}' has no boxes; expected a data set of objects in pictures",
            dataset.name());
    const auto samples = dataset.samples().contiguous();
    const auto* index = samples.const_data_ptr<int64_t>();
    // The pictures of the source are in the order of their ids.
    std::vector<int64_t> place(all->pictures.size(), -1);
    for (int64_t i = 0; i < samples.size(0); ++i) {
        auto& one = place[static_cast<size_t>(index[i])];
        require(one < 0, "'{}' has the picture '{}' twice", dataset.name(),
                all->pictures[static_cast<size_t>(index[i])].file);
        one = 0;
    }
    Annotations result{dataset.name(), all->folder, {}, all->categories, {}, {}};
    for (size_t i = 0; i < place.size(); ++i) {
        if (place[i] >= 0) {
            place[i] = std::ssize(result.pictures);
            result.pictures.push_back(all->pictures[i]);
        }
    }
    for (auto object : all->objects) {
        object.picture = place[static_cast<size_t>(object.picture)];
        if (object.picture >= 0) {
            result.objects.push_back(object);
        }
    }
    return result;
}

}  // namespace hfc::data
