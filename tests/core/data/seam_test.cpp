// What a new source and a new transform take: a class each, and a line that makes a name known.
#include "data/load.h"
#include "data/source/concat.h"
#include "data/source/npy.h"
#include "data/support.h"
#include "tensor_file/tensor_file.h"

#include <ATen/ATen.h>

namespace hfc::data {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Stripes : public Source {
  public:
    const std::string& name() const override { return name_; }
    int64_t size() const override { return 12; }
    Shape shape() const override { return {1, 4, 4}; }
    at::ScalarType dtype() const override { return at::kFloat; }
    at::Tensor labels() const override { return at::arange(12).remainder(3); }
    void read(const at::Tensor& samples, const Draw&, at::Tensor& into) const override {
        into.copy_(samples.to(at::kFloat).view({-1, 1, 1, 1}).expand_as(into));
    }
    void add_fingerprint(Checksum& checksum, const at::Tensor&) const override {
        checksum.add_item("stripes");
    }

  private:
    std::string name_ = "stripes";
};

class Brighter : public Transform {
  public:
    void apply(TransformBatch& batch) const override { batch.images = batch.images + 1; }
    std::string describe() const override { return "brighter"; }
};

TEST(Seam, takes_a_source_by_one_class_and_one_line) {
    add_data_set("stripes", [](const std::string&, const LoadOptions&, std::vector<std::string>*) {
        const Dataset all(std::make_shared<Stripes>());
        return Pair{all.slice(0, 8), all.slice(8, 12)};
    });
    const auto [train, test] = load("stripes");
    EXPECT_EQ(train.classes(), 3);
    EXPECT_EQ(test.batch(0, 4).images[3].max().item<double>(), 11);
    EXPECT_THAT(labels_of(test), ElementsAre(2, 0, 1, 2));
    EXPECT_THAT(known_names(), testing::Contains("stripes"));
}

TEST(Seam, takes_a_transform_by_one_class) {
    const auto view = Dataset(std::make_shared<Stripes>())
                          .transformed(std::make_shared<Brighter>())
                          .slice(3, 5)
                          .transformed(std::make_shared<Brighter>());
    EXPECT_EQ(view.name(), "stripes, images 3 to 4, brighter, brighter");
    EXPECT_EQ(view.batch(0, 2).images[0].max().item<double>(), 5);
}

TEST(Concat, puts_views_one_behind_another) {
    const Dataset noise(noise_images(6, 4, 1, 4, 4));
    const Dataset both(std::make_shared<ConcatSource>(
        std::vector<Dataset>{noise.low_pass(1), noise.slice(2, 5), noise}));
    EXPECT_EQ(both.size(), 15);
    EXPECT_EQ(both.classes(), 4);
    EXPECT_EQ(both.class_names(), noise.class_names());
    const auto images = both.batch(0, 15).images;
    EXPECT_TRUE(at::equal(images.slice(0, 0, 6), noise.low_pass(1).batch(0, 6).images));
    EXPECT_TRUE(at::equal(images.slice(0, 6, 9), noise.batch(2, 5).images));
    const auto mixed = at::tensor({14, 0, 7}, at::kLong);
    EXPECT_TRUE(at::equal(both.batch(mixed).images, images.index_select(0, mixed)));
    EXPECT_TRUE(at::equal(both.labels().slice(0, 6, 9), noise.labels().slice(0, 2, 5)));
    EXPECT_EQ(both.name(), "noise, low r=1 + noise, images 2 to 4 + noise");
    EXPECT_NE(both.fingerprint(), Dataset(std::make_shared<ConcatSource>(std::vector<Dataset>{
                                              noise, noise.slice(2, 5), noise.subset(6, 1)}))
                                      .fingerprint());
}

TEST(Concat, refuses_data_sets_that_do_not_fit) {
    const Dataset noise(noise_images(6, 4, 1, 4, 4));
    const auto error_with = [&](const Dataset& other) {
        return error_of([&] { ConcatSource source({noise, other}); });
    };
    EXPECT_THAT(error_with(Dataset(noise_images(6, 4, 1, 4, 5))),
                AllOf(HasSubstr("[1, 4, 4]"), HasSubstr("[1, 4, 5]")));
    EXPECT_THAT(error_with(dataset_of(at::zeros({2, 1, 4, 4}))), HasSubstr("'images' does not"));
    EXPECT_THAT(error_with(dataset_of(at::zeros({1, 1, 4, 4}), at::zeros({1}, at::kLong), "other",
                                      {"cat", "dog"})),
                HasSubstr("have different class names"));
}

class Npy : public ScratchTest {
  protected:
    std::filesystem::path save(const at::Tensor& images) const {
        const auto path = scratch_ / "images.npy";
        tensor_file::save(path, {{"", images}});
        return path;
    }
    Dataset open(const std::filesystem::path& path) const {
        return Dataset(
            std::make_shared<NpySource>(path, at::Tensor(), "mine", std::vector<std::string>{}));
    }
};

TEST_F(Npy, is_read_as_it_is_asked_for) {
    for (const auto type : {at::kByte, at::kFloat}) {
        const auto images = at::randint(0, 256, {9, 3, 5, 4}, at::kLong).to(type);
        const auto dataset = open(save(images));
        EXPECT_EQ(dataset.shape(), (Shape{3, 5, 4}));
        const auto positions = at::tensor({8, 0, 8}, at::kLong);
        const auto expected =
            images.index_select(0, positions).to(at::kFloat) / (type == at::kByte ? 255.0F : 1.0F);
        EXPECT_TRUE(at::equal(dataset.batch(positions).images, expected));
    }
}

TEST_F(Npy, refuses_other_arrays_by_name) {
    EXPECT_THAT(error_of([&] {
                    open(save(at::zeros({3, 4})));
                }),
                AllOf(HasSubstr("images.npy"), HasSubstr("[3, 4]")));
    EXPECT_THAT(error_of([&] {
                    open(save(at::zeros({3, 1, 4, 4}, at::kDouble)));
                }),
                HasSubstr("float64"));
    EXPECT_THAT(error_of([&] { open(save(at::zeros({0, 1, 4, 4}))); }), HasSubstr("at least one"));
    const auto path = save(at::zeros({3, 1, 4, 4}));
    write_bytes(path, read_bytes(path).substr(0, 300));
    EXPECT_THAT(error_of([&] { open(path); }), HasSubstr("bytes"));
    EXPECT_THAT(error_of([&] { open(scratch_ / "none.npy"); }), HasSubstr("none.npy"));
}

TEST_F(Npy, that_is_cut_later_is_an_error) {
    const auto path = save(at::zeros({300, 3, 32, 32}));
    const auto dataset = open(path);
    std::filesystem::resize_file(path, 1000);
    EXPECT_THAT(error_of([&] { dataset.batch(200, 210); }), HasSubstr("images.npy"));
}

}  // namespace
}  // namespace hfc::data
