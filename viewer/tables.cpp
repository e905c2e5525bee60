#include "viewer/tables.h"

#include "viewer/files.h"

#include <fstream>
#include <set>

namespace hfc::viewer {

namespace fs = std::filesystem;

Rows parse_csv(const std::string& text) {
    Rows rows;
    std::vector<std::string> row;
    std::string field;
    bool quoted = false, any = false;
    const auto end_row = [&] {
        if (any) {
            row.push_back(std::move(field));
            rows.push_back(std::move(row));
        }
        row.clear();
        field.clear();
        any = false;
    };
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            const bool doubled = c == '"' && i + 1 < text.size() && text[i + 1] == '"';
            quoted = c != '"' || doubled;
            i += doubled ? 1 : 0;
            if (quoted) {
                field += c;
            }
        } else if (c == '\n') {
            end_row();
        } else if (c == ',') {
            row.push_back(std::move(field));
            field.clear();
            any = true;
        } else if (c == '"') {
            quoted = any = true;
        } else if (c != '\r') {
            field += c;
            any = true;
        }
    }
    end_row();
    return rows;
}

namespace {

/// A file's first megabyte, up to the end of a row, with a row that says so where there is more.
Rows read_table(const fs::path& path) {
    constexpr size_t first_bytes = 1 << 20;
    std::string text(first_bytes, '\0');
    std::ifstream file(path, std::ios::binary);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(file.gcount()));
    const bool cut = text.size() == first_bytes && file.peek() != std::ifstream::traits_type::eof();
    if (cut) {
        text.resize(text.rfind('\n') + 1);  // without any newline: to nothing
    }
    auto rows = parse_csv(text);
    if (cut) {
        rows.push_back({"... only the first MB is shown"});
    }
    return rows;
}

}  // namespace

bool Tables::poll() {
    bool changed = false;
    std::set<std::string> there;
    for (const auto& [path, written] : files_of(directory_, ".csv")) {
        const auto name = path.stem().string();
        there.insert(name);
        if (!read_.contains(name) || read_[name] != written) {
            read_[name] = written;
            tables_[name] = read_table(path);
            changed = true;
        }
    }
    std::erase_if(read_, [&](const auto& known) { return !there.contains(known.first); });
    changed = std::erase_if(tables_,
                            [&](const auto& known) { return !there.contains(known.first); }) > 0 ||
              changed;
    return changed;
}

}  // namespace hfc::viewer
