#include "data/transform.h"

#include "data/transform/filter.h"

#include <algorithm>

namespace hfc::data {
namespace {

/// Lists of transforms whose first `depth` are the same.
struct Branch {
    std::vector<size_t> lists;
    TransformBatch batch;  ///< after these
};

class Lists {
  public:
    explicit Lists(const std::vector<Transforms>& lists) : lists_(lists), images_(lists.size()) {}

    void apply(const Branch& branch, size_t depth) {
        std::vector<Branch> next;
        for (const auto list : branch.lists) {
            if (lists_[list].size() == depth) {
                images_[list] = branch.batch.images;
                continue;
            }
            const auto same = [&](const Branch& other) {
                return lists_[list][depth]->same_as(*lists_[other.lists.front()][depth]);
            };
            auto found = std::ranges::find_if(next, same);
            if (found == next.end()) {
                found = next.insert(next.end(), Branch{{}, branch.batch});
            }
            found->lists.push_back(list);
        }
        apply_next(branch.batch, next, depth);
        for (const auto& one : next) {
            apply(one, depth + 1);
        }
    }

    std::vector<at::Tensor> images() && { return std::move(images_); }

  private:
    /// Applies frequency filters together and the other transforms one by one.
    void apply_next(const TransformBatch& before, std::vector<Branch>& next, size_t depth) const {
        std::vector<Filter> filters;
        std::vector<at::Tensor*> filtered;
        for (auto& branch : next) {
            const auto& transform = *lists_[branch.lists.front()][depth];
            if (const auto* filter = dynamic_cast<const FilterTransform*>(&transform)) {
                filters.push_back(filter->filter());
                filtered.push_back(&branch.batch.images);
            } else {
                transform.apply(branch.batch);
            }
        }
        const auto images = apply_all(filters, before.images);
        for (size_t i = 0; i < images.size(); ++i) {
            *filtered[i] = images[i];
        }
    }

    const std::vector<Transforms>& lists_;
    std::vector<at::Tensor> images_;
};

}  // namespace

std::vector<at::Tensor> apply_lists(const std::vector<Transforms>& lists,
                                    const TransformBatch& batch) {
    Branch all{{}, batch};
    for (size_t i = 0; i < lists.size(); ++i) {
        all.lists.push_back(i);
    }
    Lists results(lists);
    results.apply(all, 0);
    return std::move(results).images();
}

}  // namespace hfc::data
