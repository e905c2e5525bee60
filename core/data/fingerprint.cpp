// Dataset::fingerprint().
#include "data/checksum.h"
#include "data/dataset.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::data {
namespace {

void add(Checksum& checksum, const at::Tensor& contiguous) {
    checksum.add({static_cast<const char*>(contiguous.const_data_ptr()), contiguous.nbytes()});
}

/// Positions of at most `most` things spread over `count`, the first and the last among them.
std::vector<int64_t> spread(int64_t count, int64_t most) {
    const auto chosen = std::min(count, most);
    std::vector<int64_t> positions;
    for (int64_t i = 0; i < chosen; ++i) {
        positions.push_back(chosen == 1 ? 0 : i * (count - 1) / (chosen - 1));
    }
    return positions;
}

}  // namespace

std::string Dataset::fingerprint() const {
    constexpr int64_t most_images = 64;
    Checksum checksum;
    if (labels_.defined()) {
        add(checksum, labels_.contiguous());
    }
    add(checksum, indices_.contiguous());
    for (const auto& name : class_names()) {
        checksum.add_item(name);
    }
    if (images_->source.empty()) {
        for (const auto position : spread(size(), most_images)) {
            add(checksum, images_->pixels[indices_[position].item<int64_t>()]);
        }
    } else {
        checksum.add_item(images_->source);
    }
    return checksum.text();
}

}  // namespace hfc::data
