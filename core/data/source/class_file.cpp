#include "data/source/class_file.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json_depth.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace hfc::data {
namespace {

constexpr const char* expected_form =
    "expected {\"class\": \"directory\" or \"first..last\" or a list of these, ...}";

/// "n01440764" or "n01440764..n01498041".
FolderInterval interval_of(const std::string& text, const std::string& where) {
    const auto dots = text.find("..");
    const FolderInterval interval =
        dots == std::string::npos ? FolderInterval{text, text}
                                  : FolderInterval{text.substr(0, dots), text.substr(dots + 2)};
    const auto& [first, last] = interval;
    require(!first.empty() && !last.empty() && last.find("..") == std::string::npos,
            "{}: expected the name of a directory or \"first..last\", found \"{}\"", where, text);
    require(first <= last, "{}: the interval \"{}\" ends before it starts", where, text);
    return interval;
}

/// Records the keys of the outermost object to find duplicates, which a parsed tree no longer
/// shows.
class Keys {
  public:
    bool take(int depth, nlohmann::json::parse_event_t event, const nlohmann::ordered_json& value) {
        if (depth == 1 && event == nlohmann::json::parse_event_t::key) {
            auto name = value.get<std::string>();
            if (std::ranges::find(all_, name) != all_.end() && twice_.empty()) {
                twice_ = name;
            }
            all_.push_back(std::move(name));
        }
        return true;
    }
    const std::string& twice() const { return twice_; }

  private:
    std::vector<std::string> all_;
    std::string twice_;
};

nlohmann::ordered_json parsed(std::string_view text, const std::filesystem::path& path) {
    require(!nests_deeper(text), "'{}': the JSON is nested deeper than {} levels", path.string(),
            deepest_json);
    Keys keys;
    nlohmann::ordered_json root;
    try {
        root = nlohmann::ordered_json::parse(text, [&](int depth, auto event, auto& value) {
            return keys.take(depth, static_cast<nlohmann::json::parse_event_t>(event), value);
        });
    } catch (const nlohmann::json::parse_error& error) {
        fail("'{}': invalid JSON at byte {}; {}", path.string(), error.byte, expected_form);
    } catch (const nlohmann::json::exception&) {
        fail("'{}' contains a number that is too large; {}", path.string(), expected_form);
    }
    require(root.is_object() && !root.empty(), "'{}': {}, found {}", path.string(), expected_form,
            root.is_object() ? "no class" : root.type_name());
    require(keys.twice().empty(), "'{}': the class '{}' occurs twice", path.string(), keys.twice());
    return root;
}

ClassRule rule_of(const std::string& name, const nlohmann::ordered_json& value,
                  const std::filesystem::path& path) {
    const auto where = fmt::format("'{}', class '{}'", path.string(), name);
    require(!name.empty(), "'{}': a class has an empty name", path.string());
    const auto items = value.is_array() ? value : nlohmann::ordered_json::array({value});
    ClassRule rule{name, {}};
    for (const auto& item : items) {
        require(
            item.is_string(),
            "{}: expected the name of a directory, \"first..last\" or a list of these, found {}",
            where, item.is_object() ? "an object" : item.dump());
        rule.folders.push_back(interval_of(item.get<std::string>(), where));
    }
    require(!rule.folders.empty(), "{}: the list of directories is empty", where);
    return rule;
}

using Names = std::vector<std::string>;

/// The part of the sorted names that lies in an interval.
std::pair<Names::const_iterator, Names::const_iterator> within(const Names& folders,
                                                               const FolderInterval& interval) {
    return {std::ranges::lower_bound(folders, interval.first),
            std::ranges::upper_bound(folders, interval.last)};
}

}  // namespace

ClassFile parse_classes(std::string_view text, const std::filesystem::path& path) {
    const auto root = parsed(text, path);
    ClassFile file{path, {}};
    for (const auto& [name, value] : root.items()) {
        file.classes.push_back(rule_of(name, value, path));
    }
    return file;
}

ClassFile read_classes(const std::filesystem::path& path) {
    constexpr uint64_t largest = uint64_t{64} << 20;
    return parse_classes(read_file(path, largest), path);
}

ChosenFolders choose_folders(const ClassFile& file, const std::vector<std::string>& folders,
                             const std::string& where) {
    ChosenFolders chosen;
    std::vector<std::string> class_of(folders.size());
    for (const auto& [name, intervals] : file.classes) {
        image_file::PictureClass one{name, {}};
        for (const auto& interval : intervals) {
            const auto [begin, end] = within(folders, interval);
            require(begin != end || interval.first != interval.last,
                    "'{}', class '{}': there is no directory '{}' in '{}'", file.path.string(),
                    name, interval.first, where);
            for (auto folder = begin; folder != end; ++folder) {
                auto& taken = class_of[static_cast<size_t>(folder - folders.begin())];
                require(taken.empty(),
                        "'{}': the directory '{}' is assigned twice, to the classes '{}' and '{}'",
                        file.path.string(), *folder, taken, name);
                taken = name;
                one.folders.push_back(*folder);
            }
        }
        require(!one.folders.empty(), "'{}': the class '{}' matches no directory in '{}'",
                file.path.string(), name, where);
        std::ranges::sort(one.folders);
        chosen.classes.push_back(std::move(one));
    }
    for (size_t i = 0; i < folders.size(); ++i) {
        if (class_of[i].empty()) {
            chosen.left_out.push_back(folders[i]);
        }
    }
    return chosen;
}

std::vector<image_file::PictureClass> classes_of_folders(const std::vector<std::string>& folders) {
    std::vector<image_file::PictureClass> classes;
    for (const auto& name : folders) {
        classes.push_back({name, {name}});
    }
    return classes;
}

}  // namespace hfc::data
