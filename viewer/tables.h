// The tables of a run directory: its CSV files.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace hfc::viewer {

using Rows = std::vector<std::vector<std::string>>;

class Tables {
  public:
    explicit Tables(std::filesystem::path directory) : directory_(std::move(directory)) {}

    /// Reads the files that are new or have changed, of each at most a megabyte; true when there
    /// were any.
    bool poll();
    /// name -> rows
    const std::map<std::string, Rows>& all() const { return tables_; }

  private:
    std::filesystem::path directory_;
    std::map<std::string, std::filesystem::file_time_type> read_;
    std::map<std::string, Rows> tables_;
};

}  // namespace hfc::viewer
