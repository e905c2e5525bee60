#include "data/load.h"

#include "base/error.h"
#include "data/cifar10.h"
#include "data/folder.h"
#include "data/idx.h"

#include <algorithm>
#include <cstdlib>

namespace hfc::data {
namespace {

using Path = std::filesystem::path;

Path& chosen_root() {
    static Path folder;
    return folder;
}

/// What a data set's files are and where they come from.
struct Download {
    std::string name;
    std::string folder;  ///< below root()
    std::vector<std::string> files;
    std::string page;
    std::string command;  ///< {0}: root(), {1}: the folder
};

/// Throws unless each file, or the file with `.gz` behind its name where `or_gzipped`, is in
/// `folder`.
void require_present(const Download& download, const Path& folder, bool or_gzipped) {
    const auto is_missing = [&](const std::string& file) {
        std::error_code error;
        return !std::filesystem::exists(folder / file, error) &&
               !(or_gzipped && std::filesystem::exists(folder / (file + ".gz"), error));
    };
    std::vector<std::string> missing;
    std::ranges::copy_if(download.files, std::back_inserter(missing), is_missing);
    if (missing.empty()) {
        return;
    }
    const auto command =
        fmt::format(fmt::runtime(download.command), root().string(), folder.string());
    fail(
        "hfc.data: the data set '{}' is not there: expected in '{}' the files {}{}; missing: {}.\n"
        "Get it from {}:\n  {}\n"
        "If you have it, name the folder that holds '{}' by --data DIR or the environment variable "
        "HFC_DATA.",
        download.name, folder.string(), fmt::join(download.files, ", "),
        or_gzipped ? " (each may end in .gz)" : "",
        missing.size() == download.files.size() ? "all"
                                                : fmt::format("{}", fmt::join(missing, ", ")),
        download.page, command, download.folder);
}

Pair find_cifar10() {
    const Download download = {
        "cifar10", "cifar-10-batches-bin", cifar10_files(),
        "https://www.cs.toronto.edu/~kriz/cifar.html",
        "mkdir -p '{0}' && curl -fL https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz | tar "
        "-xz -C '{0}'"};
    const auto folder = root() / download.folder;
    require_present(download, folder, false);
    return load_cifar10(folder);
}

Pair find_idx(Download download, const std::string& address,
              const std::vector<std::string>& class_names) {
    download.files = idx_files();
    download.command = fmt::format(
        "curl -fL --create-dirs --output-dir '{{1}}' --remote-name-all '{}/{{{{{}}}}}.gz'", address,
        fmt::join(idx_files(), ","));
    const auto folder = root() / download.folder;
    require_present(download, folder, true);
    return load_idx(download.name, folder, class_names);
}

Pair find_mnist() {
    // The official page no longer hands out the files; this is where PyTorch takes them from.
    return find_idx(
        {"mnist", "mnist", {}, "http://yann.lecun.com/exdb/mnist (here from a mirror)", ""},
        "https://ossci-datasets.s3.amazonaws.com/mnist",
        {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
}

Pair find_fashion_mnist() {
    return find_idx({"fashion_mnist",
                     "fashion-mnist",
                     {},
                     "https://github.com/zalandoresearch/fashion-mnist",
                     ""},
                    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
                    {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
                     "Sneaker", "Bag", "Ankle boot"});
}

}  // namespace

Pair load(const std::string& name, const LoadOptions& options) {
    constexpr std::string_view folder_prefix = "folder:";
    if (name == "synthetic") {
        auto settings = options.synthetic;
        settings.seed = options.seed;
        return synthetic(settings);
    }
    if (name == "cifar10") {
        return find_cifar10();
    }
    if (name == "mnist") {
        return find_mnist();
    }
    if (name == "fashion_mnist") {
        return find_fashion_mnist();
    }
    if (name.starts_with(folder_prefix)) {
        require(name.size() > folder_prefix.size(),
                "hfc.data: 'folder:' needs the path of a folder behind the colon: folder:DIR");
        return load_folder(name.substr(folder_prefix.size()), options.image_size);
    }
    fail("hfc.data: unknown data set '{}'{}: expected one of {}", name,
         did_you_mean(name, known_names()), fmt::join(known_names(), ", "));
}

const std::vector<std::string>& known_names() {
    static const std::vector<std::string> names = {"synthetic", "cifar10", "mnist", "fashion_mnist",
                                                   "folder:DIR"};
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
