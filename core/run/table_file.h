// One table of a run as it grows: NAME.csv and NAME.md.
#pragma once

#include "run/table.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

namespace hfc::run {

/// Appends each row to the CSV file; if the row has a new column, rewrites the file. The Markdown
/// file is rewritten after every row while the table is short, and less often as it grows, so that
/// n rows cost O(n). It is complete after finish().
///
/// After a resume, the script adds its rows again. The CSV file keeps its old rows until there are
/// as many new ones, which then replace them. A truncated last line is removed.
class TableFile {
  public:
    /// path: the path of both files, without the extension. resumed: whether the files may already
    /// exist.
    TableFile(std::filesystem::path path, bool resumed);

    /// Throws Error naming the file and the reason if the row cannot be written; neither file then
    /// contains the row.
    void add(const nlohmann::ordered_json& row);

    /// Updates the Markdown file.
    void finish();

  private:
    void write_csv();
    bool append_to_csv(const std::string& line);
    void take_back_from_csv(uint64_t size_before);
    bool markdown_is_due() const;
    void write_markdown();

    std::filesystem::path csv_;
    std::filesystem::path markdown_;
    Rows rows_;
    std::vector<std::string> columns_;
    size_t earlier_ = 0;  ///< rows that the CSV file has from an earlier process
    static constexpr auto unknown = std::numeric_limits<uint64_t>::max();
    uint64_t csv_size_ = unknown;  ///< size of the CSV file after the last write
    size_t rows_in_markdown_ = 0;
    std::chrono::steady_clock::time_point markdown_written_;
    std::chrono::steady_clock::duration markdown_took_{};
};

}  // namespace hfc::run
