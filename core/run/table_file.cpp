#include "run/table_file.h"

#include "base/error.h"
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hfc::run {
namespace {

struct Records {
    size_t count = 0;   ///< complete records, including the header
    uint64_t size = 0;  ///< their size in bytes
};

/// A line break within quotes does not end a record.
Records whole_records(const std::string& csv) {
    Records records;
    bool quoted = false;
    for (size_t i = 0; i < csv.size(); ++i) {
        quoted = quoted != (csv[i] == '"');
        if (csv[i] == '\n' && !quoted) {
            ++records.count;
            records.size = i + 1;
        }
    }
    return records;
}

/// Removes a truncated last line from the CSV file of an earlier process and returns the number of
/// its rows.
size_t rows_from_before(const std::filesystem::path& csv) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(csv, error)) {
        return 0;
    }
    require_writable(csv);
    const auto text = read_file(csv);
    const auto records = whole_records(text);
    require(records.size == text.size() ||
                ::truncate(csv.c_str(), static_cast<off_t>(records.size)) == 0,
            "cannot remove the truncated last line of '{}': {}", csv.string(),
            std::strerror(errno));
    return records.count == 0 ? 0 : records.count - 1;
}

}  // namespace

TableFile::TableFile(std::filesystem::path path, bool resumed)
    : csv_(path), markdown_(std::move(path)) {
    csv_ += ".csv";
    markdown_ += ".md";
    earlier_ = resumed ? rows_from_before(csv_) : 0;
}

void TableFile::add(const nlohmann::ordered_json& row) {
    const auto columns_before = columns_;
    const auto size_before = csv_size_;
    rows_.push_back(row);
    try {
        add_columns(row, columns_);
        if (rows_.size() < earlier_) {
            return;
        }
        const bool same_columns = columns_.size() == columns_before.size();
        if (!same_columns || !append_to_csv(csv_line(row, columns_))) {
            csv_size_ = unknown;
            write_csv();
        }
        if (markdown_is_due()) {
            write_markdown();
        }
    } catch (...) {
        rows_.pop_back();
        columns_ = columns_before;
        take_back_from_csv(size_before);
        throw;
    }
}

void TableFile::write_csv() {
    const auto text = to_csv(rows_);
    write_file(csv_, text);
    csv_size_ = text.size();
}

/// Returns false if the file has changed since the last write; it must then be rewritten.
bool TableFile::append_to_csv(const std::string& line) {
    if (csv_size_ == unknown) {
        return false;
    }
    require_writable(csv_);
    Descriptor file(::open(csv_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    struct stat status = {};
    if (!file.open() || ::fstat(file.get(), &status) != 0 ||
        static_cast<uint64_t>(status.st_size) != csv_size_) {
        return false;
    }
    if (!write_all(file.get(), line)) {
        const int reason = errno;
        const bool whole = ::ftruncate(file.get(), status.st_size) == 0;
        fail("cannot write '{}': {}{}", csv_.string(), std::strerror(reason),
             whole ? "" : "; its last line is truncated");
    }
    csv_size_ += line.size();
    return true;
}

/// Removes a row that was added to the CSV file but could not be written to the Markdown file.
void TableFile::take_back_from_csv(uint64_t size_before) {
    std::error_code ignored;
    if (csv_size_ == unknown) {
        csv_size_ = size_before;
    } else if (rows_.empty()) {
        std::filesystem::remove(csv_, ignored);
        csv_size_ = unknown;
    } else if (csv_size_ != size_before) {
        const bool cut = size_before != unknown && size_before < csv_size_ &&
                         ::truncate(csv_.c_str(), static_cast<off_t>(size_before)) == 0;
        csv_size_ = cut ? size_before : unknown;
    }
}

/// Whether to rewrite the Markdown file: if the table is short, if it has grown by a quarter, or if
/// 20 times the duration of the last write has passed (at least a second).
bool TableFile::markdown_is_due() const {
    constexpr size_t few = 16;
    constexpr int share = 20;
    const auto wait = std::max<std::chrono::steady_clock::duration>(std::chrono::seconds(1),
                                                                    share * markdown_took_);
    return rows_.size() <= few || rows_.size() >= rows_in_markdown_ + rows_in_markdown_ / 4 ||
           std::chrono::steady_clock::now() - markdown_written_ >= wait;
}

void TableFile::write_markdown() {
    const auto begin = std::chrono::steady_clock::now();
    // It can be regenerated from the CSV file, so it does not have to survive a power failure.
    write_file(markdown_, to_markdown(rows_), Sync::no);
    rows_in_markdown_ = rows_.size();
    markdown_written_ = std::chrono::steady_clock::now();
    markdown_took_ = markdown_written_ - begin;
}

void TableFile::finish() {
    if (rows_.size() >= std::max<size_t>(earlier_, 1) && rows_in_markdown_ != rows_.size()) {
        write_markdown();
    }
}

}  // namespace hfc::run
