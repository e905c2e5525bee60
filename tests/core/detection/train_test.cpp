// Data sets of objects in pictures, and training on them.
#include "train/train.h"
#include "base/error.h"
#include "base/file.h"
#include "data/load.h"
#include "data/transform/augment.h"
#include "detection/detect.h"
#include "detection/draw.h"
#include "image_file/image_file.h"
#include "model/reference.h"
#include "scratch_folder.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::detection {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;

data::Pair shapes(int64_t train = 12, int64_t test = 6) {
    data::LoadOptions options;
    options.shapes.train = train;
    options.shapes.test = test;
    options.shapes.size = 64;
    return data::load("boxes", options);
}

DetectorPtr small_detector() {
    DetectorOptions options;
    options.classes = 4;
    options.min_size = 64;
    return make_detector("retinanet_small", options);
}

train::TrainOptions two_epochs() {
    train::TrainOptions options;
    options.epochs = 2;
    options.batch_size = 4;
    options.optimizer = optim::default_options("adam");
    options.optimizer.lr = 2e-4;
    options.objective = detection_objective().make({});
    return options;
}

at::Tensor all_weights(const Detector& detector) {
    std::vector<at::Tensor> all;
    for (const auto& parameter : detector.parameters()) {
        all.push_back(parameter.detach().flatten());
    }
    return at::cat(all);
}

TEST(boxes_set, is_the_same_for_a_seed_and_has_targets) {
    const auto data = shapes();
    EXPECT_EQ(data.train.fingerprint(), shapes().train.fingerprint());
    const auto batch = data.train.batch(0, 3);
    ASSERT_EQ(batch.targets.size(), 3);
    EXPECT_FALSE(batch.labels.defined());
    const auto truth = data::annotations_of(data.train);
    const auto& [x, y, width, height] = truth.objects[0].box;
    const auto row = batch.targets[0][0];
    EXPECT_EQ(row[0].item<double>(), x);
    EXPECT_EQ(row[3].item<double>(), y + height);
    EXPECT_EQ(row[4].item<int64_t>(), truth.objects[0].category);
    EXPECT_EQ(data.train.class_names().size(), 4);
}

TEST(boxes_set, a_view_keeps_its_objects) {
    const auto data = shapes();
    const auto all = data::annotations_of(data.train);
    const auto view = data::annotations_of(data.train.subset(4, 1).low_pass(8));
    EXPECT_EQ(view.pictures.size(), 4);
    for (const auto& object : view.objects) {
        const auto id = view.pictures[static_cast<size_t>(object.picture)].id;
        EXPECT_EQ(all.pictures[static_cast<size_t>(id - 1)].id, id);
    }
    const auto twice = data.train.select(at::tensor({1, 1}, at::kLong));
    EXPECT_THAT(error_of([&] { data::annotations_of(twice); }), HasSubstr("twice"));
}

TEST(boxes_set, a_low_pass_between_the_radii_removes_the_high_classes_alone) {
    const auto data = shapes(40);
    const auto low = data.train.low_pass(14);
    const auto truth = data::annotations_of(data.train);
    for (const auto& object : truth.objects) {
        const auto inside = [&](const data::Dataset& set) {
            const auto& [x, y, width, height] = object.box;
            return set.batch(object.picture, object.picture + 1)
                .images[0][0]
                .narrow(0, static_cast<int64_t>(y), static_cast<int64_t>(height))
                .narrow(1, static_cast<int64_t>(x), static_cast<int64_t>(width))
                .std()
                .item<double>();
        };
        const auto kept = inside(low) / inside(data.train);
        if (object.category < 2) {
            EXPECT_GT(kept, .8);
        } else {
            EXPECT_LT(kept, .35);
        }
    }
}

