#include "image_file/list_folder.h"

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <limits>
#include <utility>

namespace hfc::image_file {
namespace {

constexpr std::array<std::string_view, 9> extensions = {".jpg", ".jpeg", ".png",  ".ppm", ".bmp",
                                                        ".pgm", ".tif",  ".tiff", ".webp"};

/// A directory entry as Linux writes it; the C library's readdir() would copy each entry.
struct Entry {
    uint64_t inode;
    int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[1];
};

/// Identifies a directory, whatever path leads to it.
using Identity = std::pair<dev_t, ino_t>;

[[noreturn]] void fail_to_read(const std::string& path) {
    fail("cannot read the directory '{}': {}", path, std::strerror(errno));
}

std::string small_extension(std::string_view name) {
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos || dot == 0) {
        return "";
    }
    std::string extension(name.substr(dot));
    std::ranges::transform(extension, extension.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension;
}

bool is_folder(int parent, const Entry& entry) {
    if (entry.type != DT_UNKNOWN && entry.type != DT_LNK) {
        return entry.type == DT_DIR;
    }
    struct stat status = {};
    return ::fstatat(parent, entry.name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

/// A directory that is open while its entries are read.
class OpenFolder {
  public:
    explicit OpenFolder(std::string path)
        : path_(std::move(path)),
          folder_(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
        if (!folder_.open()) {
            fail_to_read(path_);
        }
    }

    Identity identity() const {
        struct stat status = {};
        if (::fstat(folder_.get(), &status) != 0) {
            fail_to_read(path_);
        }
        return {status.st_dev, status.st_ino};
    }

    /// Calls take(name, is_folder) for each entry that is not hidden.
    template <typename Take>
    void read(const Take& take) {
        alignas(Entry) std::array<char, size_t{1} << 15> block;
        for (;;) {
            const long got = ::syscall(SYS_getdents64, folder_.get(), block.data(), block.size());
            if (got < 0) {
                fail_to_read(path_);
            }
            if (got == 0) {
                return;
            }
            for (long at = 0; at < got;) {
                const auto& entry = *reinterpret_cast<const Entry*>(block.data() + at);
                at += entry.size;
                if (entry.name[0] != '.') {
                    take(std::string_view(entry.name), is_folder(folder_.get(), entry));
                }
            }
        }
    }

  private:
    std::string path_;
    Descriptor folder_;
};

}  // namespace

/// Fills a PictureList.
class Listing {
  public:
    explicit Listing(const std::filesystem::path& root) { list_.root_ = root; }

    PictureList all(const std::vector<PictureClass>& classes) {
        list_.left_out_.resize(classes.size());
        for (size_t label = 0; label < classes.size(); ++label) {
            list_.class_names_.push_back(classes[label].name);
            found_.clear();
            for (const auto& folder : classes[label].folders) {
                walk(folder, static_cast<int64_t>(label));
            }
            // As in ImageFolder: by the whole path, so that "a-b" comes before directories in "a".
            std::ranges::sort(found_, {}, &PictureList::Folder::path);
            for (auto& folder : found_) {
                folder.first = list_.size_;
                list_.size_ += static_cast<int64_t>(folder.begins.size());
                list_.folders_.push_back(std::move(folder));
            }
        }
        return std::move(list_);
    }

  private:
    /// path: relative to the root.
    void walk(const std::string& path, int64_t label) {
        check_interrupt();
        std::vector<std::string> inner;
        {
            OpenFolder folder((list_.root_ / path).string());
            const auto identity = folder.identity();
            require(std::ranges::find(above_, identity) == above_.end(),
                    "'{}' is a link to a directory that contains it",
                    (list_.root_ / path).string());
            above_.push_back(identity);
            names_.clear();
            begins_.clear();
            folder.read([&](std::string_view name, bool is_folder) {
                if (is_folder) {
                    inner.emplace_back(name);
                } else {
                    add(name, label);
                }
            });
        }
        keep(path, label);
        for (const auto& name : inner) {
            walk(path + "/" + name, label);
        }
        above_.pop_back();
    }

    void add(std::string_view name, int64_t label) {
        if (!is_picture_name(name)) {
            ++list_.left_out_[label][small_extension(name)];
            return;
        }
        require(names_.size() < std::numeric_limits<uint32_t>::max() - name.size(),
                "a directory below '{}' contains too many images", list_.root_.string());
        begins_.push_back(static_cast<uint32_t>(names_.size()));
        names_.append(name);
        names_.push_back('\0');
    }

    /// Stores the names that walk() has read from a directory, sorted, in as little memory as
    /// possible.
    void keep(const std::string& path, int64_t label) {
        if (begins_.empty()) {
            return;
        }
        std::ranges::sort(begins_, [&](uint32_t a, uint32_t b) {
            return std::strcmp(names_.data() + a, names_.data() + b) < 0;
        });
        PictureList::Folder folder{path, label, 0, {}, {}, {}, {}};
        set_shared(folder);
        const auto shared = folder.prefix.size() + folder.suffix.size();
        folder.names.reserve(names_.size() - begins_.size() * shared);
        folder.begins.reserve(begins_.size());
        for (const auto begin : begins_) {
            const std::string_view name = names_.c_str() + begin;
            folder.begins.push_back(static_cast<uint32_t>(folder.names.size()));
            folder.names.append(name.substr(folder.prefix.size(), name.size() - shared));
            folder.names.push_back('\0');
        }
        found_.push_back(std::move(folder));
    }

    /// Sets the prefix and the suffix that all names share. The names are sorted, so the prefix
    /// that the first and the last one share is common to all.
    void set_shared(PictureList::Folder& folder) const {
        const std::string_view first = names_.c_str() + begins_.front();
        const std::string_view last = names_.c_str() + begins_.back();
        folder.prefix = first.substr(0, std::ranges::mismatch(first, last).in1 - first.begin());
        auto suffix = first.substr(folder.prefix.size());
        for (const auto begin : begins_) {
            const auto name = std::string_view(names_.c_str() + begin).substr(folder.prefix.size());
            while (!name.ends_with(suffix)) {
                suffix.remove_prefix(1);
            }
        }
        folder.suffix = suffix;
    }

    PictureList list_;
    std::vector<PictureList::Folder> found_;  ///< of one class
    std::vector<Identity> above_;             ///< the folder being read and those above it
    std::string names_;                       ///< of the folder being read, as they come
    std::vector<uint32_t> begins_;
};

std::span<const std::string_view> picture_extensions() {
    return extensions;
}

bool is_picture_name(std::string_view name) {
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos) {
        return false;
    }
    const auto ending = name.substr(dot);
    return std::ranges::any_of(extensions, [&](std::string_view extension) {
        return ending.size() == extension.size() &&
               std::ranges::equal(ending, extension, {}, [](unsigned char c) {
                   return static_cast<char>(std::tolower(c));
               });
    });
}

const PictureList::Folder& PictureList::folder_of(int64_t i) const {
    require(i >= 0 && i < size_, "index {} is out of range for a list of {} images", i, size_);
    return *std::prev(std::ranges::upper_bound(folders_, i, {}, &Folder::first));
}

int64_t PictureList::count(int64_t label) const {
    int64_t count = 0;
    for (const auto& folder : folders_) {
        count += folder.label == label ? static_cast<int64_t>(folder.begins.size()) : 0;
    }
    return count;
}

int64_t PictureList::label(int64_t i) const {
    return folder_of(i).label;
}

std::string PictureList::name(int64_t i) const {
    const auto& folder = folder_of(i);
    const auto* const middle = folder.names.c_str() + folder.begins[i - folder.first];
    return folder.path + "/" + folder.prefix + middle + folder.suffix;
}

const std::map<std::string, int64_t>& PictureList::left_out(int64_t label) const {
    return left_out_.at(label);
}

std::vector<std::string> list_classes(const std::filesystem::path& root) {
    std::vector<std::string> names;
    OpenFolder(root.string()).read([&](std::string_view name, bool is_folder) {
        if (is_folder) {
            names.emplace_back(name);
        }
    });
    std::ranges::sort(names);
    return names;
}

PictureList list_pictures(const std::filesystem::path& root) {
    std::vector<PictureClass> classes;
    for (const auto& name : list_classes(root)) {
        classes.push_back({name, {name}});
    }
    return list_pictures(root, classes);
}

PictureList list_pictures(const std::filesystem::path& root,
                          const std::vector<PictureClass>& classes) {
    return Listing(root).all(classes);
}

}  // namespace hfc::image_file
