#include "data/source/folder.h"

#include "data/support.h"
#include "image_file/image_file.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <algorithm>
#include <atomic>

namespace {
std::atomic<bool> set_in_parallel = false;
}

/// In place of the C library's: no thread may ask for a variable while another sets one.
extern "C" int setenv(const char* name, const char* value, int overwrite) {
    set_in_parallel = set_in_parallel || at::in_parallel_region();
    using Setenv = int (*)(const char*, const char*, int);
    static const auto next = reinterpret_cast<Setenv>(::dlsym(RTLD_NEXT, "setenv"));
    return next(name, value, overwrite);
}

namespace hfc::data {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// A PNG of one grey tone.
std::string grey_png(uint8_t tone) {
    const std::vector<uint8_t> pixels(10 * 12, tone);
    return image_file::encode_png(pixels.data(), 1, 10, 12);
}

/// pictures/train and pictures/val of the classes cat and dog.
class Folder : public ScratchTest {
  protected:
    Folder() {
        write_bytes(folder_ / "train/dog/b.PNG", grey_png(30));
        write_bytes(folder_ / "train/dog/a.JPEG", grey_png(20));
        write_bytes(folder_ / "train/cat/x.jpg", grey_png(10));
        write_bytes(folder_ / "val/cat/y.png", grey_png(40));
        write_bytes(folder_ / "val/dog/z.JpEg", grey_png(50));
    }

    std::string error() {
        return error_of([&] { load_folder(folder_, {4}); });
    }

    static std::vector<int64_t> tones(const Dataset& dataset) {
        const auto images = dataset.batch(0, dataset.size()).images.mul(255).round().to(at::kLong);
        EXPECT_TRUE(at::equal(
            images, images.slice(2, 0, 1).slice(3, 0, 1).slice(1, 0, 1).expand_as(images)));
        const auto first = images.select(3, 0).select(2, 0).select(1, 0).contiguous();
        return {first.data_ptr<int64_t>(), first.data_ptr<int64_t>() + first.numel()};
    }

