#include "base/error.h"
#include "detection/average_precision.h"

#include <algorithm>
#include <numeric>

namespace hfc::detection {

const std::array<const char*, 12> coco_figures = {"ap",     "ap50",     "ap75",      "small",
                                                  "medium", "large",    "ar1",       "ar10",
                                                  "ar100",  "ar_small", "ar_medium", "ar_large"};

namespace {

using data::Annotations;

constexpr size_t thresholds = 10;
constexpr size_t area_count = 4;
constexpr size_t recalls = 101;
constexpr int32_t most_detections = 100;  ///< per image and category
constexpr std::array<std::array<double, 2>, area_count> area_ranges = {
    {{0, 1e10}, {0, 1024}, {1024, 9216}, {9216, 1e10}}};

/// The same values as numpy.linspace.
double iou_threshold(size_t i) {
    constexpr double step = (0.95 - 0.5) / 9;
    return i + 1 == thresholds ? 0.95 : static_cast<double>(i) * step + 0.5;
}
double recall_threshold(size_t i) {
    return i + 1 == recalls ? 1.0 : static_cast<double>(i) * 0.01;
}

bool is_outside(double area, size_t range) {
    return area < area_ranges[range][0] || area > area_ranges[range][1];
}

/// The outcome of a detection: bit t of each mask is for threshold t.
struct Outcome {
    double score;
    int32_t rank;  ///< among the detections of its image and category
    std::array<uint16_t, area_count> right;
    std::array<uint16_t, area_count> ignored;
};

/// The mean of a metric over the values that exist.
struct Mean {
    double sum = 0;
    int64_t count = 0;
    void add(double value) {
        if (value > no_figure) {
            sum += value;
            ++count;
        }
    }
    double value() const { return count > 0 ? sum / static_cast<double>(count) : no_figure; }
};

/// How many objects of a category count, and the outcomes of its detections.
struct Curve {
    std::array<int64_t, area_count> objects = {};
    std::vector<Outcome> outcomes;
};

/// Matches the detections of one image and category with its objects.
class Matching {
  public:
    Matching(const Annotations& truth, const std::vector<Detection>& found)
        : truth_(truth), found_(found) {}

    /// Appends the outcomes to `curve`.
    void match(std::vector<int32_t> detections, const std::vector<int32_t>& objects, Curve& curve) {
        if (detections.size() > most_detections) {
            detections.resize(most_detections);
        }
        measure(detections, objects);
        const auto first = curve.outcomes.size();
        for (size_t d = 0; d < detections.size(); ++d) {
            curve.outcomes.push_back(
                {detection(detections[d]).score, static_cast<int32_t>(d), {}, {}});
        }
        for (size_t range = 0; range < area_count; ++range) {
            curve.objects[range] += order_objects(objects, range);
            for (size_t t = 0; t < thresholds && !objects.empty(); ++t) {
                match_at(detections.size(), range, t, curve.outcomes.data() + first);
            }
            ignore_outside(detections, range, curve.outcomes.data() + first);
        }
    }

  private:
    const Detection& detection(int32_t i) const { return found_[static_cast<size_t>(i)]; }
    const data::BoxedObject& object(int32_t i) const {
        return truth_.objects[static_cast<size_t>(i)];
    }

    void measure(const std::vector<int32_t>& detections, const std::vector<int32_t>& objects) {
        columns_ = objects.size();
        overlaps_.resize(detections.size() * columns_);
        for (size_t d = 0; d < detections.size(); ++d) {
            for (size_t o = 0; o < columns_; ++o) {
                const auto& one = object(objects[o]);
                overlaps_[d * columns_ + o] =
                    overlap(detection(detections[d]).box, one.box, one.crowd);
            }
        }
    }

    /// Orders the objects: those that count first, then the ignored ones. Returns how many count.
    int64_t order_objects(const std::vector<int32_t>& objects, size_t range) {
        const auto is_ignored = [&](size_t o) {
            const auto& one = object(objects[o]);
            return one.is_ignored() || is_outside(one.area, range);
        };
        order_.resize(objects.size());
        std::iota(order_.begin(), order_.end(), size_t{0});
        const auto middle = std::stable_partition(order_.begin(), order_.end(),
                                                  [&](size_t o) { return !is_ignored(o); });
        counting_ = static_cast<size_t>(middle - order_.begin());
        crowd_.resize(objects.size());
        for (size_t o = 0; o < objects.size(); ++o) {
            crowd_[o] = object(objects[o]).crowd;
        }
        return static_cast<int64_t>(counting_);
    }

