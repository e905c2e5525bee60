#include "image_file/list_folder.h"

#include "files.h"

#include <gmock/gmock.h>

namespace hfc::image_file {
namespace {

using test::error_of;
using test::write_bytes;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class ListFolder : public test::ScratchTest {
  protected:
    void file(const std::string& name) { write_bytes(root_ / name, ""); }

    std::vector<std::string> names() {
        const auto list = list_pictures(root_);
        std::vector<std::string> all;
        for (int64_t i = 0; i < list.size(); ++i) {
            all.push_back(list.name(i));
        }
        return all;
    }

    const std::filesystem::path root_ = scratch_ / "train";
};

// The order is what os.walk(followlinks=True), sorted, gives ImageFolder.
TEST_F(ListFolder, goes_in_the_order_of_image_folder) {
    for (const auto* name :
         {"b/z.jpg", "a/a/x.png", "a/a-b/y.png", "a/b.png", "a/a.png", "a/a/deep/1.jpg", "a/B.png",
          "10/x.bmp", "9/x.webp", "a/10.ppm", "a/9.ppm", "\xc3\xa4/x.tif"}) {
        file(name);
    }
    EXPECT_THAT(names(), ElementsAre("10/x.bmp", "9/x.webp", "a/10.ppm", "a/9.ppm", "a/B.png",
                                     "a/a.png", "a/b.png", "a/a/x.png", "a/a-b/y.png",
                                     "a/a/deep/1.jpg", "b/z.jpg", "\xc3\xa4/x.tif"));
    const auto list = list_pictures(root_);
    EXPECT_THAT(list.class_names(), ElementsAre("10", "9", "a", "b", "\xc3\xa4"));
    EXPECT_EQ(list.label(0), 0);
    EXPECT_EQ(list.label(1), 1);
    EXPECT_EQ(list.label(9), 2);
    EXPECT_EQ(list.label(10), 3);
    EXPECT_EQ(list.count(2), 8);
    EXPECT_EQ(list.path(1), root_ / "9/x.webp");
    EXPECT_THAT(error_of([&] { list.name(12); }),
                HasSubstr("index 12 is out of range for a list of 12 images"));
}

TEST_F(ListFolder, takes_the_endings_of_image_folder) {
    for (const auto* ending : {"jpg", "JPEG", "png", "ppm", "bmp", "pgm", "tif", "tiff", "WebP"}) {
        file(std::string("a/x.") + ending);
    }
    for (const auto* name : {"a/x.gif", "a/y.GIF", "a/x", "a/jpg", "a/x.jpg.txt", "b/x.heic"}) {
        file(name);
    }
    const auto list = list_pictures(root_);
    EXPECT_EQ(list.size(), 9);
    EXPECT_THAT(list.left_out(0), ElementsAre(Pair("", 2), Pair(".gif", 2), Pair(".txt", 1)));
    EXPECT_THAT(list.left_out(1), ElementsAre(Pair(".heic", 1)));
    EXPECT_EQ(list.count(1), 0);
}

TEST_F(ListFolder, leaves_out_what_is_hidden) {
    for (const auto* name : {"a/x.jpg", "a/.x.jpg", "a/.git/x.jpg", ".cache/x.jpg", "x.jpg"}) {
        file(name);
    }
    EXPECT_THAT(names(), ElementsAre("a/x.jpg"));
}

TEST_F(ListFolder, follows_links) {
    file("a/x.jpg");
    write_bytes(scratch_ / "elsewhere/y.jpg", "");
    std::filesystem::create_directory_symlink(scratch_ / "elsewhere", root_ / "a/more");
    std::filesystem::create_directory_symlink(scratch_ / "elsewhere", root_ / "b");
    std::filesystem::create_symlink(scratch_ / "elsewhere/y.jpg", root_ / "a/link.jpg");
    std::filesystem::create_symlink("nowhere", root_ / "a/dangling.jpg");
    EXPECT_THAT(names(),
                ElementsAre("a/dangling.jpg", "a/link.jpg", "a/x.jpg", "a/more/y.jpg", "b/y.jpg"));
}

TEST_F(ListFolder, names_a_link_that_leads_back) {
    file("a/b/x.jpg");
    std::filesystem::create_directory_symlink(root_ / "a", root_ / "a/b/loop");
    EXPECT_THAT(error_of([&] { names(); }),
                AllOf(HasSubstr("'" + (root_ / "a/b/loop").string() + "'"),
                      HasSubstr("is a link to a directory that contains it")));
    std::filesystem::remove(root_ / "a/b/loop");
    std::filesystem::create_directory_symlink(root_, root_ / "a/b/root");
    EXPECT_THAT(error_of([&] { names(); }), HasSubstr("is a link to a directory that contains it"));
}

TEST_F(ListFolder, lists_chosen_classes_only) {
    file("a/x.jpg");
    file("b/x.jpg");
    const auto list = list_pictures(root_, {{"b", {"b"}}});
    EXPECT_EQ(list.size(), 1);
    EXPECT_EQ(list.name(0), "b/x.jpg");
    EXPECT_THAT(error_of([&] {
                    list_pictures(root_, {{"c", {"c"}}});
                }),
                HasSubstr("cannot read the directory '" + (root_ / "c").string()));
    EXPECT_THAT(error_of([&] { list_classes(root_ / "nowhere"); }), HasSubstr("No such file"));
}

}  // namespace
}  // namespace hfc::image_file
