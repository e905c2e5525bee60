#include "data/source/concat.h"

#include "base/error.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::data {

ConcatSource::ConcatSource(std::vector<Dataset> parts) : parts_(std::move(parts)), begins_{0} {
    require(!parts_.empty(), "at least one data set is needed, got none");
    const auto& first = parts_.front();
    for (const auto& part : parts_) {
        require(part.shape() == first.shape(),
                "'{}' has images of shape [{}], but '{}' has images of shape [{}]; they must have "
                "the same shape",
                first.name(), fmt::join(first.shape(), ", "), part.name(),
                fmt::join(part.shape(), ", "));
        require(part.has_labels() == first.has_labels(), "'{}' has labels, but '{}' does not",
                (first.has_labels() ? first : part).name(),
                (first.has_labels() ? part : first).name());
        require(part.class_names().empty() || class_names().empty() ||
                    part.class_names() == class_names(),
                "'{}' and '{}' have different class names", first.name(), part.name());
        begins_.push_back(begins_.back() + part.size());
        name_ += (name_.empty() ? "" : " + ") + part.name();
    }
}

at::Tensor ConcatSource::labels() const {
    if (!parts_.front().has_labels()) {
        return {};
    }
    std::vector<at::Tensor> labels;
    for (const auto& part : parts_) {
        labels.push_back(part.labels());
    }
    return at::cat(labels);
}

const std::vector<std::string>& ConcatSource::class_names() const {
    const auto named = std::ranges::find_if(
        parts_, [](const Dataset& part) { return !part.class_names().empty(); });
    return (named == parts_.end() ? parts_.front() : *named).class_names();
}

void ConcatSource::read(const at::Tensor& samples, const Draw& draw, at::Tensor& into) const {
    for (size_t part = 0; part < parts_.size(); ++part) {
        const auto mine = samples.ge(begins_[part])
                              .logical_and(samples.lt(begins_[part + 1]))
                              .nonzero()
                              .flatten();
        if (mine.size(0) > 0) {
            const auto positions = samples.index_select(0, mine) - begins_[part];
            into.index_copy_(0, mine, parts_[part].batch(positions, draw).images);
        }
    }
}

bool ConcatSource::runs_script() const {
    return std::ranges::any_of(parts_, [](const Dataset& part) { return part.runs_script(); });
}

bool ConcatSource::is_slow() const {
    return std::ranges::any_of(parts_, [](const Dataset& part) { return part.source().is_slow(); });
}

void ConcatSource::add_fingerprint(Checksum& checksum, const at::Tensor&) const {
    for (const auto& part : parts_) {
        checksum.add_item(part.fingerprint());
    }
}

}  // namespace hfc::data