TEST(targets, boxes_are_flipped_with_their_images) {
    const auto data = shapes();
    const auto batch = data.train.batch(0, 12);
    data::AugmentOptions options;
    options.flip = true;
    data::TransformBatch flipped{batch.images, {}, batch.samples, {1, 1}, batch.targets};
    data::AugmentTransform(options).apply(flipped);
    int64_t changed = 0;
    for (size_t i = 0; i < 12; ++i) {
        const auto place = static_cast<int64_t>(i);
        const bool mirrored = at::equal(flipped.images[place], batch.images[place].flip(2)) &&
                              !at::equal(flipped.images[place], batch.images[place]);
        const auto& target = flipped.targets[i];
        if (mirrored) {
            ++changed;
            EXPECT_TRUE(at::equal(target.select(1, 0), 64 - batch.targets[i].select(1, 2)));
            EXPECT_TRUE((target.select(1, 2) > target.select(1, 0)).all().item<bool>());
        } else {
            EXPECT_TRUE(at::equal(target, batch.targets[i]));
        }
    }
    EXPECT_GT(changed, 2);
    EXPECT_LT(changed, 10);
    options.pad = 2;
    EXPECT_THAT(error_of([&] { data::AugmentTransform(options).apply(flipped); }),
                HasSubstr("move the objects out of their boxes"));
}

TEST(detection_objective, trains_and_measures_average_precision) {
    const auto data = shapes();
    auto detector = small_detector();
    auto options = two_epochs();
    options.probes = {{"test", data.test}, {"low", data.test.low_pass(8)}};
    const auto results = train::train(*detector, data.train, options);
    EXPECT_LT(results[1].loss, results[0].loss);
    ASSERT_EQ(results[1].terms.size(), 2);
    EXPECT_EQ(results[1].terms[1].first, "classification");
    const auto found = detect(*detector, data.test);
    EXPECT_EQ(results[1].accuracy[0].second,
              std::max(0.0, coco_score(*found.truth, found.rows).figures[0]));
    EXPECT_TRUE(detector->is_training());
}

TEST(detection_objective, refuses_other_networks_and_other_data) {
    const auto data = shapes();
    auto network = model::make("preact_resnet8");
    EXPECT_THAT(error_of([&] { train::train(*network, data.train, two_epochs()); }),
                HasSubstr("the loss 'detection' requires a detector"));
    auto detector = small_detector();
    EXPECT_THAT(
        error_of([&] { train::train(*detector, data::load("synthetic").train, two_epochs()); }),
        HasSubstr("has no boxes"));
    auto plain = two_epochs();
    plain.objective = {};
    EXPECT_THAT(error_of([&] { train::train(*detector, data.train, plain); }),
                HasSubstr("has no labels"));
}

TEST(detection_objective, goes_on_from_any_batch_to_the_same_bits) {
    const auto data = shapes();
    auto whole = small_detector();
    auto options = two_epochs();
    options.probes = {{"test", data.test}};
    data::AugmentOptions flips;
    flips.flip = true;
    options.transforms = {std::make_shared<data::AugmentTransform>(flips)};
    train::train(*whole, data.train, options);
    for (const int64_t last : {1, 2, 4, 5}) {
        const test::ScratchFolder folder("hfc detection resume");
        options.checkpoints.folder = folder.path();
        options.checkpoints.seconds = 0;
        options.checkpoints.resume = false;
        train::Observer observer;
        int64_t batches = 0;
        observer.on_batch = [&](const train::Progress& progress) {
            require(progress.batch == 0 || ++batches <= last, "stopped");
        };
        auto stopped = small_detector();
        EXPECT_EQ(error_of([&] { train::train(*stopped, data.train, options, observer); }),
                  "stopped");
        options.checkpoints.resume = true;
        auto resumed = small_detector();
        train::train(*resumed, data.train, options);
        EXPECT_TRUE(at::equal(all_weights(*whole), all_weights(*resumed))) << last;
    }
}

/// A COCO data set of two small pictures of different sizes in a folder.
class CocoFolder : public testing::Test {
  protected:
    CocoFolder() {
        std::filesystem::create_directories(folder.path() / "annotations");
        std::filesystem::create_directories(folder.path() / "val2017");
        write("1.png", 20, 30);
        write("2.png", 25, 20);
        annotate(20);
    }

    void write(const std::string& name, int64_t height, int64_t width) {
        const std::vector<uint8_t> planes(static_cast<size_t>(3 * height * width), 90);
        write_file(folder.path() / "val2017" / name,
                   image_file::encode_png(planes.data(), 3, height, width));
    }

