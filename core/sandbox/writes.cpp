#include "sandbox/writes.h"

#include "base/error.h"
#include "base/file.h"

#include <algorithm>

namespace hfc::sandbox {
namespace {

std::filesystem::path& allowed() {
    static std::filesystem::path folder;
    return folder;
}

void require_writable(const std::filesystem::path& path) {
    std::error_code error;
    const auto real = std::filesystem::weakly_canonical(path, error);
    require(!error && lies_within(real, allowed()),
            "cannot write '{}': the sandbox allows writing only in the run directory '{}'",
            path.string(), allowed().string());
}

}  // namespace

bool lies_within(const std::filesystem::path& path, const std::filesystem::path& folder) {
    return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
           folder.end();
}

void confine_writes(const std::filesystem::path& folder) {
    allowed() = std::filesystem::canonical(folder);
    check_writes_by(require_writable);
}

}  // namespace hfc::sandbox
