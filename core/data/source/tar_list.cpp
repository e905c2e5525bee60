#include "data/source/tar_list.h"

#include "base/error.h"
#include "data/source/picture_files.h"
#include "data/source/tar_index.h"
#include "image_file/list_folder.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <set>

namespace hfc::data {
namespace {

constexpr std::string_view class_ending = ".cls";

/// "a/0001" for "a/0001.seg.png", the key by which WebDataset groups files.
std::string_view key_of(std::string_view name) {
    const auto folder = name.rfind('/');
    return name.substr(0, name.find('.', folder == std::string_view::npos ? 0 : folder + 1));
}

std::string ending_of(std::string_view name) {
    const auto folder = name.rfind('/');
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos || (folder != std::string_view::npos && dot < folder)) {
        return "";
    }
    std::string ending(name.substr(dot));
    std::ranges::transform(ending, ending.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return ending;
}

/// The number in a file NAME.cls.
int64_t number_in(const InputFile& tar, const TarEntry& entry) {
    constexpr int64_t most = 1'000'000;
    std::array<char, 16> text = {};
    const auto size = std::min<uint64_t>(entry.size, text.size());
    tar.read(entry.offset, text.data(), size);
    int64_t number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + size, number);
    const std::string_view rest(end, static_cast<size_t>(text.data() + size - end));
    require(error == std::errc() && entry.size <= text.size() &&
                rest.find_first_not_of(" \r\n\t") == std::string_view::npos && number >= 0 &&
                number < most,
            "'{}' at byte {}: '{}' must contain only a class number from 0 to {}",
            tar.path().string(), entry.header, entry.name, most - 1);
    return number;
}

/// Reads one tar after another.
class TarLister {
  public:
    TarList list(const std::vector<std::filesystem::path>& tars,
                 const std::filesystem::path& index) {
        for (const auto& path : tars) {
            const InputFile tar(path);
            list_.tars.push_back({path, tar.size(), written_at(path)});
            walk_indexed_tar(tar, index, [&](TarEntry&& entry) { take(tar, entry); });
            number_pictures();
        }
        require(!list_.numbered || unnumbered_.empty(),
                "the image {} has no '{}' next to it, but other images have one", unnumbered_,
                "NAME.cls");
        return std::move(list_);
    }

  private:
    struct Number {
        std::string key;
        int64_t value;
        uint64_t header;
    };

    void take(const InputFile& tar, const TarEntry& entry) {
        constexpr uint64_t largest = uint64_t{1} << 30;
        if (entry.name.ends_with(class_ending)) {
            numbers_.push_back(
                {std::string(key_of(entry.name)), number_in(tar, entry), entry.header});
        } else if (image_file::is_picture_name(entry.name)) {
            require(entry.size <= largest,
                    "'{}' at byte {}: '{}' has {} bytes, expected at most {}", tar.path().string(),
                    entry.header, entry.name, entry.size, largest);
            const auto tar_number = static_cast<uint32_t>(list_.tars.size() - 1);
            list_.add({entry.offset, 0, static_cast<uint32_t>(entry.size), tar_number, 0},
                      entry.name);
        } else {
            ++list_.left_out[ending_of(entry.name)];
        }
    }

    /// Labels the pictures of the last tar with the numbers from its NAME.cls files.
    void number_pictures() {
        const auto& path = list_.tars.back().path;
        auto& all = list_.pictures;
        const auto mine = all.begin() + static_cast<std::ptrdiff_t>(first_);
        std::ranges::sort(numbers_, {}, &Number::key);
        if (const auto twice = std::ranges::adjacent_find(numbers_, {}, &Number::key);
            twice != numbers_.end()) {
            fail("'{}': '{}.cls' occurs twice, at bytes {} and {}", path.string(), twice->key,
                 twice->header, std::next(twice)->header);
        }
        list_.numbered = list_.numbered || !numbers_.empty();
        if (!numbers_.empty()) {
            // "0001.seg.png" belongs to "0001", but it is not the image to be classified.
            const auto other_picture = [&](const TarPicture& one) {
                const auto name = list_.name(one);
                const auto rest = name.substr(key_of(name).size());
                const bool other = rest.find('.', 1) != std::string_view::npos;
                if (other) {
                    ++list_.left_out[std::string(rest)];
                }
                return other;
            };
            all.erase(std::remove_if(mine, all.end(), other_picture), all.end());
        }
        for (auto picture = all.begin() + static_cast<std::ptrdiff_t>(first_); picture != all.end();
             ++picture) {
            const auto key = key_of(list_.name(*picture));
            const auto found = std::ranges::lower_bound(numbers_, key, {}, &Number::key);
            if (found != numbers_.end() && found->key == key) {
                picture->label = found->value;
            } else if (unnumbered_.empty()) {
                unnumbered_ = fmt::format("'{}' of '{}'", list_.name(*picture), path.string());
            }
        }
        numbers_.clear();
        first_ = all.size();
    }

    TarList list_;
    std::vector<Number> numbers_;  ///< of the tar that is being read
    size_t first_ = 0;             ///< its first picture
    std::string unnumbered_;       ///< the first picture without a number
};

}  // namespace

void TarList::add(TarPicture picture, std::string_view name) {
    picture.name = names.size();
    names.append(name);
    names.push_back('\0');
    pictures.push_back(picture);
}

TarList list_tars(const std::vector<std::filesystem::path>& tars,
                  const std::filesystem::path& index) {
    return TarLister().list(tars, index);
}

std::vector<std::string> top_folders(const TarList& list) {
    std::set<std::string, std::less<>> folders;
    for (const auto& picture : list.pictures) {
        const auto name = list.name(picture);
        const auto slash = name.find('/');
        const auto folder = slash == std::string_view::npos ? "" : name.substr(0, slash);
        if (!folders.contains(folder)) {
            folders.emplace(folder);
        }
    }
    return {folders.begin(), folders.end()};
}

TarList below(const TarList& list, const std::string& folder) {
    TarList result{list.tars, {}, {}, list.numbered, {}};
    for (const auto& picture : list.pictures) {
        const auto name = list.name(picture);
        if (name.starts_with(folder) && name.substr(folder.size()).starts_with('/')) {
            result.add(picture, name.substr(folder.size() + 1));
        }
    }
    return result;
}

}  // namespace hfc::data
