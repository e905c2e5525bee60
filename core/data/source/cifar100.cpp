#include "data/source/cifar100.h"

#include "base/error.h"
#include "base/file.h"
#include "data/pixel_memory.h"
#include "data/source/cifar10.h"
#include "tensor_file/tensor_file.h"

#include <ATen/Functions.h>

#include <cstring>

namespace hfc::data {
namespace {

using tensor_file::Tree;
using tensor_file::TreeDict;
using tensor_file::TreeList;

constexpr int64_t image_bytes = 3 * 32 * 32;
constexpr int64_t cifar100_record = 2 + image_bytes;
constexpr uint64_t largest_cifar = uint64_t{1} << 30;

std::shared_ptr<Images> empty_images(const std::string& name, int64_t count,
                                     const std::vector<std::string>& class_names) {
    auto images = std::make_shared<Images>();
    images->name = name;
    images->class_names = class_names;
    images->pixels = make_pixels({count, 3, 32, 32});
    images->labels = at::empty({count}, at::kLong);
    return images;
}

void require_label(const std::filesystem::path& path, int64_t record, int64_t label,
                   const std::vector<std::string>& class_names) {
    require(label >= 0 && label < static_cast<int64_t>(class_names.size()),
            "'{}': record {} has the label {}, expected 0 to {}", path.string(), record, label,
            class_names.size() - 1);
}

Dataset read_cifar100(const std::filesystem::path& path, const std::string& name, bool coarse) {
    const auto bytes = read_file(path, largest_cifar);
    const auto size = static_cast<int64_t>(bytes.size());
    require(size > 0 && size % cifar100_record == 0,
            "'{}' has {} bytes, expected a multiple of {} (records of two labels and {} "
            "bytes)",
            path.string(), size, cifar100_record, image_bytes);
    const auto count = size / cifar100_record;
    const auto& class_names = cifar100_class_names(coarse);
    const auto images = empty_images(name, count, class_names);
    auto* pixels = images->pixels.mutable_data_ptr<uint8_t>();
    auto* labels = images->labels.mutable_data_ptr<int64_t>();
    for (int64_t i = 0; i < count; ++i) {
        const auto* const record = bytes.data() + i * cifar100_record;
        labels[i] = static_cast<uint8_t>(record[coarse ? 0 : 1]);
        require_label(path, i, labels[i], class_names);
        std::memcpy(pixels + i * image_bytes, record + 2, image_bytes);
    }
    return Dataset(images);
}

const Tree* find_field(const TreeDict& dict, const std::string& name) {
    const auto found = std::ranges::find_if(dict.entries, [&](const auto& entry) {
        const auto* const key = entry.key.template get<std::string>();
        return key != nullptr && *key == name;
    });
    return found == dict.entries.end() ? nullptr : &found->value;
}

/// The images and labels of one pickle.
struct PythonBatch {
    at::Tensor pixels;  ///< uint8 [N, 3072]
    std::vector<int64_t> labels;
};

PythonBatch read_python_batch(const std::filesystem::path& path, const std::string& labels_name) {
    const auto content = tensor_file::read(path);
    const auto* const dict = content.value.get<TreeDict>();
    const auto* const data = dict == nullptr ? nullptr : find_field(*dict, "data");
    const auto* const labels = dict == nullptr ? nullptr : find_field(*dict, labels_name);
    const auto* const pixels = data == nullptr ? nullptr : data->get<at::Tensor>();
    const auto* const list = labels == nullptr ? nullptr : labels->get<TreeList>();
    require(pixels != nullptr && list != nullptr && pixels->scalar_type() == at::kByte &&
                pixels->dim() == 2 && pixels->size(1) == image_bytes && pixels->size(0) > 0 &&
                pixels->size(0) == static_cast<int64_t>(list->items.size()),
            "'{}' is not a batch of CIFAR's Python version: expected 'data' (bytes [N, {}]) and "
            "'{}' (N integers)",
            path.string(), image_bytes, labels_name);
    PythonBatch batch{pixels->contiguous(), {}};
    for (const auto& item : list->items) {
        const auto* const label = item.get<int64_t>();
        batch.labels.push_back(label == nullptr ? -1 : *label);
    }
    return batch;
}

Dataset read_python_part(const std::filesystem::path& folder, const std::vector<std::string>& files,
                         const std::string& labels_name, const std::string& name,
                         const std::vector<std::string>& class_names) {
    std::vector<PythonBatch> batches;
    int64_t count = 0;
    for (const auto& file : files) {
        batches.push_back(read_python_batch(folder / file, labels_name));
        count += batches.back().pixels.size(0);
    }
    const auto images = empty_images(name, count, class_names);
    auto* pixels = images->pixels.mutable_data_ptr<uint8_t>();
    auto* labels = images->labels.mutable_data_ptr<int64_t>();
    for (size_t i = 0; i < files.size(); ++i) {
        std::memcpy(pixels, batches[i].pixels.const_data_ptr(), batches[i].pixels.nbytes());
        pixels += batches[i].pixels.nbytes();
        for (size_t j = 0; j < batches[i].labels.size(); ++j) {
            require_label(folder / files[i], static_cast<int64_t>(j), batches[i].labels[j],
                          class_names);
            *labels++ = batches[i].labels[j];
        }
    }
    return Dataset(images);
}

}  // namespace

const std::vector<std::string>& cifar100_files() {
    static const std::vector<std::string> files = {"train.bin", "test.bin"};
    return files;
}

const std::vector<std::string>& cifar10_python_files() {
    static const std::vector<std::string> files = {"data_batch_1", "data_batch_2", "data_batch_3",
                                                   "data_batch_4", "data_batch_5", "test_batch"};
    return files;
}

const std::vector<std::string>& cifar100_python_files() {
    static const std::vector<std::string> files = {"train", "test"};
    return files;
}

Pair load_cifar100(const std::filesystem::path& folder, bool coarse) {
    return {read_cifar100(folder / "train.bin", "cifar100 train", coarse),
            read_cifar100(folder / "test.bin", "cifar100 test", coarse)};
}

Pair load_cifar10_python(const std::filesystem::path& folder) {
    const auto& files = cifar10_python_files();
    const auto& names = cifar10_class_names();
    return {read_python_part(folder, {files.begin(), files.end() - 1}, "labels", "cifar10 train",
                             names),
            read_python_part(folder, {files.back()}, "labels", "cifar10 test", names)};
}

Pair load_cifar100_python(const std::filesystem::path& folder, bool coarse) {
    const std::string labels = coarse ? "coarse_labels" : "fine_labels";
    const auto& names = cifar100_class_names(coarse);
    return {read_python_part(folder, {"train"}, labels, "cifar100 train", names),
            read_python_part(folder, {"test"}, labels, "cifar100 test", names)};
}

const std::vector<std::string>& cifar100_class_names(bool coarse) {
    static const std::vector<std::string> superclasses = {"aquatic_mammals",
                                                          "fish",
                                                          "flowers",
                                                          "food_containers",
                                                          "fruit_and_vegetables",
                                                          "household_electrical_devices",
                                                          "household_furniture",
                                                          "insects",
                                                          "large_carnivores",
                                                          "large_man-made_outdoor_things",
                                                          "large_natural_outdoor_scenes",
                                                          "large_omnivores_and_herbivores",
                                                          "medium_mammals",
                                                          "non-insect_invertebrates",
                                                          "people",
                                                          "reptiles",
                                                          "small_mammals",
                                                          "trees",
                                                          "vehicles_1",
                                                          "vehicles_2"};
    static const std::vector<std::string> classes = {
        "apple",       "aquarium_fish", "baby",      "bear",       "beaver",       "bed",
        "bee",         "beetle",        "bicycle",   "bottle",     "bowl",         "boy",
        "bridge",      "bus",           "butterfly", "camel",      "can",          "castle",
        "caterpillar", "cattle",        "chair",     "chimpanzee", "clock",        "cloud",
        "cockroach",   "couch",         "crab",      "crocodile",  "cup",          "dinosaur",
        "dolphin",     "elephant",      "flatfish",  "forest",     "fox",          "girl",
        "hamster",     "house",         "kangaroo",  "keyboard",   "lamp",         "lawn_mower",
        "leopard",     "lion",          "lizard",    "lobster",    "man",          "maple_tree",
        "motorcycle",  "mountain",      "mouse",     "mushroom",   "oak_tree",     "orange",
        "orchid",      "otter",         "palm_tree", "pear",       "pickup_truck", "pine_tree",
        "plain",       "plate",         "poppy",     "porcupine",  "possum",       "rabbit",
        "raccoon",     "ray",           "road",      "rocket",     "rose",         "sea",
        "seal",        "shark",         "shrew",     "skunk",      "skyscraper",   "snail",
        "snake",       "spider",        "squirrel",  "streetcar",  "sunflower",    "sweet_pepper",
        "table",       "tank",          "telephone", "television", "tiger",        "tractor",
        "train",       "trout",         "tulip",     "turtle",     "wardrobe",     "whale",
        "willow_tree", "wolf",          "woman",     "worm"};
    return coarse ? superclasses : classes;
}

}  // namespace hfc::data
