// Average precision, compared with pycocotools and with numpy (make_detection.py).
#include "base/error.h"
#include "base/file.h"
#include "data/source/coco.h"
#include "data/source/voc.h"
#include "detection/average_precision.h"
#include "model/reference.h"
#include "scratch_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace hfc::detection {
namespace {

using data::Annotations;
using test::error_of;
using testing::HasSubstr;
using Json = nlohmann::json;

void expect_near(const std::vector<double>& got, const Json& expected, double tolerance) {
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) {
        EXPECT_NEAR(got[i], expected[i].get<double>(), tolerance) << i;
    }
}

class OfSeed : public testing::TestWithParam<int> {
  protected:
    static std::string file(const std::string& name) {
        return fmt::format("{}/detection/{}{}.json", HFC_FIXTURES, name, GetParam());
    }
    Annotations truth = data::read_coco(file("truth"));
    std::vector<Detection> found = read_detections(file("found"), truth);
    Json expected = Json::parse(read_file(file("expected")));
};

TEST_P(OfSeed, coco_figures_equal_pycocotools) {
    const auto score = coco_score(truth, found);
    expect_near({score.figures.begin(), score.figures.end()}, expected["figures"], 1e-9);
    expect_near(score.per_class, expected["per_class"], 1e-9);
    expect_near(score.per_image, expected["per_image"], 1e-9);
}

TEST_P(OfSeed, voc_figures_equal_the_development_kit) {
    // The fixture's crowds stand for difficult objects.
    for (auto& object : truth.objects) {
        object.difficult = std::exchange(object.crowd, false);
    }
    const auto eleven = voc_score(truth, found, VocRule::voc2007);
    const auto area = voc_score(truth, found, VocRule::voc2010);
    for (size_t i = 0; i < truth.categories.size(); ++i) {
        EXPECT_NEAR(eleven.per_class[i], expected["voc"][i][0].get<double>(), 1e-12);
        EXPECT_NEAR(area.per_class[i], expected["voc"][i][1].get<double>(), 1e-12);
    }
}

TEST_P(OfSeed, a_results_file_comes_back_as_it_was_written) {
    const test::ScratchFolder folder("hfc results");
    write_detections(folder.path() / "found.json", found, truth);
    const auto again = read_detections(folder.path() / "found.json", truth);
    ASSERT_EQ(again.size(), found.size());
    for (size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(again[i].box, found[i].box);
        EXPECT_EQ(again[i].score, found[i].score);
        EXPECT_EQ(again[i].picture, found[i].picture);
        EXPECT_EQ(again[i].category, found[i].category);
    }
}

INSTANTIATE_TEST_SUITE_P(score, OfSeed, testing::Values(1, 2, 3));

/// One picture of 100 x 100 with these objects of one category.
Annotations one_picture(const std::vector<data::Rectangle>& boxes) {
    Annotations truth{"truth", {}, {{1, "1.jpg", 100, 100}}, {{7, "thing"}}, {}, {}};
    for (const auto& box : boxes) {
        truth.objects.push_back({static_cast<int64_t>(truth.objects.size()) + 1, 0, 0, box,
                                 box[2] * box[3], false, false});
    }
    return truth;
}

TEST(coco_score, a_perfect_detector_has_one) {
    const auto score = coco_score(one_picture({{10, 10, 20, 20}}), {{0, 0, {10, 10, 20, 20}, 1}});
    EXPECT_DOUBLE_EQ(score.figures[0], 1);
    EXPECT_EQ(score.figures[4], no_figure);  // no medium object
}

TEST(coco_score, no_detections_give_zero_and_no_objects_minus_one) {
    EXPECT_EQ(coco_score(one_picture({{10, 10, 20, 20}}), {}).figures[0], 0);
    const auto score = coco_score(one_picture({}), {{0, 0, {1, 1, 2, 2}, 1}});
    EXPECT_EQ(score.figures[0], no_figure);
    EXPECT_EQ(score.per_image[0], no_figure);
}

