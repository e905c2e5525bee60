#include "base/confinement.h"

#include "base/error.h"

#include <algorithm>

namespace hfc {
namespace {

bool confined = false;

std::filesystem::path& allowed() {
    static std::filesystem::path folder;
    return folder;
}

}  // namespace

bool lies_within(const std::filesystem::path& path, const std::filesystem::path& folder) {
    return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
           folder.end();
}

void confine_writes() {
    confined = true;
}

void allow_writes_in(const std::filesystem::path& folder) {
    if (!confined) {
        return;
    }
    const auto real = std::filesystem::canonical(folder);
    require(allowed().empty() || allowed() == real,
            "the sandbox allows one run directory, which is '{}'; '{}' would be another",
            allowed().string(), folder.string());
    allowed() = real;
}

void require_writable(const std::filesystem::path& path) {
    if (!confined) {
        return;
    }
    require(!allowed().empty(),
            "cannot write '{}': the sandbox allows writes in the run directory only, and hfc.run "
            "has not been called",
            path.string());
    std::error_code error;
    const auto real = std::filesystem::weakly_canonical(path, error);
    const auto& folder = allowed();
    const bool inside = !error && lies_within(real, folder);
    require(inside, "cannot write '{}': the sandbox allows writes in the run directory '{}' only",
            path.string(), folder.string());
}

}  // namespace hfc
