// One table of a run as it grows: NAME.csv and NAME.md.
#pragma once

#include "run/table.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

namespace hfc::run {

/// Appends each row to the CSV file; a row with a new column writes it anew. The Markdown file is
/// written anew, at once while the table is short, later less often, so that n rows cost O(n): it
/// has all rows after finish().
///
/// A run that is taken up again tells its rows anew. Until it has told as many as the CSV file has,
/// that file keeps its rows; then the new ones take their place. Its last line, if torn, is cut
/// off.
class TableFile {
  public:
    /// path: of both files, without the extension. resumed: the files may be there from before.
    TableFile(std::filesystem::path path, bool resumed);

    /// Throws Error naming the file and the reason where the row cannot be written; it is then in
    /// neither file.
    void add(const nlohmann::ordered_json& row);

    /// Brings the Markdown file up to date.
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
    size_t earlier_ = 0;  ///< rows that the CSV file has from before
    static constexpr auto unknown = std::numeric_limits<uint64_t>::max();
    uint64_t csv_size_ = unknown;  ///< of the CSV file as it was written last
    size_t rows_in_markdown_ = 0;
    std::chrono::steady_clock::time_point markdown_written_;
    std::chrono::steady_clock::duration markdown_took_{};
};

}  // namespace hfc::run
