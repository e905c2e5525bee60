// How deeply a JSON text is nested.
#pragma once

#include <algorithm>
#include <string_view>

namespace hfc {

/// Far more levels than any of this program's files have.
constexpr int deepest_json = 100;

/// Whether brackets are nested more than `most` levels deep. Our JSON library parses text of any
/// depth, but it copies, compares and writes values by recursion, so a file with a million brackets
/// would crash the process.
inline bool nests_deeper(std::string_view text, int most = deepest_json) {
    int depth = 0;
    int deepest = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            i += c == '\\' ? 1 : 0;
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            deepest = std::max(deepest, ++depth);
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    return deepest > most;
}

}  // namespace hfc