    void match_at(size_t detections, size_t range, size_t t, Outcome* outcomes) {
        constexpr auto none = static_cast<size_t>(-1);
        const auto bit = static_cast<uint16_t>(1U << t);
        taken_.assign(columns_, 0);
        for (size_t d = 0; d < detections; ++d) {
            auto best = std::min(iou_threshold(t), 1 - 1e-10);
            auto match = none;
            for (size_t i = 0; i < columns_; ++i) {
                const auto o = order_[i];
                if (taken_[o] != 0 && crowd_[o] == 0) {
                    continue;
                }
                if (match < counting_ && i >= counting_) {
                    break;  // an object that counts is not given up for an ignored one
                }
                if (const auto value = overlaps_[d * columns_ + o]; value >= best) {
                    best = value;
                    match = i;
                }
            }
            if (match != none) {
                taken_[order_[match]] = 1;
                auto& masks = match < counting_ ? outcomes[d].right : outcomes[d].ignored;
                masks[range] = static_cast<uint16_t>(masks[range] | bit);
            }
        }
    }

    /// A detection that has no match and is itself outside the range does not count as wrong.
    void ignore_outside(const std::vector<int32_t>& detections, size_t range, Outcome* outcomes) {
        for (size_t d = 0; d < detections.size(); ++d) {
            const auto& box = detection(detections[d]).box;
            if (is_outside(box[2] * box[3], range)) {
                outcomes[d].ignored[range] = static_cast<uint16_t>(~outcomes[d].right[range]);
            }
        }
    }

    const Annotations& truth_;
    const std::vector<Detection>& found_;
    size_t columns_ = 0;
    std::vector<double> overlaps_;
    std::vector<size_t> order_;  ///< the order of the objects
    size_t counting_ = 0;        ///< how many of them, at the start, count
    std::vector<uint8_t> taken_, crowd_;
};

/// The mean of the precisions at the recall thresholds, for one IoU. The outcomes must be sorted.
class Precision {
  public:
    /// Returns the mean precision and sets `recall` to the last recall.
    double operator()(const Outcome* outcomes, size_t count, int64_t objects, size_t range,
                      size_t t, double& recall) {
        recall_.clear();
        precision_.clear();
        int64_t right = 0, wrong = 0;
        for (size_t i = 0; i < count; ++i) {
            const auto bit = static_cast<unsigned>(1U << t);
            const bool hit = (outcomes[i].right[range] & bit) != 0;
            if (!hit && (outcomes[i].ignored[range] & bit) != 0) {
                continue;  // neither number changes
            }
            right += hit ? 1 : 0;
            wrong += hit ? 0 : 1;
            recall_.push_back(static_cast<double>(right) / static_cast<double>(objects));
            precision_.push_back(static_cast<double>(right) /
                                 (static_cast<double>(wrong + right) + 2.220446049250313e-16));
        }
        recall = recall_.empty() ? 0 : recall_.back();
        for (size_t i = precision_.size(); i-- > 1;) {
            precision_[i - 1] = std::max(precision_[i - 1], precision_[i]);
        }
        double sum = 0;
        size_t place = 0;
        for (size_t r = 0; r < recalls; ++r) {
            while (place < recall_.size() && recall_[place] < recall_threshold(r)) {
                ++place;
            }
            sum += place < recall_.size() ? precision_[place] : 0;
        }
        return sum / recalls;
    }

  private:
    std::vector<double> recall_, precision_;
};

/// The mean over the IoU thresholds, for the range in which all objects count.
double mean_precision(Precision& precision, const std::vector<Outcome>& outcomes, size_t begin,
                      int64_t objects) {
    double sum = 0, recall = 0;
    for (size_t t = 0; t < thresholds; ++t) {
        sum += precision(outcomes.data() + begin, outcomes.size() - begin, objects, 0, t, recall);
    }
    return sum / thresholds;
}

class Scorer {
  public:
    Scorer(const Annotations& truth, const std::vector<Detection>& found)
        : truth_(truth), cells_(truth, found), matching_(truth, found) {
        const auto pictures = truth.pictures.size();
        score_.per_image_class.assign(pictures * truth.categories.size(), no_figure);
    }

