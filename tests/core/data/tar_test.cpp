#include "data/source/tar.h"

#include "data/loader.h"
#include "data/order.h"
#include "data/source/tar_files.h"
#include "data/support.h"
#include "image_file/image_file.h"
#include "tar_writer.h"

namespace hfc::data {
namespace {

using test::tar_end;
using test::tar_header;
using test::tar_member;
using testing::ElementsAre;
using testing::HasSubstr;

class Tar : public ScratchTest {
  protected:
    std::vector<std::string> names(const std::string& bytes) {
        write_bytes(path_, bytes);
        std::vector<std::string> names;
        walk_tar(InputFile(path_), [&](TarEntry&& entry) {
            EXPECT_EQ(bytes.substr(entry.offset, entry.size), std::string(entry.size, 'x'));
            names.push_back(entry.name);
        });
        return names;
    }
    std::string error(const std::string& bytes) {
        auto text = error_of([&] { names(bytes); });
        EXPECT_THAT(text, HasSubstr("'" + path_.string() + "'"));
        return text;
    }
    const std::filesystem::path path_ = scratch_ / "a.tar";
};

/// "27 path=...\n", its own length included.
std::string pax(const std::string& key, const std::string& value) {
    const auto rest = " " + key + "=" + value + "\n";
    auto length = rest.size() + 1;
    while (std::to_string(length).size() + rest.size() != length) {
        ++length;
    }
    return std::to_string(length) + rest;
}

TEST_F(Tar, gives_names_and_places) {
    const std::string long_name(300, 'n');
    const auto inner = tar_member("x.jpg", "xx") + tar_end();
    auto gnu_size = tar_header("big", 3);
    gnu_size.replace(124, 12, std::string("\x80\0\0\0\0\0\0\0\0\0\0\3", 12));
    test::set_sum(gnu_size);
    auto prefixed = tar_header("b.jpg", 1);
    prefixed.replace(345, 4, "deep");
    test::set_sum(prefixed);
    EXPECT_THAT(
        names(tar_member("./a/b.jpg", "x") + tar_header("a/", 0, '5') + tar_member("c", "") +
              tar_member("././@LongLink", long_name + '\0', 'L') + tar_member("cut", "xxx") +
              tar_member("pax", pax("mtime", "1.5") + pax("path", "p/" + long_name), 'x') +
              tar_member("cut", "x") + tar_member("global", pax("comment", "c"), 'g') +
              tar_member("n1.tar", inner) + gnu_size + "xxx" + std::string(509, '\0') + prefixed +
              "x" + std::string(511, '\0') + tar_header("note", 0, '2') + tar_end()),
        ElementsAre("a/b.jpg", "c", long_name, "p/" + long_name, "n1/x.jpg", "big", "deep/b.jpg"));
}

TEST_F(Tar, that_is_damaged_is_named_with_the_byte) {
    const auto good = tar_member("a.jpg", std::string(700, 'x')) + tar_member("b.jpg", "x");
    EXPECT_THAT(error(""), HasSubstr("is empty, expected a tar archive"));
    EXPECT_THAT(error("short"), HasSubstr("at byte 0: the tar is truncated inside a header"));
    EXPECT_THAT(error(std::string(2000, 'y')),
                HasSubstr("at byte 0: the file is not a tar archive"));
    EXPECT_THAT(error("\x1f\x8b" + std::string(1000, 'y')),
                HasSubstr("the file is compressed (gzip); unpack it first"));
    EXPECT_THAT(error(good), HasSubstr("at byte 2560: the tar is truncated: it has no end marker"));
    EXPECT_THAT(error(good.substr(0, 900)),
                HasSubstr("at byte 0: the tar is truncated: a file of 700 bytes starts here, but "
                          "only 388 are left"));
    auto damaged = good + tar_end();
    damaged[1536 + 3] ^= 1;
    EXPECT_THAT(error(damaged), HasSubstr("at byte 1536: the header is damaged: its checksum"));
    EXPECT_THAT(error(good + tar_end() + good), HasSubstr("there is data after the end marker"));
    EXPECT_THAT(error(tar_header("huge", uint64_t{1} << 32) + tar_end()),
                HasSubstr("a file of 4294967296 bytes starts here"));
    auto text_size = tar_header("a", 0);
    text_size.replace(124, 4, "12z4");
    test::set_sum(text_size);
    EXPECT_THAT(error(text_size + tar_end()), HasSubstr("its size is not a number"));
}

TEST_F(Tar, refuses_names_and_kinds_that_mislead) {
    EXPECT_THAT(error(tar_member("/etc/x.jpg", "x") + tar_end()),
                HasSubstr("at byte 0: the name '/etc/x.jpg' is absolute"));
    EXPECT_THAT(error(tar_member("a/../../x.jpg", "x") + tar_end()),
                HasSubstr("contains '..' and may point outside the tar"));
    EXPECT_THAT(error(tar_member("", "x") + tar_end()), HasSubstr("a file has no name"));
    EXPECT_THAT(error(tar_header("x.jpg", 0, '1') + tar_end()), HasSubstr("'x.jpg' is a link"));
    EXPECT_THAT(error(tar_header("x.jpg", 0, 'S') + tar_end()), HasSubstr("a sparse file"));
    EXPECT_THAT(error(tar_header("x", 0, 'Q') + tar_end()), HasSubstr("has the unknown type '81'"));
    for (const std::string broken : {"x", "5 a=b\n", "99999 path=x\n", "8 pathx\n", "9 size=q\n"}) {
        EXPECT_THAT(error(tar_member("p", broken, 'x') + tar_member("a", "x") + tar_end()),
                    HasSubstr("the pax header is damaged"))
            << broken;
    }
    const auto twice = tar_member("b.tar", tar_member("c.tar", tar_end()) + tar_end());
    EXPECT_THAT(error(twice + tar_end()), HasSubstr("a tar in a tar in a tar"));
}

TEST_F(Tar, with_any_byte_of_a_header_changed_is_refused_or_read) {
    const auto good = tar_member("a/b.jpg", "xx") + tar_member("pax", pax("path", "p/q"), 'x') +
                      tar_member("c", "x") + tar_end();
    for (size_t i = 0; i < 4 * 512; ++i) {
        auto changed = good;
        changed[i] = static_cast<char>(changed[i] ^ 0x11);
        write_bytes(path_, changed);
        try {
            walk_tar(InputFile(path_), [](TarEntry&&) {});
            EXPECT_FALSE(i < 512) << "a changed header passed, byte " << i;
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), HasSubstr(path_.string()));
        }
    }
}

