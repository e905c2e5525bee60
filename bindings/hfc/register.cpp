#include "bindings/hfc/register.h"

#include "bindings/hfc/host.h"
#include "bindings/runtime/state.h"
#include "bindings/torch/refused.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

namespace hfc::lua {

namespace {

void register_hfc(lua_State* L) {
    detail::register_attack(L);
    detail::register_robustness(L);
    detail::register_augment(L);
    detail::register_data(L);
    detail::register_pixels(L);  // methods of Dataset
    detail::register_corrupt(L);
    detail::register_decompose(L);
    detail::register_detection(L);
    detail::register_frequency(L);
    detail::register_mask(L);
    detail::register_sensitivity(L);
    detail::register_memory(L);
    detail::register_model(L);
    detail::register_model_part(L);
    detail::register_measure(L);
    detail::register_parallel(L);
    detail::register_profile(L);
    detail::register_run(L);
    detail::register_saved_model(L);  // methods of Run
    detail::register_chart(L);
    detail::register_image(L);
    detail::register_read_run(L);
    detail::register_epochs(L);
    detail::register_smooth(L);
    detail::register_stats(L);
    detail::register_train(L);
}

void register_all(lua_State* L) {
    register_torch(L);
    register_hfc(L);
}

void set_private_fields(lua_State* L) {
    push_private_torch(L);
    lua_setfield(L, -2, "torch");
}

std::string show(lua_State* L, int index) {
    const at::Tensor* tensor = to_tensor(L, index);
    return tensor != nullptr ? describe_tensor(*tensor) : std::string();
}

}  // namespace

const Api& whole_api() {
    static constexpr Api api = {refuse_inner_operators, register_all, push_host_table,
                                set_private_fields, show};
    return api;
}

void set_metamethod(lua_State* L, const std::string& type, const char* event,
                    lua_CFunction function) {
    push_metatable_of(L, type);
    lua_pushcfunction(L, function);
    lua_setfield(L, -2, event);
    lua_pop(L, 1);
}

}  // namespace hfc::lua
