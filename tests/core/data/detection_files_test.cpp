// The readers of COCO's and Pascal VOC's annotations.
#include "base/error.h"
#include "base/file.h"
#include "data/source/coco.h"
#include "data/source/voc.h"
#include "scratch_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>

namespace hfc::data {
namespace {

using testing::HasSubstr;

std::string error_of_reading(const std::function<void()>& read) {
    try {
        read();
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

const std::string one_image = R"("images":[{"id":4,"file_name":"4.jpg","height":10,"width":20}])";
const std::string one_category = R"("categories":[{"id":7,"name":"cat"}])";

std::string with_annotation(const std::string& annotation) {
    return fmt::format("{{{},{},\"annotations\":[{}]}}", one_image, one_category, annotation);
}

std::string refused_coco(const std::string& text) {
    return error_of_reading([&] { parse_coco(text, "truth.json"); });
}

TEST(coco, reads_what_counts_and_skips_the_rest) {
    const auto truth = parse_coco(
        with_annotation(R"({"segmentation":{"counts":[1,[2]],"size":[3,4]},"id":9,"image_id":4,)"
                        R"("bbox":[1,2,3.5,4],"category_id":7,"iscrowd":1,"area":5,"x":null})"),
        "truth.json");
    ASSERT_EQ(truth.objects.size(), 1);
    EXPECT_EQ(truth.objects[0].box, (Rectangle{1, 2, 3.5, 4}));
    EXPECT_EQ(truth.objects[0].area, 5);
    EXPECT_TRUE(truth.objects[0].crowd);
    EXPECT_EQ(truth.pictures[0].width, 20);
    EXPECT_EQ(truth.categories[0].name, "cat");
}

TEST(coco, a_missing_area_is_the_boxes_and_is_told) {
    const auto truth = parse_coco(
        with_annotation(R"({"id":9,"image_id":4,"bbox":[1,2,3,4],"category_id":7})"), "truth.json");
    EXPECT_EQ(truth.objects[0].area, 12);
    ASSERT_EQ(truth.notes.size(), 1);
    EXPECT_THAT(truth.notes[0], HasSubstr("1 of the 1 annotations have no 'area'"));
}

TEST(coco, refuses_by_its_text) {
    EXPECT_THAT(refused_coco("{\"images\":[}"), HasSubstr("'truth.json': invalid JSON at byte 12"));
    EXPECT_EQ(refused_coco("{}"),
              "'truth.json': expected the list 'images' in the top-level object, found none");
    EXPECT_THAT(refused_coco("[]"), HasSubstr("expected an object with the list 'images'"));
    EXPECT_THAT(refused_coco("{\"images\":{}}"),
                HasSubstr("'images' must be a list, found an object"));
    EXPECT_THAT(refused_coco("{\"images\":[3]}"),
                HasSubstr("entry 1 of 'images' must be an object, found a number"));
    EXPECT_THAT(refused_coco(R"({"images":[{"id":4,"file_name":"../4.jpg"}]})"),
                HasSubstr("entry 1 of 'images' (id 4): 'file_name' must name a file inside"));
    EXPECT_THAT(refused_coco(R"({"images":[{"id":4,"file_name":"/4.jpg"}]})"),
                HasSubstr("found '/4.jpg'"));
    EXPECT_THAT(refused_coco(R"({"images":[{"id":"4"}]})"),
                HasSubstr("entry 1 of 'images': 'id' must be a number, found a string"));
    EXPECT_THAT(refused_coco(R"({"images":[{"id":4,"file_name":"a","height":1e400}]})"),
                HasSubstr("invalid JSON at byte"));
    EXPECT_THAT(refused_coco(std::string(200, '[')), HasSubstr("expected an object"));
    EXPECT_THAT(refused_coco(R"({"x":)" + std::string(200, '[')),
                HasSubstr("the JSON is nested deeper than 100 levels"));
}

TEST(coco, refuses_annotations_by_their_id) {
    const auto refused = [](const std::string& annotation) {
        return refused_coco(with_annotation(annotation));
    };
    EXPECT_THAT(refused(R"({"id":9,"image_id":5,"bbox":[1,2,3,4],"category_id":7})"),
                HasSubstr("entry 1 of 'annotations' (id 9): 'image_id' is 5"));
    EXPECT_THAT(refused(R"({"id":9,"image_id":4,"bbox":[1,2,3,4],"category_id":8})"),
                HasSubstr("(id 9): 'category_id' is 8"));
    EXPECT_THAT(refused(R"({"id":9,"image_id":4,"bbox":[1,2,3],"category_id":7})"),
                HasSubstr("(id 9): 'bbox' must be four numbers x, y, width, height; found 3"));
    EXPECT_THAT(refused(R"({"id":9,"image_id":4,"bbox":[1,2,3,"4"],"category_id":7})"),
                HasSubstr("(id 9): 'bbox' must be a list of four numbers, found a string in it"));
    EXPECT_THAT(refused(R"({"id":9,"image_id":4.5,"bbox":[1,2,3,4],"category_id":7})"),
                HasSubstr("(id 9): 'image_id' must be an integer, found 4.5"));
    EXPECT_THAT(refused(R"({"id":9,"image_id":4,"bbox":[1,2,3,4],"category_id":7},)"
                        R"({"id":9,"image_id":4,"bbox":[1,2,3,4],"category_id":7})"),
                HasSubstr("two entries of 'annotations' have the id 9"));
    EXPECT_THAT(refused_coco(R"({"images":[{"id":4,"file_name":"4.jpg","height":10,"width":20},)"
                             R"({"id":4,"file_name":"5.jpg","height":10,"width":20}],)" +
                             one_category + ",\"annotations\":[]}"),
                HasSubstr("two entries of 'images' have the id 4"));
}

TEST(coco, a_missing_part_says_what_is_expected) {
    const test::ScratchFolder folder("hfc coco");
    const auto error = error_of_reading([&] { read_coco_part(folder.path(), "val2017"); });
    EXPECT_THAT(
        error,
        HasSubstr(
            "expected annotations/instances_val2017.json and images in val2017/; missing: '"));
    EXPECT_THAT(error, HasSubstr("https://cocodataset.org"));
}

TEST(coco, the_small_set_has_its_known_counts) {
    const std::filesystem::path folder = HFC_SHARED "/data/coco-tiny";
    if (!std::filesystem::exists(folder)) {
        GTEST_SKIP() << "no coco-tiny";
    }
    const auto truth = read_coco_part(folder, "val2017");
    EXPECT_EQ(truth.pictures.size(), 80);
    EXPECT_EQ(truth.objects.size(), 815);
    EXPECT_EQ(std::ranges::count_if(truth.objects, &BoxedObject::crowd), 11);
    EXPECT_EQ(truth.categories.size(), 80);
}

TEST(voc, bccd_has_its_known_counts) {
    const std::filesystem::path folder = HFC_SHARED "/data/bccd";
    if (!std::filesystem::exists(folder)) {
        GTEST_SKIP() << "no bccd";
    }
    const auto train = read_voc_part(folder, "train");
    std::vector<std::string> classes;
    std::ranges::transform(train.categories, std::back_inserter(classes), &Category::name);
    EXPECT_EQ(classes, (std::vector<std::string>{"Platelets", "RBC", "WBC"}));
    size_t pictures = train.pictures.size(), objects = train.objects.size();
    for (const auto* part : {"val", "test"}) {
        const auto other = read_voc_part(folder, part, classes);
        pictures += other.pictures.size();
        objects += other.objects.size();
    }
    EXPECT_EQ(pictures, 364);
    EXPECT_EQ(objects, 4888);
    EXPECT_TRUE(std::ranges::none_of(train.objects, &BoxedObject::is_degenerate));
}

class VocFolder : public testing::Test {
  protected:
    VocFolder() {
        for (const auto* name : {"ImageSets/Main", "Annotations", "JPEGImages"}) {
            std::filesystem::create_directories(folder.path() / name);
        }
        write_file(folder.path() / "ImageSets/Main/train.txt", "1\n");
    }

    std::string refused(const std::string& xml, const std::vector<std::string>& classes = {}) {
        write_file(folder.path() / "Annotations/1.xml", xml);
        return error_of_reading([&] { read_voc_part(folder.path(), "train", classes); });
    }

    static std::string object(const std::string& box, const std::string& more = "") {
        return "<annotation><size><width>20</width><height>10</height></size><object>"
               "<name>cat</name>" +
               more + "<bndbox>" + box + "</bndbox></object></annotation>";
    }

    test::ScratchFolder folder{"hfc voc"};
    const std::string box = "<xmin>3</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax>";
};

TEST_F(VocFolder, boxes_count_from_zero_and_include_their_ends) {
    write_file(folder.path() / "Annotations/1.xml", object(box));
    const auto truth = read_voc_part(folder.path(), "train");
    EXPECT_EQ(truth.objects[0].box, (Rectangle{2, 1, 1, 3}));
    EXPECT_FALSE(truth.objects[0].difficult);
    EXPECT_EQ(truth.pictures[0].file, "1.jpg");
}

TEST_F(VocFolder, refuses_by_its_text) {
    EXPECT_THAT(refused("<annotation><size>"), HasSubstr("1.xml': invalid XML at byte"));
    EXPECT_THAT(refused("<a/>"), HasSubstr("expected the element <annotation>, found <a>"));
    EXPECT_THAT(refused("<annotation/>"), HasSubstr("<size>: <height> must be a number"));
    EXPECT_THAT(refused(object("<xmin>9</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax>")),
                HasSubstr("object 1: xmin must be at most xmax, found 9 and 3"));
    EXPECT_THAT(refused(object("<xmin>nan</xmin>")),
                HasSubstr("object 1: <xmin> must be a number, found 'nan'"));
    EXPECT_THAT(
        refused(object(box), {"dog"}),
        HasSubstr(
            "the class 'cat' does not occur in the training split, which has the classes dog"));
    EXPECT_THAT(error_of_reading([&] { read_voc_part(folder.path(), "val"); }),
                HasSubstr("the split 'val' of the VOC data set in"));
}

TEST_F(VocFolder, a_million_nested_tags_are_survived) {
    std::string xml;
    for (int i = 0; i < 1'000'000; ++i) {
        xml += "<a>";
    }
    EXPECT_THAT(refused(xml), HasSubstr("invalid XML"));
}

}  // namespace
}  // namespace hfc::data
