#include "sandbox/environment.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

extern char** environ;  // POSIX asks the program to declare it

namespace hfc::sandbox {

bool is_kept(std::string_view name) {
    constexpr std::string_view whole[] = {"PATH", "LANG", "LANGUAGE",       "TZ",
                                          "TERM", "HOME", "LD_LIBRARY_PATH"};
    constexpr std::string_view beginnings[] = {
        "LC_",     "OMP_",   "GOMP_",  "KMP_",     "MKL_",   "ONEDNN_",       "DNNL_", "CUDA_",
        "CUBLAS_", "CUDNN_", "NVIDIA", "PYTORCH_", "TORCH_", "ATEN_",         "HFC_",  "MIMALLOC_",
        "OPENCV_", "ASAN_",  "UBSAN_", "LSAN_",    "TSAN_",  "GLIBC_TUNABLES"};
    return std::ranges::find(whole, name) != std::end(whole) ||
           std::ranges::any_of(beginnings,
                               [&](std::string_view begin) { return name.starts_with(begin); });
}

void clean_environment(const std::filesystem::path& temporary) {
    std::vector<char*> taken;
    std::vector<std::string> names;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const auto name = text.substr(0, text.find('='));
        if (!is_kept(name)) {
            taken.push_back(*entry);
            names.emplace_back(name);
        }
    }
    for (const auto& name : names) {
        ::unsetenv(name.c_str());
    }
    for (char* text : taken) {
        std::memset(text, 0, std::strlen(text));
    }
    ::setenv("TMPDIR", temporary.c_str(), /*overwrite=*/1);
}

}  // namespace hfc::sandbox
