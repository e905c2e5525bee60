#include "base/error.h"
#include "base/interrupt.h"
#include "data/source/boxed.h"
#include "data/source/coco.h"
#include "data/source/voc.h"
#include "image_file/image_file.h"
#include "image_file/read_picture.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

namespace hfc::data {
namespace {

using Path = std::filesystem::path;

/// Pictures that are decoded when they are needed. EXIF rotations are ignored, because annotations
/// refer to the stored pixels.
class BoxedPictures : public BoxSource {
  public:
    BoxedPictures(std::string name, Annotations annotations, LabelKind labels)
        : BoxSource(std::move(name), std::move(annotations), labels) {
        image_file::prepare_image_codec();
    }

    bool is_slow() const override { return true; }

    void read(const at::Tensor& samples, const Draw&, at::Tensor& into) const override {
        const auto* index = samples.const_data_ptr<int64_t>();
        auto* planes = into.mutable_data_ptr<uint8_t>();
        const auto bytes = into.stride(0);
        at::parallel_for(0, samples.size(0), 1, [&](int64_t begin, int64_t end) {
            for (auto i = begin; i < end; ++i) {
                check_interrupt();
                read_one(index[i], planes + i * bytes);
            }
        });
    }

  private:
    void read_one(int64_t sample, uint8_t* planes) const {
        static const image_file::PictureOptions stored{image_file::Interpolation::bilinear,
                                                       image_file::Orientation::ignore};
        thread_local image_file::PictureReader reader;
        reader.set_options(stored);
        const auto& picture = annotations()->pictures[static_cast<size_t>(sample)];
        const auto path = annotations()->folder / picture.file;
        const auto whole = [&](const image_file::Size& found) {
            require(found.height == picture.height && found.width == picture.width,
                    "'{}' has {} x {} pixels (height x width), but its annotations say {} x {}",
                    path.string(), found.height, found.width, picture.height, picture.width);
            return image_file::whole_picture(found);
        };
        reader.read(path, whole, {picture.height, picture.width}, planes);
    }
};

void check_files(Annotations& all, Missing missing, std::vector<std::string>* notes) {
    std::vector<bool> keep;
    std::string first;
    for (const auto& picture : all.pictures) {
        std::error_code error;
        const auto path = all.folder / picture.file;
        keep.push_back(std::filesystem::is_regular_file(path, error));
        if (!keep.back() && first.empty()) {
            first = path.string();
        }
    }
    const auto lost = std::ranges::count(keep, false);
    if (lost == 0) {
        return;
    }
    require(missing == Missing::skip,
            "{} of the {} images of '{}' are missing (the first is '{}'); set missing = \"skip\" "
            "to leave them out",
            lost, keep.size(), all.name, first);
    all = with_pictures(all, keep);
    if (notes) {
        notes->push_back(fmt::format(
            "{} of the {} images of '{}' are missing and are left out (the first is '{}')", lost,
            keep.size(), all.name, first));
    }
}

/// The pictures that contain an object to train on.
Dataset with_objects(const Dataset& dataset, std::vector<std::string>* notes) {
    const auto* all = dataset.source().annotations();
    std::vector<bool> has(all->pictures.size());
    int64_t degenerate = 0;
    for (const auto& object : all->objects) {
        if (!object.is_ignored() && !object.is_degenerate()) {
            has[static_cast<size_t>(object.picture)] = true;
        }
        degenerate += object.is_degenerate() ? 1 : 0;
    }
    if (degenerate > 0 && notes) {
        notes->push_back(
            fmt::format("{} boxes of '{}' have a width or height of 0 and are left "
                        "out of training",
                        degenerate, all->name));
    }
    std::vector<int64_t> positions;
    for (size_t i = 0; i < has.size(); ++i) {
        if (has[i]) {
            positions.push_back(static_cast<int64_t>(i));
        }
    }
    require(!positions.empty(), "no image in '{}' contains an object to train on", all->name);
    return positions.size() == has.size() ? dataset
                                          : dataset.select(at::tensor(positions, at::kLong));
}

}  // namespace

Dataset boxed_pictures(const std::string& name, Annotations annotations,
                       const BoxedOptions& options, std::vector<std::string>* notes) {
    if (notes) {
        std::ranges::copy(annotations.notes, std::back_inserter(*notes));
    }
    check_files(annotations, options.missing, notes);
    return Dataset(std::make_shared<BoxedPictures>(name, std::move(annotations), options.labels));
}

Pair load_coco(const Path& folder, const BoxedOptions& options, std::vector<std::string>* notes) {
    const auto part = [&](const std::string& name) {
        return boxed_pictures("coco " + name, read_coco_part(folder, name), options, notes);
    };
    const auto test = part(options.test.empty() ? "val2017" : options.test);
    if (options.train.empty()) {
        return {test, test};
    }
    const auto train = with_objects(part(options.train), notes);
    require(train.class_names() == test.class_names(),
            "the splits '{}' and '{}' of '{}' have different categories", options.train,
            options.test, folder.string());
    return {train, test};
}

Pair load_voc(const Path& folder, const BoxedOptions& options, std::vector<std::string>* notes) {
    const auto train_part = options.train.empty() ? "train" : options.train;
    auto annotations = read_voc_part(folder, train_part);
    std::vector<std::string> classes;
    std::ranges::transform(annotations.categories, std::back_inserter(classes), &Category::name);
    const auto train = with_objects(
        boxed_pictures("voc " + train_part, std::move(annotations), options, notes), notes);
    const auto test_part = options.test.empty() ? "test" : options.test;
    return {train, boxed_pictures("voc " + test_part, read_voc_part(folder, test_part, classes),
                                  options, notes)};
}

}  // namespace hfc::data