    void annotate(int64_t height) {
        write_file(
            folder.path() / "annotations/instances_val2017.json",
            fmt::format(R"({{"images":[{{"id":5,"file_name":"1.png","height":{},"width":30}},)"
                        R"({{"id":9,"file_name":"2.png","height":25,"width":20}}],)"
                        R"("categories":[{{"id":7,"name":"cat"}},{{"id":90,"name":"dog"}}],)"
                        R"("annotations":[{{"id":1,"image_id":5,"category_id":90,)"
                        R"("bbox":[1,2,3,4],"area":12,"iscrowd":0}}]}})",
                        height));
    }

    data::Pair load() { return data::load("coco:" + folder.path().string(), options); }

    test::ScratchFolder folder{"hfc coco set"};
    data::LoadOptions options;
};

TEST_F(CocoFolder, pictures_keep_their_sizes) {
    const auto data = load();
    EXPECT_THAT(data.test.batch(1, 2).images.sizes(), ElementsAre(1, 3, 25, 20));
    EXPECT_EQ(data.test.batch(0, 1).targets[0][0][4].item<int64_t>(), 1);
    EXPECT_EQ(data.test.batch(1, 2).targets[0].size(0), 0);
    EXPECT_THAT(error_of([&] { data.test.batch(0, 2); }),
                HasSubstr("all images of a batch must have the same size, but sample 0 is [3, 20, "
                          "30] and sample 1 is [3, 25, 20]; use batches of one image"));
}

TEST_F(CocoFolder, labels_may_be_the_ids) {
    options.boxed.labels = data::LabelKind::ids;
    const auto data = load();
    EXPECT_EQ(data.test.batch(0, 1).targets[0][0][4].item<int64_t>(), 90);
    EXPECT_EQ(data.test.class_names()[90], "dog");
    DetectorOptions settings;
    settings.min_size = 32;
    settings.score_threshold = 0;
    const auto found = detect(*make_detector("retinanet_small", settings), data.test.low_pass(4));
    EXPECT_FALSE(found.rows.empty());  // of the 91 labels those of the two categories
    for (const auto& row : found.rows) {
        EXPECT_LT(row.category, 2);
    }
}

TEST_F(CocoFolder, pictures_without_objects_are_not_trained_on) {
    options.boxed.train = "val2017";
    const auto data = load();
    EXPECT_EQ(data.train.size(), 1);
    EXPECT_EQ(data.test.size(), 2);
}

TEST_F(CocoFolder, a_missing_picture_is_refused_or_left_out) {
    std::filesystem::remove(folder.path() / "val2017/1.png");
    EXPECT_THAT(error_of([&] { load(); }), HasSubstr("1 of the 2 images of '"));
    options.boxed.missing = data::Missing::skip;
    std::vector<std::string> notes;
    const auto data = data::load("coco:" + folder.path().string(), options, &notes);
    EXPECT_EQ(data.test.size(), 1);
    ASSERT_EQ(notes.size(), 1);
    EXPECT_THAT(notes[0], HasSubstr("are missing and are left out"));
}

TEST_F(CocoFolder, another_size_and_damage_are_refused_at_the_picture) {
    annotate(21);
    EXPECT_THAT(error_of([&] { load().test.batch(0, 1); }),
                HasSubstr("has 20 x 30 pixels (height x width), but its annotations say 21 x 30"));
    annotate(20);
    write_file(folder.path() / "val2017/1.png", "no picture");
    EXPECT_THAT(error_of([&] { load().test.batch(0, 1); }), HasSubstr("1.png"));
}

TEST(draw_boxes, draws_edges_and_leaves_the_rest) {
    const auto image = at::zeros({3, 10, 12});
    const auto drawn = draw_boxes(image, at::tensor({2.F, 1.F, 6.F, 5.F}).view({1, 4}));
    EXPECT_EQ(drawn[0].sum().item<double>(), 12);  // the edge of 4 x 4
    EXPECT_EQ(drawn[0][1][2].item<double>(), 1);
    EXPECT_EQ(drawn[1].sum().item<double>(), 0);
    EXPECT_EQ(image.sum().item<double>(), 0);
}

}  // namespace
}  // namespace hfc::detection
