#include "base/error.h"
#include "data/source/tar_files.h"

#include <charconv>
#include <optional>

namespace hfc::data {
namespace {

constexpr size_t most_files = 100'000;

using Strings = std::vector<std::string>;

/// Splits at each comma that is not inside braces.
Strings split(std::string_view text) {
    Strings parts = {""};
    int depth = 0;
    for (const char c : text) {
        depth += c == '{' ? 1 : c == '}' ? -1 : 0;
        if (c == ',' && depth == 0) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

std::optional<uint64_t> whole(std::string_view text) {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                    : std::nullopt;
}

void require_few(size_t count, std::string_view pattern) {
    require(count <= most_files, "'{}' expands to more than {} files", pattern, most_files);
}

/// Expands "000..146" to numbers with three digits; returns nothing if the text is not a range.
std::optional<Strings> range(std::string_view text, std::string_view pattern) {
    const auto dots = text.find("..");
    if (dots == std::string_view::npos) {
        return {};
    }
    const auto first = whole(text.substr(0, dots)), last = whole(text.substr(dots + 2));
    if (!first || !last || *first > *last) {
        return {};
    }
    require_few(*last - *first < most_files ? *last - *first + 1 : most_files + 1, pattern);
    Strings numbers;
    for (auto i = *first; i <= *last; ++i) {
        numbers.push_back(fmt::format("{:0{}}", i, dots));
    }
    return numbers;
}

Strings expanded(const std::string& text, std::string_view pattern) {
    const auto open = text.find('{');
    if (open == std::string::npos) {
        require(text.find('}') == std::string::npos, "'{}' has a '}}' without a '{{'", pattern);
        return {text};
    }
    const auto close = text.find('}', open);
    require(close != std::string::npos && text.find('{', open + 1) > close,
            "'{}': expected {{first..last}} or {{a,b}}, without nested braces", pattern);
    const auto inner = text.substr(open + 1, close - open - 1);
    const auto choices = range(inner, pattern);
    Strings all;
    for (const auto& choice : choices ? *choices : split(inner)) {
        for (const auto& rest : expanded(text.substr(close + 1), pattern)) {
            all.push_back(text.substr(0, open) + choice + rest);
            require_few(all.size(), pattern);
        }
    }
    return all;
}

}  // namespace

std::vector<std::filesystem::path> expand_pattern(const std::string& pattern) {
    std::vector<std::filesystem::path> files;
    for (const auto& part : split(pattern)) {
        require(!part.empty(), "'{}' contains an empty file name", pattern);
        for (auto& file : expanded(part, pattern)) {
            files.emplace_back(std::move(file));
            require_few(files.size(), pattern);
        }
    }
    return files;
}

}  // namespace hfc::data