    CocoScore score() {
        for (size_t category = 0; category < truth_.categories.size(); ++category) {
            add_category(category);
        }
        finish_images();
        for (size_t i = 0; i < figures_.size(); ++i) {
            score_.figures[i] = figures_[i].value();
        }
        if (cut_ > 0) {
            score_.notes.push_back(
                fmt::format("{} detections are left out: COCO evaluates only the {} best for each "
                            "image and category",
                            cut_, most_detections));
        }
        return std::move(score_);
    }

  private:
    void add_category(size_t category) {
        Curve curve;
        const auto categories = truth_.categories.size();
        for (size_t picture = 0; picture < truth_.pictures.size(); ++picture) {
            const auto first = curve.outcomes.size();
            const auto before = curve.objects[0];
            const auto detections =
                cells_.detections(static_cast<int64_t>(picture), static_cast<int64_t>(category));
            const auto objects_here =
                cells_.objects(static_cast<int64_t>(picture), static_cast<int64_t>(category));
            if (detections.empty() && objects_here.empty()) {
                continue;
            }
            cut_ += detections.size() -
                    std::min(detections.size(), static_cast<size_t>(most_detections));
            matching_.match(detections, objects_here, curve);
            if (const auto objects = curve.objects[0] - before; objects > 0) {
                score_.per_image_class[picture * categories + category] =
                    mean_precision(precision_, curve.outcomes, first, objects);
            }
        }
        std::ranges::stable_sort(curve.outcomes, std::greater<>(), &Outcome::score);
        for (size_t range = 0; range < area_count; ++range) {
            add_range(curve, range);
        }
        add_few(curve, 1, figures_[6]);
        add_few(curve, 10, figures_[7]);
    }

    void add_range(const Curve& curve, size_t range) {
        const auto objects = curve.objects[range];
        if (objects == 0) {
            if (range == 0) {
                score_.per_class.push_back(no_figure);
                score_.per_class_50.push_back(no_figure);
            }
            return;
        }
        Mean of_class;
        for (size_t t = 0; t < thresholds; ++t) {
            double recall = 0;
            const auto mean =
                precision_(curve.outcomes.data(), curve.outcomes.size(), objects, range, t, recall);
            figures_[range == 0 ? 0 : range + 2].add(mean);
            figures_[range + 8].add(recall);
            of_class.add(mean);
            if (range == 0 && t == 0) {
                figures_[1].add(mean);
                score_.per_class_50.push_back(mean);
            }
            if (range == 0 && t == 5) {
                figures_[2].add(mean);
            }
        }
        if (range == 0) {
            score_.per_class.push_back(of_class.value());
        }
    }

    /// Adds the recall of the best `most` detections per image.
    static void add_few(const Curve& curve, int32_t most, Mean& figure) {
        if (curve.objects[0] == 0) {
            return;
        }
        for (size_t t = 0; t < thresholds; ++t) {
            const auto right = std::ranges::count_if(curve.outcomes, [&](const Outcome& one) {
                return one.rank < most && (one.right[0] >> t & 1) != 0;
            });
            figure.add(static_cast<double>(right) / static_cast<double>(curve.objects[0]));
        }
    }

    void finish_images() {
        const auto categories = truth_.categories.size();
        for (size_t picture = 0; picture < truth_.pictures.size(); ++picture) {
            Mean mean;
            for (size_t category = 0; category < categories; ++category) {
                mean.add(score_.per_image_class[picture * categories + category]);
            }
            score_.per_image.push_back(mean.value());
        }
    }

    const Annotations& truth_;
    Cells cells_;
    Matching matching_;
    Precision precision_;
    std::array<Mean, 12> figures_;
    CocoScore score_;
    size_t cut_ = 0;
};

}  // namespace

CocoScore coco_score(const Annotations& truth, const std::vector<Detection>& found) {
    require_valid(found, truth);
    auto score = Scorer(truth, found).score();
    if (found.size() > 1 && std::ranges::all_of(found, [&](const Detection& one) {
            return one.score == found.front().score;
        })) {
        score.notes.push_back(
            fmt::format("all {} detections have the score {}, so the metrics depend on their "
                        "order",
                        found.size(), found.front().score));
    }
    return score;
}

}  // namespace hfc::detection
