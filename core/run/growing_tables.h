// Reads the tables of a run directory (its CSV files) while they grow.
#pragma once

#include "run/csv.h"

#include <filesystem>
#include <map>
#include <string>
#include <utility>

namespace hfc::run {

class GrowingTables {
  public:
    explicit GrowingTables(std::filesystem::path directory) : directory_(std::move(directory)) {}

    /// Reads the files that are new or have changed, at most a megabyte of each. Returns true if
    /// there were any.
    bool poll();
    /// name -> rows
    const std::map<std::string, CsvRows>& all() const { return tables_; }

  private:
    std::filesystem::path directory_;
    std::map<std::string, std::filesystem::file_time_type> read_;
    std::map<std::string, CsvRows> tables_;
};

}  // namespace hfc::run