TEST(coco_score, more_than_a_hundred_detections_and_equal_scores_are_told) {
    std::vector<data::Rectangle> boxes;
    std::vector<Detection> found;
    for (int i = 0; i < 120; ++i) {
        boxes.push_back({i % 11 * 9.0, i / 11 * 9.0, 8, 8});
        found.push_back({0, 0, boxes.back(), .5});
    }
    const auto score = coco_score(one_picture(boxes), found);
    EXPECT_NEAR(score.figures[0], 100 / 120.0, .01);  // 84 of the 101 recalls
    ASSERT_EQ(score.notes.size(), 2);
    EXPECT_THAT(score.notes[0],
                HasSubstr("20 detections are left out: COCO evaluates only the 100 best"));
    EXPECT_THAT(score.notes[1], HasSubstr("all 120 detections have the score 0.5"));
}

TEST(voc_score, a_second_hit_is_wrong) {
    const auto truth = one_picture({{10, 10, 20, 20}, {60, 60, 20, 20}});
    const std::vector<Detection> found = {
        {0, 0, {10, 10, 20, 20}, .9}, {0, 0, {11, 10, 20, 20}, .8}, {0, 0, {60, 60, 20, 20}, .7}};
    // Precision 1 up to recall 1/2, then 2/3.
    EXPECT_NEAR(voc_score(truth, found, VocRule::voc2010).ap, .5 + .5 * 2 / 3, 1e-12);
    EXPECT_NEAR(voc_score(truth, found, VocRule::voc2007).ap, (6 + 5 * 2 / 3.0) / 11, 1e-12);
}

TEST(detections, refused_with_their_row) {
    const auto truth = one_picture({{10, 10, 20, 20}});
    const auto row = [](int64_t image, int64_t category, const char* box, const char* score) {
        return fmt::format(R"([{{"image_id":1,"category_id":7,"bbox":[1,2,3,4],"score":1}},)"
                           R"({{"image_id":{},"category_id":{},"bbox":{},"score":{}}}])",
                           image, category, box, score);
    };
    const auto refused = [&](const std::string& text) {
        return error_of([&] { parse_detections(text, "found.json", truth); });
    };
    EXPECT_EQ(refused(row(9, 7, "[1,2,3,4]", "1")),
              "'found.json': entry 2: 'truth' has no image with the id 9");
    EXPECT_EQ(refused(row(1, 9, "[1,2,3,4]", "1")),
              "'found.json': entry 2: 'truth' has no category with the id 9");
    EXPECT_THAT(refused(row(1, 7, "[1,2,-3,4]", "1")),
                HasSubstr("entry 2: the width and height of the box must be >= 0, got -3 and 4"));
    EXPECT_THAT(refused(row(1, 7, "[1,2,3]", "1")),
                HasSubstr("entry 2: 'bbox' must be four numbers x, y, width, height; found 3"));
    EXPECT_THAT(refused(row(1, 7, "[1,2,3,4]", "NaN")),
                HasSubstr("'found.json': invalid JSON at byte"));
    EXPECT_THAT(refused(row(1, 7, "[1,2,3,4]", "1e999")), HasSubstr("invalid JSON at byte"));
    EXPECT_THAT(refused(row(1, 7, "[1,2,[3],4]", "1")),
                HasSubstr("entry 2: 'bbox' must be a list of four numbers, found a list in it"));
    EXPECT_THAT(refused(row(1, 7, "[1,2,3,4]", "\"high\"")),
                HasSubstr("entry 2: 'score' must be a number, found a string"));
    EXPECT_THAT(refused("{}"), HasSubstr("expected a list of records, found an object"));
    EXPECT_THAT(refused("[1]"), HasSubstr("entry 1 must be an object, found a number"));
    EXPECT_THAT(error_of([&] {
                    coco_score(truth, {{0, 0, {1, 1, 2, 2}, std::nan("")}});
                }),
                HasSubstr("detection 1: the score must be a finite number"));
}

}  // namespace
}  // namespace hfc::detection