std::string png(int tone) {
    std::vector<uint8_t> pixels;
    for (int i = 0; i < 9 * 11; ++i) {
        pixels.push_back(static_cast<uint8_t>(tone + i * 7 % 50));
    }
    return image_file::encode_png(pixels.data(), 1, 9, 11);
}

/// The same pictures in a folder and in tars.
class TarPictures : public ScratchTest {
  protected:
    TarPictures() {
        int tone = 0;
        for (const std::string part : {"train", "val"}) {
            for (const std::string name : {"dog/b", "dog/a", "cat/z", "cat/in/x", "cat-ish/k"}) {
                files_.emplace_back(part + "/" + name + ".png", png(tone += 9));
                write_bytes(folder_ / files_.back().first, files_.back().second);
            }
        }
    }
    static FolderOptions folder_options() { return {.image_size = 6, .resize = 8, .stream = true}; }
    Dataset from_folder() const { return load_folder(folder_, folder_options()).train; }
    Pair from_tar(const std::string& train, const std::string& test = {}) const {
        return load_tar(train, {folder_options(), test});
    }
    std::string write_tar(const std::string& name, const std::vector<size_t>& which,
                          const std::string& above = {}, size_t skipped = 0) const {
        std::string bytes;
        for (const auto i : which) {
            bytes += tar_member(above + files_[i].first.substr(skipped), files_[i].second);
        }
        write_bytes(scratch_ / name, bytes + tar_end());
        return (scratch_ / name).string();
    }
    static void expect_same(const Dataset& one, const Dataset& other) {
        ASSERT_EQ(one.size(), other.size());
        EXPECT_EQ(one.class_names(), other.class_names());
        EXPECT_TRUE(at::equal(one.labels(), other.labels()));
        EXPECT_TRUE(at::equal(one.batch(0, one.size()).images, other.batch(0, one.size()).images));
        EXPECT_EQ(one.fingerprint(), other.fingerprint());
    }
    std::vector<std::pair<std::string, std::string>> files_;
    const std::filesystem::path folder_ = scratch_ / "pictures";
};

TEST_F(TarPictures, are_those_of_the_folder) {
    const auto expected = from_folder();
    expect_same(from_tar(write_tar("all.tar", {9, 8, 7, 6, 5, 4, 3, 2, 1, 0})).train, expected);
    expect_same(from_tar(write_tar("named.tar", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, "pictures/")).train,
                expected);
    std::filesystem::create_directory(scratch_ / "shards");
    write_tar("shards/train-00.tar", {3, 0}, {}, 6);
    write_tar("shards/train-01.tar", {1, 4, 2}, {}, 6);
    write_tar("shards/val-0.tar", {5, 6, 7, 8, 9}, {}, 4);
    const auto shards = (scratch_ / "shards").string();
    expect_same(from_tar(shards).train, expected);
    expect_same(from_tar(shards + "/train-{00..01}.tar", shards + "/val-0.tar").train, expected);
    expect_same(from_tar(shards + "/train-{01,00}.tar", shards + "/val-{0}.tar").test,
                load_folder(folder_, folder_options()).test);
}

