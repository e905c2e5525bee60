#include "bindings/hfc/versions.h"

#include <fftw3.h>

#include <torch/version.h>
#include <lua.hpp>

namespace hfc::lua {

std::vector<std::pair<std::string, std::string>> versions() {
    std::string luajit = LUAJIT_VERSION;
    if (luajit.starts_with("LuaJIT ")) {
        luajit = luajit.substr(7);
    }
    return {{"hfc-host", HFC_VERSION},
            {"LuaJIT", luajit},
            {"LibTorch", TORCH_VERSION},
            {"FFTW", fftwf_version}};
}

}  // namespace hfc::lua
