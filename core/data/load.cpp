#include "data/load.h"

#include "base/error.h"
#include "data/source/cifar10.h"
#include "data/source/cifar100.h"
#include "data/source/folder.h"
#include "data/source/idx.h"

#include <algorithm>
#include <cstdlib>

namespace hfc::data {
namespace {

using Path = std::filesystem::path;

Path& chosen_root() {
    static Path folder;
    return folder;
}

/// The files of a data set and where to download them.
struct Download {
    std::string name;
    std::vector<std::string> folders;  ///< below root(), the usual one first
    std::vector<std::string> files;
    std::string page;
    std::string command;      ///< {0}: root(), {1}: the folder
    std::string prefix = {};  ///< of IDX files
};

bool has_file(const Path& folder, const std::string& file, const Download& download, bool is_idx) {
    std::error_code error;
    return is_idx ? !idx_candidates(folder, file, download.prefix).empty()
                  : std::filesystem::exists(folder / file, error);
}

std::vector<std::string> missing_files(const Download& download, const Path& folder, bool is_idx) {
    std::vector<std::string> missing;
    for (const auto& file : download.files) {
        if (!has_file(folder, file, download, is_idx)) {
            missing.push_back(download.prefix + file);
        }
    }
    return missing;
}

/// The usual directories below root(). If --data names the data set's own directory, root() itself
/// or a directory in it is also a candidate.
std::vector<Path> candidates(const Download& download) {
    std::vector<Path> folders;
    for (const auto& folder : download.folders) {
        folders.push_back(root() / folder);
    }
    std::error_code error;
    auto here = std::filesystem::absolute(root(), error).lexically_normal();
    if (!here.has_filename()) {
        here = here.parent_path();
    }
    const auto below_root = fmt::format("/{}", here.generic_string());
    const auto is_here = [&](const std::string& folder) {
        return below_root.ends_with(fmt::format("/{}", folder));
    };
    for (const Path folder : download.folders) {
        if (is_here(folder.generic_string())) {
            folders.push_back(here);
        }
        if (folder.has_parent_path() && is_here(folder.parent_path().generic_string())) {
            folders.push_back(here / folder.filename());
        }
    }
    return folders;
}

/// The directory that contains all files. If there is none, throws an Error that lists the missing
/// files and the command to download them. The Error names the directory that lacks the fewest
/// files, or the usual one if all are missing.
Path require_present(const Download& download, bool is_idx) {
    const auto folders = candidates(download);
    auto nearest_folder = folders.front();
    auto missing = download.files.size();
    for (const auto& folder : folders) {
        const auto here = missing_files(download, folder, is_idx).size();
        if (here == 0) {
            return folder;
        }
        if (here < missing) {
            nearest_folder = folder;
            missing = here;
        }
    }
    const auto names = missing_files(download, nearest_folder, is_idx);
    std::vector<std::string> expected;
    std::ranges::transform(download.files, std::back_inserter(expected),
                           [&](const std::string& file) { return download.prefix + file; });
    fail(
        "cannot find the data set '{}': expected the following files in '{}': {}{}; missing: {}.\n"
        "Download it from {}:\n"
        "  {}\n"
        "If you already have it, use --data DIR or the environment variable HFC_DATA to name the "
        "directory that contains '{}'.",
        download.name, nearest_folder.string(), fmt::join(expected, ", "),
        is_idx ? " (each may end in .gz)" : "",
        names.size() == expected.size() ? "all" : fmt::format("{}", fmt::join(names, ", ")),
        download.page,
        fmt::format(fmt::runtime(download.command), root().string(), nearest_folder.string()),
        fmt::join(download.folders, "' or '"));
}

bool is_present(const Download& download) {
    return std::ranges::any_of(candidates(download), [&](const Path& folder) {
        return missing_files(download, folder, false).empty();
    });
}

constexpr auto cifar_page = "https://www.cs.toronto.edu/~kriz/cifar.html";
constexpr auto cifar_command =
    "mkdir -p '{{0}}' && curl -fL https://www.cs.toronto.edu/~kriz/{} | tar -xz -C '{{0}}'";

Pair find_cifar10() {
    const Download python = {
        "cifar10", {"cifar-10-batches-py"}, cifar10_python_files(), cifar_page, ""};
    const Download binary = {"cifar10",
                             {"cifar-10-batches-bin"},
                             cifar10_files(),
                             cifar_page,
                             fmt::format(cifar_command, "cifar-10-binary.tar.gz")};
    if (!is_present(binary) && is_present(python)) {
        return load_cifar10_python(require_present(python, false));
    }
    return load_cifar10(require_present(binary, false));
}

Pair find_cifar100(const std::string& labels) {
    require(labels == "fine" || labels == "coarse",
            "labels must be 'fine' (100 classes) or 'coarse' (20 classes), got '{}'", labels);
    const bool coarse = labels == "coarse";
    const Download python = {
        "cifar100", {"cifar-100-python"}, cifar100_python_files(), cifar_page, ""};
    const Download binary = {"cifar100",
                             {"cifar-100-binary"},
                             cifar100_files(),
                             cifar_page,
                             fmt::format(cifar_command, "cifar-100-binary.tar.gz")};
    if (!is_present(binary) && is_present(python)) {
        return load_cifar100_python(require_present(python, false), coarse);
    }
    return load_cifar100(require_present(binary, false), coarse);
}

Pair find_idx(Download download, const std::string& address,
              const std::vector<std::string>& class_names, std::vector<std::string>* notes) {
    download.files = idx_files();
    if (download.command.empty()) {
        download.command = fmt::format(
            "curl -fL --create-dirs --output-dir '{{1}}' --remote-name-all '{}/{{{{{}}}}}.gz'",
            address, fmt::join(idx_files(), ","));
    }
    const auto folder = require_present(download, true);
    return load_idx(download.name, folder, class_names, download.prefix, notes);
}

const std::vector<std::string>& digits() {
    static const std::vector<std::string> names = {"0", "1", "2", "3", "4",
                                                   "5", "6", "7", "8", "9"};
    return names;
}

Pair find_mnist(std::vector<std::string>* notes) {
    // The official page no longer offers the files; PyTorch downloads them from this mirror.
    return find_idx({"mnist",
                     {"mnist", "MNIST/raw", "MNIST", "mnist/raw"},
                     {},
                     "http://yann.lecun.com/exdb/mnist (the command uses a mirror)",
                     ""},
                    "https://ossci-datasets.s3.amazonaws.com/mnist", digits(), notes);
}

Pair find_fashion_mnist(std::vector<std::string>* notes) {
    return find_idx({"fashion_mnist",
                     {"fashion-mnist", "FashionMNIST/raw", "FashionMNIST", "fashion_mnist"},
                     {},
                     "https://github.com/zalandoresearch/fashion-mnist",
                     ""},
                    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
                    {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
                     "Sneaker", "Bag", "Ankle boot"},
                    notes);
}

Pair find_kmnist(std::vector<std::string>* notes) {
    return find_idx({"kmnist",
                     {"kmnist", "KMNIST/raw", "KMNIST"},
                     {},
                     "https://github.com/rois-codh/kmnist",
                     ""},
                    "http://codh.rois.ac.jp/kmnist/dataset/kmnist",
                    {"o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"}, notes);
}

/// The classes of EMNIST's splits in torchvision's order.
std::vector<std::string> emnist_classes(const std::string& split) {
    auto names = digits();
    const auto append = [&](std::string_view letters) {
        for (const char letter : letters) {
            names.emplace_back(1, letter);
        }
    };
    if (split == "digits" || split == "mnist") {
        return names;
    }
    if (split == "letters") {
        names = {"N/A"};  // the files count letters from 1
        append("abcdefghijklmnopqrstuvwxyz");
        return names;
    }
    append("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    // All splits but "byclass" merge lowercase letters with their capitals if the two look alike.
    append(split == "byclass" ? "abcdefghijklmnopqrstuvwxyz" : "abdefghnqrt");
    return names;
}

Pair find_emnist(const std::string& split, std::vector<std::string>* notes) {
    static const std::vector<std::string> splits = {"byclass", "bymerge", "balanced",
                                                    "letters", "digits",  "mnist"};
    require(std::ranges::find(splits, split) != splits.end(),
            "unknown split '{}' of emnist{}: expected one of {}", split,
            did_you_mean(split, splits), fmt::join(splits, ", "));
    return find_idx({"emnist",
                     {"emnist", "EMNIST/raw", "EMNIST", "gzip", "EMNIST/raw/gzip"},
                     {},
                     "https://www.nist.gov/itl/products-and-services/emnist-dataset",
                     "mkdir -p '{1}' && curl -fLO https://biometrics.nist.gov/cs_links/EMNIST/"
                     "gzip.zip && unzip -j gzip.zip -d '{1}'",
                     "emnist-" + split + "-"},
                    "", emnist_classes(split), notes);
}

struct Named {
    std::string name;
    LoadFunction load;
};

/// The path in a name such as "folder:DIR" or "tar:FILE".
std::string path_in(const std::string& name, const char* kind = "a directory",
                    const char* letters = "DIR") {
    const auto colon = name.find(':');
    require(colon + 1 < name.size(), "'{0}' must be followed by the path of {1}: {0}{2}", name,
            kind, letters);
    return name.substr(colon + 1);
}

std::vector<Named>& all() {
    using Options = const LoadOptions&;
    using Notes = std::vector<std::string>*;
    static std::vector<Named> named = {
        {"synthetic",
         [](const std::string&, Options options, Notes) {
             auto settings = options.synthetic;
             settings.seed = options.seed;
             return synthetic(settings);
         }},
        {"cifar10", [](const std::string&, Options, Notes) { return find_cifar10(); }},
        {"cifar100",
         [](const std::string&, Options options, Notes) { return find_cifar100(options.labels); }},
        {"mnist", [](const std::string&, Options, Notes notes) { return find_mnist(notes); }},
        {"fashion_mnist",
         [](const std::string&, Options, Notes notes) { return find_fashion_mnist(notes); }},
        {"kmnist", [](const std::string&, Options, Notes notes) { return find_kmnist(notes); }},
        {"emnist", [](const std::string&, Options options,
                      Notes notes) { return find_emnist(options.split, notes); }},
        {"folder:DIR",
         [](const std::string& name, Options options, Notes notes) {
             return load_folder(path_in(name), options.folder, notes);
         }},
        {"tar:FILE",
         [](const std::string& name, Options options, Notes notes) {
             return load_tar(path_in(name, "a tar file", "FILE"),
                             {options.folder, options.tar_test, options.tar_index}, notes);
         }},
        {"coco:DIR", [](const std::string& name, Options options,
                        Notes notes) { return load_coco(path_in(name), options.boxed, notes); }},
        {"voc:DIR", [](const std::string& name, Options options,
                       Notes notes) { return load_voc(path_in(name), options.boxed, notes); }},
        {"boxes",
         [](const std::string&, Options options, Notes) {
             auto settings = options.shapes;
             settings.seed = options.seed;
             return drawn_boxes(settings);
         }},
    };
    return named;
}

}  // namespace

Pair load(const std::string& name, const LoadOptions& options, std::vector<std::string>* notes) {
    const auto found = std::ranges::find_if(all(), [&](const Named& named) {
        const std::string_view known = named.name;
        const auto colon = known.find(':');
        return colon != std::string_view::npos ? name.starts_with(known.substr(0, colon + 1))
                                               : name == known;
    });
    if (found == all().end()) {
        const auto names = known_names();
        fail("unknown data set '{}'{}: expected one of {}", name, did_you_mean(name, names),
             fmt::join(names, ", "));
    }
    return found->load(name, options, notes);
}

void add_data_set(const std::string& name, LoadFunction load) {
    all().push_back({name, std::move(load)});
}

std::vector<std::string> known_names() {
    std::vector<std::string> names;
    std::ranges::transform(all(), std::back_inserter(names), &Named::name);
    return names;
}

Path root() {
    if (!chosen_root().empty()) {
        return chosen_root();
    }
    const char* environment = std::getenv("HFC_DATA");
    return environment != nullptr && *environment != '\0' ? Path(environment) : Path("data");
}

void set_root(const Path& folder) {
    chosen_root() = folder;
}

}  // namespace hfc::data