TEST_F(TarPictures, of_a_tar_of_tars_are_those_of_the_folder) {
    const auto inner = [&](const std::string& name, std::vector<size_t> which, size_t skipped) {
        return tar_member(name + ".tar", read_bytes(write_tar("inner.tar", which, {}, skipped)));
    };
    write_bytes(scratch_ / "train.tar", inner("dog", {0, 1}, 10) + inner("cat", {3, 2}, 10) +
                                            inner("cat-ish", {4}, 14) + tar_end());
    const auto test = write_tar("val.tar", {5, 6, 7, 8, 9}, {}, 4);
    expect_same(from_tar((scratch_ / "train.tar").string(), test).train, from_folder());
}

TEST_F(TarPictures, resume_at_every_batch_on_any_number_of_threads) {
    const auto random = [](const Dataset& dataset) {
        using image_file::StepKind;
        return dataset.with_recipe(image_file::PictureRecipe(
            {{StepKind::random_resized_crop, 5}, {StepKind::horizontal_flip}}));
    };
    const auto tar = random(from_tar(write_tar("all.tar", {9, 8, 7, 6, 5, 4, 3, 2, 1, 0})).train);
    const auto order = epoch_order(tar.size(), 3, 1);
    LoaderOptions options{.batch_size = 2, .draw = {3, 1}, .threads = 0};
    std::vector<at::Tensor> expected;
    Loader folder(random(from_folder()), order, options);
    while (const auto batch = folder.next()) {
        expected.push_back(batch->images);
    }
    ASSERT_EQ(expected.size(), 3);
    for (const int64_t threads : {1, 2, 3, 7}) {
        for (options.first = 0; options.first <= 3; ++options.first) {
            options.threads = threads;
            Loader loader(tar, order, options);
            for (auto i = static_cast<size_t>(options.first); i < 3; ++i) {
                EXPECT_TRUE(at::equal(loader.next()->images, expected[i])) << threads << " " << i;
            }
            EXPECT_FALSE(loader.next());
        }
    }
}

TEST_F(TarPictures, take_numbers_beside_them_as_classes) {
    const auto sample = [](const std::string& key, int tone, const std::string& number) {
        return tar_member(key + ".png", png(tone)) + tar_member(key + ".cls", number) +
               tar_member(key + ".seg.png", png(0)) + tar_member(key + ".json", "{}");
    };
    write_bytes(scratch_ / "train.tar", sample("00", 10, "10\n") + sample("01", 20, "0") +
                                            sample("02", 30, "3") + tar_end());
    write_bytes(scratch_ / "val.tar", sample("00", 10, "3") + tar_end());
    std::vector<std::string> notes;
    const auto train = (scratch_ / "train.tar").string(), val = (scratch_ / "val.tar").string();
    const auto pair = load_tar(train, {folder_options(), val}, &notes);
    EXPECT_THAT(labels_of(pair.train), ElementsAre(0, 3, 10));
    EXPECT_EQ(pair.test.classes(), 11);
    EXPECT_THAT(notes, testing::Contains(HasSubstr("left out: 3 .json, 3 .seg.png")));
    write_bytes(scratch_ / "c.json", R"({"all": ["0", "3", "10"]})");
    write_bytes(scratch_ / "d.json", R"({"three": "3"})");
    auto options = folder_options();
    options.classes = scratch_ / "d.json";
    EXPECT_EQ(load_tar(train, {options, val}).train.size(), 1);
    write_bytes(scratch_ / "bad.tar", tar_member("a.cls", "x") + tar_end());
    EXPECT_THAT(error_of([&] { from_tar((scratch_ / "bad.tar").string(), val); }),
                HasSubstr("bad.tar' at byte 0: 'a.cls' must contain only a class number"));
    write_bytes(scratch_ / "lone.tar", sample("00", 1, "1") + tar_member("b.png", "x") + tar_end());
    EXPECT_THAT(error_of([&] { from_tar((scratch_ / "lone.tar").string(), val); }),
                HasSubstr("the image 'b.png' of '" + (scratch_ / "lone.tar").string() +
                          "' has no 'NAME.cls' next to it"));
    write_bytes(scratch_ / "two.tar", sample("00", 1, "1") + sample("00", 1, "1") + tar_end());
    EXPECT_THAT(error_of([&] { from_tar((scratch_ / "two.tar").string(), val); }),
                HasSubstr("'00.cls' occurs twice, at bytes "));
}

