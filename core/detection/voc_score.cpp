#include "detection/average_precision.h"

#include <algorithm>
#include <numeric>

namespace hfc::detection {
namespace {

struct Hit {
    double score;
    bool right;
};

/// Detections in descending order of score, without those that count as neither right nor wrong.
class VocClass {
  public:
    VocClass(const data::Annotations& truth, const std::vector<Detection>& found)
        : truth_(truth), found_(found), taken_(truth.objects.size(), 0) {}

    void add(const std::vector<int32_t>& detections, const std::vector<int32_t>& objects) {
        objects_ +=
            std::ranges::count_if(objects, [&](int32_t i) { return !object(i).is_ignored(); });
        for (const auto d : detections) {
            const auto& one = found_[static_cast<size_t>(d)];
            double best = 0.5;
            int32_t match = -1;
            for (const auto o : objects) {
                if (const auto value = overlap(one.box, object(o).box); value > best) {
                    best = value;
                    match = o;
                }
            }
            if (match >= 0 && object(match).is_ignored()) {
                continue;
            }
            hits_.push_back({one.score, match >= 0 && taken_[static_cast<size_t>(match)] == 0});
            if (match >= 0) {
                taken_[static_cast<size_t>(match)] = 1;
            }
        }
    }

    double ap(VocRule rule) {
        if (objects_ == 0) {
            return no_figure;
        }
        std::ranges::stable_sort(hits_, std::greater<>(), &Hit::score);
        std::vector<double> recall, precision;
        int64_t right = 0;
        for (size_t i = 0; i < hits_.size(); ++i) {
            right += hits_[i].right ? 1 : 0;
            recall.push_back(static_cast<double>(right) / static_cast<double>(objects_));
            precision.push_back(static_cast<double>(right) / static_cast<double>(i + 1));
        }
        for (size_t i = precision.size(); i-- > 1;) {
            precision[i - 1] = std::max(precision[i - 1], precision[i]);
        }
        return rule == VocRule::voc2007 ? at_eleven(recall, precision) : area(recall, precision);
    }

  private:
    const data::BoxedObject& object(int32_t i) const {
        return truth_.objects[static_cast<size_t>(i)];
    }

    static double at_eleven(const std::vector<double>& recall,
                            const std::vector<double>& precision) {
        double sum = 0;
        for (int i = 0; i <= 10; ++i) {
            const auto place = std::ranges::lower_bound(recall, i * 0.1);
            sum +=
                place == recall.end() ? 0 : precision[static_cast<size_t>(place - recall.begin())];
        }
        return sum / 11;
    }

    static double area(const std::vector<double>& recall, const std::vector<double>& precision) {
        double sum = 0, before = 0;
        for (size_t i = 0; i < recall.size(); ++i) {
            sum += (recall[i] - before) * precision[i];
            before = recall[i];
        }
        return sum;
    }

    const data::Annotations& truth_;
    const std::vector<Detection>& found_;
    std::vector<uint8_t> taken_;
    std::vector<Hit> hits_;
    int64_t objects_ = 0;
};

}  // namespace

VocScore voc_score(const data::Annotations& truth, const std::vector<Detection>& found,
                   VocRule rule) {
    require_valid(found, truth);
    const Cells cells(truth, found);
    VocScore result;
    double sum = 0;
    int64_t counted = 0;
    for (size_t category = 0; category < truth.categories.size(); ++category) {
        VocClass of_class(truth, found);
        for (size_t picture = 0; picture < truth.pictures.size(); ++picture) {
            const auto p = static_cast<int64_t>(picture), c = static_cast<int64_t>(category);
            of_class.add(cells.detections(p, c), cells.objects(p, c));
        }
        const auto ap = of_class.ap(rule);
        result.per_class.push_back(ap);
        if (ap > no_figure) {
            sum += ap;
            ++counted;
        }
    }
    result.ap = counted > 0 ? sum / static_cast<double>(counted) : no_figure;
    return result;
}

}  // namespace hfc::detection
