// The table `hfc`: one file per concept of the core.
#pragma once

#include "data/dataset.h"
#include "model/model.h"

#include "bindings/runtime/types.h"

#include <lua.hpp>

#include <memory>
#include <string>

namespace hfc::run {
class Run;
}

namespace hfc::lua {

struct Api;

/// A named series of events in a run's log.
struct Series {
    std::shared_ptr<run::Run> run;
    std::string name;
};

template <>
inline constexpr const char* type_name<data::Dataset> = "Dataset";
template <>
inline constexpr const char* type_name<model::ModelPtr> = "Model";
template <>
inline constexpr const char* type_name<std::shared_ptr<run::Run>> = "Run";
template <>
inline constexpr const char* type_name<Series> = "Series";

/// The tables torch and hfc, and the prelude.
const Api& whole_api();

namespace detail {
void register_attack(lua_State* L);
void register_augment(lua_State* L);
void register_corrupt(lua_State* L);
void register_data(lua_State* L);
void register_dataset(lua_State* L);
void register_decompose(lua_State* L);
void register_detection(lua_State* L);
void register_frequency(lua_State* L);
void register_chart(lua_State* L);
void register_image(lua_State* L);
void register_read_run(lua_State* L);
void register_mask(lua_State* L);
void register_sensitivity(lua_State* L);
void register_epochs(lua_State* L);
void register_memory(lua_State* L);
void register_model(lua_State* L);
void register_model_part(lua_State* L);
/// A network's layers as a tree, as PyTorch prints modules.
std::string describe_layers(const torch::nn::Module& network);
void register_measure(lua_State* L);
void register_smooth(lua_State* L);
void register_stats(lua_State* L);
void register_train(lua_State* L);
void register_parallel(lua_State* L);
void register_pixels(lua_State* L);
void register_profile(lua_State* L);
void register_robustness(lua_State* L);
void register_run(lua_State* L);
void register_saved_model(lua_State* L);
}  // namespace detail

/// Sets a metamethod of a registered type.
void set_metamethod(lua_State* L, const std::string& type, const char* event,
                    lua_CFunction function);

}  // namespace hfc::lua
