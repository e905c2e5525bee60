#include "run/growing_tables.h"

#include "run/files.h"

#include <fstream>
#include <set>

namespace hfc::run {

namespace fs = std::filesystem;

namespace {

/// Reads the first megabyte of a file, up to the end of a row. If there is more, adds a row that
/// says so.
CsvRows read_table(const fs::path& path) {
    constexpr size_t first_bytes = 1 << 20;
    std::string text(first_bytes, '\0');
    std::ifstream file(path, std::ios::binary);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(file.gcount()));
    const bool cut = text.size() == first_bytes && file.peek() != std::ifstream::traits_type::eof();
    if (cut) {
        text.resize(text.rfind('\n') + 1);  // empty if there is no newline
    }
    auto rows = parse_csv(text);
    if (cut) {
        rows.push_back({"... only the first MB is shown"});
    }
    return rows;
}

}  // namespace

bool GrowingTables::poll() {
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

}  // namespace hfc::run