TEST_F(TarPictures, that_do_not_fit_are_named) {
    const auto twice = write_tar("twice.tar", {0, 1, 0});
    const auto val = write_tar("val.tar", {5, 6}, {}, 4);
    EXPECT_THAT(error_of([&] { from_tar(twice, val); }),
                HasSubstr("'dog/b.png' occurs twice: in '" + twice + "' at byte 512 and in '"));
    EXPECT_THAT(error_of([&] {
                    from_tar(write_tar("train.tar", {0, 1}));
                }),
                HasSubstr("must contain the directories train and val (or test), found: train; if "
                          "the test split is in a separate file, set"));
    EXPECT_THAT(error_of([&] {
                    from_tar(write_tar("flat.tar", {0, 1}, {}, 10), val);
                }),
                HasSubstr("the image 'b.png' of '"));
    EXPECT_THAT(error_of([&] {
                    from_tar(write_tar("other.tar", {0, 2}), val);
                }),
                HasSubstr("only in the first: cat; only in the second: none"));
    EXPECT_THAT(error_of([&] { from_tar((scratch_ / "no.tar").string(), val); }),
                HasSubstr("cannot read '" + (scratch_ / "no.tar").string()));
    const auto train = write_tar("train.tar", {0, 1});
    const auto data = from_tar(train, val).train;
    std::filesystem::resize_file(train, 1500);
    EXPECT_THAT(error_of([&] { data.batch(0, 1); }),
                HasSubstr("'" + train + "' has 1500 bytes, but "));
    write_bytes(scratch_ / "bad.tar", tar_member("dog/a.png", "no picture") + tar_end());
    const auto bad = from_tar((scratch_ / "bad.tar").string(), val).train;
    EXPECT_THAT(error_of([&] { bad.batch(0, 1); }),
                HasSubstr("bad.tar: dog/a.png (byte 512)' is not a JPEG"));
}

TEST_F(TarPictures, are_found_by_an_index_that_is_kept) {
    const auto tar = write_tar("all.tar", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    const auto index = scratch_ / "index";
    const auto load = [&] { return load_tar(tar, {folder_options(), "", index}).train; };
    const auto files = [&] {
        std::vector<std::filesystem::path> found;
        for (const auto& entry : std::filesystem::directory_iterator(index)) {
            found.push_back(entry.path());
        }
        return found;
    };
    expect_same(load(), from_folder());
    ASSERT_EQ(files().size(), 1);
    const auto path = files().front();
    const auto whole = read_bytes(path);
    expect_same(load(), from_folder());
    EXPECT_EQ(read_bytes(path), whole);
    for (size_t i = 0; i < whole.size(); i += 7) {
        auto changed = whole;
        changed[i] = static_cast<char>(changed[i] ^ 0x20);
        write_bytes(path, changed);
        EXPECT_THAT(error_of(load),
                    HasSubstr("'" + path.string() + "' is not the index of '" + tar +
                              "', although its name suggests that it is; remove the file"));
    }
    write_bytes(path, whole.substr(0, 20));
    EXPECT_THAT(error_of(load), HasSubstr("is not the index"));
    write_bytes(path, whole);
    write_tar("all.tar", {0, 1, 5, 6});
    EXPECT_EQ(load().size(), 2) << "the tar has changed";
    EXPECT_EQ(files().size(), 2);
}

TEST(FilePattern, names_files) {
    const auto names = [](const std::string& pattern) {
        std::vector<std::string> all;
        for (const auto& path : expand_pattern(pattern)) {
            all.push_back(path.string());
        }
        return all;
    };
    EXPECT_THAT(names("a.tar"), ElementsAre("a.tar"));
    EXPECT_THAT(names("a{08..11}.tar,b"),
                ElementsAre("a08.tar", "a09.tar", "a10.tar", "a11.tar", "b"));
    EXPECT_THAT(names("{a,b}{1..2}"), ElementsAre("a1", "a2", "b1", "b2"));
    EXPECT_THAT(error_of([&] { names("a{1..2"); }), HasSubstr("'a{1..2': expected {first..last}"));
    EXPECT_THAT(error_of([&] { names("a}"); }), HasSubstr("has a '}' without a '{'"));
    EXPECT_THAT(error_of([&] { names("a,,b"); }), HasSubstr("'a,,b' contains an empty file name"));
    EXPECT_THAT(error_of([&] { names("{0..99999999999}"); }), HasSubstr("more than 100000 files"));
    EXPECT_THAT(error_of([&] { names("{0..999}{0..999}"); }), HasSubstr("more than 100000 files"));
}

}  // namespace
}  // namespace hfc::data
