#include "viewer/filter.h"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace hfc::viewer {
namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

/// Splits a name into sequences of letters and sequences of digits.
std::vector<std::string> parts_of(const std::string& name) {
    std::vector<std::string> parts;
    int kind = 0;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        const int now = std::isdigit(byte) != 0 ? 2 : std::isalpha(byte) != 0 || byte > 127 ? 1 : 0;
        if (now != 0 && now != kind) {
            parts.emplace_back();
        }
        if (now != 0) {
            parts.back() += c;
        }
        kind = now;
    }
    return parts;
}

/// Whether the end of `typed`, starting at `at`, abbreviates the parts from `part` on.
bool abbreviates(const std::string& typed, size_t at, const std::vector<std::string>& parts,
                 size_t part) {
    if (at == typed.size()) {
        return true;
    }
    for (; part < parts.size(); ++part) {
        const auto& text = parts[part];
        const bool number = std::isdigit(static_cast<unsigned char>(text[0])) != 0;
        size_t length = 0;
        while (length < text.size() && at + length < typed.size() &&
               typed[at + length] == text[length]) {
            ++length;
        }
        if (number) {
            if (length == text.size() && abbreviates(typed, at + length, parts, part + 1)) {
                return true;
            }
            continue;
        }
        for (; length > 0; --length) {
            if (abbreviates(typed, at + length, parts, part + 1)) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

std::vector<bool> matching(const std::vector<std::string>& names, const std::string& typed) {
    std::vector<std::string> words;
    std::istringstream stream(lower(typed));
    for (std::string word; stream >> word;) {
        words.push_back(word.substr(0, 40));
    }
    const auto select = [&](auto matches) {
        std::vector<bool> chosen;
        for (const auto& name : names) {
            const auto text = lower(name);
            chosen.push_back(std::all_of(words.begin(), words.end(),
                                         [&](const auto& word) { return matches(text, word); }));
        }
        return chosen;
    };
    auto chosen = select([](const std::string& text, const std::string& word) {
        return text.find(word) != std::string::npos;
    });
    if (std::find(chosen.begin(), chosen.end(), true) == chosen.end()) {
        chosen = select([](const std::string& text, const std::string& word) {
            return text.find(word) != std::string::npos || abbreviates(word, 0, parts_of(text), 0);
        });
    }
    return chosen;
}

}  // namespace hfc::viewer
