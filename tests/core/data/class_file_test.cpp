#include "data/source/class_file.h"

#include "data/source/folder.h"
#include "data/support.h"
#include "image_file/image_file.h"

namespace hfc::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<std::string> folders = {"n1", "n2", "n3", "n4", "n5"};

std::string error(std::string_view text) {
    return error_of([&] { choose_folders(parse_classes(text, "c.json"), folders, "DIR/train"); });
}

TEST(ClassFile, takes_folders_intervals_and_lists_in_its_own_order) {
    const auto file = parse_classes(R"({"late": "n4..n9", "early": ["n1", "n3..n3"]})", "c.json");
    const auto [classes, left_out] = choose_folders(file, folders, "DIR/train");
    ASSERT_EQ(classes.size(), 2);
    EXPECT_EQ(classes[0].name, "late");
    EXPECT_THAT(classes[0].folders, ElementsAre("n4", "n5"));
    EXPECT_EQ(classes[1].name, "early");
    EXPECT_THAT(classes[1].folders, ElementsAre("n1", "n3"));
    EXPECT_THAT(left_out, ElementsAre("n2"));
}

TEST(ClassFile, names_file_and_class_of_what_does_not_fit) {
    EXPECT_THAT(
        error(R"({"a": "n1..n3", "b": "n3"})"),
        HasSubstr("'c.json': the directory 'n3' is assigned twice, to the classes 'a' and 'b'"));
    EXPECT_THAT(
        error(R"({"a": ["n1", "n1..n2"]})"),
        HasSubstr("'c.json': the directory 'n1' is assigned twice, to the classes 'a' and 'a'"));
    EXPECT_THAT(error(R"({"a": "n1", "b": "n6..n9"})"),
                HasSubstr("'c.json': the class 'b' matches no directory in 'DIR/train'"));
    EXPECT_THAT(error(R"({"a": ["n1", "n7"]})"),
                HasSubstr("'c.json', class 'a': there is no directory 'n7' in 'DIR/train'"));
    EXPECT_THAT(error(R"({"a": "n3..n1"})"),
                HasSubstr("'c.json', class 'a': the interval \"n3..n1\" ends before it starts"));
}

TEST(ClassFile, names_file_and_place_of_what_is_no_such_file) {
    EXPECT_THAT(error(R"({"a": "n1",)"), HasSubstr("'c.json': invalid JSON at byte "));
    EXPECT_THAT(error(""), HasSubstr("'c.json': invalid JSON at byte "));
    EXPECT_THAT(error("{\"a\": \"\xff\"}"), HasSubstr("'c.json': invalid JSON at byte "));
    EXPECT_THAT(error("[]"), HasSubstr("'c.json': expected {\"class\": "));
    EXPECT_THAT(error("{}"), HasSubstr("found no class"));
    EXPECT_THAT(error(R"({"a": 3})"),
                HasSubstr("'c.json', class 'a': expected the name of a directory"));
    EXPECT_THAT(error(R"({"a": {"from": "n1"}})"),
                HasSubstr("'c.json', class 'a': expected the name of a directory, \"first..last\" "
                          "or a list of these, found an object"));
    EXPECT_THAT(error(R"({"a": [["n1"]]})"), HasSubstr("class 'a'"));
    EXPECT_THAT(error(R"({"a": []})"), HasSubstr("class 'a': the list of directories is empty"));
    EXPECT_THAT(error(R"({"": "n1"})"), HasSubstr("a class has an empty name"));
    EXPECT_THAT(error(R"({"a": "n1", "a": "n2"})"),
                HasSubstr("'c.json': the class 'a' occurs twice"));
    EXPECT_THAT(error(R"({"a": "..n2"})"), HasSubstr("found \"..n2\""));
    EXPECT_THAT(error(R"({"a": "n1..n2..n3"})"), HasSubstr("found \"n1..n2..n3\""));
    EXPECT_THAT(error(R"({"a": 1e999})"), HasSubstr("'c.json'"));
    EXPECT_THAT(error("{\"a\":" + std::string(5000, '[')), HasSubstr("nested deeper than 100"));
}

TEST(ClassFile, that_comes_along_has_the_nine_classes) {
    const auto nine = read_classes(HFC_SCRIPTS "/classes/nine.json");
    std::vector<std::string> names;
    std::ranges::transform(nine.classes, std::back_inserter(names), &ClassRule::name);
    EXPECT_THAT(names, ElementsAre("dog", "cat", "frog", "turtle", "bird", "primate", "fish",
                                   "crab", "insect"));
    EXPECT_EQ(read_classes(HFC_SCRIPTS "/classes/living_9.json").classes.size(), 9);
}

class ClassesOfFolder : public ScratchTest {
  protected:
    ClassesOfFolder() {
        for (const std::string part : {"train", "val"}) {
            for (const std::string name : {"n1", "n2", "n3", "n4"}) {
                const std::vector<uint8_t> pixels(16, static_cast<uint8_t>(10 * (name[1] - '0')));
                write_bytes(folder_ / part / name / "x.png",
                            image_file::encode_png(pixels.data(), 1, 4, 4));
            }
        }
    }
    FolderOptions options(std::string_view text, bool stream = true) const {
        write_bytes(scratch_ / "c.json", text);
        FolderOptions options{4};
        options.stream = stream;
        options.classes = scratch_ / "c.json";
        return options;
    }
    const std::filesystem::path folder_ = scratch_ / "pictures";
};

TEST_F(ClassesOfFolder, merges_folders_and_leaves_others_out) {
    for (const bool stream : {false, true}) {
        std::vector<std::string> notes;
        const auto pair =
            load_folder(folder_, options(R"({"b": "n3..n4", "a": "n1"})", stream), &notes);
        EXPECT_THAT(pair.train.class_names(), ElementsAre("b", "a"));
        EXPECT_THAT(labels_of(pair.train), ElementsAre(0, 0, 1));
        const auto images = pair.train.batch(0, 3).images.mul(255).round();
        EXPECT_EQ(images[0].max().item<float>(), 30);
        EXPECT_EQ(images[1].max().item<float>(), 40);
        EXPECT_EQ(images[2].max().item<float>(), 10);
        ASSERT_EQ(notes.size(), 2);
        EXPECT_THAT(notes[0], HasSubstr("1 of 4 directories are not assigned to a class in '"));
        EXPECT_THAT(notes[0], HasSubstr("the first is 'n2'"));
    }
}

TEST_F(ClassesOfFolder, names_a_class_that_a_part_lacks) {
    std::filesystem::remove_all(folder_ / "val/n4");
    EXPECT_THAT(error_of([&] { load_folder(folder_, options(R"({"b": "n3..n4", "a": "n1"})")); }),
                HasSubstr("only in the first: n4; only in the second: none"));
    std::filesystem::remove(folder_ / "train/n1/x.png");
    EXPECT_THAT(
        error_of([&] { load_folder(folder_, options(R"({"first": "n1"})")); }),
        HasSubstr("the class 'first' of '" + (folder_ / "train").string() + "' has no images"));
}

}  // namespace
}  // namespace hfc::data
