// hfc.data and hfc.dataset.
#include "bindings/hfc/lua_data.h"
#include "bindings/hfc/pictures.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"
#include "data/load.h"
#include "data/source/npy.h"

#include <ATen/ATen.h>

namespace hfc::lua {
namespace {

using data::Dataset;

/// has_train: whether there is a training split.
void push_pair(lua_State* L, const data::Pair& pair, bool has_train) {
    lua_createtable(L, 0, 5);
    if (has_train) {
        push_object(L, pair.train);
        lua_setfield(L, -2, "train");
    }
    push_object(L, pair.test);
    lua_setfield(L, -2, "test");
    set_field(L, "classes", pair.train.classes());
    set_field(L, "channels", pair.train.channels());
    set_field(L, "class_names", pair.train.class_names());
}

/// The requested data set, given by its name or by the options of a script.
struct Wanted {
    std::string name;
    std::string classes;  ///< a file that combines directories into classes
    int64_t seed = 0;
    int64_t image_size = data::LoadOptions{}.folder.image_size;
    int64_t resize = 0;
    int64_t train_images = 0, test_images = 0;  ///< 0: all
    int64_t train_per_class = 0, test_per_class = 0;
};

void read_per_class(lua_State* L, Options& options, Wanted& wanted) {
    options.with("per_class", [&](const Value& value) {
        if (!lua_istable(L, value.index())) {
            value.expected("a table {train = n, test = n}");
        }
        Options parts(L, value.index());
        wanted.train_per_class = parts.integer("train", wanted.train_per_class);
        wanted.test_per_class = parts.integer("test", wanted.test_per_class);
        parts.finish();
    });
}

Wanted read_wanted(Call& call) {
    Wanted wanted;
    if (!lua_istable(call.L, 1)) {
        wanted.name = call.argument(1, "name").text();
        return wanted;
    }
    Options options(call.L, 1);
    wanted.name = options.text("dataset", "");
    require(!wanted.name.empty(),
            "argument 1 (name): expected the name of a data set, or a table with the option "
            "'dataset', such as {{dataset = \"synthetic\"}}");
    wanted.classes = options.text("classes", "");
    wanted.seed = options.integer("seed", wanted.seed);
    wanted.image_size = options.integer("image_size", wanted.image_size);
    wanted.resize = options.integer("resize", wanted.resize);
    wanted.train_images = options.integer("train_images", wanted.train_images);
    wanted.test_images = options.integer("test_images", wanted.test_images);
    read_per_class(call.L, options, wanted);
    return wanted;
}

/// Draws the requested images of a split, using the seed. If images are read on demand, the drawn
/// images are kept in memory if they fit.
Dataset chosen(const Dataset& part, const char* name, int64_t images, int64_t per_class,
               int64_t seed) {
    require(images >= 0, "option '{}_images': expected 0 (all) or more, got {}", name, images);
    require(per_class >= 0, "option 'per_class.{}': expected 0 (all) or more, got {}", name,
            per_class);
    const auto drawn_by = static_cast<uint64_t>(seed);
    auto view = per_class == 0 ? part : part.per_class(per_class, drawn_by);
    view = images == 0 || images >= view.size() ? view : view.subset(images, drawn_by);
    return view.size() < part.size() ? view.cached_if_it_fits() : view;
}

/// Reads the options of data sets with boxes, and returns whether `name` is one of these data sets.
/// For "boxes", `train` and `test` are numbers of images; for files, they are names of splits.
bool read_boxed(Options& options, const std::string& name, data::LoadOptions& settings) {
    auto& shapes = settings.shapes;
    const auto missing = options.text("missing", "error");
    require(missing == "error" || missing == "skip",
            "option 'missing': expected \"error\" or \"skip\", got \"{}\"", missing);
    settings.boxed.missing = missing == "skip" ? data::Missing::skip : data::Missing::error;
    const auto labels = options.text("labels", settings.labels);
    const bool is_file = name.starts_with("coco:") || name.starts_with("voc:");
    if (is_file) {
        settings.boxed.train = options.text("train", "");
        settings.boxed.test = options.text("test", "");
        settings.boxed.labels = labels == "ids" ? data::LabelKind::ids : data::LabelKind::classes;
    } else if (name == "boxes") {
        shapes.train = options.integer("train", shapes.train);
        shapes.test = options.integer("test", shapes.test);
        shapes.size = options.integer("size", shapes.size);
        shapes.low_radius = options.number("low_radius", shapes.low_radius);
        shapes.high_radius = options.number("high_radius", shapes.high_radius);
    }
    return is_file || name == "boxes";
}

/// Reads an option that is a file name for data sets of files, but a number for "synthetic".
/// Scripts pass this option regardless of the data set, so a number is ignored here.
std::string file_option(lua_State* L, Options& options, const char* key,
                        const std::string& fallback) {
    auto file = fallback;
    options.with(key, [&](const Value& value) {
        if (lua_type(L, value.index()) != LUA_TNUMBER) {
            file = value.text();
        }
    });
    return file;
}

/// Reads the options of image files, and returns whether `wanted` is a data set of image files.
bool read_pictures(lua_State* L, Options& options, const Wanted& wanted,
                   data::LoadOptions& settings) {
    const bool is_tar = wanted.name.starts_with("tar:");
    const bool has_folders = is_tar || wanted.name.starts_with("folder:");
    require(
        has_folders || wanted.classes.empty(),
        "option 'classes': '{}' combines directories into classes, but the data set '{}' has no "
        "directories",
        wanted.classes, wanted.name);
    auto& folder = settings.folder;
    folder.image_size = options.integer("image_size", wanted.image_size);
    folder.resize = options.integer("resize", wanted.resize);
    folder.pictures = picture_options(options, folder.pictures);
    options.with("stream", [&](const Value& value) { folder.stream = value.boolean(); });
    if (has_folders) {
        folder.classes = file_option(L, options, "classes", wanted.classes);
    }
    if (is_tar) {
        settings.tar_test = file_option(L, options, "test", "");
        settings.tar_index = options.text("index", "");
    }
    return has_folders;
}

void read_synthetic(Options& options, data::SyntheticOptions& synthetic, bool is_pictures) {
    if (is_pictures) {
        options.know("classes");
        options.know("test");
    } else {
        synthetic.classes = options.integer("classes", synthetic.classes);
        synthetic.test = options.integer("test", synthetic.test);
    }
    synthetic.train = options.integer("train", synthetic.train);
    synthetic.size = options.integer("size", synthetic.size);
    synthetic.channels = options.integer("channels", synthetic.channels);
    synthetic.low = options.number("low", synthetic.low);
    synthetic.high = options.number("high", synthetic.high);
    synthetic.noise = options.number("noise", synthetic.noise);
    synthetic.low_correlation = options.number("low_correlation", synthetic.low_correlation);
    synthetic.high_correlation = options.number("high_correlation", synthetic.high_correlation);
    synthetic.low_radius = options.number("low_radius", synthetic.low_radius);
    synthetic.high_radius = options.number("high_radius", synthetic.high_radius);
}

int load(Call& call) {
    call.at_most(2);
    Wanted wanted = read_wanted(call);
    const auto& name = wanted.name;
    auto options = call.options(2);
    data::LoadOptions settings;
    wanted.seed = options.integer("seed", wanted.seed);
    wanted.train_images = options.integer("train_images", wanted.train_images);
    wanted.test_images = options.integer("test_images", wanted.test_images);
    read_per_class(call.L, options, wanted);
    settings.seed = static_cast<uint64_t>(wanted.seed);
    const bool is_pictures = read_pictures(call.L, options, wanted, settings);
    if (!read_boxed(options, name, settings)) {
        read_synthetic(options, settings.synthetic, is_pictures);
    }
    settings.split = options.text("split", settings.split);
    settings.labels = options.text("labels", settings.labels);
    options.finish();
    std::vector<std::string> notes;
    auto pair = data::load(name, settings, &notes);
    pair.train =
        chosen(pair.train, "train", wanted.train_images, wanted.train_per_class, wanted.seed);
    pair.test = chosen(pair.test, "test", wanted.test_images, wanted.test_per_class, wanted.seed);
    for (const auto& note : notes) {
        std::fprintf(stderr, "hfc-host: %s\n", note.c_str());
    }
    push_pair(call.L, pair, !name.starts_with("coco:") || !settings.boxed.train.empty());
    return 1;
}

struct Described {
    std::string name;
    std::vector<std::string> class_names;
};

Described read_described(Options& options, const std::string& name) {
    Described described{options.text("name", name), options.texts("class_names", {})};
    options.finish();
    return described;
}

/// The labels at `position`, if that argument is a Tensor.
at::Tensor labels_at(Call& call, int position) {
    if (lua_istable(call.L, position) && lua_objlen(call.L, position) > 0) {
        call.argument(position, "labels")
            .expected("a Tensor int64 [N], such as torch.tensor(list, {dtype = \"int64\"})");
    }
    return to_tensor(call.L, position) != nullptr ? tensor_argument(call, position, "labels")
                                                  : at::Tensor();
}

/// Reads the arguments after the images: labels, options.
Described read_rest(Call& call, const at::Tensor& labels, const std::string& name) {
    const int position = labels.defined() ? 3 : 2;
    call.at_most(position);
    auto options = call.options(position);
    return read_described(options, name);
}

Dataset dataset_of_file(Call& call) {
    const std::filesystem::path path = call.argument(1, "images").text();
    require(path.extension() == ".npy",
            "argument 1 (images): expected the name of a .npy file, got '{}'; for other files, use "
            "torch.load",
            path.string());
    const auto labels = labels_at(call, 2);
    const auto [name, class_names] = read_rest(call, labels, path.stem().string());
    return Dataset(std::make_shared<data::NpySource>(path, labels, name, class_names));
}

Dataset dataset_of_function(Call& call) {
    call.at_most(1);
    Options options(call.L, 1);
    LuaSourceSettings settings;
    settings.size = options.integer("size", 0);
    settings.classes = options.integer("classes", 0);
    bool given = false;
    options.with("get", [&](const Value& value) {
        given = true;
        if (!lua_isfunction(call.L, value.index())) {
            value.expected("a function get(i) -> image, label");
        }
    });
    const auto [name, class_names] = read_described(options, settings.name);
    require(given, "option 'get' is missing: expected a function get(i) -> image, label");
    require(settings.size >= 1, "option 'size': expected at least 1 sample, got {}", settings.size);
    require(settings.classes >= 0, "option 'classes': expected at least 1, got {}",
            settings.classes);
    settings.name = name;
    settings.class_names = class_names;
    const auto names = static_cast<int64_t>(class_names.size());
    require(settings.classes == 0 || names == 0 || settings.classes == names,
            "option 'classes' is {}, but 'class_names' has {} names", settings.classes, names);
    lua_getfield(call.L, 1, "get");
    return Dataset(make_lua_source(call.L, settings));
}

/// Converts [N, H, W, C] bytes, as in image files and NumPy, to [N, C, H, W], and prints a note.
at::Tensor channels_first(const at::Tensor& images) {
    const auto is_channels = [](int64_t n) { return n == 1 || n == 3; };
    if (!images.defined() || images.scalar_type() != at::kByte || images.dim() != 4 ||
        is_channels(images.size(1)) || !is_channels(images.size(3))) {
        return images;
    }
    std::fprintf(stderr, "hfc-host: hfc.dataset: interpreting uint8 images [%s] as [N, H, W, C]\n",
                 fmt::format("{}", fmt::join(images.sizes(), ", ")).c_str());
    return images.permute({0, 3, 1, 2}).contiguous();
}

/// The data set gets copies, so that nothing outside can change it.
Dataset dataset_of_tensors(Call& call) {
    const at::Tensor images = channels_first(tensor_argument(call, 1, "images"));
    const auto labels = labels_at(call, 2);
    const auto [name, class_names] = read_rest(call, labels, "images");
    return data::dataset_of(images.defined() ? images.clone() : images, labels, name, class_names);
}

int make_dataset(Call& call) {
    if (lua_istable(call.L, 1)) {
        return call.returns_object(dataset_of_function(call));
    }
    if (lua_type(call.L, 1) == LUA_TSTRING) {
        return call.returns_object(dataset_of_file(call));
    }
    if (to_tensor(call.L, 1) == nullptr) {
        call.argument(1, "images")
            .expected(
                "a Tensor of images, the name of a .npy file or a table {size = n, get = "
                "function(i) return image, label end}");
    }
    return call.returns_object(dataset_of_tensors(call));
}

const std::vector<Declaration> data_declarations = {
    {"hfc.data", load,
     "hfc.data(name, {seed = 0, ...}) -> {train = Dataset, test = Dataset, classes = n, "
     "channels = n, class_names = {...}}\n\n"
     "Loads \"synthetic\", \"cifar10\", \"cifar100\", \"mnist\", \"fashion_mnist\", \"kmnist\", "
     "\"emnist\", \"folder:DIR\" (DIR/train/CLASS/* and DIR/val/CLASS/* or DIR/test/CLASS/* "
     "with JPEG, PNG, BMP, TIFF, WebP or PPM files) or \"tar:FILE\" (the same files in tars). "
     "For object detection, loads \"boxes\", \"coco:DIR\" or \"voc:DIR\".\n"
     "Images are float32 [N, C, H, W] in [0,1]; labels are int64 and zero-based. The files must be "
     "under --data DIR, which defaults to the environment variable HFC_DATA and then to ./data. "
     "Their directories must have the usual names (cifar-10-batches-bin) or torchvision's names "
     "(cifar-10-batches-py, MNIST/raw).\n"
     "cifar100: takes labels = \"fine\" (100 classes, the default) or \"coarse\" (20 classes).\n"
     "emnist: takes split = \"balanced\" (the default), \"byclass\", \"bymerge\", \"letters\" "
     "(27 classes, the first unused), \"digits\" or \"mnist\". As in torchvision, the images "
     "are transposed. images:transpose(2, 3) turns them upright, and "
     "data.train:map(function(images) return images:transpose(2, 3) end) does so for a whole "
     "data set.\n"
     "folder: takes the following options. image_size = 224 and resize = image_size work like "
     "torchvision's CenterCrop(image_size) and Resize(resize) with antialiasing. interpolation: "
     "\"bilinear\" (the default) or \"bicubic\". orientation: \"exif\" (the default) rotates "
     "images as their EXIF block specifies; \"ignore\" leaves them unrotated, as torchvision does. "
     "stream: true reads the images as batches are made; false decodes them immediately. By "
     "default, images are decoded immediately if they fit in half of the memory. To use steps "
     "other than resize and crop, call Dataset:transform. Classes are numbered in the byte order "
     "of their names (\"10\" before \"9\"). classes = FILE merges several directories into one "
     "class. FILE contains JSON such as {\"dog\": \"n02085620..n02113978\", \"cat\": "
     "[\"n02123045\", \"n02123159\"]}. A class is a directory, an interval of directory names in "
     "byte order, or a list of both. The labels follow the order of the classes in the file. "
     "Directories without a class are left out, and hfc-host prints a message.\n"
     "tar: reads each image from the tars when it is needed, without unpacking them; it takes the "
     "options of folder. FILE contains train/CLASS/* and val/CLASS/* (or test/CLASS/*). "
     "Alternatively, FILE names the tars of the training split, and test = \"FILE\" names those of "
     "the test split; or FILE is a directory with train*.tar and val*.tar. "
     "\"train-{0000..0146}.tar\", \"{a,b}.tar\" and \"a.tar,b.tar\" name several tars. The class "
     "of an image is the first directory in its name (a tar within a tar counts as a directory, as "
     "in ImageNet's own tar) or, as in WebDataset, the number in NAME.cls next to NAME.jpg. Images "
     "are sorted by name, as in a directory. index = DIR stores an index of the tars in DIR, for "
     "slow disks. Compressed tars, links to images and damaged tars raise errors that name the tar "
     "and the byte offset.\n"
     "synthetic: a generated data set for which the right answer is known in advance; it takes "
     "train = 400, test = 200, classes = 10, size = 32 and channels = 3. low = .25, high = .125 "
     "and noise = .125 are the strengths of each class's low- and high-frequency pattern and of "
     "the noise (standard deviations, in units of half the pixel range). low_correlation = 1 and "
     "high_correlation = 1 are the probabilities that an image has the low- or high-frequency "
     "pattern of its label; otherwise it has the pattern of a random class. The low-frequency "
     "patterns lie within low_radius = 4 bins of the zero frequency, and the high-frequency "
     "patterns beyond high_radius = 12 bins.\n"
     "coco: takes the names of the splits, test = \"val2017\" and `train`; if `train` is not set, "
     "there is no training split. labels = \"classes\" numbers the classes 0, 1 ... in the order "
     "of their ids; \"ids\" keeps COCO's ids, as torchvision's trained detectors do. hfc.data "
     "reads DIR/annotations/instances_SPLIT.json and DIR/SPLIT/*.jpg. voc: takes train = \"train\" "
     "and test = \"test\", the names of lists in DIR/ImageSets/Main. For listed images that do "
     "not exist, coco and voc take missing = \"error\" or \"skip\". Images keep their sizes "
     "and are decoded when they are needed. Images without objects are not used for training.\n"
     "boxes: a generated detection data set for which the right answer is known in advance, with "
     "striped rectangles in four classes. It takes low_radius = 6 and high_radius = 24, the "
     "frequencies of the stripes in cycles per image, and train = 300, test = 100 and size = 96.\n"
     "train_images and test_images (default 0): the number of images to draw from each split at "
     "random, with the given seed. 0, or a number larger than the split, uses all images. "
     "per_class = {train = 0, test = 0} first draws this many images of each class. When images "
     "are streamed, the chosen ones are kept in memory if they fit, as with Dataset:cache.\n"
     "hfc.data(opt, {...}) takes the options of a script: opt.dataset is the name, and opt.seed, "
     "opt.image_size, opt.resize, opt.classes, opt.per_class, opt.train_images and opt.test_images "
     "are the defaults for the options of the same names.\n"
     "Errors: an unknown name, missing files (the message lists them and says where to get "
     "them), damaged files."},
    {"hfc.dataset", make_dataset,
     "hfc.dataset(images, labels, {name = \"images\", class_names = {...}}) -> Dataset\n\n"
     "Creates a data set from your own images, for all functions that take a Dataset.\n"
     "images: a Tensor uint8 [N, C, H, W] or [N, H, W, C] (detected automatically; hfc-host prints "
     "a message), whose values are converted to floats in [0,1]; or a Tensor float32 [N, C, H, W], "
     "which is used unchanged. The data set keeps a copy. Instead of a Tensor, you can pass the "
     "name of a .npy file with such an array; its images are then read when they are needed. "
     "labels: int64 or uint8 [N]; without labels, functions that need them raise an error. "
     "class_names: one string per class.\n"
     "hfc.dataset {size = n, get = function(i) return image, label end, classes = n, class_names = "
     "{...}, name = \"samples\"} makes a data set from a function. The function is called with i = "
     "0 to n - 1. It returns an image, a uint8 or float32 Tensor [C, H, W] with the same shape for "
     "all i, and a label. All labels are read immediately. Images are read as batches are made, on "
     "the script's thread. A checkpoint identifies the function by its code, not by the variables "
     "that it captures.\n"
     "Errors: images with a wrong dtype or shape (the message shows the line that converts them), "
     "a number of labels that differs from the number of images, a label without a class, a get() "
     "that fails or returns invalid values (the message names i)."},
};

}  // namespace

namespace detail {

void register_data(lua_State* L) {
    declare(L, data_declarations);
    register_dataset(L);
}

}  // namespace detail
}  // namespace hfc::lua
