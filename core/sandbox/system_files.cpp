#include "sandbox/system_files.h"

#include <ATen/Parallel.h>

#include <dlfcn.h>

#include <cstdlib>
#include <sstream>

namespace hfc::sandbox {
namespace {

namespace fs = std::filesystem;

/// LibTorch's directory and, if it is part of a Python package, the packages next to it that
/// contain the libraries that LibTorch loads for GPUs.
void add_libtorch(Reach& reach) {
    Dl_info info = {};
    std::error_code error;
    if (::dladdr(reinterpret_cast<void*>(&at::get_num_threads), &info) == 0) {
        return;
    }
    const auto folder = fs::canonical(info.dli_fname, error).parent_path();
    reach.readable.push_back(folder);
    const auto package = folder.parent_path();
    if (package.filename() == "torch") {
        for (const char* sibling : {"nvidia", "cusparselt", "triton"}) {
            reach.readable.push_back(package.parent_path() / sibling);
        }
    }
}

/// The directories that the user has told the dynamic linker to search.
void add_library_path(Reach& reach) {
    const char* folders = std::getenv("LD_LIBRARY_PATH");
    std::istringstream stream(folders != nullptr ? folders : "");
    for (std::string folder; std::getline(stream, folder, ':');) {
        if (folder.starts_with('/')) {
            reach.readable.emplace_back(folder);
        }
    }
}

void add_gpus(Reach& reach) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/dev", error)) {
        if (entry.path().filename().string().starts_with("nvidia")) {
            reach.devices.push_back(entry.path());
        }
    }
    for (const char* path :
         {"/proc/driver/nvidia", "/proc/devices", "/proc/modules", "/sys/devices", "/sys/bus/pci",
          "/sys/module", "/sys/class", "/run/opengl-driver"}) {
        reach.readable.emplace_back(path);
    }
}

}  // namespace

Reach system_files() {
    Reach reach;
    for (const char* path :
         {"/usr", "/opt", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/proc/self",
          "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/proc/sys/vm",
          "/sys/devices/system", "/sys/fs/cgroup", "/sys/kernel/mm/transparent_hugepage",
          "/dev/urandom", "/dev/random", "/dev/zero"}) {
        reach.readable.emplace_back(path);
    }
    reach.devices.emplace_back("/dev/null");
    std::error_code error;
    reach.readable.push_back(fs::read_symlink("/proc/self/exe", error).parent_path());
    add_libtorch(reach);
    add_library_path(reach);
    add_gpus(reach);
    return reach;
}

}  // namespace hfc::sandbox