    const std::filesystem::path folder_ = scratch_ / "pictures";
};

TEST_F(Folder, sorts_classes_and_pictures_by_name) {
    const auto [train, test] = load_folder(folder_, {4});
    EXPECT_THAT(train.class_names(), ElementsAre("cat", "dog"));
    EXPECT_THAT(tones(train), ElementsAre(10, 20, 30));
    EXPECT_THAT(labels_of(train), ElementsAre(0, 1, 1));
    EXPECT_THAT(tones(test), ElementsAre(40, 50));
    EXPECT_EQ(train.batch(0, 1).images.sizes(), at::IntArrayRef({1, 3, 4, 4}));
    EXPECT_EQ(train.name(), "pictures train");
    EXPECT_EQ(load_folder(folder_ / "", {4}).test.name(), "pictures test");
}

TEST_F(Folder, leaves_out_hidden_and_other_files) {
    write_bytes(folder_ / "train/dog/.hidden.png", "no picture");
    write_bytes(folder_ / "train/dog/notes.txt", "no picture");
    write_bytes(folder_ / "train/.git/x.png", "no picture");
    write_bytes(folder_ / "train/README", "no class");
    std::filesystem::create_directory(folder_ / "train/dog/folder.png");
    EXPECT_EQ(load_folder(folder_, {4}).train.size(), 3);
}

TEST_F(Folder, walks_into_folders_and_says_what_it_leaves_out) {
    std::vector<std::string> notes;
    load_folder(folder_, {4}, &notes);
    EXPECT_TRUE(notes.empty());
    write_bytes(folder_ / "train/cat/more/deep/a.png", grey_png(11));
    write_bytes(folder_ / "train/cat/zzz.png", grey_png(12));
    write_bytes(folder_ / "train/cat/x.JFIF", "");
    write_bytes(folder_ / "train/dog/x.jfif", "");
    write_bytes(folder_ / "train/dog/more/LICENSE", "");
    EXPECT_THAT(tones(load_folder(folder_, {4}, &notes).train), ElementsAre(10, 12, 11, 20, 30));
    EXPECT_THAT(
        notes, ElementsAre("'" + (folder_ / "train").string() +
                           "': files that do not end in .jpg, .jpeg, .png, .ppm, .bmp, .pgm, .tif, "
                           ".tiff or .webp are left out: 2 .jfif, 1 without an extension"));
    std::filesystem::create_directory_symlink(folder_ / "train/cat", folder_ / "train/cat/loop");
    EXPECT_THAT(error(), HasSubstr("is a link to a directory that contains it"));
}

TEST_F(Folder, takes_test_where_there_is_no_val) {
    std::filesystem::rename(folder_ / "val", folder_ / "test");
    EXPECT_EQ(load_folder(folder_, {4}).test.size(), 2);
    std::filesystem::remove_all(folder_ / "test");
    EXPECT_THAT(error(), AllOf(HasSubstr("neither the directory '" + (folder_ / "val").string()),
                               HasSubstr("DIR/val/CLASS/*")));
}

TEST_F(Folder, names_what_is_missing) {
    std::filesystem::remove_all(folder_ / "train");
    EXPECT_THAT(error(), HasSubstr("the directory '" + (folder_ / "train").string() +
                                   "' does not exist; expected DIR/train/CLASS/*"));
    std::filesystem::create_directory(folder_ / "train");
    EXPECT_THAT(error(), AllOf(HasSubstr((folder_ / "train").string()),
                               HasSubstr("has no class directories")));
    std::filesystem::remove_all(folder_);
    EXPECT_THAT(error(), HasSubstr("the directory '" + folder_.string() + "'"));
}

TEST_F(Folder, names_a_class_without_pictures) {
    std::filesystem::create_directory(folder_ / "train/ant");
    std::filesystem::create_directory(folder_ / "val/ant");
    EXPECT_THAT(error(), AllOf(HasSubstr("class directory '" + (folder_ / "train/ant").string() +
                                         "' has no images"),
                               HasSubstr("found nothing")));
    write_bytes(folder_ / "train/ant/notes.txt", "");
    EXPECT_THAT(error(), HasSubstr("found only other files: 1 .txt"));
}

TEST_F(Folder, names_classes_that_differ) {
    std::filesystem::rename(folder_ / "val/dog", folder_ / "val/wolf");
    EXPECT_THAT(error(), HasSubstr("must have the same class directories; only in the first: dog; "
                                   "only in the second: wolf"));
    std::filesystem::remove_all(folder_ / "val/wolf");
    EXPECT_THAT(error(), HasSubstr("only in the first: dog; only in the second: none"));
}

TEST_F(Folder, names_a_picture_that_does_not_decode) {
    const auto path = folder_ / "val/dog/z.JpEg";
    write_bytes(path, read_bytes(path).substr(0, 60));
    EXPECT_THAT(error(), AllOf(HasSubstr(path.string()), HasSubstr("truncated")));
}

TEST_F(Folder, names_up_to_ten_pictures_that_do_not_decode) {
    write_bytes(folder_ / "train/cat/bad.png", "no picture");
    write_bytes(folder_ / "train/dog/a.JPEG", "GIF89a");
    EXPECT_THAT(
        error(),
        AllOf(HasSubstr("2 of 4 images cannot be read: the image"),
              HasSubstr((folder_ / "train/cat/bad.png").string() + "' is not a JPEG"),
              HasSubstr("; the image '" + (folder_ / "train/dog/a.JPEG").string() + "' is a GIF")));
    constexpr int many = 300;
    for (int i = 0; i < many; ++i) {
        write_bytes(folder_ / fmt::format("train/cat/bad{:03}.png", i), "no picture");
    }
    const auto message = error();
    size_t named = 0;
    for (auto at = message.find("is not a JPEG"); at != std::string::npos;
         at = message.find("is not a JPEG", at + 1)) {
        ++named;
    }
    EXPECT_EQ(named + (message.find("is a GIF") != std::string::npos ? 1 : 0), 10) << message;
    EXPECT_THAT(message,
                HasSubstr("of 304 images cannot be read (the remaining images were not read)"));
}

TEST_F(Folder, resizes_before_it_crops) {
    std::vector<uint8_t> halves(20 * 20, 0);
    std::fill(halves.begin() + 200, halves.end(), 200);
    write_bytes(folder_ / "train/cat/x.jpg", image_file::encode_png(halves.data(), 1, 20, 20));
    const auto rows = [&](const FolderOptions& options) {
        return load_folder(folder_, options).train.batch(0, 1).images.select(3, 0).select(1, 0) *
               255;
    };
    EXPECT_TRUE(at::equal(rows({20}), rows({20, 20})));
    const auto whole = rows({20});
    EXPECT_TRUE(at::equal(rows({10, 20}), whole.slice(1, 5, 15)));
    EXPECT_THAT(error_of([&] {
                    load_folder(folder_, {20, 10});
                }),
                HasSubstr("'resize' must be between 20 (image_size) and 4096 pixels, got 10"));
    EXPECT_NE(load_folder(folder_, {10, 20}).train.fingerprint(),
              load_folder(folder_, {10}).train.fingerprint());
}

TEST_F(Folder, refuses_an_impossible_size) {
    EXPECT_THAT(error_of([&] { load_folder(folder_, {0}); }),
                HasSubstr("image_size must be 1 to 4096 pixels, got 0"));
}

TEST_F(Folder, is_told_apart_by_names_and_sizes) {
    const auto fingerprint = [&] { return load_folder(folder_, {4}).train.fingerprint(); };
    const auto before = fingerprint();
    EXPECT_EQ(fingerprint(), before);
    std::filesystem::rename(folder_, scratch_ / "moved");
    EXPECT_EQ(load_folder(scratch_ / "moved", {4}).train.fingerprint(), before);
    std::filesystem::rename(scratch_ / "moved", folder_);
    std::filesystem::rename(folder_ / "train/dog/b.PNG", folder_ / "train/dog/c.PNG");
    EXPECT_NE(fingerprint(), before) << "another name";
    std::filesystem::rename(folder_ / "train/dog/c.PNG", folder_ / "train/dog/b.PNG");
    EXPECT_EQ(fingerprint(), before);
    const std::vector<uint8_t> noise(10 * 12, 30);
    std::vector<uint8_t> uneven = noise;
    uneven[3] = 200;
    write_bytes(folder_ / "train/dog/b.PNG", image_file::encode_png(uneven.data(), 1, 10, 12));
    EXPECT_NE(fingerprint(), before) << "another size";
}

TEST_F(Folder, is_loaded_without_touching_the_environment_in_threads) {
    for (int i = 0; i < 40; ++i) {
        write_bytes(folder_ / fmt::format("train/cat/{}.png", i), grey_png(10));
    }
    load_folder(folder_, {4});
    EXPECT_FALSE(set_in_parallel);
}

}  // namespace
}  // namespace hfc::data
